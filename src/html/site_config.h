// Set by app/ once at start, before the first page: the menus of signed-in users and where views are read from.
#pragma once

#include <string>
#include <vector>

namespace core {
class Env;
}

namespace html {

struct NavLink {
  std::string url;   // "/app/projects"; the longest that the page's path is below is marked as current
  std::string text;  // a text key
  std::string icon;  // a name of data/icons.svg
};

struct Config {
  std::string source_dir;           // TENON_SOURCE_DIR: views and texts are read from this checkout at each request
  std::vector<NavLink> navigation;  // the menu of signed-in users
  std::vector<NavLink> settings;    // the tabs of {{> ui/settings}}
  std::string base_url;             // APP_BASE_URL, for links that leave the site
  std::string events_url;           // the event stream that live.js opens on pages of the app; empty: none
  static Config from(core::Env& env);
};

// Not while pages are rendered.
void configure(Config config);
const Config& config();

}  // namespace html
