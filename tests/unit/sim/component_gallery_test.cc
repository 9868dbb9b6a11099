// /dev/ui shows what pages are made of, and all of it.
#include "sim/component_gallery.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "core/resources.h"

namespace {

constexpr std::string_view kFolder = "src/html/views/ui/";

std::string read(std::string_view path) {
  const core::Resource* file = core::find_resource(path);
  REQUIRE_MESSAGE(file != nullptr, path);
  return std::string{file->bytes};
}

// The beginning of the partial's output, up to its first parameter: "<span class=\"badge ".
std::string beginning(std::string_view source) { return std::string{source.substr(0, source.find_first_of("[{"))}; }

}  // namespace

TEST_CASE("every partial is on /dev/ui, by itself and not as a copy of its markup") {
  const std::string view = read("src/sim/views/ui.html");
  int partials = 0;
  for (const core::Resource* file : core::resources_below(kFolder)) {
    const std::string_view path = file->path;
    const std::string name{path.substr(kFolder.size(), path.rfind('.') - kFolder.size())};
    const std::string tag = "{{> ui/" + name;
    CHECK_MESSAGE((view.contains(tag + " ") || view.contains(tag + "}}")), name << " is not shown");
    const std::string begins = beginning(file->bytes);
    if (begins.size() > 4) CHECK_MESSAGE(!view.contains(begins), name << " is copied: " << begins);
    ++partials;
  }
  CHECK(partials > 20);
}

TEST_CASE("/dev/ui renders whole, each state of a field and a notice among it") {
  http::Request rq;
  const http::Response answer = sim::component_gallery(rq);
  CHECK(answer.status == 200);
  const auto page = std::get<std::string>(answer.body);
  for (const char* part : {"aria-invalid=\"true\"", "class=\"notice info\"", "class=\"notice bad\" role=\"alert\"",
                           "<button class=\"button plain\" disabled>", "data-live-lost", "rel=\"next\"",
                           "<dt>Used this month</dt>", "<option value=\"\">None yet</option>", "<a href=\"/dev/ui\""})
    CHECK_MESSAGE(page.contains(part), part);
  CHECK_FALSE(page.contains("[["));
  CHECK_FALSE(page.contains("sim.ui."));
  std::size_t headings = 0;
  for (std::size_t at = page.find("<h1"); at != std::string::npos; at = page.find("<h1", at + 1)) ++headings;
  CHECK(headings == 1);
}
