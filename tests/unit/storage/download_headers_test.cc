#include <doctest/doctest.h>

#include "storage/download_headers.h"

namespace {

std::string disposition(std::string_view type, std::optional<std::string_view> download = std::nullopt) {
  http::Response response;
  storage::set_safe_download_headers(response, type, download);
  return std::string(response.headers.get("content-disposition"));
}

}  // namespace

TEST_CASE("what a browser could execute is sent as an attachment in a sandbox") {
  for (const char* type : {"image/svg+xml", "application/xhtml+xml", "text/xml", "application/pdf", "text/javascript",
                           "application/x-shockwave-flash", "multipart/related", "text/html; charset=utf-8", "x", ""}) {
    http::Response response;
    storage::set_safe_download_headers(response, type, std::nullopt);
    CHECK_MESSAGE(response.headers.get("content-security-policy") == "default-src 'none'; sandbox", type);
    CHECK(response.headers.get("x-content-type-options") == "nosniff");
  }
  CHECK(disposition("image/svg+xml") == "attachment");
  CHECK(disposition("IMAGE/SVG+XML") == "attachment");
  CHECK(disposition("application/pdf") == "attachment");
}

TEST_CASE("images, audio and video are shown inline") {
  for (const char* type : {"image/jpeg", "image/png", "image/webp", "video/mp4", "audio/mpeg", "text/plain"})
    CHECK_MESSAGE(disposition(type).empty(), type);
}

TEST_CASE("HTML is sent as plain text and an invalid type as bytes") {
  CHECK(storage::served_type("text/html") == "text/plain; charset=utf-8");
  CHECK(storage::served_type("Text/HTML;charset=x") == "text/plain; charset=utf-8");
  CHECK(storage::served_type("image/png") == "image/png");
  CHECK(storage::served_type("no type") == "application/octet-stream");
  CHECK(storage::served_type("image/png\r\nX: y") == "application/octet-stream");
}

TEST_CASE("a file name reaches the header encoded, whatever is in it") {
  CHECK(disposition("image/png", "") == "attachment");
  CHECK(disposition("image/png", "name.pdf") == "attachment; filename=name.pdf; filename*=UTF-8''name.pdf");
  CHECK(disposition("image/png", "a \"b\".png") ==
        "attachment; filename=\"a _b_.png\"; filename*=UTF-8''a%20%22b%22.png");
  CHECK(disposition("image/png", "ü.png") == "attachment; filename=__.png; filename*=UTF-8''%C3%BC.png");
  const std::string evil = disposition("image/png", "a\r\nSet-Cookie: x=1");
  CHECK(evil.find('\r') == std::string::npos);
  CHECK(evil.find('\n') == std::string::npos);
}
