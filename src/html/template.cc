#include "html/template.h"

#include <kainjow/mustache.hpp>

#include <array>
#include <memory>
#include <stdexcept>
#include <unordered_map>

#include "core/text.h"
#include "html/files.h"
#include "html/messages.h"
#include "html/texts.h"

namespace html {
namespace {

namespace km = kainjow::mustache;
using Scope = km::context<std::string>;

struct Output {  // the stream that the library writes to
  std::string text;
  Output& operator<<(const std::string& piece) {
    text += piece;
    return *this;
  }
};

using Names = std::set<std::string, std::less<>>;

struct View {
  km::mustache parsed;
  Names urls;  // members that fill a whole URL somewhere in it
};

// Only paths of this site, web and mailto: addresses; anything else (javascript:, data:, //host) becomes "#".
bool safe_url(std::string_view url) {
  if (url.starts_with('/')) return url.size() < 2 || (url[1] != '/' && url[1] != '\\');
  if (url.starts_with('#') || url.starts_with('?')) return true;
  const std::string scheme = core::lower(url.substr(0, url.find(':')));
  return url.find(':') != std::string_view::npos && (scheme == "https" || scheme == "http" || scheme == "mailto");
}

km::data convert(const Data& data, const Names& urls);

struct Convert {
  std::string_view name;
  const Names& urls;
  km::data operator()(const std::string& value) const {
    if (value.empty()) return km::data{false};  // an empty text counts as absent
    if (urls.contains(name) && !safe_url(value)) return km::data{std::string{"#"}};
    return km::data{value};
  }
  km::data operator()(bool value) const { return km::data{value}; }
  km::data operator()(const std::shared_ptr<Data>& value) const {
    return value ? convert(*value, urls) : km::data{false};
  }
  km::data operator()(const Rows& rows) const {
    km::data list{km::data::type::list};
    for (const Data& row : rows) list.push_back(convert(row, urls));
    return list;
  }
};

km::data convert(const Data& data, const Names& urls) {
  km::data object{km::data::type::object};
  for (const auto& [name, value] : data.members()) object[name] = std::visit(Convert{name, urls}, value);
  return object;
}

// The sentence of a key, its {names} filled with the members in scope at the tag.
km::data text_section(std::string_view locale, const Scope& scope, std::shared_ptr<const Texts> all, bool plain) {
  return km::data{km::lambda2{
      [locale = std::string{locale}, &scope, all, plain](const std::string& inside, const km::renderer& render) {
        const std::string rendered = inside.find("{{") == std::string::npos ? inside : render(inside, false);
        const std::string_view key = core::trim(rendered);
        const auto shown = [plain](std::string_view value) { return plain ? std::string{value} : escape(value); };
        const std::string* sentence = all->find(locale, key);
        if (sentence == nullptr) return shown(missing_text(key));
        const std::string safe = shown(*sentence);
        return fill(safe, [&](std::string_view name) -> std::optional<std::string> {
          const km::data* value = scope.get(std::string{name});
          if (value == nullptr || !value->is_string()) return std::nullopt;
          return shown(value->string_value());
        });
      }}};
}

std::unique_ptr<View> parse(std::string_view name, Layout layout) {
  const std::string source = source_of(name, layout);
  auto view = std::make_unique<View>(View{km::mustache{source}, {}});
  if (!view->parsed.is_valid())
    throw std::logic_error("view " + std::string{name} + ": " + view->parsed.error_message());
  if (name.ends_with(".txt")) {
    view->parsed.set_custom_escape([](const std::string& text) { return text; });
  } else {
    view->parsed.set_custom_escape([](const std::string& text) { return escape(text); });
    view->urls = whole_urls(source);
  }
  return view;
}

// Rendering writes into the parsed template, so each thread keeps its own.
View& parsed_view(std::string_view name, Layout layout) {
  thread_local std::array<std::unordered_map<std::string, std::unique_ptr<View>>, 2> cache;
  std::unique_ptr<View>& slot = cache[layout == Layout::page ? 1 : 0][std::string{name}];
  if (!slot || reads_from_disk() || !slot->parsed.is_valid()) {
    slot.reset();
    slot = parse(name, layout);
  }
  return *slot;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\0': out += "\xEF\xBF\xBD"; break;
      default: out += c;
    }
  }
  return out;
}

std::string render_view(std::string_view view, Layout layout, std::string_view locale, const Data& page,
                        const Data& data) {
  auto& [parsed, urls] = parsed_view(view, layout);
  Scope scope;
  km::data outer = convert(page, urls);
  outer["t"] = text_section(locale, scope, texts(), view.ends_with(".txt"));
  const km::data inner = convert(data, urls);
  scope.push(&outer);
  scope.push(&inner);
  Output out;
  parsed.render(static_cast<km::basic_context<std::string>&>(scope), out);
  if (!parsed.is_valid()) throw std::logic_error("view " + std::string{view} + ": " + parsed.error_message());
  return std::move(out.text);
}

}  // namespace html
