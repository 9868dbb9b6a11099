// How a browser wants its pages: theme, language and time zone, as its person has set them. Kept in a cookie beside
// the profile, so that no page has to ask the database first.
#pragma once

#include <string>

#include "html/html.h"

namespace html {

struct Look {             // an empty member: not chosen, the browser decides
  std::string theme;      // light, dark
  std::string locale;     // one that there are texts for
  std::string time_zone;  // "Europe/Berlin"
  bool operator==(const Look&) const = default;
};

// What the cookie says; whatever is not well formed counts as not chosen.
Look look_of(const http::Request& rq);
// The value of a Set-Cookie header that keeps it for a year. Members that are not well formed are left out.
std::string look_cookie(const http::Request& rq, const Look& look);

bool speaks(std::string_view locale);  // whether there are texts in it
// For a <select>: {value, label, selected} of every language there are texts in, by its own name.
Rows languages(std::string_view selected);

}  // namespace html
