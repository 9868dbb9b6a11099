#include "identity/qr_code.h"

#include <fmt/format.h>
#include <qrencode.h>

#include <memory>
#include <stdexcept>

namespace identity {

std::string qr_code_svg(const std::string& text) {
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), QRcode_free);
  if (!code) throw std::runtime_error("the text does not fit into a QR code");
  constexpr int kQuiet = 4;
  const int width = code->width;
  std::string path;
  for (int y = 0; y < width; ++y) {
    for (int x = 0; x < width; ++x) {
      int run = 0;
      while (x + run < width && (code->data[y * width + x + run] & 1) != 0) ++run;
      if (run == 0) continue;
      path += fmt::format("M{} {}h{}v1h-{}z", x + kQuiet, y + kQuiet, run, run);
      x += run;
    }
  }
  const int side = width + 2 * kQuiet;
  return fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200" viewBox="0 0 {0} {0}" )"
                     R"(shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{0}v{0}H0z"/><path d="{1}"/></svg>)",
                     side, path);
}

}  // namespace identity
