#include "http/request.h"

#include <doctest/doctest.h>

#include "core/problem.h"

namespace {

http::Request with(std::string name, std::string value) {
  http::Request rq;
  rq.headers.add(std::move(name), std::move(value));
  return rq;
}

int status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const core::Problem& problem) {
    return problem.status;
  }
  return 0;
}

}  // namespace

TEST_CASE("headers compare without case and keep their order") {
  http::Headers headers;
  headers.add("Set-Cookie", "a");
  headers.add("set-cookie", "b");
  CHECK(headers.get("SET-COOKIE") == "a");
  CHECK(headers.all().size() == 2);
  headers.set("Set-cookie", "c");
  CHECK(headers.all().size() == 1);
  CHECK(headers.get("set-cookie") == "c");
  CHECK_FALSE(headers.has("cookie"));
}

TEST_CASE("a cookie is found by its exact name, the first one wins") {
  http::Request rq = with("Cookie", "a=1; bb=2;c = 3 ; a=9; q=\"x y\"; empty=; noequals; d=e=f");
  rq.headers.add("cookie", "later=7");
  CHECK(rq.cookie("a") == "1");
  CHECK(rq.cookie("b") == std::nullopt);
  CHECK(rq.cookie("bb") == "2");
  CHECK(rq.cookie("c") == "3");
  CHECK(rq.cookie("q") == "x y");
  CHECK(rq.cookie("empty") == "");
  CHECK(rq.cookie("noequals") == std::nullopt);
  CHECK(rq.cookie("d") == "e=f");
  CHECK(rq.cookie("later") == "7");
  CHECK(rq.cookie("A") == std::nullopt);
}

TEST_CASE("a form's fields are decoded once, in order") {
  http::Request rq = with("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  rq.body = "email=ada%40example.com&note=a+b%2Bc&email=second&flag";
  CHECK(rq.form("email") == "ada@example.com");
  CHECK(rq.form("note") == "a b+c");
  CHECK(rq.form("flag") == "");
  CHECK(rq.form().size() == 4);
  CHECK(rq.form("missing") == "");
}

TEST_CASE("a small multipart form gives its fields, not its files") {
  http::Request rq = with("Content-Type", "multipart/form-data; boundary=XX");
  rq.body =
      "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nbytes\r\n"
      "--XX\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--XX--\r\n";
  CHECK(rq.form("a") == "one");
  CHECK(rq.form().size() == 2);
  CHECK(rq.form()[1].first == "b");
}

TEST_CASE("bad forms and bad JSON are refused with their status") {
  const auto form = [](std::string type, std::string body) {
    http::Request rq = with("Content-Type", std::move(type));
    rq.body = std::move(body);
    return status_of([&] { (void)rq.form(); });
  };
  const std::string urlencoded = "application/x-www-form-urlencoded";
  std::string many = "a";
  for (int i = 0; i < 500; ++i) many += "&a";
  CHECK(form(urlencoded, "a=%zz") == 400);
  CHECK(form(urlencoded, "a=%00") == 400);
  CHECK(form(urlencoded, "a=%ff") == 400);
  CHECK(form(urlencoded, many) == 413);
  CHECK(form("text/plain", "a=b") == 415);
  CHECK(form("multipart/form-data; boundary=XX", "--XX\r\nnonsense") == 400);

  const auto json = [](std::string type, std::string body) {
    http::Request rq = with("Content-Type", std::move(type));
    rq.body = std::move(body);
    return status_of([&] { (void)rq.json(); });
  };
  CHECK(json("application/json", "{\"a\":1}") == 0);
  CHECK(json("application/json;charset=UTF-8", "[]") == 0);
  CHECK(json("application/vnd.pgrst.object+json", "{}") == 0);
  CHECK(json("application/json", "{") == 400);
  CHECK(json("application/json", "") == 400);
  CHECK(json("text/plain", "{}") == 415);
}

TEST_CASE("a client that accepts HTML before JSON gets HTML") {
  CHECK(with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8").wants_html());
  CHECK_FALSE(with("Accept", "*/*").wants_html());
  CHECK_FALSE(with("Accept", "application/json, text/html;q=0.1").wants_html());
  CHECK_FALSE(with("Accept", "text/html;q=0").wants_html());
  CHECK_FALSE(http::Request{}.wants_html());
}

TEST_CASE("an id that is no UUID looks like one that is missing") {
  http::Request rq;
  rq.params = {{"id", "42"}, {"good", "0190c8a4-7b1e-7cc0-8000-000000000001"}};
  CHECK(status_of([&] { (void)rq.id<core::ProjectId>("id"); }) == 404);
  CHECK(status_of([&] { (void)rq.id<core::ProjectId>("absent"); }) == 404);
  CHECK(rq.id<core::ProjectId>("good").str() == "0190c8a4-7b1e-7cc0-8000-000000000001");
}
