// Rows as a dump of a Supabase project has them, every column, loaded unchanged.
#include <crypt.h>

#include "support/auth_app.h"

using namespace auth_test;

namespace {

// A hash as GoTrue writes it: bcrypt of "correct horse battery", cost 10.
std::string bcrypt(const std::string& password) {
  crypt_data data{};
  return crypt_r(password.c_str(), "$2a$10$N9qo8uLOickgx2ZMRZoMye", &data);
}

void load(const std::string& id, const std::string& email, const std::string& hash) {
  rows(
      "insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, invited_at, "
      "confirmation_token, confirmation_sent_at, recovery_token, recovery_sent_at, email_change_token_new, "
      "email_change, "
      "email_change_sent_at, last_sign_in_at, raw_app_meta_data, raw_user_meta_data, is_super_admin, created_at, "
      "updated_at, phone, phone_confirmed_at, phone_change, phone_change_token, phone_change_sent_at, "
      "email_change_token_current, email_change_confirm_status, banned_until, reauthentication_token, "
      "reauthentication_sent_at, is_sso_user, deleted_at, is_anonymous) values "
      "('00000000-0000-0000-0000-000000000000', '" +
      id + "', 'authenticated', 'authenticated', '" + email + "', '" + hash +
      "', '2024-05-01 10:00:00.123456+00', null, '', '2024-05-01 09:59:00+00', '', null, '', '', null, "
      "'2024-06-01 08:00:00+00', '{\"provider\": \"email\", \"providers\": [\"email\"]}', "
      "'{\"sub\": \"" +
      id + "\", \"email\": \"" + email +
      "\", \"email_verified\": true, \"phone_verified\": false}', "
      "null, '2024-05-01 09:59:00+00', '2024-06-01 08:00:00+00', null, null, '', '', null, '', 0, null, '', null, "
      "false, "
      "null, false)");
  rows(
      "insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, "
      "updated_at, id) values ('" +
      id + "', '" + id + "', '{\"sub\": \"" + id + "\", \"email\": \"" + email +
      "\", \"email_verified\": true, \"phone_verified\": false}', 'email', '2024-05-01 09:59:00+00', "
      "'2024-05-01 09:59:00+00', '2024-05-01 09:59:00+00', gen_random_uuid())");
}

}  // namespace

TEST_CASE("users of a dump sign in with their passwords, which are then hashed anew; nothing else of them changes") {
  AuthApp app;
  const std::string id = "33333333-3333-4333-8333-333333333333";
  load(id, "dump-a@example.com", bcrypt("correct horse battery"));
  const char* body = R"({"email":"dump-a@example.com","password":"correct horse battery"})";
  CHECK(app.post("/token?grant_type=password", R"({"email":"dump-a@example.com","password":"another one"})").code() ==
        "invalid_credentials");
  CHECK(cell("select encrypted_password from auth.users where id = '" + id + "'").starts_with("$2a$10$"));
  const Answer in = app.post("/token?grant_type=password", body);
  REQUIRE(in.status == 200);
  CHECK(in.json()["user"]["id"].string_or("") == id);
  CHECK(in.json()["user"]["created_at"].string_or("") == "2024-05-01T09:59:00.000000Z");
  CHECK(in.json()["user"]["email_confirmed_at"].string_or("").starts_with("2024-05-01T10:00:00.123456"));
  CHECK(in.json()["user"]["identities"].size() == 1);
  CHECK(cell("select encrypted_password from auth.users where id = '" + id + "'").starts_with("$argon2id$"));
  CHECK(app.post("/token?grant_type=password", body).status == 200);

  // With AUTH_PASSWORD_HASH=bcrypt it goes the other way.
  AuthApp classic([](Config& config) { config.identity.hash = identity::Config::Hash::bcrypt; });
  CHECK(classic.post("/token?grant_type=password", body).status == 200);
  CHECK(cell("select encrypted_password from auth.users where id = '" + id + "'").starts_with("$2a$10$"));
}

TEST_CASE("several users of a dump, each with the empty tokens that it writes, load beside each other") {
  load("44444444-4444-4444-8444-444444444444", "dump-b@example.com", bcrypt("correct horse battery"));
  load("55555555-5555-4555-8555-555555555555", "dump-c@example.com", "");
  AuthApp app;
  const Answer none = app.post("/token?grant_type=password", R"({"email":"dump-c@example.com","password":""})");
  CHECK(none.status == 400);
  CHECK(app.post("/recover", R"({"email":"dump-c@example.com"})").status == 200);
  CHECK(app.mail("dump-c@example.com", "recovery").token.size() == 56);
}
