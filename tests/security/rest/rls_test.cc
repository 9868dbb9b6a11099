// Two users and an anonymous visitor on every table and view of the exposed schema, with every method.
#include <map>
#include <optional>
#include <set>

#include "integration/rest/support/rest_app.h"

using namespace support;
using http::Method;

namespace {

// One row of every table for each user.
constexpr const char* kSeed = R"sql(
  do $$
  declare u uuid; p uuid; j uuid;
  begin
    foreach u in array array['{ada}', '{bob}']::uuid[] loop
      insert into projects (user_id, title) values (u, 'mine') returning id, next_job_id into p, j;
      insert into jobs (id, user_id, project_id, status) values (j, u, p, 'PROCESSING');
      insert into job_steps (job_id, user_id, n, name) values (j, u, 0, 'probe');
      insert into assets (user_id, project_id, type, path) values (u, p, 'input', 'project-assets/u_' || u || '/x');
      insert into credit_ledger (user_id, type, amount) values (u, 'purchase', 7);
      insert into email_log (user_id, kind, to_email) values (u, 'welcome', 'x@example.com');
      insert into subscriptions (id, user_id, status, as_of) values ('sub_' || u, u, 'active', now());
      insert into invoices (id, user_id) values ('in_' || u, u);
      insert into usage_daily (user_id, day, metric, amount) values (u, '2026-01-01', 'seconds', 1);
      insert into checkouts (user_id, plan, mode, idempotency_key) values (u, 'pack_25', 'payment', u::text);
      insert into user_notification_prefs (user_id) values (u) on conflict do nothing;
      insert into profiles (id) values (u) on conflict do nothing;
    end loop;
  end $$
)sql";

// The writes that users may make to their own rows. All others are rejected.
const std::map<std::string, std::set<std::string>> kWritable{{"projects", {"insert", "update", "delete"}},
                                                             {"profiles", {"update"}},
                                                             {"user_notification_prefs", {"insert", "update"}}};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what)) text.replace(at, what.size(), with);
  return text;
}

struct Matrix {
  RestApp w;
  core::UserId ada = w.sign_up(), bob = w.sign_up();
  std::vector<std::string> tables = w.column(
      "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by 1");

  Matrix() { w.script(replaced(replaced(kSeed, "{ada}", ada.str()), "{bob}", bob.str())); }

  static std::string owner_column(const std::string& table) { return table == "profiles" ? "id" : "user_id"; }
  std::string count(const std::string& table, core::UserId whose) {
    return w.scalar("select count(*) from public." + table + " where " + owner_column(table) + " = $1", {whose.str()});
  }
  // Of all rows except those of `who`.
  std::string others(const std::string& table, const std::string& who) {
    return w.scalar("select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from public." + table +
                        " t where " + owner_column(table) + "::text is distinct from $1",
                    {who});
  }
  std::vector<std::string> columns(const std::string& table) {
    return w.column("select attname from pg_attribute where attrelid = 'public." + table +
                    "'::regclass and attnum > 0 and not attisdropped order by attnum");
  }
};

// PUT of the row of `whose` by its whole key; nothing where there is no key.
std::optional<RestCall> put_of(Matrix& m, const std::string& table, core::UserId whose, http::Caller caller) {
  const std::string owner = Matrix::owner_column(table);
  RestCall call{.method = Method::put,
                .path = table,
                .caller = std::move(caller),
                .body = "{\"" + owner + "\":\"" + whose.str() + "\""};
  for (const std::string& key :
       m.w.column("select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid "
                  "and a.attnum = any(i.indkey) where i.indisprimary and i.indrelid = 'public." +
                  table + "'::regclass")) {
    const std::string value = m.w.scalar(
        "select " + key + "::text from public." + table + " where " + owner + " = $1 limit 1", {whose.str()});
    call.query.emplace_back(key, "eq." + value);
    if (key != owner) call.body += ",\"" + key + "\":\"" + value + "\"";
  }
  call.body += "}";
  return call.query.empty() ? std::nullopt : std::optional(call);
}

