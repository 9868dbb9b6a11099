// Serves public/ from the binary: /static/<name>.<hash>.<ext> is cached forever, /static/<name>.<ext> for an hour.
#pragma once

#include <string>
#include <string_view>

#include "http/router.h"

namespace http {

// With a checkout's folder (development) files of its public/ are read anew at each request and not kept by browsers.
void mount_static(Router& router, std::string source_dir = "");
// "/static/app.0123456789ab.css" for "app.css" (a path below public/). Throws std::logic_error for an unknown file.
std::string static_url(std::string_view path);

}  // namespace http
