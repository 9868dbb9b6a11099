// CONTRACT. Pages and mails from mustache templates (src/<module>/views/*.html), escaped by default, with texts by key
// (src/<module>/text/<locale>.json, loaded for all modules, keys "module.screen.what").
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

// What a template sees. Numbers are put in as text, already formatted.
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

// Renders view "billing/credits" (src/billing/views/credits.html) inside the layout. Layout data that every page has:
// nonce, csrf, signed_in, email, lang, assets, {{#t}}key{{/t}} for texts. `title` is a text key or set as "title" in
// data.
// Inside a view: {{> ui/button }} style partials live in src/html/views/.
http::Response page(const http::Request& rq, std::string_view view, Data data, int status = 200);
// A piece of a page without the layout, for htmx swaps and SSE.
std::string fragment(const http::Request& rq, std::string_view view, Data data);
// For mails: no request, locale given; view "mail/job_completed.html" or ".txt" by full file name. `.txt` is not
// escaped.
std::string render(std::string_view view_file, std::string_view locale, Data data);
// The page of an error status (403, 404, 429, 500, 503) with request id.
http::Response error_page(const http::Request& rq, const core::Problem& problem);

// The sentence of a key with {name} replaced; the key itself when unknown (and a warning in the log, once).
std::string text(std::string_view locale, std::string_view key,
                 std::initializer_list<std::pair<std::string_view, std::string>> values = {});
// The sentence of `key`.one or `key`.other, {n} filled with the number.
std::string pluralize(std::string_view locale, std::string_view key, std::int64_t n);
// A sentence that was said in English for a log, a row or an API, as a person of that locale reads it: found by its
// words, what filled its {names} kept. What no text has said comes back as it is.
std::string retold(std::string_view locale, std::string_view english);
// The locale of ours for a language tag: "de" for "de" and "de-AT", "en" when there are no texts in it.
std::string nearest_locale(std::string_view tag);
// "en" unless the look the person has set, else Accept-Language says another that exists.
std::string locale_of(const http::Request& rq);
std::string asked_locale(const http::Request& rq);  // by Accept-Language alone

}  // namespace html
