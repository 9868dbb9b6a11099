#include "rest/response/body.h"

#include "rest/error.h"
#include "rest/json/rows.h"

namespace rest {
namespace {

std::string_view type_name(const MediaType& media) {
  switch (media.kind) {
    case MediaType::Kind::csv: return "text/csv; charset=utf-8";
    case MediaType::Kind::object:
      return media.strip_nulls ? "application/vnd.pgrst.object+json; nulls=stripped; charset=utf-8"
                               : "application/vnd.pgrst.object+json; charset=utf-8";
    case MediaType::Kind::array: break;
  }
  return media.strip_nulls ? "application/vnd.pgrst.array+json; nulls=stripped; charset=utf-8"
                           : "application/json; charset=utf-8";
}

http::Response with_body(std::string body, const MediaType& media) {
  http::Response response = http::empty(200);
  response.headers.add("Content-Type", std::string(type_name(media)));
  response.body = std::move(body);
  return response;
}

std::vector<json::Column> columns_of(const ResultSet& result) {
  std::vector<json::Column> out;
  for (int i = result.first_column; i < result.rows.columns(); ++i)
    out.push_back({std::string(result.rows.name(i)), result.rows.type(i)});
  return out;
}

// Names and escapes can make a body several times as large as the rows.
void check_size(const std::string& body, std::size_t most) {
  if (body.size() > most) throw response_too_large();
}

std::string csv(const ResultSet& result, std::size_t most) {
  std::string out;
  json::csv_names(result.rows, out, result.first_column);
  for (int row = 0; row < result.size; ++row) {
    out += '\n';
    json::csv_row(result.rows, row, out, result.first_column);
    check_size(out, most);
  }
  return out;
}

template <class Write>
std::string array_of(std::int64_t rows, std::size_t most, Write write) {
  std::string out = "[";
  for (int row = 0; row < rows; ++row) {
    if (row > 0) out += ',';
    write(row, out);
    check_size(out, most);
  }
  out += ']';
  return out;
}

}  // namespace

http::Response head_response(const ResultSet& result, const MediaType& media) {
  if (media.kind == MediaType::Kind::object && result.size != 1) throw not_a_single_object(result.size);
  return with_body("", media);
}

http::Response rows_response(const SchemaCache& schema_cache, const ResultSet& result, const Request& request) {
  return rows_response(schema_cache, result, request, request.media);
}

http::Response rows_response(const SchemaCache& schema_cache, const ResultSet& result, const Request& request,
                             const MediaType& media) {
  const std::size_t most = request.config.max_response;
  if (media.kind == MediaType::Kind::object && result.size != 1) throw not_a_single_object(result.size);
  if (media.kind == MediaType::Kind::csv) return with_body(csv(result, most), media);
  const auto nulls = media.strip_nulls ? json::Nulls::stripped : json::Nulls::kept;
  const std::vector<json::Column> columns = columns_of(result);
  json::RowWriter writer(schema_cache.types(), columns, nulls);
  std::vector<json::RowWriter::Cell> cells(result.first_column == 0 ? 0 : columns.size());
  const auto write = [&](int row, std::string& out) {
    if (result.first_column == 0) return writer.object(result.rows, row, out);
    for (std::size_t i = 0; i < cells.size(); ++i)
      cells[i] = result.rows.cell(row, result.first_column + static_cast<int>(i));
    writer.object(cells, out);
  };
  if (media.kind != MediaType::Kind::object) return with_body(array_of(result.size, most, write), media);
  std::string body;
  write(0, body);
  check_size(body, most);
  return with_body(std::move(body), media);
}

http::Response value_response(const SchemaCache& schema_cache, const ResultSet& result, const Request& request,
                              bool is_set) {
  const MediaType& media = request.media;
  const std::size_t most = request.config.max_response;
  if (media.kind == MediaType::Kind::csv) return with_body(csv(result, most), media);
  if (media.kind == MediaType::Kind::object && is_set && result.size != 1) throw not_a_single_object(result.size);
  const std::vector<json::Column> columns = columns_of(result);
  json::RowWriter writer(schema_cache.types(), columns, media.strip_nulls ? json::Nulls::stripped : json::Nulls::kept);
  const auto write = [&](int row, std::string& out) {
    writer.value(0, result.rows.cell(row, result.first_column), out);
  };
  if (is_set && media.kind != MediaType::Kind::object) return with_body(array_of(result.size, most, write), media);
  std::string body = result.size == 0 ? "null" : "";
  for (int row = 0; row < result.size; ++row) {
    if (row > 0) body += ',';
    write(row, body);
    check_size(body, most);
  }
  return with_body(std::move(body), media);
}

}  // namespace rest
