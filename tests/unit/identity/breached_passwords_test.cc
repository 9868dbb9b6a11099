#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>
#include <vector>

#include "core/crypto.h"
#include "identity/breached_passwords.h"

namespace {

struct List {
  explicit List(int count, const char* end = "\n") {
    path = "/tmp/tenon-breached-" + std::to_string(::getpid()) + "-" + std::to_string(count);
    std::vector<std::string> lines;
    for (int i = 0; i < count; ++i) {
      std::string hash = core::hex(core::sha1("password " + std::to_string(i)));
      std::transform(hash.begin(), hash.end(), hash.begin(), [](unsigned char c) { return std::toupper(c); });
      lines.push_back(hash + ":" + std::to_string(i * i));  // lines of different lengths
    }
    std::sort(lines.begin(), lines.end());
    std::ofstream out(path);
    for (std::size_t i = 0; i < lines.size(); ++i) out << lines[i] << (i + 1 < lines.size() ? "\n" : end);
  }
  ~List() { ::unlink(path.c_str()); }
  std::string path;
};

}  // namespace

TEST_CASE("every password of the list is found, wherever it stands, and no other") {
  for (const int count : {1, 2, 3, 7, 1000}) {
    for (const char* end : {"\n", "", "\r\n"}) {
      const List list(count, end);
      for (int i = 0; i < count; ++i) CHECK(identity::is_breached(list.path, "password " + std::to_string(i)));
      for (int i = 0; i < 50; ++i) CHECK_FALSE(identity::is_breached(list.path, "another " + std::to_string(i)));
    }
  }
  const List empty(0);
  CHECK_FALSE(identity::is_breached(empty.path, "password 0"));
  CHECK_THROWS(identity::is_breached("/tmp/there-is-no-such-file", "x"));
}
