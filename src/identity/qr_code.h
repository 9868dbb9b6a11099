// A QR code as SVG.
#pragma once

#include <string>

namespace identity {

// Black on white with the quiet zone, one path. Throws std::runtime_error when the text is too long for a code.
std::string qr_code_svg(const std::string& text);

}  // namespace identity
