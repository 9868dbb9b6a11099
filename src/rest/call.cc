#include "rest/call.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "html/messages.h"
#include "rest/answer/said.h"
#include "rest/schema/cache.h"

namespace rest {
namespace {

// Header names in lower case; of equal ones the values joined, as HTTP means them.
std::string headers_json(const http::Headers& headers) {
  std::vector<std::pair<std::string, std::string>> joined;
  for (const auto& [name, value] : headers.all()) {
    std::string low = core::lower(name);
    const auto same = std::ranges::find(joined, low, &std::pair<std::string, std::string>::first);
    if (same == joined.end()) joined.emplace_back(std::move(low), value);
    else same->second.append(", ").append(value);
  }
  core::JsonWriter w;
  w.begin();
  for (const auto& [name, value] : joined) w.field(name, value);
  w.end();
  return w.take();
}

std::string cookies_json(const http::Headers& headers) {
  core::JsonWriter w;
  w.begin();
  for (std::string_view one : core::split(headers.get("cookie"), ';')) {
    const std::size_t equals = one.find('=');
    if (equals != std::string_view::npos)
      w.field(core::trim(one.substr(0, equals)), core::trim(one.substr(equals + 1)));
  }
  w.end();
  return w.take();
}

std::string chosen_schema(const Config& config, const http::Request& rq, bool reading) {
  const std::string_view asked = core::trim(rq.header(reading ? "accept-profile" : "content-profile"));
  if (asked.empty()) return config.schemas.front();
  if (std::ranges::find(config.schemas, asked) != config.schemas.end()) return std::string(asked);
  throw Fault(406, "PGRST106", fmt::format("Invalid schema: {}", asked), "null",
              json_string(fmt::format("Only the following schemas are exposed: {}", fmt::join(config.schemas, ", "))));
}

// Its document has a type of its own.
bool is_root(const http::Request& rq) { return rq.params.empty(); }

Fault unavailable(const pg::Unavailable& e) {
  if (e.why == pg::Unavailable::Why::none_free)
    return {504, "PGRST003", "Timed out acquiring connection from connection pool."};
  return outage();
}

void echo_profile(const Rest& rest, const std::string& schema, http::Response& response) {
  if (rest.config.schemas.size() > 1 && !schema.empty()) response.headers.set("Content-Profile", schema);
}

Fault of_problem(const core::Problem& problem) { return {problem.status, problem.code, html::message("en", problem)}; }

Task<http::Response> answered(Rest& rest, http::Request& rq, UseCase use_case) {
  const bool anonymous = rq.caller.role == "anon";
  std::string schema;
  try {
    core::Task<std::shared_ptr<const Catalogue>> getting = rest.schema->get();
    auto catalogue = co_await getting;
    Call call(rest, rq, std::move(catalogue));
    schema = call.schema;
    Task<http::Response> answering = use_case(call);
    http::Response response = co_await answering;
    echo_profile(rest, schema, response);
    heed(call.said, response);
    co_return response;
  } catch (const Fault& fault) {
    http::Response response = answer(fault);
    // A page behind the end is told as a page is, the one refusal that names its profile.
    if (response.headers.has("Content-Range")) echo_profile(rest, schema, response);
    co_return response;
  } catch (const pg::Error& e) {
    co_return answer(meaning_of(e, anonymous));
  } catch (const pg::Unavailable& e) {
    co_return answer(unavailable(e));
  } catch (const core::Problem& problem) {
    co_return answer(of_problem(problem));
  }
}

Fault raised_by_guard(const plan::Raised& raised) {
  if (raised.code == "PGRST116") return not_one_row(raised.number);
  if (raised.code == "PGRST115") return {400, "PGRST115", "Payload values do not match URL in primary key column(s)"};
  return {400, "PGRST124", "Query result exceeds max-affected preference constraint",
          json_string(fmt::format("The query affects {} rows", raised.number))};
}

constexpr pg::Sql kFrame{"rest.frame", R"sql(
  select set_config('search_path', $1, true), set_config('request.method', $2, true),
         set_config('request.path', $3, true), set_config('request.headers', $4, true),
         set_config('request.cookies', $5, true), set_config('transaction_read_only', $6, true),
         set_config('response.headers', '', true), set_config('response.status', '', true)
)sql"};

constexpr pg::Sql kSaid{"rest.said", R"sql(
  select current_setting('response.headers', true), current_setting('response.status', true)
)sql"};

// Carries the rows out of a transaction that must not be kept.
struct RolledBack {
  pg::Rows rows;
};

Task<> run_and_undo(pg::Tx& tx, const pg::RequestSettings* frame, const SqlText* sql) {
  const std::string read_only = frame->read_only ? "on" : "off";
  Task<std::int64_t> framing =
      tx.run(kFrame, frame->search_path, frame->method, frame->path, frame->headers, frame->cookies, read_only);
  co_await framing;
  const pg::Sql statement{"rest.request", sql->text()};
  Task<pg::Rows> running = tx.rows(statement, sql->params());
  RolledBack undone{co_await running};
  if (frame->overrides != nullptr) {
    Task<pg::ResponseOverrides> asking = tx.one<pg::ResponseOverrides>(kSaid);
    *frame->overrides = co_await asking;
  }
  throw undone;
}

}  // namespace

Call::Call(Rest& of, http::Request& request, std::shared_ptr<const Catalogue> known)
    : rest(of),
      rq(request),
      catalogue(std::move(known)),
      schema(chosen_schema(of.config, request, is_read())),
      prefer(parse_prefer(request.headers)),
      media(is_root(request) ? Media{} : parse_accept(request.header("accept"))),
      who(pg::as_claims(request.caller.role, request.caller.claims)),
      bounds{.max_rows = of.config.max_rows, .aggregates = of.config.aggregates} {
  if (!of.config.may_roll_back) prefer.end = Prefer::End::unsaid;
  frame.read_only = is_read();
  frame.search_path = SqlText().name(schema).text();
  if (!of.config.search_path.empty()) frame.search_path += ", " + of.config.search_path;
  frame.method = std::string(http::name_of(rq.method));
  frame.path = rq.path.size() > 8 ? rq.path.substr(8) : "/";  // behind /rest/v1
  frame.headers = headers_json(rq.headers);
  frame.cookies = cookies_json(rq.headers);
  if (!is_read() || !rq.param("function").empty()) frame.overrides = &said;
}

const Table& Call::table() const {
  const std::string_view name = rq.param("table");
  if (const Table* const found = catalogue->table(schema, name)) return *found;
  std::vector<std::string_view> names;
  for (const auto& [key, table] : catalogue->tables())
    if (key.first == schema) names.push_back(key.second);
  const std::string near = nearest(name, names);
  throw Fault(404, "PGRST205", fmt::format("Could not find the table '{}.{}' in the schema cache", schema, name),
              "null",
              near.empty() ? "null" : json_string(fmt::format("Perhaps you meant the table '{}.{}'", schema, near)));
}

bool Call::rolls_back() const { return prefer.end == Prefer::End::rollback; }

std::int64_t Call::page(Resource& root) const {
  if (const auto range = is_read() ? parse_range(rq) : std::nullopt) {
    root.offset = std::max(root.offset.value_or(0), range->first);
    if (range->last) {
      const std::int64_t size = *range->last - *root.offset + 1;
      if (size < 0)
        throw Fault(
            416, "PGRST103", "Requested range not satisfiable",
            json_string("The lower boundary must be lower than or equal to the upper boundary in the Range header."));
      root.limit = std::min(root.limit.value_or(size), size);
    }
  }
  return root.offset.value_or(0);
}

std::int64_t Call::counts_to(const Resource& root) const {
  if (prefer.count != Prefer::Count::none || !is_read() || !parse_range(rq)) return 0;
  constexpr std::int64_t kFar = 1'000'000'000'000;
  return std::min(root.offset.value_or(0), kFar) + std::min(root.limit.value_or(bounds.max_rows), bounds.max_rows) + 1;
}

Task<pg::Rows> run(Call& call, const SqlText& sql) {
  const pg::Sql statement{"rest.request", sql.text()};
  pg::Params params = sql.params();
  try {
    if (call.rolls_back()) {
      Task<> undone = call.rest.db.in(call.who, run_and_undo, &call.frame, &sql);
      co_await undone;
    }
    Task<pg::Rows> running = call.rest.db.as(call.who).rows(statement, std::move(params), call.frame);
    co_return co_await running;
  } catch (const RolledBack& kept) {
    co_return kept.rows;
  } catch (const pg::Error& e) {
    const auto guard = plan::guard_raised(e.sqlstate, e.what());
    if (!guard) throw;
    throw raised_by_guard(*guard);
  }
}

Task<std::int64_t> estimate(Call& call, const Node& root) {
  const SqlText sql = plan::explain(root);
  Task<pg::Rows> explaining = run(call, sql);
  const pg::Rows rows = co_await explaining;
  const auto tree = core::Json::parse(rows.size() == 1 ? rows.cell(0, 0).value_or("") : "");
  co_return tree ? static_cast<std::int64_t>((*tree)[std::size_t{0}]["Plan"]["Plan Rows"].number().value_or(0)) : 0;
}

Task<std::optional<std::int64_t>> total_of(Call& call, const Node& root, std::optional<std::int64_t> counted,
                                           std::int64_t seen) {
  const Prefer::Count count = call.prefer.count;
  if (count == Prefer::Count::none) co_return std::nullopt;
  if (count == Prefer::Count::exact) co_return counted;
  if (count == Prefer::Count::estimated && counted.value_or(0) <= call.bounds.max_rows) co_return counted;
  Task<std::int64_t> guessing = estimate(call, root);
  co_return std::max({co_await guessing, counted.value_or(0), seen});
}

http::Handler on_wire(Rest& rest, UseCase use_case) {
  return [&rest, use_case](http::Request& rq) { return answered(rest, rq, use_case); };
}

}  // namespace rest
