// A user's theme, language and time zone. They are part of the profile, and kept in a cookie so that no page has to
// read the profile first. The cookie belongs to one session and lasts a day: another user of the same browser does not
// see it, and a choice made in another browser arrives with the next sign-in, or the next day.
#pragma once

#include <string>

#include "html/html.h"

namespace html {

struct DisplayPreferences {  // an empty member: not chosen, the browser decides
  std::string theme;         // light, dark
  std::string locale;        // one that there are texts for
  std::string time_zone;     // "Europe/Berlin"
  bool operator==(const DisplayPreferences&) const = default;
};

// From the cookie that this response sets, else the one that was sent. A cookie of another session, and members that
// are not well formed, count as not chosen; before sign-in the cookie of the last session counts.
DisplayPreferences display_preferences(const http::Request& rq);
// True when a signed-in browser loads a page and has no cookie of this session.
bool lacks_display_preferences(const http::Request& rq);
// Set-Cookie values: one that keeps the preferences, members left out that are not well formed; one that deletes them.
std::string display_preferences_cookie(const http::Request& rq, const DisplayPreferences& preferences);
std::string forget_display_preferences(const http::Request& rq);

bool has_locale(std::string_view locale);  // there are texts in it
// For a <select>: {value, label, selected} of every supported language, each by its own name.
Rows languages(std::string_view selected);

}  // namespace html
