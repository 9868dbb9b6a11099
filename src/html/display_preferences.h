// How a person wants his pages: theme, language and time zone, as his profile says. Kept in a cookie, so that no page
// has to ask the database first. The cookie belongs to one session and lasts a day: another person in the same browser
// is not shown it, and what was chosen in another browser arrives with the next sign-in, or the next day.
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

// What the cookie says, the one that this answer sets before the one that came. Another session's, and whatever is not
// well formed, counts as not chosen; before anyone is signed in, whoever was here last is believed.
DisplayPreferences display_preferences(const http::Request& rq);
// Whether a signed-in browser shows a page and has no cookie of this session.
bool lacks_display_preferences(const http::Request& rq);
// Set-Cookie values: one that keeps it, members left out that are not well formed; one that removes it.
std::string display_preferences_cookie(const http::Request& rq, const DisplayPreferences& look);
std::string forget_display_preferences(const http::Request& rq);

bool has_locale(std::string_view locale);  // whether there are texts in it
// For a <select>: {value, label, selected} of every language there are texts in, by its own name.
Rows languages(std::string_view selected);

}  // namespace html
