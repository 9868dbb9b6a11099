#include "rest/written.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "core/text.h"

namespace rest {
namespace {

[[noreturn]] void refuse_column(const Table& table, std::string_view name) {
  throw Fault(400, "PGRST204",
              fmt::format("Could not find the '{}' column of '{}' in the schema cache", name, table.name));
}

// `names` are sorted; an object has each of its own once.
bool has_names(const Object& object, const std::vector<std::string>& names) {
  return object.size() == names.size() &&
         std::ranges::all_of(object, [&](const Member& one) { return std::ranges::binary_search(names, one.name); });
}

// The URL of the one row, by its primary key; empty when there is no key, or not one row.
std::string location(const Table& table, const Found& found) {
  if (found.size != 1 || table.primary_key.empty()) return {};
  std::string out = "/" + core::percent_encode(table.name);
  for (std::size_t i = 0; i < table.primary_key.size(); ++i) {
    const auto cell = found.rows.cell(0, found.first_column + static_cast<int>(i));
    out += i == 0 ? '?' : '&';
    out += core::percent_encode(table.primary_key[i]);
    out += cell ? "=eq." + core::percent_encode(*cell) : "=is.null";
  }
  return out;
}

}  // namespace

plan::Showing showing_of(const Call& call) {
  plan::Showing out;
  out.returns = call.prefer.returns == Prefer::Return::unsaid ? Prefer::Return::minimal : call.prefer.returns;
  out.single = call.media.type == Media::Type::object;
  if (call.prefer.handling == Prefer::Handling::strict) out.max_affected = call.prefer.max_affected;
  return out;
}

void refuse_page(const Query& query) {
  if (query.root.limit || query.root.offset)
    throw Fault(400, "PGRST100", "limit and offset are not supported for this method",
                json_string("Name the rows by filters: a change concerns all rows that match."));
}

Payload payload_of(const Call& call) {
  const std::string_view type = call.rq.header("content-type");
  const std::string media = core::lower(core::trim(type.substr(0, std::min(type.find(';'), type.size()))));
  if (!media.empty() && media != "application/json" && !media.ends_with("+json"))
    throw Fault(415, "PGRST102", fmt::format("Content-Type not acceptable: {}", media));
  auto payload = parse_payload(call.rq.body);
  if (!payload) throw Fault(400, "PGRST102", "Empty or invalid json");
  return std::move(*payload);
}

std::vector<std::string> columns_of(const Query& query, const Table& table, const Payload& payload) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (table.column(name) == nullptr) refuse_column(table, name);
    out.push_back(name);
  };
  if (query.columns) {
    for (const std::string& name : *query.columns) add(name);
  } else if (!payload.objects.empty()) {
    // A name that no column has ends it: however many a body brings, the table bounds what is held against what.
    for (const Member& member : payload.objects.front()) add(member.name);
  }
  std::ranges::sort(out);  // one statement for one set of keys
  out.erase(std::ranges::unique(out).begin(), out.end());
  if (query.columns || payload.objects.empty()) return out;
  for (const Object& one : payload.objects | std::views::drop(1))
    if (!has_names(one, out)) throw Fault(400, "PGRST102", "All object keys must match");
  return out;
}

std::vector<std::size_t> named_by(const Payload& payload, const std::vector<std::string>& columns) {
  std::vector<std::size_t> out(columns.size());
  for (const Object& object : payload.objects)
    for (const Member& member : object)
      if (const auto at = std::ranges::lower_bound(columns, member.name); at != columns.end() && *at == member.name)
        ++out[static_cast<std::size_t>(at - columns.begin())];
  return out;
}

http::Response written(const Call& call, const Table& table, const Plan& plan, pg::Rows rows, Statuses statuses,
                       const Applied& heeded) {
  const plan::Showing showing = showing_of(call);
  Found page = found(plan, std::move(rows));
  const bool shows = showing.returns == Prefer::Return::representation;
  const bool counts_itself = shows || showing.returns == Prefer::Return::headers_only || plan.page_size;
  const std::int64_t affected = counts_itself ? page.size : page.rows.affected();
  http::Response response = shows ? rows_answer(*call.catalogue, page, call.media) : http::empty(statuses.bare);
  if (shows) response.status = statuses.rows;
  if (plan.updated && page.updated >= affected && affected > 0) response.status = 200;
  response.headers.set("Content-Range",
                       call.prefer.count == Prefer::Count::none ? "*/*" : fmt::format("*/{}", affected));
  if (showing.returns == Prefer::Return::headers_only)
    if (std::string where = location(table, page); !where.empty()) response.headers.set("Location", std::move(where));
  set_applied(response, call.prefer, heeded);
  return response;
}

}  // namespace rest
