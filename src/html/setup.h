// What app/ says once at start, before the first page: the menu of the signed-in and where views are read from.
#pragma once

#include <string>
#include <vector>

namespace core {
class Env;
}

namespace html {

struct NavLink {
  std::string url;   // "/app/projects"; the longest that begins the page's path is marked as current
  std::string text;  // a text key
  std::string icon;  // a name of data/icons.svg
};

struct Config {
  std::string source_dir;           // TENON_SOURCE_DIR: views and texts come from this checkout, read on each render
  std::vector<NavLink> navigation;  // of the signed-in
  std::vector<NavLink> settings;    // the tabs of {{> ui/settings}}
  std::string base_url;             // APP_BASE_URL, for links that leave the site
  std::string events_url;           // the stream that live.js listens to on the signed-in's pages; empty: none
  static Config from(core::Env& env);
};

// Not to be called while pages are rendered.
void configure(Config config);
const Config& config();

}  // namespace html
