#include "auth_api/admin/user_fields.h"

#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "identity/passwords.h"

namespace auth_api::admin {
namespace {

// Hashes that password_matches can verify.
bool known_hash(std::string_view hash) {
  return hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$") ||
         hash.starts_with("$argon2");
}

// Go's time.ParseDuration for ban durations: numbers with fractions and units, a hundred years at most.
std::optional<std::chrono::microseconds> duration_of(std::string_view text) {
  double total = 0;
  bool any = false;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) ++digits;
    std::size_t end = digits;
    while (end < text.size() && !((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
    const std::string number(text.substr(0, digits));
    const std::string_view unit = text.substr(digits, end - digits);
    if (number.empty() || number.size() > 12 || number.find('.') != number.rfind('.') || number == ".")
      return std::nullopt;
    const double seconds = unit == "h" ? 3600 : unit == "m" ? 60 : unit == "s" ? 1 : unit == "ms" ? 1e-3 : 0;
    if (seconds == 0) return std::nullopt;
    total += std::stod(number) * seconds;
    any = true;
    text.remove_prefix(end);
  }
  if (!any || total < 0 || total > 3.2e9) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(total * 1e6));
}

}  // namespace

core::UserId id_of(const http::Request& rq) {
  const auto id = core::UserId::parse(rq.param("id"));
  if (!id) throw HttpError(404, "validation_failed", "user_id must be an UUID");
  return *id;
}

Ban ban_of(const core::Json& body, core::Time now) {
  const std::string text = text_of(body, "ban_duration");
  if (text.empty()) return {};
  if (text == "none") return {true, std::nullopt};
  const auto lasts = duration_of(text);
  if (!lasts) throw HttpError(400, "validation_failed", "invalid format for ban duration: " + text.substr(0, 40));
  return {true, now + *lasts};
}

std::string phone_of(const core::Json& body) {
  std::string phone = text_of(body, "phone");
  if (phone.starts_with('+')) phone.erase(0, 1);
  if (phone.empty()) return phone;
  const bool digits = phone.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || phone.size() < 7 || phone.size() > 15 || phone.front() == '0')
    throw HttpError(400, "validation_failed", "Invalid phone number format (E.164 required)");
  return phone;
}

Task<std::string> password_hash_of(AuthApi& api, const core::Json& body) {
  const std::string hash = text_of(body, "password_hash");
  const std::string password = text_of(body, "password");
  if (!hash.empty() && !password.empty())
    throw HttpError(400, "validation_failed", "Only a password or a password hash should be provided");
  if (!hash.empty()) {
    if (!known_hash(hash) || hash.size() > 255)
      throw HttpError(400, "validation_failed", "password_hash must be bcrypt or argon2");
    co_return hash;
  }
  if (password.empty()) co_return std::string();
  co_await identity::require_strong_password(api.identity, password);
  co_return co_await identity::hash_password(api.identity, password);
}

void refuse_other_role(const core::Json& body) {
  if (const std::string role = text_of(body, "role"); !role.empty() && role != "authenticated")
    throw HttpError(400, "validation_failed", "role must be authenticated");
}

http::Response user_response(const std::optional<identity::User>& user) {
  if (!user) throw HttpError(404, "user_not_found", "User not found");
  return http::json(identity::user_json(*user));
}

}  // namespace auth_api::admin
