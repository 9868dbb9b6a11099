// PATCH /{table}.
#include <algorithm>

#include "rest/written.h"

namespace rest {
namespace {

constexpr Applied kHeeded{.returns = true, .missing = true, .max_affected = true, .end = true};

// An object without members changes nothing, whatever the filters say.
http::Response nothing_changed(const Call& call) {
  const bool shows = call.prefer.returns == Prefer::Return::representation;
  if (call.media.type == Media::Type::object) throw not_one_row(0);
  http::Response response = shows ? http::json("[]") : http::empty(204);
  response.headers.set("Content-Range", call.prefer.count == Prefer::Count::none ? "*/*" : "*/0");
  set_applied(response, call.prefer, kHeeded);
  return response;
}

}  // namespace

Task<http::Response> update(Call& call) {
  const Table& table = call.table();
  const Query query = parse_query(call.rq.queries);
  refuse_page(query);
  const Payload payload = payload_of(call);
  if (payload.objects.size() > 1) throw Fault(400, "PGRST102", "Empty or invalid json");
  plan::Update what;
  what.columns = columns_of(query, table, payload);
  if (what.columns.empty() || payload.objects.empty()) co_return nothing_changed(call);
  what.body = call.rq.body;
  if (payload.is_array) {  // [{…}]: what stands between the brackets
    const std::size_t first = what.body.find('{'), last = what.body.rfind('}');
    what.body = what.body.substr(first, last - first + 1);
  }
  if (call.prefer.missing == Prefer::Missing::by_default) {
    const std::vector<std::size_t> named = named_by(payload, what.columns);
    for (std::size_t i = 0; i < named.size(); ++i)
      if (named[i] == 0 && table.column(what.columns[i])->writable) what.by_default.insert(what.columns[i]);
  }
  const Node root = resolve(*call.catalogue, table, query.root);
  const Plan plan = plan::update(root, what, showing_of(call), call.bounds);
  Task<pg::Rows> running = run(call, plan.sql);
  co_return written(call, table, plan, co_await running, {}, kHeeded);
}

}  // namespace rest
