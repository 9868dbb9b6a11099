// The errors of the data API, with PostgREST's codes and texts.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rest {

// Answered as {"code","details","hint","message"}.
struct Error : std::exception {
  Error(int http_status, std::string error_code, std::string text, std::string details_json = "null",
        std::string hint_json = "null")
      : status(http_status),
        code(std::move(error_code)),
        message(std::move(text)),
        details(std::move(details_json)),
        hint(std::move(hint_json)) {}
  const char* what() const noexcept override { return message.c_str(); }
  int status;
  std::string code;
  std::string message;
  std::string details;  // JSON
  std::string hint;     // JSON
  std::vector<std::pair<std::string, std::string>> headers;
};

// A text as a JSON string, for details and hints.
std::string json_string(std::string_view text);

// Errors that more than one place raises.
Error no_connection();                                                  // PGRST001
Error invalid_body();                                                   // PGRST102
Error unsupported_content_type(std::string_view type);                  // PGRST102
Error range_not_satisfiable(std::string_view details);                  // PGRST103
Error not_embedded(std::string_view name);                              // PGRST108
Error primary_key_mismatch();                                           // PGRST115
Error not_a_single_object(std::int64_t rows);                           // PGRST116
Error response_too_large();                                             // response_too_large
Error unknown_column(std::string_view column, std::string_view table);  // PGRST204
// `hint` is the embed's, `hint_json` the error's.
Error no_relationship(std::string_view schema, std::string_view from, std::string_view to, std::string_view hint = "",
                      std::string hint_json = "null");  // PGRST200

}  // namespace rest
