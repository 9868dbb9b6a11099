#include "mail/profile.h"

#include "core/resources.h"
#include "core/text.h"

namespace mail {
namespace {

constexpr pg::Sql kRead{"mail.profile_read", R"sql(
  select display_name, coalesce(chosen_locale, ''), time_zone, theme from public.profiles where id = $1
)sql"};
constexpr pg::Sql kSave{"mail.profile_save", R"sql(
  update public.profiles
     set display_name = $2, chosen_locale = nullif($3, ''), locale = coalesce(nullif($3, ''), $4),
         time_zone = $5, theme = $6
   where id = $1
)sql"};

}  // namespace

core::Task<Profile> profile_of(pg::Db& db, core::UserId user) {
  auto found = co_await db.as(user).maybe<Profile>(kRead, user);
  co_return found.value_or(Profile{"", "", "UTC", "system"});
}

core::Task<> save_profile(pg::Db& db, core::UserId user, const Profile& profile, std::string_view asked) {
  co_await db.as(user).run(kSave, user, profile.display_name, profile.locale, std::string{asked}, profile.time_zone,
                           profile.theme);
}

html::DisplayPreferences display_preferences(const Profile& profile) {
  html::DisplayPreferences look;
  if (profile.theme != "system") look.theme = profile.theme;
  look.locale = profile.locale;
  if (profile.time_zone != "UTC") look.time_zone = profile.time_zone;
  return look;
}

const std::vector<std::string>& time_zones() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    const core::Resource* file = core::find_resource("src/mail/data/time_zones.txt");
    if (file == nullptr) return out;
    for (const std::string_view line : core::split(file->bytes, '\n'))
      if (!line.empty()) out.emplace_back(line);
    return out;
  }();
  return names;
}

}  // namespace mail
