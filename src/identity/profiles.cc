#include "identity/profiles.h"

namespace identity {
namespace {

constexpr pg::Sql kRead{"identity.profile_read", R"sql(
  select display_name, coalesce(chosen_locale, ''), time_zone, theme from public.profiles where id = $1
)sql"};
constexpr pg::Sql kSave{"identity.profile_save", R"sql(
  update public.profiles
     set display_name = $2, chosen_locale = nullif($3, ''), locale = coalesce(nullif($3, ''), $4),
         time_zone = $5, theme = $6
   where id = $1
)sql"};

// The browser's language, unless the profile has it already.
constexpr pg::Sql kSetEmailLocale{"identity.profile_set_email_locale", R"sql(
  update public.profiles set locale = $2 where id = $1 and locale <> $2
)sql"};

}  // namespace

Task<Profile> profile_of(pg::Db& db, core::UserId user) {
  auto found = co_await db.as(user).maybe<Profile>(kRead, user);
  co_return found.value_or(Profile{"", "", "UTC", "system"});
}

Task<> save_profile(pg::Db& db, core::UserId user, const Profile& profile, std::string_view browser_locale) {
  co_await db.as(user).run(kSave, user, profile.display_name, profile.locale, std::string{browser_locale},
                           profile.time_zone, profile.theme);
}

Task<> set_email_locale(pg::Tx& tx, core::UserId user, std::string_view locale) {
  const std::string value(locale);
  co_await tx.run(kSetEmailLocale, user, value);
}

}  // namespace identity
