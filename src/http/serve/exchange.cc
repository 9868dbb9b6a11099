// The way of one request: target, route, limits, body, guard, handler, answer, access line.
#include "core/crypto.h"
#include "core/ids.h"
#include "core/log.h"
#include "core/text.h"
#include "http/serve/connection.h"
#include "http/wire/parts.h"
#include "http/wire/target.h"

namespace http::serve {

std::unique_ptr<BodyReader> streamed_body(Connection& connection, Exchange& x);

namespace {

Response options_of(const std::string& allow) {
  Response answer;
  answer.status = 204;
  if (!allow.empty()) answer.headers.add("Allow", allow);
  return answer;
}

core::Problem from(const wire::Refusal& why) { return {why.status, std::string(why.code), std::string(why.sentence)}; }

core::Problem out_of_time() {
  core::Problem problem(503, "timeout", "This took too long. Try again in a few seconds.");
  problem.headers.emplace_back("Retry-After", "5");
  return problem;
}

void log_served(const Exchange& x, int status) {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  const auto ms = duration_cast<milliseconds>(std::chrono::steady_clock::now() - x.began).count();
  core::log::info(
      "http.request.served",
      {{"method", name_of(x.head.method)}, {"route", x.rq.route}, {"status", status}, {"ms", ms}, {"bytes", x.sent}});
}

}  // namespace

Response Connection::answer_of(Exchange& x, const core::Problem& problem) { return error_response(x.rq, problem); }

Response Connection::answer_of(Exchange& x, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const core::Problem& problem) {
    return answer_of(x, problem);
  } catch (const std::exception& e) {
    if (hub_.translate)
      if (const auto problem = hub_.translate(error)) return answer_of(x, *problem);
    core::log::error("http.request.failed", {{"route", x.rq.route}, {"what", e.what()}});
  } catch (...) {
    core::log::error("http.request.failed", {{"route", x.rq.route}, {"what", "not an exception"}});
  }
  return answer_of(x, core::Problem(500, "internal", "Something failed on our side. It has been logged."));
}

// A bad request is answered and ends the connection: nothing behind it is read as another one.
core::Task<> Connection::refuse(std::shared_ptr<Exchange> x, wire::Refusal why) {
  core::log::info("http.request.refused", {{"status", why.status}, {"code", why.code}, {"client", peer_}});
  x->head.keep_alive = false;
  x->rq.group = &hub_.router.group_of(x->rq.path);
  const bool ignored = co_await respond(x, answer_of(*x, from(why)));
  (void)ignored;
}

// Everything that is decided before the body is read. An answer here means that no handler runs.
std::optional<Response> Connection::open(Exchange& x) {
  Request& rq = x.rq;
  if (rq.method == Method::options) {
    rq.group = &hub_.router.group_of(rq.path);
    if (auto answer = preflight(rq)) return answer;
  }
  const Router::Match match = hub_.router.find(rq.method, rq.path);
  rq.group = match.route ? match.route->group : &hub_.router.group_of(rq.path);
  if (!match.route) {
    if (rq.method == Method::options && (!match.allow.empty() || rq.path == "*"))
      return options_of(match.allow.empty() ? "" : match.allow + ", OPTIONS");
    if (match.allow.empty()) return answer_of(x, core::Problem(404, "not_found", "There is nothing here."));
    core::Problem problem(405, "method_not_allowed", "This method is not allowed here.");
    problem.headers.emplace_back("Allow", match.allow);
    return answer_of(x, problem);
  }
  x.route = match.route;
  x.limit = match.route->limits.body;
  rq.route = match.route->pattern;
  rq.params = match.params;
  const std::string_view coding = rq.header("content-encoding");
  const bool kept = match.route->streamed && rq.group->encoded_bodies == EncodedBodies::kept;
  if (!coding.empty() && !core::iequals(coding, "identity") && !kept)
    return answer_of(x, core::Problem(415, "unsupported_media_type", "Send the body without Content-Encoding."));
  if (x.left > x.limit)
    return answer_of(x, core::Problem(413, "request_entity_too_large", "The request body is too large."));
  return std::nullopt;
}

