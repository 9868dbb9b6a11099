#include "rest/schema_cache/view_columns.h"

#include <charconv>
#include <utility>

namespace rest {
namespace {

// The tokens of a rule's tree, which is stored as text: {QUERY :name value … :targetList ({TARGETENTRY … :resno 1 …
// :resorigtbl 16385 :resorigcol 2 …} …) …}. A backslash escapes the next byte.
class Tree {
 public:
  explicit Tree(std::string_view text) : text_(text) {}
  // The next bracket or word, empty at the end.
  std::string_view next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    const std::size_t start = at_;
    if (at_ < text_.size() && is_bracket(text_[at_])) return text_.substr(at_++, 1);
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\n' && !is_bracket(text_[at_]))
      at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_, text_.size());
    return text_.substr(start, at_ - start);
  }

 private:
  static bool is_bracket(char c) { return c == '{' || c == '}' || c == '(' || c == ')'; }
  std::string_view text_;
  std::size_t at_ = 0;
};

std::int64_t number(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

std::vector<TracedColumn> trace_view(std::int64_t view, std::string_view rule_tree) {
  std::vector<TracedColumn> out;
  Tree tree(rule_tree);
  int depth = 0;
  int list = 0;  // the depth of the outermost target list, once it has begun
  bool list_is_next = false;
  TracedColumn column;
  for (std::string_view word = tree.next(); !word.empty(); word = tree.next()) {
    if (word == "{" || word == "(") {
      ++depth;
      if (std::exchange(list_is_next, false)) list = depth;
      if (list != 0 && depth == list + 1) column = {.view = view};
    } else if (word == "}" || word == ")") {
      if (list != 0 && depth == list + 1 && column.base != 0) out.push_back(column);
      if (list != 0 && depth == list) return out;
      --depth;
    } else if (depth == 2 && word == ":targetList") {  // (QUERY …) is a list of one
      list_is_next = true;
    } else if (list != 0 && depth == list + 1) {
      if (word == ":resno") column.number = number(tree.next());
      else if (word == ":resorigtbl") column.base = number(tree.next());
      else if (word == ":resorigcol") column.base_number = number(tree.next());
    }
  }
  return out;
}

}  // namespace rest