bool is_refused(const Answer& answer, int status) { return answer.status == status && answer.code() == "42501"; }

}  // namespace

TEST_CASE("users read their own rows of every table and view, and no others") {
  Matrix m;
  REQUIRE(m.tables.size() >= 14);
  for (const std::string& table : m.tables) {
    CAPTURE(table);
    // checkouts and credit_accounts are granted by column.
    const std::string column = Matrix::owner_column(table);
    for (const core::UserId who : {m.ada, m.bob}) {
      const Answer answer = m.w.call(RestCall{.path = table, .query = {{"select", column}}, .caller = user(who)});
      REQUIRE(answer.status == 200);
      const auto rows = answer.json().elements();
      CHECK(std::to_string(rows.size()) == m.count(table, who));
      CHECK_FALSE(rows.empty());
      for (const core::Json& row : rows) CHECK(row[column].string_or("") == who.str());
    }
    const core::UserId other = m.bob;
    for (const Pairs& asked :
         std::vector<Pairs>{{{column, "eq." + other.str()}},
                            {{"or", "(" + column + ".eq." + other.str() + "," + column + ".not.is.null)"}},
                            {{column, "not.eq." + m.ada.str()}}}) {
      Pairs query{{"select", column}};
      query.insert(query.end(), asked.begin(), asked.end());
      const Answer answer = m.w.call(RestCall{.path = table, .query = query, .caller = user(m.ada)});
      REQUIRE(answer.status == 200);
      for (const core::Json& row : answer.json().elements()) CHECK(row[column].string_or("") == m.ada.str());
    }
  }
}

TEST_CASE("a count, a HEAD and an embed reveal only the user's own rows") {
  Matrix m;
  for (const std::string& table : m.tables) {
    CAPTURE(table);
    for (const std::string count : {"exact", "planned", "estimated"}) {
      const Answer answer = m.w.call(RestCall{.method = Method::head,
                                              .path = table,
                                              .query = {{"select", Matrix::owner_column(table)}},
                                              .caller = user(m.ada),
                                              .headers = {{"Prefer", "count=" + count}}});
      CHECK((answer.status == 200 || answer.status == 206));
      if (count != "planned")
        CHECK(std::string(answer.headers.get("content-range")).ends_with("/" + m.count(table, m.ada)));
    }
  }
  for (const std::string embed : {"jobs(user_id)", "assets(user_id)"}) {
    const Answer answer =
        m.w.call(RestCall{.path = "projects", .query = {{"select", "user_id," + embed}}, .caller = user(m.ada)});
    REQUIRE(answer.status == 200);
    CHECK(answer.body.find(m.ada.str()) != std::string::npos);
    CHECK(answer.body.find(m.bob.str()) == std::string::npos);
  }
}

TEST_CASE("a visitor is rejected at every table and view, with every method, and changes nothing") {
  Matrix m;
  for (const std::string& table : m.tables) {
    CAPTURE(table);
    const std::string before = m.others(table, "");
    CHECK(is_refused(m.w.call(RestCall{.path = table, .caller = key("anon")}), 401));
    CHECK(m.w.call(RestCall{.method = Method::head, .path = table, .caller = key("anon")}).status == 401);
    for (const std::string& column : m.columns(table)) {
      const std::string body = "{\"" + column + "\":null}";
      for (const Method method : {Method::post, Method::patch}) {
        const Answer answer = m.w.call(RestCall{.method = method, .path = table, .caller = key("anon"), .body = body});
        CHECK(is_refused(answer, 401));
      }
    }
    CHECK(is_refused(m.w.call(RestCall{.method = Method::del, .path = table, .caller = key("anon")}), 401));
    if (const auto put = put_of(m, table, m.bob, key("anon"))) CHECK(is_refused(m.w.call(*put), 401));
    CHECK(m.others(table, "") == before);
  }
}

