// The chunked decoder: the same data and the same verdict however the body is cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/parse/chunked.h"

using http::parse::ChunkDecoder;

namespace {
std::string decode(std::string_view bytes, std::size_t piece, int& status) {
  ChunkDecoder decoder(3, 100);
  std::string out;
  while (!bytes.empty() && !decoder.done() && !decoder.refusal()) {
    std::string_view input = bytes.substr(0, piece);
    const std::size_t before = input.size();
    while (!input.empty() && !decoder.done() && !decoder.refusal()) out += decoder.take(input);
    bytes.remove_prefix(before - input.size());
  }
  status = decoder.refusal() ? decoder.refusal()->status : decoder.done();
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  int whole = 0, cut = 0;
  if (decode(bytes, size + 1, whole) != decode(bytes, 3, cut) || whole != cut) std::abort();
  return 0;
}
