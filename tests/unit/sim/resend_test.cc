#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "core/problem.h"
#include "sim/inbox.h"
#include "sim/inbox_pages.h"
#include "sim/loopback.h"
#include "sim/resend.h"

using sim::Inbox;

namespace {

const std::string kMail = R"({"from":"App <hello@example.com>","to":["ada@example.com"],"subject":"Hi",)"
                          R"("html":"<p>x</p>","text":"see http://a.example/b"})";

http::Request request(std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  http::Request rq;
  rq.method = http::Method::post;
  rq.path = "/dev/resend/emails";
  rq.client_ip = "127.0.0.1";
  rq.headers.add("Host", "localhost:3000");
  rq.headers.add("Authorization", "Bearer re_x");
  rq.headers.add("User-Agent", "tenon/1.0");
  rq.headers.add("Content-Type", "application/json");
  for (auto& [name, value] : headers) rq.headers.set(name, value);
  rq.body = std::move(body);
  return rq;
}

core::Json json(const http::Response& response) {
  return core::Json::parse(std::get<std::string>(response.body)).value_or(core::Json{});
}

std::string name_of(const http::Response& response) { return json(response)["name"].string_or(""); }

struct Folder {
  Folder() {
    char name[] = "/tmp/tenon-sim.XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace

TEST_CASE("an email is captured, listed newest first, found by its address, and shown by its id") {
  Inbox inbox("");
  const auto first = sim::send_one(inbox, request(kMail));
  CHECK(first.status == 200);
  sim::send_one(inbox, request(R"({"from":"a@b.c","to":"Bob <BOB@example.com>","subject":"Two","text":"t"})"));
  REQUIRE(inbox.newest("", 10).size() == 2);
  CHECK(inbox.newest("", 10)[0]->subject == "Two");
  CHECK(inbox.newest("bob@example.com", 10).size() == 1);
  CHECK(inbox.newest("Ada@Example.com", 10).size() == 1);
  CHECK(inbox.newest("nobody@example.com", 10).empty());
  http::Request ask = request("");
  ask.params = {{"id", json(first)["id"].string_or("")}};
  CHECK(json(sim::show(inbox, ask))["subject"].string() == "Hi");
  ask.params = {{"id", "nothing"}};
  CHECK(sim::show(inbox, ask).status == 404);
}

TEST_CASE("the same key and payload give the first response and no second email, another payload 409") {
  Inbox inbox("");
  const auto first = sim::send_one(inbox, request(kMail, {{"Idempotency-Key", "k"}}));
  const auto again = sim::send_one(inbox, request(kMail, {{"Idempotency-Key", "k"}}));
  CHECK(json(first)["id"].string() == json(again)["id"].string());
  CHECK(inbox.newest("", 10).size() == 1);
  const auto other = sim::send_one(
      inbox, request(R"({"from":"a@b.c","to":"d@e.f","subject":"Two","text":"t"})", {{"Idempotency-Key", "k"}}));
  CHECK(other.status == 409);
  CHECK(name_of(other) == "invalid_idempotent_request");
  CHECK(inbox.newest("", 10).size() == 1);
  sim::send_one(inbox, request(kMail));
  sim::send_one(inbox, request(kMail));
  CHECK(inbox.newest("", 10).size() == 3);
}

TEST_CASE("callers without key, agent or a fitting idempotency key are refused") {
  Inbox inbox("");
  CHECK(sim::send_one(inbox, request(kMail, {{"Authorization", ""}})).status == 401);
  CHECK(name_of(sim::send_one(inbox, request(kMail, {{"Authorization", "Bearer sk_x"}}))) == "invalid_api_key");
  CHECK(sim::send_one(inbox, request(kMail, {{"User-Agent", ""}})).status == 403);
  CHECK(name_of(sim::send_one(inbox, request(kMail, {{"Idempotency-Key", std::string(257, 'x')}}))) ==
        "invalid_idempotency_key");
  CHECK(sim::send_one(inbox, request(kMail, {{"Idempotency-Key", std::string(256, 'x')}})).status == 200);
}

TEST_CASE("an email that Resend would refuse is refused") {
  Inbox inbox("");
  const auto refused = [&](const char* body) {
    const auto answer = sim::send_one(inbox, request(body));
    CHECK(answer.status == 422);
    return name_of(answer);
  };
  CHECK(refused("{") == "validation_error");
  CHECK(refused(R"({"to":"a@b.c","subject":"s","text":"t"})") == "missing_required_field");
  CHECK(refused(R"({"from":"nobody","to":"a@b.c","subject":"s","text":"t"})") == "invalid_from_address");
  CHECK(refused(R"({"from":"a@b.c","subject":"s","text":"t"})") == "missing_required_field");
  CHECK(refused(R"({"from":"a@b.c","to":"not an address","subject":"s","text":"t"})") == "validation_error");
  CHECK(refused(R"({"from":"a@b.c","to":"a@b.c","text":"t"})") == "missing_required_field");
  CHECK(refused(R"({"from":"a@b.c","to":"a@b.c","subject":"s\r\nBcc: x@y.z","text":"t"})") == "validation_error");
  CHECK(refused(R"({"from":"a@b.c","to":"a@b.c","subject":"s"})") == "missing_required_field");
  CHECK(refused(R"({"from":"a@b.c","to":"a@b.c","subject":"s","text":"t","tags":[{"name":"a","value":"a@b.c"}]})") ==
        "validation_error");
  CHECK(inbox.newest("", 10).empty());
}

TEST_CASE("a batch is all or nothing unless asked otherwise, and answers in order") {
  Inbox inbox("");
  const std::string bad = "[" + kMail + R"(,{"from":"a@b.c"}])";
  CHECK(sim::send_batch(inbox, request(bad)).status == 422);
  CHECK(inbox.newest("", 10).empty());
  const auto some = json(sim::send_batch(inbox, request(bad, {{"x-batch-validation", "permissive"}})));
  CHECK(some["data"].size() == 1);
  CHECK(some["errors"][0]["index"].integer() == 1);
  const auto two = json(sim::send_batch(inbox, request("[" + kMail + "," + kMail + "]", {{"Idempotency-Key", "b"}})));
  CHECK(two["data"].size() == 2);
  const auto again = json(sim::send_batch(inbox, request("[" + kMail + "," + kMail + "]", {{"Idempotency-Key", "b"}})));
  CHECK(again.dump() == two.dump());
  CHECK(inbox.newest("", 10).size() == 3);
  CHECK(sim::send_batch(inbox, request("[]")).status == 422);
}

TEST_CASE("it fails as often as it is set to, with or without capturing the email") {
  Inbox inbox("");
  CHECK(sim::set_fault(inbox, request(R"({"status":429,"times":2,"retry_after":3})")).status == 200);
  for (int i = 0; i < 2; ++i) {
    const auto limited = sim::send_one(inbox, request(kMail));
    CHECK(limited.status == 429);
    CHECK(limited.headers.get("retry-after") == "3");
    CHECK(name_of(limited) == "rate_limit_exceeded");
  }
  CHECK(inbox.newest("", 10).empty());
  CHECK(sim::send_one(inbox, request(kMail)).status == 200);
  sim::set_fault(inbox, request(R"({"status":500,"times":1,"captured":true})"));
  CHECK(sim::send_one(inbox, request(kMail, {{"Idempotency-Key", "k"}})).status == 500);
  CHECK(inbox.newest("", 10).size() == 2);
  CHECK(sim::send_one(inbox, request(kMail, {{"Idempotency-Key", "k"}})).status == 200);
  CHECK(inbox.newest("", 10).size() == 2);
}

TEST_CASE("a restart keeps the inbox and its keys, and a torn last line harms nothing") {
  const Folder folder;
  std::string id;
  {
    Inbox inbox(folder.path);
    id = json(sim::send_one(inbox, request(kMail, {{"Idempotency-Key", "k"}})))["id"].string_or("");
  }
  std::ofstream(folder.path + "/mail/mails.jsonl", std::ios::app) << R"({"id":"torn","pay)";
  Inbox inbox(folder.path);
  REQUIRE(inbox.newest("", 10).size() == 1);
  CHECK(inbox.find(id)->html == "<p>x</p>");
  CHECK(json(sim::send_one(inbox, request(kMail, {{"Idempotency-Key", "k"}})))["id"].string() == id);
  inbox.clear();
  CHECK(Inbox(folder.path).newest("", 10).empty());
}

TEST_CASE("the list as JSON has what tests need, newest first, and can ask for one address") {
  Inbox inbox("");
  sim::send_one(inbox, request(kMail));
  sim::send_one(inbox, request(R"({"from":"a@b.c","to":"bob@example.com","subject":"Two","text":"t"})"));
  http::Request ask = request("");
  ask.method = http::Method::get;
  ask.queries = {{"format", "json"}, {"to", "ada@example.com"}};
  const core::Json one = json(sim::list(inbox, ask));
  REQUIRE(one.size() == 1);
  for (const char* member : {"id", "to", "subject", "text", "html", "created_at"}) CHECK(one[0][member].is_string());
  CHECK(one[0]["to"].string() == "ada@example.com");
  ask.queries = {{"format", "json"}};
  CHECK(json(sim::list(inbox, ask))[0]["subject"].string() == "Two");
}

TEST_CASE("the pages of the inbox and of an email render, and escape the email's content") {
  Inbox inbox("");
  const auto sent =
      sim::send_one(inbox, request(R"({"from":"a@b.c","to":"bob@example.com","subject":"<script>x</script>","text":)"
                                   R"("go http://a.example/b?c=d now","html":"<script>y</script>"})"));
  http::Request ask = request("");
  ask.method = http::Method::get;
  ask.path = "/dev/mail";
  ask.csp_nonce = "nonce";
  ask.headers.set("Accept", "text/html");
  const auto page = std::get<std::string>(sim::list(inbox, ask).body);
  CHECK(page.find("&lt;script&gt;x") != std::string::npos);
  CHECK(page.find("<script>x") == std::string::npos);
  ask.params = {{"id", json(sent)["id"].string_or("")}};
  const auto shown = sim::one(inbox, ask);
  const auto body = std::get<std::string>(shown.body);
  CHECK(body.find("<script>x") == std::string::npos);
  CHECK(body.find("<script>y") == std::string::npos);
  CHECK(body.find("href=\"http://a.example/b?c=d\"") != std::string::npos);
  CHECK(body.find("sandbox=") != std::string::npos);
  const auto part = sim::html_part(inbox, ask);
  CHECK(part.headers.get("content-security-policy").starts_with("sandbox "));
  CHECK(part.headers.get("content-security-policy").find("allow-scripts") == std::string_view::npos);
  CHECK(part.headers.get("content-security-policy").find("default-src 'none'") != std::string_view::npos);
}
