// A QR code as SVG, for the wire and the pages alike.
#pragma once

#include <string>

namespace auth {

// Black on white with the quiet zone, one path. Throws std::runtime_error when the text is too long for a code.
std::string qr_svg(const std::string& text);

}  // namespace auth
