#include "rest/json/strip.h"

#include <vector>

namespace rest::json {

namespace {

// The position after the string that starts at `at`.
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return std::min(at + 1, json.size());
}

bool ends_scalar(char c) {
  return c == ',' || c == '}' || c == ']' || c == ':' || c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

std::size_t scalar_end(std::string_view json, std::size_t at) {
  while (at < json.size() && !ends_scalar(json[at])) ++at;
  return at;
}

// An open object or array. `member` is where its current member starts in the output.
struct Open {
  bool is_object;
  bool has_content = false;
  bool at_key = true;
  std::size_t member = 0;
};

class Stripper {
 public:
  Stripper(std::string_view json, std::string& out) : json_(json), out_(out) {}

  void run() {
    std::size_t at = 0;
    while (at < json_.size()) {
      const char c = json_[at];
      if (c == '{' || c == '[') {
        begin_value();
        out_ += c;
        open_.push_back(Open{c == '{'});
        ++at;
      } else if (c == '}' || c == ']') {
        out_ += c;
        if (!open_.empty()) open_.pop_back();
        ++at;
      } else if (c == ',') {
        if (!open_.empty()) open_.back().at_key = true;
        ++at;
      } else if (c == ':' || c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        ++at;
      } else {
        at = token(at);
      }
    }
  }

 private:
  void begin_value() {
    if (open_.empty() || open_.back().is_object) return;
    if (open_.back().has_content) out_ += ',';
    open_.back().has_content = true;
  }

  std::size_t token(std::size_t at) {
    const std::size_t end = json_[at] == '"' ? string_end(json_, at) : scalar_end(json_, at);
    const std::string_view text = json_.substr(at, end - at);
    const bool in_object = !open_.empty() && open_.back().is_object;
    if (in_object && open_.back().at_key) {
      Open& object = open_.back();
      object.at_key = false;
      object.member = out_.size();
      if (object.has_content) out_ += ',';
      out_ += text;
      out_ += ':';
      dropped_ = object.has_content;
      object.has_content = true;
    } else if (in_object && text == "null") {
      out_.resize(open_.back().member);
      open_.back().has_content = dropped_;
    } else {
      begin_value();
      out_ += text;
    }
    return end;
  }

  std::string_view json_;
  std::string& out_;
  std::vector<Open> open_;
  bool dropped_ = false;  // the object had content before the last key
};

}  // namespace

void append_stripped(std::string& out, std::string_view json) { Stripper(json, out).run(); }

}  // namespace rest::json
