#include "rest/error.h"

#include <fmt/format.h>

#include "core/json.h"

namespace rest {

std::string json_string(std::string_view text) {
  std::string out;
  core::append_json_string(out, text);
  return out;
}

Error no_connection() { return {503, "PGRST001", "Database connection error. Retrying the connection."}; }

Error invalid_body() { return {400, "PGRST102", "Empty or invalid json"}; }

Error unsupported_content_type(std::string_view type) {
  return {415, "PGRST102", fmt::format("Content-Type not acceptable: {}", type)};
}

Error range_not_satisfiable(std::string_view details) {
  return {416, "PGRST103", "Requested range not satisfiable", json_string(details)};
}

Error not_embedded(std::string_view name) {
  return {400, "PGRST108", fmt::format("'{}' is not an embedded resource in this request", name), "null",
          json_string(fmt::format("Verify that '{}' is included in the 'select' query parameter.", name))};
}

Error primary_key_mismatch() { return {400, "PGRST115", "Payload values do not match URL in primary key column(s)"}; }

Error not_a_single_object(std::int64_t rows) {
  return {406, "PGRST116", "Cannot coerce the result to a single JSON object",
          json_string(fmt::format("The result contains {} rows", rows))};
}

Error response_too_large() {
  return {413, "response_too_large", "The response would be larger than the server sends", "null",
          json_string("Ask for fewer rows, columns or embedded resources.")};
}

Error unknown_column(std::string_view column, std::string_view table) {
  return {400, "PGRST204", fmt::format("Could not find the '{}' column of '{}' in the schema cache", column, table)};
}

Error no_relationship(std::string_view schema, std::string_view from, std::string_view to, std::string_view hint,
                      std::string hint_json) {
  const std::string by_hint = hint.empty() ? "" : fmt::format(" using the hint '{}'", hint);
  return {400, "PGRST200",
          fmt::format("Could not find a relationship between '{}' and '{}' in the schema cache", from, to),
          json_string(fmt::format("Searched for a foreign key relationship between '{}' and '{}'{} in the schema '{}', "
                                  "but no matches were found.",
                                  from, to, by_hint, schema)),
          std::move(hint_json)};
}

}  // namespace rest
