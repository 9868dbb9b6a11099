// Warnings about the account, shown on every /app page until they are resolved, e.g. a failed payment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "http/request.h"

namespace html {

struct Banner {
  std::string kind;  // bad or warn
  std::string text;  // a text key; {day} in its sentence is `day`
  std::optional<core::Time> day;
  std::string url, action;  // where it is resolved, and the text key of the link
};

// Kept with the request until its page is rendered.
void set_banners(http::Request& rq, std::vector<Banner> banners);
std::vector<Banner> banners(const http::Request& rq);

}  // namespace html