core::Task<> Connection::handle(std::shared_ptr<Connection> self, std::shared_ptr<Exchange> x) {
  try {
    std::optional<Response> refusal = co_await self->hub_.access.admit(x->rq, x->route->access);
    if (x->rq.caller.signed_in()) x->context->user_id = x->rq.caller.user.str();
    if (refusal) {
      x->answer = std::move(*refusal);
    } else if (x->rq.csrf_pending && !wire::boundary_of(x->rq.header("content-type"))) {
      // The guard left the token to Multipart, which this body never meets.
      throw core::Problem(403, "csrf", "This form has expired. Load the page again and send it once more.");
    } else {
      x->answer = co_await x->route->handler(x->rq);
    }
  } catch (...) {
    x->error = std::current_exception();
  }
  x->finished = true;
  if (!x->abandoned) wake(self->done_, Wait::ready);
}

core::Task<Connection::Wait> Connection::run_handler(std::shared_ptr<Exchange> x) {
  const auto deadline = x->route->limits.deadline.count() == 0
                            ? SteadyTime::max()
                            : std::chrono::steady_clock::now() + x->route->limits.deadline;
  hub_.handler_tasks.spawn("http.handler", handle(shared_from_this(), x), x->context);
  if (x->finished) co_return Wait::ready;
  const Wait woken = co_await Park{done_, deadline};
  if (woken == Wait::ready) co_return woken;
  x->abandoned = true;
  x->context->stop.request_stop();
  if (read_.handle) wake(read_, Wait::closed);  // the handler waits for its body: it will not come
  co_return woken;
}

core::Task<bool> Connection::serve_one() {
  const auto x = std::make_shared<Exchange>();
  x->rq.request_id = core::Uuid::ordered().str();
  x->context->request_id = x->rq.request_id;
  wire::Refusal why = wire::kBadRequest;
  const HeadRead outcome = co_await read_head(*x, why);
  if (outcome == HeadRead::gone) co_return false;
  core::set_task_context(x->context);
  current_ = x;
  x->began = std::chrono::steady_clock::now();
  Request& rq = x->rq;
  std::expected<wire::Target, wire::Refusal> target = std::unexpected(why);
  if (outcome == HeadRead::whole) {
    target = wire::parse_target(x->head.method, x->head.target, x->head.headers.get("host"));
    if (!target) {
      why = target.error();
      x->rq.path = wire::stated_path(x->head.target);
    }
  }
  if (!target) {
    co_await refuse(x, why);
    co_return false;
  }
  rq.method = x->head.method;
  x->context->expendable = is_get_or_head(rq.method);
  rq.target = x->head.target;
  rq.path = std::move(target->path);
  rq.queries = std::move(target->queries);
  rq.headers = x->head.headers;
  rq.csp_nonce = core::base64(core::random_bytes(16));
  auto origin = hub_.proxies.origin(peer_, rq.headers);
  rq.client_ip = std::move(origin.ip);
  rq.https = origin.https;
  open_body(*x);

  std::optional<Response> answer = open(*x);
  if (!answer && !x->route->streamed) {
    std::exception_ptr failed;
    try {
      co_await collect_body(*x);
    } catch (...) {
      failed = std::current_exception();
    }
    if (failed) answer = answer_of(*x, failed);
  }
  if (!answer) {
    if (x->route->streamed) {
      x->reader = streamed_body(*this, *x);
      rq.stream = x->reader.get();
    }
    watch(*x);
    const Wait woken = co_await run_handler(x);
    if (woken == Wait::closed) co_return false;
    if (woken == Wait::timeout) {
      core::log::warn("http.request.timed_out", {{"route", rq.route}});
      answer = answer_of(*x, out_of_time());
    } else {
      answer = x->error ? answer_of(*x, x->error) : std::move(*x->answer);
    }
  }
  const int status = answer->status;
  const bool again = co_await respond(x, std::move(*answer));
  log_served(*x, status);
  co_return again;
}

}  // namespace http::serve
