#include "rest/request/payload.h"

#include <algorithm>
#include <unordered_map>

#include "core/text.h"
#include "rest/error.h"

namespace rest {
namespace {

constexpr std::size_t kNesting = 64;

// Scans JSON text once. Nesting is a bounded stack of brackets, not recursion.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  std::size_t at() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  void spaces() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool eat(char c) {
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
  }
  bool string() {
    if (!eat('"')) return false;
    while (!at_end()) {
      const unsigned char c = static_cast<unsigned char>(text_[at_++]);
      if (c == '"') return true;
      if (c < 0x20) return false;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  bool scalar() {
    switch (peek()) {
      case '"': return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }
  // Any value, `depth` brackets deep.
  bool value(std::size_t depth = 0) {
    std::string open;
    for (;;) {
      spaces();
      if (peek() == '{' || peek() == '[') {
        if (open.size() + depth >= kNesting) return false;
        open += text_[at_++];
        spaces();
        if (eat(open.back() == '{' ? '}' : ']')) open.pop_back();
        else if (open.back() == '{' && !key()) return false;
        else continue;
      } else if (!scalar()) {
        return false;
      }
      for (;;) {  // after a value
        if (open.empty()) return true;
        spaces();
        if (eat(',')) {
          spaces();
          if (open.back() == '{' && !key()) return false;
          break;
        }
        if (!eat(open.back() == '{' ? '}' : ']')) return false;
        open.pop_back();
      }
    }
  }
  bool key() {
    if (!string()) return false;
    spaces();
    return eat(':');
  }

 private:
  bool word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  bool digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > start;
  }
  bool number() {
    eat('-');
    if (!eat('0') && !digits()) return false;
    if (eat('.') && !digits()) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      return digits();
    }
    return true;
  }
  bool escape() {
    if (at_end()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char digit = peek();
      if (!((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F')))
        return false;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

unsigned hex4(std::string_view text) {
  unsigned out = 0;
  for (char c : text.substr(0, 4)) out = out * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  return out;
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Decodes a valid string token with its quotes. A lone surrogate becomes U+FFFD.
std::string decode(std::string_view token) {
  token = token.substr(1, token.size() - 2);
  std::string out;
  out.reserve(token.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\') {
      out += token[i];
      continue;
    }
    const char c = token[++i];
    if (c != 'u') {
      constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
      const std::size_t at = kFrom.find(c);
      out += at == std::string_view::npos ? c : kTo[at];
      continue;
    }
    unsigned code = hex4(token.substr(i + 1));
    i += 4;
    if (code >= 0xD800 && code < 0xDC00 && token.substr(i + 1).starts_with("\\u")) {
      const unsigned low = hex4(token.substr(i + 3));
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        i += 6;
      }
    }
    append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  }
  return out;
}

bool read_object(Scanner& scan, std::string_view body, Object& out) {
  if (!scan.eat('{')) return false;
  scan.spaces();
  if (scan.eat('}')) return true;
  std::unordered_map<std::string, std::size_t> places;
  do {
    scan.spaces();
    const std::size_t name_at = scan.at();
    if (!scan.string()) return false;
    std::string name = decode(body.substr(name_at, scan.at() - name_at));
    scan.spaces();
    if (!scan.eat(':')) return false;
    scan.spaces();
    const std::size_t value_at = scan.at();
    if (!scan.value(2)) return false;
    const std::string_view value = body.substr(value_at, scan.at() - value_at);
    const auto [place, fresh] = places.emplace(name, out.size());
    if (fresh) out.push_back({std::move(name), value});
    else out[place->second].value = value;
    scan.spaces();
  } while (scan.eat(','));
  return scan.eat('}');
}

}  // namespace

bool is_json(std::string_view text) {
  if (!core::valid_utf8(text)) return false;
  Scanner scan(text);
  if (!scan.value()) return false;
  scan.spaces();
  return scan.at_end();
}

std::optional<Payload> parse_payload(std::string_view body) {
  if (!core::valid_utf8(body)) return std::nullopt;
  Payload out;
  Scanner scan(body);
  scan.spaces();
  if (scan.eat('[')) {
    out.is_array = true;
    scan.spaces();
    if (!scan.eat(']')) {
      do {
        scan.spaces();
        if (!read_object(scan, body, out.objects.emplace_back())) return std::nullopt;
        scan.spaces();
      } while (scan.eat(','));
      if (!scan.eat(']')) return std::nullopt;
    }
  } else if (!read_object(scan, body, out.objects.emplace_back())) {
    return std::nullopt;
  }
  scan.spaces();
  if (!scan.at_end()) return std::nullopt;
  return out;
}

std::optional<std::string> text_of(std::string_view json) {
  if (json == "null") return std::nullopt;
  if (json.starts_with('"')) return decode(json);
  return std::string(json);
}

std::string content_type(const http::Request& rq) {
  const std::string_view header = rq.header("content-type");
  return core::lower(core::trim(header.substr(0, std::min(header.find(';'), header.size()))));
}

bool is_json_type(std::string_view type) {
  return type.empty() || type == "application/json" || type.ends_with("+json");
}

Payload parse_body(const http::Request& rq) {
  const std::string type = content_type(rq);
  if (!is_json_type(type)) throw unsupported_content_type(type);
  auto payload = parse_payload(rq.body);
  if (!payload) throw invalid_body();
  return std::move(*payload);
}

}  // namespace rest
