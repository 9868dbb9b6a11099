#include "support/app.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <variant>

#include "core/text.h"

namespace support {
namespace {

// A request body that arrives in pieces, and may break off.
class BodyInPieces final : public http::BodyReader {
 public:
  BodyInPieces(std::string bytes, std::size_t piece, bool breaks)
      : bytes_(std::move(bytes)), piece_(piece), breaks_(breaks) {}
  Task<std::string_view> read() override {
    if (at_ >= bytes_.size()) {
      if (breaks_) throw std::runtime_error("the client left");
      co_return std::string_view();
    }
    const std::string_view piece = std::string_view(bytes_).substr(at_, piece_);
    at_ += piece.size();
    co_return piece;
  }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t at_ = 0;
  bool breaks_;
};

class Gathered final : public http::BodyWriter {
 public:
  Task<> write(std::string_view bytes) override {
    text += bytes;
    co_return;
  }
  std::string text;
};

std::string part_of(const http::FileBody& file) {
  std::ifstream in(file.path, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(file.offset));
  std::string bytes(file.length, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

http::Request request_of(const Call& call) {
  http::Request rq;
  rq.method = call.method;
  rq.target = call.target;
  const std::size_t mark = std::min(call.target.find('?'), call.target.size());
  rq.path = core::percent_decode(call.target.substr(0, mark)).value();
  if (mark < call.target.size())
    for (const std::string_view pair : core::split(std::string_view(call.target).substr(mark + 1), '&')) {
      const std::size_t equal = std::min(pair.find('='), pair.size());
      rq.queries.emplace_back(core::percent_decode(pair.substr(0, equal)).value_or(""),
                              core::percent_decode(pair.substr(std::min(equal + 1, pair.size()))).value_or(""));
    }
  rq.headers.add("Host", "localhost:3000");
  for (const auto& [name, value] : call.headers) rq.headers.add(name, value);
  rq.caller = call.caller;
  rq.request_id = "req-test";
  rq.csp_nonce = "bm9uY2U=";
  return rq;
}

}  // namespace

core::Secret env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is missing: run by tests/support/with-postgres");
  return core::Secret(value);
}

pg::Config database() {
  pg::Config config;
  config.url = env("TENON_TEST_URL");
  config.direct_url = config.url;
  return config;
}

http::Caller user(core::UserId id) {
  http::Caller caller;
  caller.kind = http::Caller::Kind::user;
  caller.user = id;
  caller.role = "authenticated";
  caller.claims = R"({"role":"authenticated","sub":")" + id.str() + "\"}";
  return caller;
}

http::Caller key(const std::string& role) {
  http::Caller caller;
  caller.kind = http::Caller::Kind::key;
  caller.role = role;
  caller.claims = R"({"role":")" + role + "\"}";
  return caller;
}

core::Json Answer::json() const {
  if (body.empty()) return {};
  const auto parsed = core::Json::parse(body);
  if (!parsed) throw std::runtime_error("the answer is not JSON: " + body);
  return *parsed;
}
std::string Answer::code() const {
  const auto parsed = core::Json::parse(body);
  return parsed ? (*parsed)["code"].string_or("") : "";
}

std::string form(const Pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += (out.empty() ? "" : "&") + core::percent_encode(name) + "=" + core::percent_encode(value);
  return out;
}

App::App() : db_(std::make_unique<pg::Db>(loop, database())) {}
App::~App() { close(); }

void App::close() {
  if (closed_) return;
  closed_ = true;
  if (listener_) loop.run_until(listener_->close());
  loop.run_until(db_->close());
}

pg::Listener& App::listener() {
  if (!listener_) listener_ = std::make_unique<pg::Listener>(loop, database());
  return *listener_;
}

core::UserId App::sign_up(std::string email) {
  const auto id = core::UserId::random();
  if (email.empty()) email = id.str() + "@example.com";
  owner.query("insert into auth.users (id, email) values ($1, $2)", {id.str(), email});
  return id;
}
void App::grant(core::UserId user, std::int64_t credits) {
  owner.query("select tenon.grant_credits($1, $2, $3::int, 'for a test')",
              {user.str(), "test:" + core::Uuid::random().str(), std::to_string(credits)});
}
std::int64_t App::balance(core::UserId user) {
  return std::stoll(scalar("select balance from public.credit_accounts where user_id = $1", {user.str()}));
}

Task<Answer> App::send(Call call) {
  http::Request rq = request_of(call);
  rq.client_ip = client_ip;
  auto match = router.find(call.method, rq.path);
  if (match.route == nullptr && call.method == http::Method::head) match = router.find(http::Method::get, rq.path);
  if (match.route == nullptr) co_return Answer{.status = match.allow.empty() ? 404 : 405, .headers = {}, .body = ""};
  rq.params = match.params;
  rq.route = match.route->pattern;
  rq.group = match.route->group;
  BodyInPieces pieces(call.body, call.piece, call.breaks);
  if (match.route->streamed) rq.stream = &pieces;
  else rq.body = std::move(call.body);
  http::Response response;
  try {
    std::optional<http::Response> refusal;
    if (guard != nullptr) refusal = co_await guard->admit(rq, match.route->access);
    if (refusal) response = std::move(*refusal);
    else response = co_await match.route->handler(rq);
  } catch (const core::Problem& problem) {
    response = http::error_response(rq, problem);
  }
  caller = rq.caller;
  Answer answer{.status = response.status, .headers = response.headers, .body = ""};
  for (const std::string& cookie : rq.set_cookies) answer.headers.add("Set-Cookie", cookie);
  if (const auto* text = std::get_if<std::string>(&response.body)) answer.body = *text;
  if (const auto* file = std::get_if<http::FileBody>(&response.body)) answer.body = part_of(*file);
  if (const auto* stream = std::get_if<http::StreamBody>(&response.body)) {
    Gathered all;
    co_await stream->write(all);
    answer.body = std::move(all.text);
  }
  co_return answer;
}

Answer App::get(core::UserId who, std::string target) {
  return call({.target = std::move(target), .caller = user(who), .headers = {}, .body = ""});
}
Answer App::post(core::UserId who, std::string target, std::string json) {
  return call({.method = http::Method::post,
               .target = std::move(target),
               .caller = user(who),
               .headers = {{"Content-Type", "application/json"}},
               .body = std::move(json)});
}

void App::until(const char* what, std::function<bool()> holds, std::chrono::seconds limit) {
  REQUIRE_MESSAGE(run(support::until(std::move(holds), limit)), "it never came true: " << std::string(what));
}

std::string App::scalar(const std::string& sql, const std::vector<std::string>& params) {
  const auto result = owner.query(sql, params);
  return result.rows.empty() ? "(none)" : result.rows[0][0].value_or("(null)");
}
std::vector<std::string> App::column(const std::string& sql) {
  std::vector<std::string> out;
  for (const auto& row : owner.query(sql).rows) out.push_back(row.at(0).value_or("(null)"));
  return out;
}

}  // namespace support
