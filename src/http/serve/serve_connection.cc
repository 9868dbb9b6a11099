// The way of a request: head, route, body, access control, handler, response, access line.
#include "core/crypto.h"
#include "core/ids.h"
#include "core/log.h"
#include "core/text.h"
#include "http/parse/multipart_parser.h"
#include "http/parse/target.h"
#include "http/serve/connection.h"
#include "http/serve/cors.h"

namespace http::serve {
namespace {

using Shared = std::shared_ptr<Connection>;
using SharedExchange = std::shared_ptr<Exchange>;

SteadyTime now() { return std::chrono::steady_clock::now(); }

// Reads the body while the handler runs. A handler that missed its deadline keeps its exchange, but the connection may
// serve another request by then.
class StreamedBody final : public BodyReader {
 public:
  StreamedBody(Connection& connection, const Exchange& exchange) : connection_(connection), exchange_(exchange) {}
  core::Task<std::string_view> read() override {
    if (exchange_.abandoned) throw core::Problem(408, "http.request_timeout");
    const std::string_view piece = co_await connection_.reader.read_body();
    if (piece.empty() && !connection_.reader.has_input()) connection_.socket->watch_input();
    co_return piece;
  }

 private:
  Connection& connection_;
  const Exchange& exchange_;
};

core::Problem out_of_time() {
  core::Problem problem(503, "http.timeout");
  problem.headers.emplace_back("Retry-After", "5");
  return problem;
}

core::Problem not_allowed(const std::string& allow) {
  core::Problem problem(405, "http.method_not_allowed");
  problem.headers.emplace_back("Allow", allow);
  return problem;
}

Response options_response(const std::string& allow) {
  Response response = empty(204);
  if (!allow.empty()) response.headers.add("Allow", allow + ", OPTIONS");
  return response;
}

Response response_to(const ServerState& server, const Request& rq, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const core::Problem& problem) {
    return error_response(rq, problem);
  } catch (const std::exception& e) {
    if (server.translate)
      if (const auto problem = server.translate(error)) return error_response(rq, *problem);
    core::log::error("http.request.failed", {{"route", rq.route}, {"what", e.what()}});
  } catch (...) {
    core::log::error("http.request.failed", {{"route", rq.route}, {"what", "not an exception"}});
  }
  return error_response(rq, core::Problem(500, "http.internal"));
}

void log_served(const Exchange& x, int status) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now() - x.began).count();
  core::log::info(
      "http.request.served",
      {{"method", name_of(x.head.method)}, {"route", x.rq.route}, {"status", status}, {"ms", ms}, {"bytes", x.sent}});
}

// Fills the request from its head and target, or returns why it is refused.
std::optional<parse::Refusal> fill_request(Connection& c, Exchange& x, HeadResult read) {
  Request& rq = x.rq;
  if (read.refusal) {
    rq.path = std::move(read.stated_path);
    return read.refusal;
  }
  x.head = std::move(*read.head);
  auto target = parse::parse_target(x.head.method, x.head.target, x.head.headers.get("host"));
  if (!target) {
    rq.path = parse::stated_path(x.head.target);
    return target.error();
  }
  rq.method = x.head.method;
  rq.target = x.head.target;
  rq.path = std::move(target->path);
  rq.queries = std::move(target->queries);
  rq.headers = x.head.headers;
  rq.csp_nonce = core::base64(core::random_bytes(16));
  auto origin = c.server.proxies.origin(c.socket->peer(), rq.headers);
  rq.client_ip = std::move(origin.ip);
  rq.https = origin.https;
  x.context->expendable = is_get_or_head(rq.method);
  return std::nullopt;
}

// Finds the route and checks what can be checked before the body is read. A response means that no handler runs.
std::optional<Response> find_route(Connection& c, Exchange& x) {
  Request& rq = x.rq;
  if (rq.method == Method::options) {
    rq.group = &c.server.router.group_of(rq.path);
    if (auto preflight = preflight_response(rq)) return preflight;
  }
  const Router::Match match = c.server.router.find(rq.method, rq.path);
  rq.group = match.route ? match.route->group : &c.server.router.group_of(rq.path);
  if (!match.route) {
    if (rq.method == Method::options && (!match.allow.empty() || rq.path == "*")) return options_response(match.allow);
    return error_response(rq, match.allow.empty() ? core::Problem(404, "http.not_found") : not_allowed(match.allow));
  }
  x.route = match.route;
  rq.route = match.route->pattern;
  rq.params = match.params;
  const std::string_view coding = rq.header("content-encoding");
  const bool kept = match.route->streamed && rq.group->encoded_bodies == EncodedBodies::kept;
  if (!coding.empty() && !core::iequals(coding, "identity") && !kept)
    return error_response(rq, core::Problem(415, "http.unsupported_media_type.encoded"));
  c.reader.limit_body(match.route->limits.body);
  if (c.reader.body_length() > match.route->limits.body)
    return error_response(rq, core::Problem(413, "http.request_entity_too_large"));
  return std::nullopt;
}

// Reads the body of a route that is not streamed. A response means that the body was refused.
core::Task<std::optional<Response>> collect_body(Connection& c, Request& rq) {
  try {
    for (;;) {
      const std::string_view piece = co_await c.reader.read_body();
      if (piece.empty()) break;
      rq.body += piece;
    }
  } catch (...) {
    co_return response_to(c.server, rq, std::current_exception());
  }
  co_return std::nullopt;
}

