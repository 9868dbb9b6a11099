// An image header is read the same however its bytes are cut.
#include <cstdint>
#include <cstdlib>

#include "pipeline/image_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  pipeline::ImageHeader whole;
  whole.feed(bytes);
  pipeline::ImageHeader split;
  const std::size_t piece = size == 0 ? 1 : 1 + data[0] % 7;
  for (std::size_t from = 0; from < size; from += piece) split.feed(bytes.substr(from, piece));
  const auto& one = whole.image();
  const auto& other = split.image();
  if (one.has_value() != other.has_value() || whole.refused() != split.refused()) std::abort();
  if (!one) return 0;
  if (whole.refused() || one->format != other->format) std::abort();
  if (one->width != other->width || one->height != other->height || one->width < 0 || one->height < 0) std::abort();
  return 0;
}
