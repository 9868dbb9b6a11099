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

std::string csv(const ResultSet& result) {
  std::string out;
  json::csv_names(result.rows, out, result.first_column);
  for (int row = 0; row < result.size; ++row) {
    out += '\n';
    json::csv_row(result.rows, row, out, result.first_column);
  }
  return out;
}

}  // namespace

http::Response head_response(const ResultSet& result, const MediaType& media) {
  if (media.kind == MediaType::Kind::object && result.size != 1) throw not_a_single_object(result.size);
  return with_body("", media);
}

http::Response rows_response(const SchemaCache& schema_cache, const ResultSet& result, const MediaType& media) {
  if (media.kind == MediaType::Kind::object && result.size != 1) throw not_a_single_object(result.size);
  if (media.kind == MediaType::Kind::csv) return with_body(csv(result), media);
  const auto nulls = media.strip_nulls ? json::Nulls::stripped : json::Nulls::kept;
  std::string body;
  if (result.first_column == 0) {
    json::RowWriter writer(schema_cache.types(), result.rows, nulls);
    if (media.kind == MediaType::Kind::object) writer.object(result.rows, 0, body);
    else writer.objects(result.rows, body);
    return with_body(std::move(body), media);
  }
  const std::vector<json::Column> columns = columns_of(result);
  json::RowWriter writer(schema_cache.types(), columns, nulls);
  std::vector<json::RowWriter::Cell> cells(columns.size());
  const auto write = [&](int row) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      cells[i] = result.rows.cell(row, result.first_column + static_cast<int>(i));
    writer.object(cells, body);
  };
  if (media.kind == MediaType::Kind::object) {
    write(0);
  } else {
    body += '[';
    for (int row = 0; row < result.size; ++row) {
      if (row > 0) body += ',';
      write(row);
    }
    body += ']';
  }
  return with_body(std::move(body), media);
}

http::Response value_response(const SchemaCache& schema_cache, const ResultSet& result, const MediaType& media,
                              bool is_set) {
  if (media.kind == MediaType::Kind::csv) return with_body(csv(result), media);
  if (media.kind == MediaType::Kind::object && is_set && result.size != 1) throw not_a_single_object(result.size);
  const std::vector<json::Column> columns = columns_of(result);
  json::RowWriter writer(schema_cache.types(), columns, media.strip_nulls ? json::Nulls::stripped : json::Nulls::kept);
  const bool is_array = is_set && media.kind != MediaType::Kind::object;
  std::string body = is_array ? "[" : result.size == 0 ? "null" : "";
  for (int row = 0; row < result.size; ++row) {
    if (row > 0) body += ',';
    writer.value(0, result.rows.cell(row, result.first_column), body);
  }
  if (is_array) body += ']';
  return with_body(std::move(body), media);
}

}  // namespace rest
