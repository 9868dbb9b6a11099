#include "rest/answer/page.h"

#include <fmt/format.h>

#include "core/text.h"
#include "rest/answer/fault.h"
#include "rest/json/rows.h"

namespace rest {
namespace {

std::int64_t number(std::optional<std::string_view> cell) { return cell ? core::parse_int(*cell).value_or(0) : 0; }

std::string_view type_name(const Media& media) {
  switch (media.type) {
    case Media::Type::csv: return "text/csv; charset=utf-8";
    case Media::Type::object:
      return media.strip_nulls ? "application/vnd.pgrst.object+json; nulls=stripped; charset=utf-8"
                               : "application/vnd.pgrst.object+json; charset=utf-8";
    case Media::Type::array: break;
  }
  return media.strip_nulls ? "application/vnd.pgrst.array+json; nulls=stripped; charset=utf-8"
                           : "application/json; charset=utf-8";
}

http::Response with_body(std::string body, const Media& media) {
  http::Response response = http::empty(200);
  response.headers.add("Content-Type", std::string(type_name(media)));
  response.body = std::move(body);
  return response;
}

std::vector<json::Column> columns_of(const Found& found) {
  std::vector<json::Column> out;
  for (int i = found.first_column; i < found.rows.columns(); ++i)
    out.push_back({std::string(found.rows.name(i)), found.rows.type(i)});
  return out;
}

std::string csv(const Found& found) {
  std::string out;
  json::csv_names(found.rows, out, found.first_column);
  for (int row = 0; row < found.size; ++row) {
    out += '\n';
    json::csv_row(found.rows, row, out, found.first_column);
  }
  return out;
}

}  // namespace

Found found(const Plan& plan, pg::Rows rows) {
  Found out;
  out.rows = std::move(rows);
  out.first_column = plan.leading();
  out.size = out.rows.size();
  int column = 0;
  if (out.rows.size() == 0) return out;
  if (plan.total) out.total = number(out.rows.cell(0, column++));
  if (plan.marker && !out.rows.cell(0, column++)) out.size = 0;
  if (plan.updated) out.updated = number(out.rows.cell(0, column++));
  if (plan.page_size) out.size = number(out.rows.cell(0, column++));
  return out;
}

std::string content_range(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total) {
  const std::string whole = total ? std::to_string(*total) : "*";
  if (size == 0 || total == 0) return "*/" + whole;
  return fmt::format("{}-{}/{}", offset, offset + size - 1, whole);
}

int page_status(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total, Total known) {
  if (!total) return 200;
  if (known == Total::counted && offset > *total) {
    Fault behind(
        416, "PGRST103", "Requested range not satisfiable",
        json_string(fmt::format("An offset of {} was requested, but there are only {} rows.", offset, *total)));
    behind.headers.emplace_back("Content-Range", content_range(0, 0, total));
    throw behind;
  }
  return size < *total ? 206 : 200;
}

Fault not_one_row(std::int64_t count) {
  return {406, "PGRST116", "Cannot coerce the result to a single JSON object",
          json_string(fmt::format("The result contains {} rows", count))};
}

http::Response rows_head(const Found& found, const Media& media) {
  if (media.type == Media::Type::object && found.size != 1) throw not_one_row(found.size);
  return with_body("", media);
}

http::Response rows_answer(const Catalogue& catalogue, const Found& found, const Media& media) {
  if (media.type == Media::Type::object && found.size != 1) throw not_one_row(found.size);
  if (media.type == Media::Type::csv) return with_body(csv(found), media);
  const auto nulls = media.strip_nulls ? json::Nulls::stripped : json::Nulls::kept;
  std::string body;
  if (found.first_column == 0) {
    json::RowWriter writer(catalogue.types(), found.rows, nulls);
    if (media.type == Media::Type::object) writer.object(found.rows, 0, body);
    else writer.objects(found.rows, body);
    return with_body(std::move(body), media);
  }
  const std::vector<json::Column> columns = columns_of(found);
  json::RowWriter writer(catalogue.types(), columns, nulls);
  std::vector<json::RowWriter::Cell> cells(columns.size());
  const auto write = [&](int row) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      cells[i] = found.rows.cell(row, found.first_column + static_cast<int>(i));
    writer.object(cells, body);
  };
  if (media.type == Media::Type::object) {
    write(0);
  } else {
    body += '[';
    for (int row = 0; row < found.size; ++row) {
      if (row > 0) body += ',';
      write(row);
    }
    body += ']';
  }
  return with_body(std::move(body), media);
}

http::Response value_answer(const Catalogue& catalogue, const Found& found, const Media& media, bool is_set) {
  if (media.type == Media::Type::csv) return with_body(csv(found), media);
  if (media.type == Media::Type::object && is_set && found.size != 1) throw not_one_row(found.size);
  const std::vector<json::Column> columns = columns_of(found);
  json::RowWriter writer(catalogue.types(), columns, media.strip_nulls ? json::Nulls::stripped : json::Nulls::kept);
  const bool is_array = is_set && media.type != Media::Type::object;
  std::string body = is_array ? "[" : found.size == 0 ? "null" : "";
  for (int row = 0; row < found.size; ++row) {
    if (row > 0) body += ',';
    writer.value(0, found.rows.cell(row, found.first_column), body);
  }
  if (is_array) body += ']';
  return with_body(std::move(body), media);
}

void set_applied(http::Response& response, const Prefer& prefer, const Applied& heeded) {
  std::string text;
  const auto add = [&](std::string_view one) {
    if (!text.empty()) text += ", ";
    text += one;
  };
  using P = Prefer;
  if (heeded.resolution && prefer.resolution != P::Resolution::none)
    add(prefer.resolution == P::Resolution::merge ? "resolution=merge-duplicates" : "resolution=ignore-duplicates");
  if (heeded.missing && prefer.missing != P::Missing::unsaid)
    add(prefer.missing == P::Missing::by_default ? "missing=default" : "missing=null");
  if (heeded.returns && prefer.returns != P::Return::unsaid)
    add(prefer.returns == P::Return::minimal        ? "return=minimal"
        : prefer.returns == P::Return::headers_only ? "return=headers-only"
                                                    : "return=representation");
  if (prefer.count != P::Count::none)
    add(prefer.count == P::Count::exact     ? "count=exact"
        : prefer.count == P::Count::planned ? "count=planned"
                                            : "count=estimated");
  if (heeded.end && prefer.end != P::End::unsaid) add(prefer.end == P::End::commit ? "tx=commit" : "tx=rollback");
  if (prefer.handling != P::Handling::unsaid)
    add(prefer.handling == P::Handling::strict ? "handling=strict" : "handling=lenient");
  if (heeded.max_affected && prefer.max_affected && prefer.handling == P::Handling::strict)
    add(fmt::format("max-affected={}", *prefer.max_affected));
  if (!text.empty()) response.headers.set("Preference-Applied", std::move(text));
}

}  // namespace rest
