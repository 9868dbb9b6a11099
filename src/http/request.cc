#include "http/request.h"

#include <algorithm>

#include "core/problem.h"
#include "core/text.h"
#include "http/parse/multipart_parser.h"
#include "http/parse/range.h"
#include "http/parse/target.h"

namespace http {
namespace {

using parse::Pairs;

template <class List>
std::optional<std::string_view> first(const List& list, std::string_view name) {
  const auto found = std::ranges::find_if(list, [&](const auto& pair) { return pair.first == name; });
  if (found == list.end()) return std::nullopt;
  return std::string_view{found->second};
}

std::string_view media_type(const Request& rq) {
  const std::string_view type = rq.header("content-type");
  return core::trim(type.substr(0, type.find(';')));
}

Pairs multipart_fields(const Request& rq, std::string_view boundary) {
  using Event = parse::MultipartParser::Event;
  parse::MultipartParser scanner(boundary);
  scanner.feed(rq.body);
  Pairs fields;
  bool is_file = false;
  for (;;) {
    switch (scanner.next()) {
      case Event::part:
        is_file = scanner.part().filename.has_value();
        if (!is_file) fields.emplace_back(scanner.part().name, "");
        break;
      case Event::data:
        if (!is_file) fields.back().second += scanner.data();
        break;
      case Event::part_end: break;
      case Event::end: return fields;
      case Event::more:
      case Event::malformed: throw core::Problem(400, "http.bad_form");
    }
  }
}

}  // namespace

std::optional<std::string_view> Request::query(std::string_view name) const { return first(queries, name); }

std::string_view Request::param(std::string_view name) const {
  return first(params, name).value_or(std::string_view{});
}

// The first of that name wins: browsers send the cookie with the most specific path first (RFC 6265 5.4).
std::optional<std::string> Request::cookie(std::string_view name) const {
  for (const auto& [header_name, value] : headers.all()) {
    if (!core::iequals(header_name, "cookie")) continue;
    for (std::string_view pair : core::split(value, ';')) {
      pair = core::trim(pair);
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || core::trim(pair.substr(0, equals)) != name) continue;
      std::string_view found = core::trim(pair.substr(equals + 1));
      if (found.size() >= 2 && found.front() == '"' && found.back() == '"') found = found.substr(1, found.size() - 2);
      return std::string(found);
    }
  }
  return std::nullopt;
}

core::Json Request::json() const {
  const std::string_view type = media_type(*this);
  if (!type.empty() && !core::iequals(type, "application/json") && !core::lower(type).ends_with("+json"))
    throw core::Problem(415, "http.unsupported_media_type.json");
  auto parsed = core::Json::parse(body);
  if (!parsed) throw core::Problem(400, "http.bad_json");
  return std::move(*parsed);
}

const std::vector<std::pair<std::string, std::string>>& Request::form() const {
  if (form_) return *form_;
  if (const auto boundary = parse::boundary_of(header("content-type")))
    return form_.emplace(multipart_fields(*this, *boundary));
  if (body.empty()) return form_.emplace();
  if (!core::iequals(media_type(*this), "application/x-www-form-urlencoded"))
    throw core::Problem(415, "http.unsupported_media_type.form");
  Pairs fields;
  const auto fault = parse::parse_pairs(body, fields);
  if (fault == parse::PairsFault::too_many) throw core::Problem(413, "http.too_many_fields");
  if (fault == parse::PairsFault::malformed) throw core::Problem(400, "http.bad_form");
  return form_.emplace(std::move(fields));
}

std::string_view Request::form(std::string_view name) const { return first(form(), name).value_or(std::string_view{}); }

// A browser that loads a page or submits a form accepts text/html; fetch, curl and API clients do not say so.
bool Request::wants_html() const {
  bool html = false;
  for (const auto& [name, value] : headers.all()) {
    if (!core::iequals(name, "accept")) continue;
    for (std::string_view entry : core::split(value, ',')) {
      const std::string_view type = core::trim(entry.substr(0, entry.find(';')));
      const bool refused = parse::accepts(entry, type) == 0;
      if (core::iequals(type, "application/json") && !refused && !html) return false;
      if (core::iequals(type, "text/html") && !refused) html = true;
    }
  }
  return html;
}

void throw_not_found() { throw core::Problem(404, "http.not_found"); }

}  // namespace http
