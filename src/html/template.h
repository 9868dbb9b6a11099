// Renders views: partials are put in place when a view is loaded, then the whole is parsed once. Private to html/.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "html/html.h"

namespace html {

enum class Layout { none, page };

// The source of a view ("projects/list", "mail/done.txt") with its partials and, for pages, the layout around it.
// Throws std::logic_error when a file is missing, partials nest too deep or output would not be escaped.
std::string source_of(std::string_view view, Layout layout);

// Members that fill a whole URL (href="{{url}}"): only safe schemes are let through.
std::set<std::string, std::less<>> whole_urls(std::string_view source);

// Members of `data` hide those of `page`. Views that end in .txt are not escaped.
std::string render_view(std::string_view view, Layout layout, std::string_view locale, const Data& page,
                        const Data& data);

std::string escape(std::string_view text);

}  // namespace html
