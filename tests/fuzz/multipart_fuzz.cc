// multipart/form-data: the same parts however the body is cut. The first line is the Content-Type.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/parse/multipart_parser.h"

using Event = http::parse::MultipartParser::Event;

namespace {
std::string take_apart(std::string_view boundary, std::string_view body, std::size_t piece) {
  http::parse::MultipartParser scanner(boundary);
  std::string out;
  for (;;) {
    switch (scanner.next()) {
      case Event::more:
        if (body.empty()) return out + "[cut]";
        scanner.feed(body.substr(0, piece));
        body.remove_prefix(std::min(piece, body.size()));
        break;
      case Event::part:
        out += "[part " + scanner.part().name + "|" + scanner.part().filename.value_or("-") + "]";
        break;
      case Event::data: out += scanner.data(); break;
      case Event::part_end: out += "[/part]"; break;
      case Event::end: return out + "[end]";
      case Event::malformed: return out + "[malformed]";
    }
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(bytes.find('\n'), size);
  const auto boundary = http::parse::boundary_of(bytes.substr(0, line));
  if (!boundary) return 0;
  const std::string_view body = bytes.substr(std::min(line + 1, size));
  const std::string whole = take_apart(*boundary, body, body.size() + 1);
  // A body cut into pieces may only fail earlier or later over its limits, never mean something else.
  const std::string cut = take_apart(*boundary, body, 5);
  if (whole.ends_with("[end]") && cut.ends_with("[end]") && whole != cut) std::abort();
  if (whole.ends_with("[end]") != cut.ends_with("[end]") && body.size() < 4096) std::abort();
  return 0;
}
