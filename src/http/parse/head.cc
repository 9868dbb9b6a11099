#include "http/parse/head.h"

#include <algorithm>

#include "core/text.h"
#include "http/token.h"

namespace http::parse {
namespace {

constexpr Refusal kLineTooLong{414, "http.uri_too_long"};
constexpr Refusal kTooManyHeaders{431, "http.headers_too_large"};
constexpr Refusal kBadHost{400, "http.bad_host"};
constexpr Refusal kBadFraming{400, "http.bad_framing"};
constexpr Refusal kUnknownCoding{501, "http.unknown_transfer_coding"};
constexpr Refusal kVersion{505, "http.version_not_supported"};
constexpr Refusal kMethodNotAllowed{405, "http.method_not_allowed"};
constexpr Refusal kUnknownMethod{501, "http.not_implemented"};
constexpr Refusal kExpectation{417, "http.expectation_failed"};

constexpr bool is_control(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; }

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  int port = 0;
  for (char c : text) port = port * 10 + (c - '0');
  return port <= 65535;
}

// host[:port]; a name of letters, digits, '-', '_' and '.', or an address in brackets.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 255 + 6) return false;
  std::size_t end;
  if (text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (char c : text.substr(1, end - 1)) {
      const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!hex && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    if (end == 0) return false;
    for (char c : text.substr(0, end))
      if (!is_alnum(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return end == text.size() || (text[end] == ':' && is_port(text.substr(end + 1)));
}

std::expected<Method, Refusal> method_of(std::string_view name) {
  if (name == "GET") return Method::get;
  if (name == "HEAD") return Method::head;
  if (name == "POST") return Method::post;
  if (name == "PUT") return Method::put;
  if (name == "PATCH") return Method::patch;
  if (name == "DELETE") return Method::del;
  if (name == "OPTIONS") return Method::options;
  if (name == "TRACE" || name == "CONNECT") return std::unexpected(kMethodNotAllowed);
  return std::unexpected(kUnknownMethod);
}

// Digits only, in the range of 63 bits.
bool parse_length(std::string_view text, std::uint64_t& length) {
  if (text.empty() || text.size() > 18) return false;
  length = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

std::optional<Refusal> check_version(std::string_view version, Head& head) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' || !digit(version[5]) ||
      !digit(version[7]))
    return kBadRequest;
  if (version[5] != '1' || version[7] > '1') return kVersion;
  head.minor = version[7] - '0';
  return std::nullopt;
}

std::optional<Refusal> check_fields(Head& head) {
  int hosts = 0, lengths = 0, codings = 0;
  bool close = false, keep = false;
  for (const auto& [name, value] : head.headers.all()) {
    if (core::iequals(name, "host")) {
      if (++hosts > 1 || !is_host(value)) return kBadHost;
    } else if (core::iequals(name, "content-length")) {
      if (++lengths > 1 || !parse_length(value, head.length)) return kBadFraming;
    } else if (core::iequals(name, "transfer-encoding")) {
      if (++codings > 1 || head.minor == 0) return kBadFraming;
      if (!core::iequals(value, "chunked")) return kUnknownCoding;
    } else if (core::iequals(name, "connection")) {
      for (std::string_view option : core::split(value, ',')) {
        close = close || core::iequals(core::trim(option), "close");
        keep = keep || core::iequals(core::trim(option), "keep-alive");
      }
    } else if (core::iequals(name, "expect")) {
      if (!core::iequals(value, "100-continue")) return kExpectation;
      head.expects_continue = head.minor == 1;
    }
  }
  if (hosts != 1) return kBadHost;
  if (lengths && codings) return kBadFraming;
  if (codings) head.framing = Framing::chunked;
  else if (lengths && head.length > 0) head.framing = Framing::length;
  head.expects_continue = head.expects_continue && head.framing != Framing::none;
  head.keep_alive = !close && (head.minor == 1 || keep);
  return std::nullopt;
}

}  // namespace

HeadScanner::State HeadScanner::refuse(Refusal why) {
  refusal_ = why;
  return state_ = State::refused;
}

// at_ is just behind an LF that ends a line.
HeadScanner::State HeadScanner::end_line(std::string_view bytes) {
  const std::size_t length = at_ - 2 - line_;
  if (length == 0 && lines_ == 0) {
    if (begin_ > 0) return refuse(kBadRequest);
    begin_ = line_ = at_;
    return State::more;
  }
  if (length == 0) return state_ = State::complete;
  if (lines_ > 0 && (bytes[line_] == ' ' || bytes[line_] == '\t')) return refuse(kBadRequest);
  if (++lines_ == 1) section_ = at_;
  if (lines_ - 1 > kMaxHeaders) return refuse(kTooManyHeaders);
  line_ = at_;
  return State::more;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  while (state_ == State::more && at_ < bytes.size()) {
    const auto c = static_cast<unsigned char>(bytes[at_]);
    const bool after_cr = at_ > line_ && bytes[at_ - 1] == '\r';
    if (after_cr != (c == '\n')) return refuse(kBadRequest);  // a bare CR or a bare LF
    if (c != '\r' && c != '\n' && is_control(c)) return refuse(kBadRequest);
    ++at_;
    if (c == '\n') {
      if (end_line(bytes) != State::more) break;
    } else if (lines_ == 0 && at_ - line_ > kMaxLine + 1) {
      return refuse(kLineTooLong);
    } else if (lines_ > 0 && at_ - section_ > kMaxSection) {
      return refuse(kTooManyHeaders);
    }
  }
  return state_;
}

bool parse_field(std::string_view line, Headers& headers) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  std::string_view value = line.substr(colon + 1);
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  if (std::ranges::any_of(value, [](unsigned char c) { return is_control(c); })) return false;
  headers.add(std::string(line.substr(0, colon)), std::string(value));
  return true;
}

std::expected<Head, Refusal> parse_head(std::string_view raw) {
  Head head;
  const std::size_t first_end = raw.find("\r\n");
  if (first_end == std::string_view::npos || !raw.ends_with("\r\n\r\n")) return std::unexpected(kBadRequest);
  const std::string_view line = raw.substr(0, first_end);
  if (line.size() > kMaxLine) return std::unexpected(kLineTooLong);
  const std::size_t space = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (space == std::string_view::npos || last == space) return std::unexpected(kBadRequest);
  const std::string_view name = line.substr(0, space);
  const std::string_view target = line.substr(space + 1, last - space - 1);
  if (!is_token(name) || target.empty() || target.find_first_of(" \t") != std::string_view::npos)
    return std::unexpected(kBadRequest);
  if (const auto refusal = check_version(line.substr(last + 1), head)) return std::unexpected(*refusal);

  std::string_view section = raw.substr(first_end + 2, raw.size() - first_end - 4);
  head.section = section.size();
  if (section.size() > kMaxSection) return std::unexpected(kTooManyHeaders);
  while (!section.empty()) {
    const std::size_t end = section.find("\r\n");
    if (end == std::string_view::npos || !parse_field(section.substr(0, end), head.headers))
      return std::unexpected(kBadRequest);
    if (head.headers.all().size() > kMaxHeaders) return std::unexpected(kTooManyHeaders);
    section.remove_prefix(end + 2);
  }
  if (const auto refusal = check_fields(head)) return std::unexpected(*refusal);
  const auto method = method_of(name);
  if (!method) return std::unexpected(method.error());
  head.method = *method;
  head.target = target;
  return head;
}

}  // namespace http::parse