// The owner of the share of the database that the request takes: its user; without one, its network. The service key
// belongs to the operator's own backends, which have no bound.
std::string share_of(const Request& rq) {
  if (rq.caller.signed_in()) return rq.caller.user.str();
  if (rq.caller.kind == Caller::Kind::key && rq.caller.role == "service_role") return {};
  return client_network(rq.client_ip);
}

// Access control, then the handler, as a task of its own: it may miss its deadline and end later.
core::Task<> handle(Shared c, SharedExchange x) {
  try {
    std::optional<Response> refusal = co_await c->server.access.admit(x->rq, x->route->access);
    if (x->rq.caller.signed_in()) x->context->user_id = x->rq.caller.user.str();
    x->context->caller = share_of(x->rq);
    if (refusal) {
      x->response = std::move(*refusal);
    } else if (x->rq.csrf_pending && !parse::boundary_of(x->rq.header("content-type"))) {
      throw core::Problem(403, "http.csrf");  // the token was left to Multipart, which never sees this body
    } else {
      x->response = co_await x->route->handler(x->rq);
    }
  } catch (...) {
    x->error = std::current_exception();
  }
  x->finished = true;
  if (!x->abandoned) c->handler_done.wake(Wake::ready);
}

// Waits for the handler until its deadline. Nothing: the connection was cut.
core::Task<std::optional<Response>> run_handler(Shared c, SharedExchange x) {
  if (x->route->streamed) {
    x->streamed_body = std::make_unique<StreamedBody>(*c, *x);
    x->rq.stream = x->streamed_body.get();
  }
  if (c->reader.body_read() && !c->reader.has_input()) c->socket->watch_input();
  const std::chrono::seconds allowed = x->route->limits.deadline;
  const SteadyTime deadline = allowed.count() == 0 ? SteadyTime::max() : now() + allowed;
  c->server.handler_tasks.spawn("http.handler", handle(c, x), x->context);
  Wake woken = Wake::ready;
  if (!x->finished) woken = co_await SuspendUntil{c->handler_done, deadline};
  if (woken == Wake::ready) {
    if (x->error) co_return response_to(c->server, x->rq, x->error);
    co_return std::move(*x->response);
  }
  x->abandoned = true;
  x->context->stop.request_stop();
  c->socket->reading().wake(Wake::closed);  // the handler may be waiting for its body, which will not come
  if (woken == Wake::closed) co_return std::nullopt;
  core::log::warn("http.request.timed_out", {{"route", x->rq.route}});
  co_return error_response(x->rq, out_of_time());
}

// Another request may follow when the end of this one is known.
bool may_keep_alive(Connection& c, const Exchange& x) {
  return x.head.keep_alive && !c.server.draining && !x.abandoned && c.reader.finish_body();
}

// A bad request ends the connection: nothing behind it is read as another request.
core::Task<> refuse(Connection& c, Exchange& x, parse::Refusal why) {
  const core::Problem problem(why.status, why.name);
  core::log::info("http.request.refused",
                  {{"status", why.status}, {"code", problem.code}, {"client", c.socket->peer()}});
  x.rq.group = &c.server.router.group_of(x.rq.path);
  const auto written = co_await c.writer.write(x, error_response(x.rq, problem), false);
  if (written == ResponseWriter::Written::close) co_await c.reader.linger();
}

core::Task<bool> serve_request(Shared c) {
  const auto x = std::make_shared<Exchange>();
  x->rq.request_id = core::Uuid::ordered().str();
  x->context->request_id = x->rq.request_id;
  HeadResult read = co_await c->reader.read_head();
  if (!read.head && !read.refusal) co_return false;
  core::set_task_context(x->context);
  c->begin(x);
  x->began = now();
  if (const auto refusal = fill_request(*c, *x, std::move(read))) {
    co_await refuse(*c, *x, *refusal);
    co_return false;
  }
  c->reader.begin_body(x->head);
  std::optional<Response> response = find_route(*c, *x);
  if (!response && !x->route->streamed && !c->reader.body_read()) response = co_await collect_body(*c, x->rq);
  if (!response) response = co_await run_handler(c, x);
  if (!response) co_return false;
  const int status = response->status;
  const auto written = co_await c->writer.write(*x, std::move(*response), may_keep_alive(*c, *x));
  if (written == ResponseWriter::Written::close) co_await c->reader.linger();
  log_served(*x, status);
  co_return written == ResponseWriter::Written::keep_alive;
}

}  // namespace

core::Task<> serve_connection(Shared connection) {
  for (bool again = true; again;) {
    core::set_task_context(connection->server.idle_context);
    again = co_await connection->wait_for_request();
    if (!again) break;
    try {
      again = co_await serve_request(connection);
    } catch (const std::exception& e) {
      again = false;
      core::log::error("http.connection.failed", {{"what", e.what()}});
    } catch (...) {
      again = false;
      core::log::error("http.connection.failed", {{"what", "not an exception"}});
    }
    connection->end_exchange();
  }
  connection->close();
}

}  // namespace http::serve
