#include "http/parse/multipart_parser.h"

#include <algorithm>

#include "core/text.h"
#include "http/parse/head.h"
#include "http/parse/target.h"
#include "http/token.h"

namespace http::parse {
namespace {

constexpr std::size_t kMaxPartHeaders = 8192;
constexpr int kMaxParts = static_cast<int>(kMaxPairs);

// A parameter of a header such as `form-data; name="a"; filename="b.jpg"`. Quoted values: \" and \\ are unescaped,
// any other backslash stays, as browsers write Windows paths.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at < header.size()) {
    ++at;
    while (at < header.size() && (header[at] == ' ' || header[at] == '\t')) ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view found = core::trim(header.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        const char following = at + 1 < header.size() ? header[at + 1] : '\0';
        if (header[at] == '\\' && (following == '"' || following == '\\')) ++at;
        value += header[at];
      }
      if (at >= header.size()) return std::nullopt;
      at = header.find(';', at);
    } else {
      const std::size_t end = std::min(header.find(';', at), header.size());
      value = core::trim(header.substr(at, end - at));
      at = end;
    }
    if (core::iequals(found, name)) return value;
  }
  return std::nullopt;
}

// Browsers escape only a quote and line ends in a name: %22, %0D and %0A.
std::string unescape_name(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    const char c = three == "%22"                     ? '"'
                   : three == "%0D" || three == "%0d" ? '\r'
                   : three == "%0A" || three == "%0a" ? '\n'
                                                      : '\0';
    out += c ? c : text[i];
    if (c) i += 2;
  }
  return out;
}

bool clean(std::string_view text) { return core::valid_utf8(text) && !text.contains('\0'); }

}  // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
  const std::size_t semicolon = std::min(content_type.find(';'), content_type.size());
  if (!core::iequals(core::trim(content_type.substr(0, semicolon)), "multipart/form-data")) return std::nullopt;
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return std::nullopt;
  const auto allowed = [](char c) { return is_token({&c, 1}) || std::string_view{"(),/:=? "}.contains(c); };
  if (!std::ranges::all_of(*boundary, allowed) || boundary->back() == ' ') return std::nullopt;
  return boundary;
}

void MultipartParser::feed(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

MultipartParser::Event MultipartParser::next() {
  switch (state_) {
    case State::preamble: {
      const std::size_t found = rest().find(delimiter_);
      if (found == std::string_view::npos) {
        at_ = buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
        return Event::more;
      }
      at_ += found + delimiter_.size();
      state_ = State::after_delimiter;
      return after_delimiter();
    }
    case State::after_delimiter: return after_delimiter();
    case State::headers: return headers();
    case State::body: return body();
    case State::end: break;
  }
  return Event::end;
}

// "--" closes the body; blanks and CRLF begin a part.
MultipartParser::Event MultipartParser::after_delimiter() {
  const std::string_view now = rest();
  if (now.size() < 2) return Event::more;
  if (now.starts_with("--")) {
    state_ = State::end;
    return Event::end;
  }
  const std::size_t blanks = std::min(now.find_first_not_of(" \t"), now.size());
  if (blanks > 64) return Event::malformed;
  if (now.size() < blanks + 2) return Event::more;
  if (now.substr(blanks, 2) != "\r\n" || ++parts_ > kMaxParts) return Event::malformed;
  at_ += blanks;
  state_ = State::headers;
  return headers();
}

MultipartParser::Event MultipartParser::headers() {
  const std::size_t end = rest().find("\r\n\r\n");
  if (end == std::string_view::npos) return rest().size() > kMaxPartHeaders ? Event::malformed : Event::more;
  if (end > kMaxPartHeaders || !parse_headers(rest().substr(0, end + 2))) return Event::malformed;
  at_ += end + 2;  // the CRLF that ends the headers may begin a delimiter when the part is empty
  state_ = State::body;
  if (!rest().starts_with(delimiter_)) {
    if (rest().size() < delimiter_.size() && std::string_view{delimiter_}.starts_with(rest())) {
      state_ = State::headers;  // undecided until more has come
      at_ -= end + 2;
      return Event::more;
    }
    at_ += 2;
  }
  return Event::part;
}

// `block` begins with the CRLF behind the delimiter and ends with the last header's.
bool MultipartParser::parse_headers(std::string_view block) {
  Headers fields;
  block.remove_prefix(2);
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    if (end == std::string_view::npos || !parse_field(block.substr(0, end), fields)) return false;
    if (fields.all().size() > 20) return false;
    block.remove_prefix(end + 2);
  }
  const std::string_view disposition = fields.get("content-disposition");
  const std::string_view kind = core::trim(disposition.substr(0, disposition.find(';')));
  const auto name = parameter(disposition, "name");
  if (!core::iequals(kind, "form-data") || !name) return false;
  part_ = Part{};
  part_.name = unescape_name(*name);
  part_.content_type = fields.get("content-type");
  if (const auto filename = parameter(disposition, "filename")) {
    part_.filename = unescape_name(*filename);
  } else if (const auto extended = parameter(disposition, "filename*")) {
    const std::size_t quote = extended->rfind('\'');
    if (quote != std::string::npos) part_.filename = core::percent_decode(extended->substr(quote + 1));
  }
  return clean(part_.name) && (!part_.filename || clean(*part_.filename));
}

MultipartParser::Event MultipartParser::body() {
  const std::string_view now = rest();
  const std::size_t found = now.find(delimiter_);
  if (found == 0) {
    at_ += delimiter_.size();
    state_ = State::after_delimiter;
    return Event::part_end;
  }
  if (found != std::string_view::npos) {
    data_ = now.substr(0, found);
  } else {
    // The possible beginning of a delimiter stays in the buffer until more bytes arrive.
    std::size_t safe = now.size() - std::min(now.size(), delimiter_.size() - 1);
    while (safe < now.size() && !std::string_view{delimiter_}.starts_with(now.substr(safe))) ++safe;
    if (safe == 0) return Event::more;
    data_ = now.substr(0, safe);
  }
  at_ += data_.size();
  return Event::data;
}

}  // namespace http::parse
