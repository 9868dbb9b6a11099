#include "pg/row.h"

#include <fmt/core.h>
#include <libpq-fe.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "core/crypto.h"

namespace pg {

int Rows::size() const { return PQntuples(result_.get()); }
int Rows::columns() const { return PQnfields(result_.get()); }
std::string_view Rows::name(int column) const { return PQfname(result_.get(), column); }
std::uint32_t Rows::type(int column) const { return PQftype(result_.get(), column); }

std::optional<std::string_view> Rows::cell(int row, int column) const {
  if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result_.get(), row, column),
                          static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

std::int64_t Rows::affected() const {
  std::int64_t count = 0;
  // libpq takes the result without const, and only reads it.
  const std::string_view text = PQcmdTuples(const_cast<PGresult*>(result_.get()));
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

namespace detail {

std::string array_text(std::span<const std::string> elements) {
  std::string out = "{";
  for (const std::string& element : elements) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out += '}';
}

std::string bytea_text(std::string_view bytes) { return "\\x" + core::hex(bytes); }

Param encode_double(double value) {
  if (std::isnan(value)) return Param{false, "NaN", Kind::floating};
  if (std::isinf(value)) return Param{false, value > 0 ? "Infinity" : "-Infinity", Kind::floating};
  return Param{false, fmt::format("{}", value), Kind::floating};
}

namespace {
template <class T>
bool number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}
}  // namespace

bool from_text(std::string_view text, bool& out) {
  out = text == "t";
  return out || text == "f";
}
bool from_text(std::string_view text, std::int16_t& out) { return number(text, out); }
bool from_text(std::string_view text, std::int32_t& out) { return number(text, out); }
bool from_text(std::string_view text, std::int64_t& out) { return number(text, out); }
bool from_text(std::string_view text, double& out) { return number(text, out); }  // also NaN and Infinity
bool from_text(std::string_view text, std::string& out) {
  out.assign(text);
  return true;
}
bool from_text(std::string_view text, core::Uuid& out) {
  const auto parsed = core::Uuid::parse(text);
  if (parsed) out = *parsed;
  return parsed.has_value();
}
bool from_text(std::string_view text, core::Time& out) {
  const auto parsed = core::parse_rfc3339(text);
  if (parsed) out = *parsed;
  return parsed.has_value();
}
bool from_text(std::string_view text, Json& out) {
  out.text.assign(text);
  return true;
}
bool from_text(std::string_view text, Bytes& out) {
  if (!text.starts_with("\\x")) return false;
  auto bytes = core::unhex(text.substr(2));
  if (bytes) out.bytes = std::move(*bytes);
  return bytes.has_value();
}

// One dimension, without null elements: all the arrays that a row may hold.
bool array_elements(std::string_view text, std::vector<std::string>& out) {
  out.clear();
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;
  const std::size_t end = text.size() - 1;
  std::size_t at = 1;
  while (at < end) {
    std::string element;
    const bool quoted = text[at] == '"';
    if (quoted) ++at;
    for (;; ++at) {
      if (at >= end) {
        if (quoted) return false;
        break;
      }
      const char c = text[at];
      if (c == '\\') {
        if (++at >= end) return false;
        element += text[at];
      } else if (quoted ? c == '"' : c == ',') {
        break;
      } else if (!quoted && (c == '{' || c == '"')) {
        return false;
      } else {
        element += c;
      }
    }
    if (quoted) ++at;
    else if (element == "NULL" || element.empty()) return false;
    out.push_back(std::move(element));
    if (at == end) return true;
    if (text[at] != ',' || ++at == end) return false;
  }
  return true;
}

void refuse_null(const Rows& rows, int column) {
  throw std::logic_error(fmt::format("{}: column {} ({}) is null, and its field is not std::optional", rows.statement(),
                                     column + 1, rows.name(column)));
}
void refuse_text(const Rows& rows, int column) {
  throw std::logic_error(fmt::format("{}: the value of column {} ({}) does not fit its field", rows.statement(),
                                     column + 1, rows.name(column)));
}
void refuse_count(const Rows& rows, const char* expected) {
  throw std::logic_error(fmt::format("{}: expected {}, got {}", rows.statement(), expected, rows.size()));
}
void expect_columns(const Rows& rows, int expected) {
  if (rows.columns() == expected) return;
  throw std::logic_error(
      fmt::format("{}: the row has {} fields, the statement {} columns", rows.statement(), expected, rows.columns()));
}

core::Task<std::int64_t> affected_of(core::Task<Rows> pending) {
  const Rows rows = co_await pending;
  co_return rows.affected();
}

}  // namespace detail
}  // namespace pg
