// Pages and emails from mustache templates (src/<module>/views/*.html), escaped by default, with texts by key
// (src/<module>/text/<locale>.json of all modules, keys "module.screen.what").
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/ids.h"
#include "core/problem.h"
#include "http/request.h"
#include "http/response.h"

namespace html {

class Data;
using Rows = std::vector<Data>;
using Value = std::variant<std::string, bool, std::shared_ptr<Data>, Rows>;

// The data of a template. Numbers are set as text, already formatted.
class Data {
 public:
  Data() = default;
  Data& set(std::string name, std::string value);
  Data& set(std::string name, const char* value);
  Data& set(std::string name, bool value);
  Data& set(std::string name, Data value);
  Data& set(std::string name, Rows rows);
  const std::map<std::string, Value, std::less<>>& members() const { return members_; }

 private:
  std::map<std::string, Value, std::less<>> members_;
};

// Renders the view "billing/credits" (src/billing/views/credits.html) inside the layout. Every page has the data nonce,
// csrf, signed_in, email, lang, assets, and {{#t}}key{{/t}} for texts; "title" in `data` is a text key. Partials such
// as {{> ui/field}} are in src/html/views/.
http::Response page(const http::Request& rq, std::string_view view, Data data, int status = 200);
// For emails: no request, the locale given; the view "mail/email.html" or "mail/email.txt" by its full file name.
// `.txt` is not escaped.
std::string render(std::string_view view_file, std::string_view locale, Data data);

// Error formats for http::RouteGroup, with sentences in the reader's language. A page; the error object of /api,
// {"error","code","request_id"}; and a page for browsers, else the object.
http::Response error_page(const http::Request& rq, const core::Problem& problem);
http::Response api_error(const http::Request& rq, const core::Problem& problem);
http::Response error_response(const http::Request& rq, const core::Problem& problem);

// The sentence of a key with each {name} replaced. An unknown key is logged once and comes back as it is.
std::string text(std::string_view locale, std::string_view key,
                 std::initializer_list<std::pair<std::string_view, std::string>> values = {});
// The sentence of `key`.one or `key`.other, {n} filled with the number.
std::string pluralize(std::string_view locale, std::string_view key, std::int64_t n);
// The supported locale for a language tag: "de" for "de" and "de-AT", "en" when there are no texts in it.
std::string nearest_locale(std::string_view tag);
// The locale that the user has chosen, else Accept-Language prefers, else "en".
std::string locale_of(const http::Request& rq);
std::string asked_locale(const http::Request& rq);  // by Accept-Language alone

}  // namespace html