TEST_CASE("no method changes another user's row, whatever column it names") {
  Matrix m;
  for (const std::string& table : m.tables) {
    CAPTURE(table);
    const auto writable = kWritable.contains(table) ? kWritable.at(table) : std::set<std::string>{};
    const std::string column = Matrix::owner_column(table);
    const std::string before = m.others(table, m.ada.str());
    const std::string bobs = m.count(table, m.bob);
    for (const std::string& one : m.columns(table)) {
      CAPTURE(one);
      // The right to the column is checked before its value.
      const std::string value = one == column ? "\"" + m.bob.str() + "\"" : "null";
      for (const Pairs& query : std::vector<Pairs>{{}, {{column, "eq." + m.bob.str()}}}) {
        const Answer answer = m.w.call(RestCall{.method = Method::patch,
                                                .path = table,
                                                .query = query,
                                                .caller = user(m.ada),
                                                .body = "{\"" + one + "\":" + value + "}"});
        if (!writable.contains("update")) CHECK(is_refused(answer, 403));
      }
      const Answer posted = m.w.call(
          RestCall{.method = Method::post,
                   .path = table,
                   .caller = user(m.ada),
                   .body = one == column ? "{\"" + column + "\":" + value + "}"
                                         : "{\"" + column + "\":\"" + m.bob.str() + "\",\"" + one + "\":null}"});
      CHECK(posted.status >= 400);
      if (!writable.contains("insert")) CHECK(is_refused(posted, 403));
    }
    const Answer upsert = m.w.call(RestCall{.method = Method::post,
                                            .path = table,
                                            .caller = user(m.ada),
                                            .body = "{\"" + column + "\":\"" + m.bob.str() + "\"}",
                                            .headers = {{"Prefer", "resolution=merge-duplicates"}}});
    CHECK(upsert.status >= 400);
    if (const auto put = put_of(m, table, m.bob, user(m.ada))) CHECK(is_refused(m.w.call(*put), 403));
    const Answer removed = m.w.call(RestCall{
        .method = Method::del, .path = table, .query = {{column, "eq." + m.bob.str()}}, .caller = user(m.ada)});
    if (writable.contains("delete")) CHECK(removed.status == 204);
    else CHECK(is_refused(removed, 403));
    CHECK(m.others(table, m.ada.str()) == before);
    CHECK(m.count(table, m.bob) == bobs);
  }
}

TEST_CASE("users may make the permitted writes to their own rows") {
  Matrix m;
  const Answer renamed = m.w.call(
      RestCall{.method = Method::patch, .path = "projects", .caller = user(m.ada), .body = R"({"title":"new"})"});
  CHECK(renamed.status == 204);
  CHECK(m.w.scalar("select string_agg(distinct title, ',') from projects where user_id = $1", {m.ada.str()}) == "new");
  CHECK(m.w.scalar("select string_agg(distinct title, ',') from projects where user_id = $1", {m.bob.str()}) == "mine");
  const Answer made = m.w.call(RestCall{.method = Method::post,
                                        .path = "projects",
                                        .query = {{"select", "title,status"}},
                                        .caller = user(m.ada),
                                        .body = R"({"title":"second","user_id":")" + m.ada.str() + "\"}",
                                        .headers = {{"Prefer", "return=representation"}}});
  CHECK(made.status == 201);
  CHECK(made.body == R"([{"title":"second","status":"draft"}])");
  CHECK(m.w.call(RestCall{
                     .method = Method::patch, .path = "profiles", .caller = user(m.ada), .body = R"({"theme":"dark"})"})
            .status == 204);
  CHECK(m.w.scalar("select theme from profiles where id = $1", {m.ada.str()}) == "dark");
  CHECK(m.w.scalar("select theme from profiles where id = $1", {m.bob.str()}) != "dark");
  CHECK(m.w.call(RestCall{.method = Method::patch,
                          .path = "user_notification_prefs",
                          .caller = user(m.ada),
                          .body = R"({"marketing_opt_in":true})"})
            .status == 204);
  CHECK(
      m.w.call(RestCall{
                   .method = Method::del, .path = "projects", .query = {{"title", "eq.second"}}, .caller = user(m.ada)})
          .status == 204);
}
