// The head of a picture: what is found does not depend on how the bytes are cut.
#include <cstdint>
#include <cstdlib>

#include "projects/image_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  projects::ImageHead whole;
  whole.feed(bytes);
  projects::ImageHead split;
  const std::size_t piece = size == 0 ? 1 : 1 + data[0] % 7;
  for (std::size_t from = 0; from < size; from += piece) split.feed(bytes.substr(from, piece));
  const auto& one = whole.picture();
  const auto& other = split.picture();
  if (one.has_value() != other.has_value() || whole.is_no_picture() != split.is_no_picture()) std::abort();
  if (!one) return 0;
  if (whole.is_no_picture() || one->format != other->format) std::abort();
  if (one->width != other->width || one->height != other->height || one->width < 0 || one->height < 0) std::abort();
  return 0;
}
