// Loading: `{{> ui/field name=email value="{{email}}"}}` puts src/html/views/ui/field.html there. In a partial
// `[[name]]` is a parameter, `[[#name]]…[[/name]]` stays when it is given and not empty, `[[^name]]…` when not.
#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "core/text.h"
#include "html/files.h"
#include "html/site_config.h"
#include "html/template.h"

namespace html {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;
constexpr int kMaxDepth = 8;

[[noreturn]] void fault(std::string_view where, const std::string& what) {
  throw std::logic_error("view " + std::string{where} + ": " + what);
}

std::string file_of(std::string_view name, std::string_view extension) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) fault(name, "is named without its module");
  const std::string_view module = name.substr(0, slash) == "ui" ? "html" : name.substr(0, slash);
  const std::string_view rest = module == "html" && name.starts_with("ui/") ? name : name.substr(slash + 1);
  std::string path = "src/" + std::string{module} + "/views/" + std::string{rest};
  if (rest.find('.') == std::string_view::npos) path += extension;
  auto bytes = source_file(path);
  if (!bytes) fault(name, path + " does not exist");
  while (bytes->ends_with('\n')) bytes->pop_back();
  return std::move(*bytes);
}

// The end of a tag that starts after "{{>", quotes skipped.
std::size_t end_of_tag(std::string_view text, std::size_t at, std::string_view where) {
  for (bool quoted = false; at + 1 < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (!quoted && text[at] == '}' && text[at + 1] == '}') return at;
  }
  fault(where, "a partial's tag does not end");
}

// `name=word name="a text"`; gives the partial's name.
std::string parse_tag(std::string_view tag, Parameters& parameters, std::string_view where) {
  tag = core::trim(tag);
  std::size_t at = std::min(tag.find_first_of(" \n\t"), tag.size());
  const std::string name{tag.substr(0, at)};
  while (true) {
    at = tag.find_first_not_of(" \n\t", at);
    if (at == std::string_view::npos) return name;
    const std::size_t equals = tag.find('=', at);
    if (equals == std::string_view::npos) fault(where, "expected name=value in {{> " + std::string{tag} + "}}");
    const std::string key{tag.substr(at, equals - at)};
    std::size_t end = 0;
    if (equals + 1 < tag.size() && tag[equals + 1] == '"') {
      end = tag.find('"', equals + 2);
      if (end == std::string_view::npos) fault(where, "a quote does not end in {{> " + std::string{tag} + "}}");
      parameters[key] = tag.substr(equals + 2, end - equals - 2);
      at = end + 1;
    } else {
      end = std::min(tag.find_first_of(" \n\t", equals), tag.size());
      parameters[key] = tag.substr(equals + 1, end - equals - 1);
      at = end;
    }
  }
}

std::string bare(std::string_view value) {
  if (value.starts_with("{{") && value.ends_with("}}")) value = value.substr(2, value.size() - 4);
  return std::string{core::trim(value)};
}

std::string with_parameters(std::string_view text, const Parameters& parameters, std::string_view where) {
  std::string out;
  while (true) {
    const std::size_t open = text.find("[[");
    if (open == std::string_view::npos) return out.append(text);
    const std::size_t close = text.find("]]", open);
    if (close == std::string_view::npos) fault(where, "a [[parameter]] does not end");
    out.append(text.substr(0, open));
    std::string_view name = text.substr(open + 2, close - open - 2);
    text.remove_prefix(close + 2);
    const bool section = name.starts_with('#') || name.starts_with('^');
    const bool wanted = !name.starts_with('^');
    if (section) name.remove_prefix(1);
    const bool member = name.ends_with("|member");  // "{{title_error}}" was given, title_error is wanted
    if (member) name.remove_suffix(7);
    const auto given = parameters.find(name);
    const bool present = given != parameters.end() && !given->second.empty();
    if (!section) {
      if (present) out += member ? bare(given->second) : given->second;
      continue;
    }
    const std::string mark = "[[/" + std::string{name} + "]]";
    const std::size_t end = text.find(mark);
    if (end == std::string_view::npos) fault(where, mark + " is missing");
    if (present == wanted) out += with_parameters(text.substr(0, end), parameters, where);
    text.remove_prefix(end + mark.size());
  }
}

std::string expand(std::string_view name, std::string_view text, std::string_view body, std::string_view extension,
                   int depth) {
  if (depth > kMaxDepth) fault(name, "partials nest too deep");
  std::string out;
  while (true) {
    const std::size_t open = text.find("{{>");
    if (open == std::string_view::npos) return out.append(text);
    const std::size_t close = end_of_tag(text, open + 3, name);
    out.append(text.substr(0, open));
    Parameters parameters;
    std::string partial = parse_tag(text.substr(open + 3, close - open - 3), parameters, name);
    if (partial == "body") partial = body;
    out +=
        expand(partial, with_parameters(file_of(partial, extension), parameters, partial), body, extension, depth + 1);
    text.remove_prefix(close + 2);
  }
}

void refuse_unescaped(std::string_view name, std::string_view text) {
  for (const std::string_view raw : {"{{{", "{{&", "{{ &", "{{="})
    if (text.find(raw) != std::string_view::npos) fault(name, std::string{raw} + " is refused: values are escaped");
}

// The symbols that the text uses, so that a page carries no icon it does not show.
std::string sprite_for(std::string_view text) {
  std::set<std::string, std::less<>> used;
  for (std::size_t at = text.find("\"#i-"); at != std::string_view::npos; at = text.find("\"#i-", at + 1)) {
    const std::size_t from = at + 2;
    used.emplace(text.substr(from, text.find('"', from) - from));
  }
  for (const NavLink& link : config().navigation) used.emplace("i-" + link.icon);
  const std::string symbols = source_file("src/html/data/icons.svg").value_or("");
  std::string out;
  for (const std::string_view line : core::split(symbols, '\n')) {
    constexpr std::string_view kStart = "<symbol id=\"";
    if (!line.starts_with(kStart)) continue;
    const std::string_view id = line.substr(kStart.size(), line.find('"', kStart.size()) - kStart.size());
    if (used.contains(id)) out += line;
  }
  return out;
}

}  // namespace

std::string source_of(std::string_view view, Layout layout) {
  const bool plain = view.ends_with(".txt");
  const std::string_view extension = plain ? ".txt" : ".html";
  const std::string name = layout == Layout::page ? "html/layout" : std::string{view};
  std::string text = expand(name, file_of(name, extension), view, extension, 0);
  if (!plain) refuse_unescaped(view, text);
  constexpr std::string_view kSprite = "<!--icons-->";
  if (const std::size_t at = text.find(kSprite); at != std::string::npos)
    text.replace(at, kSprite.size(), sprite_for(text));
  return text;
}

std::set<std::string, std::less<>> whole_urls(std::string_view source) {
  std::set<std::string, std::less<>> members;
  for (const std::string_view attribute :
       {" href=\"{{", " src=\"{{", " action=\"{{", " formaction=\"{{", " poster=\"{{", " data-events=\"{{"}) {
    for (std::size_t at = source.find(attribute); at != std::string_view::npos; at = source.find(attribute, at + 1)) {
      const std::size_t start = at + attribute.size();
      std::string_view member = core::trim(source.substr(start, source.find("}}", start) - start));
      if (member.find_first_of("#^/!>") != std::string_view::npos)
        fault(source.substr(at, 40), "a URL starts with its path or is one member");
      member.remove_prefix(std::min(member.rfind('.') + 1, member.size()));  // assets.css_url is known as css_url
      members.emplace(member);
    }
  }
  return members;
}

}  // namespace html
