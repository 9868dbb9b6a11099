#include "http/serve/csp.h"

#include <utility>

#include "core/text.h"

namespace http::serve {
namespace {

// Directive and sources, in the order they are written.
using Directives = std::vector<std::pair<std::string, std::string>>;

Directives base_policy() {
  return {{"default-src", "'none'"},
          {"script-src", "'nonce-\n' 'strict-dynamic'"},
          {"style-src", "'self'"},
          {"img-src", "'self' data: blob:"},
          {"media-src", "'self' blob:"},
          {"font-src", "'self'"},
          {"manifest-src", "'self'"},
          {"connect-src", "'self'"},
          {"object-src", "'none'"},
          {"base-uri", "'none'"},
          {"frame-ancestors", "'none'"},
          {"form-action", "'self'"},
          {"trusted-types", "tenon-live"},  // the one that live.js makes
          {"require-trusted-types-for", "'script'"}};
}

// "img-src https://a.example https://b.example" joins the directive it names; an unknown one is added.
void merge(Directives& policy, std::string_view piece) {
  piece = core::trim(piece);
  const std::size_t space = std::min(piece.find(' '), piece.size());
  const std::string_view name = piece.substr(0, space), sources = core::trim(piece.substr(space));
  if (name.empty()) return;
  for (auto& [known, value] : policy) {
    if (known != name) continue;
    if (value == "'none'") value.clear();
    if (!value.empty()) value += ' ';
    value += sources;
    return;
  }
  policy.emplace_back(name, sources);
}

}  // namespace

ContentSecurityPolicy::ContentSecurityPolicy(const std::vector<std::string>& sources) {
  Directives directives = base_policy();
  for (const std::string& piece : sources) merge(directives, piece);
  std::string whole;
  for (const auto& [name, allowed] : directives) {
    if (!whole.empty()) whole += "; ";
    whole += name;
    if (!allowed.empty()) whole.append(" ").append(allowed);
  }
  const std::size_t mark = whole.find('\n');
  before_nonce_ = whole.substr(0, mark);
  after_nonce_ = whole.substr(mark + 1);
}

std::string ContentSecurityPolicy::with_nonce(std::string_view nonce) const {
  return before_nonce_ + std::string(nonce) + after_nonce_;
}

}  // namespace http::serve
