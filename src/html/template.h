// Views to text: partials are put in place when a view is loaded, then the whole is parsed once; private to html/.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "html/html.h"

namespace html {

enum class Frame { none, layout };

// The source of a view ("projects/list", "mail/done.txt") with its partials, and with the layout around it if asked.
// Throws std::logic_error when a file is missing, partials nest too deep or output would not be escaped.
std::string source_of(std::string_view view, Frame frame);

// Members that fill a whole URL (href="{{url}}"). Of these only safe schemes are let through.
std::set<std::string, std::less<>> whole_urls(std::string_view source);

// `page` is seen behind `data`. Views that end in .txt are not escaped.
std::string render_view(std::string_view view, Frame frame, std::string_view locale, const Data& page,
                        const Data& data);

std::string escape(std::string_view text);

}  // namespace html
