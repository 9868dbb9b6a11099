#include "html/banner.h"

namespace html {

void set_banners(http::Request& rq, std::vector<Banner> banners) { rq.page_extras = std::move(banners); }

std::vector<Banner> banners(const http::Request& rq) {
  const auto* set = std::any_cast<std::vector<Banner>>(&rq.page_extras);
  return set ? *set : std::vector<Banner>{};
}

}  // namespace html
