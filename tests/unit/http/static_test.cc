#include "http/static_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/loop.h"
#include "core/problem.h"
#include "core/resources.h"

namespace {

const core::Resource* any_compressed() {
  for (const core::Resource& one : core::embedded())
    if (one.path.starts_with("public/") && !one.gzip.empty() && !one.brotli.empty()) return &one;
  return nullptr;
}

http::Response fetch(std::string_view url, std::string encoding = "", std::string tag = "", std::string range = "",
                     std::string source_dir = "") {
  http::Router router;
  http::mount_static(router, source_dir);
  auto match = router.find(http::Method::get, url);
  if (!match.route) return http::empty(404);
  http::Request rq;
  rq.params = match.params;
  if (!encoding.empty()) rq.headers.add("Accept-Encoding", encoding);
  if (!tag.empty()) rq.headers.add("If-None-Match", tag);
  if (!range.empty()) rq.headers.add("Range", range);
  core::Loop loop;
  try {
    return loop.run_until(match.route->handler(rq));
  } catch (const core::Problem& problem) {
    return http::empty(problem.status);
  }
}

std::string_view bytes(const http::Response& answer) { return std::get<http::StaticBody>(answer.body).bytes; }

}  // namespace

TEST_CASE("a public file has a URL that names its version and is kept for ever") {
  const core::Resource* resource = any_compressed();
  REQUIRE(resource);
  const std::string name(resource->path.substr(7));
  const std::string url = http::static_url(name);
  CHECK(url.contains(std::string(".") + std::string(resource->hash) + "."));
  const auto hashed = fetch(url);
  CHECK(hashed.status == 200);
  CHECK(hashed.headers.get("cache-control") == "public, max-age=31536000, immutable");
  CHECK(bytes(hashed) == resource->bytes);
  const auto plain = fetch("/static/" + name);
  CHECK(plain.headers.get("cache-control") == "public, max-age=3600");
  CHECK_THROWS_AS(http::static_url("no/such.css"), std::logic_error);
}

TEST_CASE("a file comes in the coding that the client prefers, each with its own tag") {
  const core::Resource* resource = any_compressed();
  REQUIRE(resource);
  const std::string url = http::static_url(resource->path.substr(7));
  CHECK(bytes(fetch(url, "gzip, br")) == resource->brotli);
  CHECK(fetch(url, "gzip, br").headers.get("content-encoding") == "br");
  CHECK(bytes(fetch(url, "gzip")) == resource->gzip);
  CHECK(bytes(fetch(url, "br;q=0, gzip;q=0")) == resource->bytes);
  CHECK(fetch(url, "gzip").headers.get("vary") == "Accept-Encoding");
  const std::string tag(fetch(url, "br").headers.get("etag"));
  CHECK(fetch(url, "br", tag).status == 304);
  CHECK(fetch(url, "gzip", tag).status == 200);
}

TEST_CASE("another version, dotfiles and everything outside public/ are not found") {
  const core::Resource* resource = any_compressed();
  REQUIRE(resource);
  const std::string name(resource->path.substr(7));
  const std::size_t dot = name.rfind('.');
  CHECK(fetch("/static/" + name.substr(0, dot) + ".000000000000" + name.substr(dot)).status == 404);
  for (const char* path :
       {"/static/", "/static/.env", "/static/nowhere.css", "/static/../src/html/text/en.json", "/static//"}) {
    CAPTURE(path);
    CHECK(fetch(path).status == 404);
  }
}

TEST_CASE("a video is sent in ranges on request") {
  const core::Resource* film = core::find_resource("public/site/sample.mp4");
  REQUIRE(film);
  const std::string url = http::static_url("site/sample.mp4");
  const auto part = fetch(url, "", "", "bytes=4-7");
  CHECK(part.status == 206);
  CHECK(bytes(part) == "ftyp");
  CHECK(part.headers.get("content-range") == "bytes 4-7/" + std::to_string(film->bytes.size()));
  CHECK(fetch(url).headers.get("accept-ranges") == "bytes");
  CHECK(fetch(url, "", "", "bytes=99999999-").status == 416);
}

TEST_CASE("in development a file of the checkout is read anew and not kept") {
  namespace fs = std::filesystem;
  const core::Resource* resource = any_compressed();
  REQUIRE(resource);
  const fs::path dir = fs::temp_directory_path() / ("tenon-static-" + std::to_string(getpid()));
  fs::create_directories((dir / resource->path).parent_path());
  std::ofstream(dir / resource->path) << "fresh";
  const std::string url = http::static_url(resource->path.substr(7));
  const auto fresh = fetch(url, "br", "", "", dir.string());
  CHECK(std::get<std::string>(fresh.body) == "fresh");
  CHECK(fresh.headers.get("cache-control") == "no-store");
  CHECK(fetch("/static/../db/seed.sql", "", "", "", dir.string()).status == 404);
  fs::remove_all(dir);
  CHECK(bytes(fetch(url, "", "", "", dir.string())) == resource->bytes);
}
