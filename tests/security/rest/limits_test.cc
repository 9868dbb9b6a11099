// Limits on depth, length and number, enforced before a statement is sent.
#include <chrono>

#include "integration/rest/support/rest_app.h"

using namespace support;
using http::Method;

namespace {

std::string times(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

Answer projects(RestApp& w, Pairs query) {
  return w.call(RestCall{.path = "projects", .query = std::move(query), .caller = key("service_role")});
}

}  // namespace

TEST_CASE("embeds and logic nest at most eight deep") {
  RestApp w;
  const auto nested = [](int n) { return times("jobs(projects(", n) + "id" + times("))", n); };
  CHECK(projects(w, {{"select", "id," + nested(4)}}).status == 200);
  CHECK(projects(w, {{"select", "id," + nested(5)}}).status == 400);
  CHECK(projects(w, {{"select", times("jobs(", 100000)}}).status == 400);
  const auto logic = [](int n) { return "(" + times("and(", n) + "title.eq.a" + times(")", n) + ")"; };
  CHECK(projects(w, {{"or", logic(6)}}).status == 200);
  CHECK(projects(w, {{"or", logic(9)}}).status == 400);
  CHECK(projects(w, {{"or", "(" + times("not.and(", 100000)}}).status == 400);
  CHECK(projects(w, {{times("a.", 100000) + "b", "eq.1"}}).status == 400);
  CHECK(projects(w, {{"select", "title" + times("->a", 100000)}}).status == 400);
}

TEST_CASE("lists hold at most a thousand items") {
  RestApp w;
  const auto list = [](int n) { return times("a,", n - 1) + "a"; };
  CHECK(projects(w, {{"title", "in.(" + list(1000) + ")"}}).status == 200);
  CHECK(projects(w, {{"title", "in.(" + list(1001) + ")"}}).status == 400);
  CHECK(projects(w, {{"select", times("id,", 1001) + "id"}}).status == 400);
  CHECK(projects(w, {{"order", times("id,", 1001) + "id"}}).status == 400);
  CHECK(projects(w, {{"or", "(" + times("id.is.null,", 5000) + "id.is.null)"}}).status == 400);
}

TEST_CASE("a page has at most the configured number of rows, also of embeds") {
  rest::Config config;
  config.max_rows = 5;
  RestApp w(std::move(config));
  const auto ada = w.sign_up();
  w.scalar("insert into projects (user_id, title) select $1::uuid, n::text from generate_series(1, 9) n returning 1",
           {ada.str()});
  w.scalar(
      "insert into assets (user_id, project_id, type, path) select p.user_id, p.id, 'input', 'project-assets/' || n "
      "from projects p, "
      "generate_series(1, 9) n where p.user_id = $1::uuid and p.title = '1' returning 1",
      {ada.str()});
  const auto page = [&](Pairs query, Pairs headers = {}) {
    return w.call(RestCall{
        .path = "projects", .query = std::move(query), .caller = user(ada), .body = "", .headers = std::move(headers)});
  };
  CHECK(page({{"select", "id"}}).json().size() == 5);
  CHECK(page({{"select", "id"}, {"limit", "100"}}).json().size() == 5);
  CHECK(page({{"select", "id"}, {"limit", "2"}}).json().size() == 2);
  CHECK(page({{"select", "id"}}, {{"Range-Unit", "items"}, {"Range", "0-99"}}).json().size() == 5);
  const Answer counted = page({{"select", "id"}}, {{"Prefer", "count=exact"}});
  CHECK(counted.status == 206);
  CHECK(counted.headers.get("content-range") == "0-4/9");
  CHECK(page({{"select", "assets(id)"}, {"title", "eq.1"}}).json()[std::size_t{0}]["assets"].size() == 5);
}

TEST_CASE("a body of another type, or that is not JSON, is rejected and writes nothing") {
  RestApp w;
  const std::string before = w.scalar("select count(*) from projects");
  const Answer empty = w.call(RestCall{.method = Method::post,
                                       .path = "projects",
                                       .query = {},
                                       .caller = key("service_role"),
                                       .body = "",
                                       .headers = {{"Content-Type", "application/json"}}});
  CHECK(empty.status == 400);
  for (const std::string body :
       {"{", "[", "[{]", "{\"title\":\"x\"", "{\"title\":\"\\ud800\"}", "nul", "\"x\"", "[[]]", "{\"a\":1}{}"}) {
    CAPTURE(body);
    const Answer answer = w.call(
        RestCall{.method = Method::post, .path = "projects", .query = {}, .caller = key("service_role"), .body = body});
    CHECK(answer.status == 400);
  }
  const Answer deep = w.call(RestCall{.method = Method::post,
                                      .path = "projects",
                                      .query = {},
                                      .caller = key("service_role"),
                                      .body = "{\"title\":" + times("[", 100000) + times("]", 100000) + "}"});
  CHECK(deep.status == 400);
  CHECK(w.scalar("select count(*) from projects") == before);
}

TEST_CASE("a body with a hundred thousand keys is rejected cheaply") {
  RestApp w;
  std::string names, objects;
  for (int i = 0; i < 90'000; ++i) names += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
  for (int i = 0; i < 40'000; ++i) objects += "{\"title\":\"x\"},";
  const auto timed = [&](Method method, const Pairs& query, std::string body, const Pairs& headers) {
    const auto begun = std::chrono::steady_clock::now();
    const Answer answer = w.call(RestCall{.method = method,
                                          .path = "projects",
                                          .query = query,
                                          .caller = key("anon"),
                                          .body = std::move(body),
                                          .headers = headers});
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(700));
    return answer;
  };
  const Pairs by_default{{"Prefer", "missing=default"}};
  CHECK(timed(Method::post, {}, "{" + names + "}", {}).code() == "PGRST204");
  CHECK(timed(Method::patch, {}, "{" + names + "}", {}).code() == "PGRST204");
  CHECK(timed(Method::post, {}, "[{\"title\":1},{" + names + "}]", {}).code() == "PGRST102");
  CHECK(timed(Method::post, {}, "[{" + names + "},{\"title\":1}]", {}).code() == "PGRST204");
  CHECK(timed(Method::post, {}, "[" + objects + "{\"user_id\":1}]", {}).code() == "PGRST102");
  CHECK(timed(Method::post, {{"columns", "title,user_id"}}, "[" + objects + "{" + names + "}]", by_default).code() ==
        "42501");
  CHECK(timed(Method::patch, {{"columns", "title,user_id"}}, "{" + names + "}", by_default).code() == "42501");
}

// docs/spec/security.md 1.11
TEST_CASE("a response has at most the configured bytes, of whatever its rows are made") {
  rest::Config config;
  config.max_response = 64 << 10;
  RestApp w(std::move(config));
  const auto ada = w.sign_up();
  w.scalar(
      "insert into projects (user_id, title) select $1::uuid, rpad(n::text, 190, 'x') from generate_series(1, 600) n "
      "returning 1",
      {ada.str()});
  w.scalar(
      "insert into assets (user_id, project_id, type, path) select p.user_id, p.id, 'input', 'project-assets/' || "
      "rpad(n::text, 900, 'y') from projects p, generate_series(1, 60) n where p.user_id = $1::uuid and p.title like "
      "'1x%' "
      "returning 1",
      {ada.str()});
  const auto read = [&](Pairs query, Pairs headers = {}) {
    return w.call(RestCall{
        .path = "projects", .query = std::move(query), .caller = user(ada), .body = "", .headers = std::move(headers)});
  };
  const std::string wide = times("title,", 20) + "title";
  CHECK(read({{"select", "title"}, {"limit", "200"}}).status == 200);
  for (const Pairs& query : {Pairs{{"select", "title"}}, Pairs{{"select", "title"}, {"order", "title"}},
                             Pairs{{"select", wide}, {"limit", "50"}}, Pairs{{"select", "assets(path)"}},
                             Pairs{{"select", "...assets(path)"}}, Pairs{{"select", "a:assets(path),b:assets(path)"}}})
    for (const char* type : {"application/json", "text/csv"}) {
      CAPTURE(query.front().second);
      const Answer answer = read(query, {{"Accept", type}});
      CHECK(answer.status == 413);
      CHECK(answer.code() == "response_too_large");
    }
  CHECK(read({{"select", "title"}}, {{"Prefer", "count=exact"}}).status == 413);
  CHECK(read({{"select", "id,assets(id)"}, {"title", "like.1x%"}}).status == 200);
  CHECK(read({{"select", "assets()"}, {"limit", "30"}}).json().size() == 30);
  CHECK(read({{"select", "a:title::numeric[]"}}).status == 400);
  CHECK(read({{"select", "a:title::numrange"}}).status == 400);

  const auto change = [&](const std::string& select) {
    return w.call(RestCall{.method = Method::patch,
                           .path = "projects",
                           .query = {{"select", select}, {"title", "like.1x%"}},
                           .caller = user(ada),
                           .body = R"({"title":"changed"})",
                           .headers = {{"Prefer", "return=representation"}}});
  };
  CHECK(change("id,a:assets(path),b:assets(path)").status == 413);
  CHECK(w.scalar("select count(*) from projects where title = 'changed' and user_id = $1::uuid", {ada.str()}) == "0");
  CHECK(change("id,title").status == 200);
}

TEST_CASE("a request has at most three hundred conditions and fifty embeds") {
  RestApp w;
  const auto conditions = [&](int n) {
    Pairs query;
    for (int i = 0; i < n; ++i) query.emplace_back("title", "neq.x");
    return projects(w, query).status;
  };
  CHECK(conditions(300) == 200);
  CHECK(conditions(301) == 400);
  const auto in_logic = [&](int n) {
    return projects(w, {{"or", "(" + times("title.eq.x,", n - 1) + "title.eq.x)"}}).status;
  };
  CHECK(in_logic(299) == 200);
  CHECK(in_logic(301) == 400);
  const auto embeds = [&](int n) {
    std::string select = "id";
    for (int i = 0; i < n; ++i) select += ",e" + std::to_string(i) + ":jobs(id)";
    return projects(w, {{"select", select}}).status;
  };
  CHECK(embeds(50) == 200);
  CHECK(embeds(51) == 400);
}

TEST_CASE("errors reveal no statement, file or line of the database") {
  RestApp w;
  for (const Pairs& query :
       std::vector<Pairs>{{{"id", "eq.x"}}, {{"nothing", "eq.1"}}, {{"status", "eq.x"}}, {{"created_at", "gt.x"}}}) {
    const Answer answer = projects(w, query);
    CHECK(answer.status == 400);
    const auto members = answer.json().members();
    CHECK(members.size() == 4);
    for (const char* word : {"select ", "SELECT ", ".c:", "LINE ", "set_config", "pgrst_"})
      CHECK(answer.body.find(word) == std::string::npos);
  }
}
