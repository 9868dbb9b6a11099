#include <algorithm>

#include "core/text.h"
#include "mail/pages.h"
#include "mail/preferences.h"

namespace mail {
namespace {

constexpr std::size_t kLongestName = 100;

constexpr pg::Sql kName{"mail.profile_read", R"sql(
  select display_name from public.profiles where id = $1
)sql"};
constexpr pg::Sql kRename{"mail.profile_save", R"sql(
  update public.profiles set display_name = $2 where id = $1
)sql"};

bool acceptable(std::string_view name) {
  const bool printable = std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return core::valid_utf8(name) && printable && core::utf8_length(name) <= kLongestName;
}

Task<http::Response> page(Mail& mail, const http::Request& rq, std::string name, std::string error) {
  const core::UserId user = rq.caller.user;
  const Preferences chosen = co_await preferences_of(mail, user);
  const bool undeliverable = co_await is_undeliverable(mail, user, rq.caller.email);
  html::Data data;
  data.set("title", "mail.settings.title").set("narrow", true);
  data.set("display_name", std::move(name)).set("display_name_error", error);
  show(data, chosen, undeliverable);
  co_return html::page(rq, "mail/settings", data, error.empty() ? 200 : 422);
}

}  // namespace

Task<http::Response> settings_page(Mail& mail, http::Request& rq) {
  const core::UserId user = rq.caller.user;
  const auto name = co_await mail.db.as(user).maybe<std::string>(kName, user);
  co_return co_await page(mail, rq, name.value_or(""), "");
}

Task<http::Response> save_profile(Mail& mail, http::Request& rq) {
  const core::UserId user = rq.caller.user;
  std::string name{core::trim(rq.form("display_name"))};
  if (!acceptable(name)) {
    std::string error = html::text(html::locale_of(rq), "mail.settings.display_name_long");
    co_return co_await page(mail, rq, core::valid_utf8(name) ? std::move(name) : std::string{}, std::move(error));
  }
  co_await mail.db.as(user).run(kRename, user, name);
  co_return http::redirect("/app/settings?notice=mail.profile");
}

}  // namespace mail
