#include "http/multipart.h"

#include <doctest/doctest.h>

#include "core/loop.h"
#include "core/problem.h"
#include "http/parse/multipart_parser.h"

namespace {

// Gives the body in pieces of a chosen size.
class Pieces final : public http::BodyReader {
 public:
  Pieces(std::string body, std::size_t piece) : body_(std::move(body)), piece_(piece) {}
  core::Task<std::string_view> read() override {
    held_ = body_.substr(at_, piece_);
    at_ += held_.size();
    co_return held_;
  }

 private:
  std::string body_, held_;
  std::size_t piece_, at_ = 0;
};

struct Seen {
  std::string parts;  // name|filename|type|content; one line each
  int status = 0;
  bool pending = false;
};

core::Task<std::string> read_all(http::Request& rq) {
  http::Multipart form(rq);
  std::string out;
  for (;;) {
    std::optional<http::Part> part = co_await form.next();
    if (!part) break;
    const std::string content = co_await form.text();
    out += part->name + "|" + part->filename.value_or("-") + "|" + part->content_type + "|" + content + "\n";
  }
  co_return out;
}

Seen parse(std::string body, std::size_t piece = 7, std::string type = "multipart/form-data; boundary=AaB03x",
           std::string token = "") {
  core::Loop loop;
  Pieces reader(std::move(body), piece);
  http::Request rq;
  rq.headers.add("Content-Type", std::move(type));
  rq.stream = &reader;
  rq.csrf_pending = !token.empty();
  rq.csrf_token = token;
  Seen seen;
  try {
    seen.parts = loop.run_until(read_all(rq));
  } catch (const core::Problem& problem) {
    seen.status = problem.status;
  }
  seen.pending = rq.csrf_pending;
  return seen;
}

std::string part(std::string_view disposition, std::string_view content) {
  return "--AaB03x\r\nContent-Disposition: form-data; " + std::string(disposition) + "\r\n\r\n" + std::string(content) +
         "\r\n";
}
const std::string kEnd = "--AaB03x--\r\n";

}  // namespace

TEST_CASE("parts come out the same however the body is cut") {
  const std::string body = "preamble\r\n" + part("name=\"caption\"", "a line\r\n--AaB03\r\n-") +
                           "--AaB03x\r\ncontent-type: image/jpeg\r\nContent-Disposition: form-data; name=\"file\"; "
                           "filename=\"sea side.jpg\"\r\n\r\n\r\n--AaB03y\r\r\n\r\n" +
                           part("name=\"empty\"", "") + kEnd + "epilogue";
  const std::string expected =
      "caption|-||a line\r\n--AaB03\r\n-\nfile|sea side.jpg|image/jpeg|\r\n--AaB03y\r\r\n\nempty|-||\n";
  for (std::size_t piece = 1; piece < body.size() + 1; ++piece) {
    CAPTURE(piece);
    CHECK(parse(body, piece).parts == expected);
  }
}

TEST_CASE("an empty field name is a name, and names are unescaped as browsers escape them") {
  CHECK(parse(part("name=\"\"; filename=\"blob\"", "x") + kEnd).parts == "|blob||x\n");
  CHECK(parse(part("name=\"a%22b\"", "x") + kEnd).parts == "a\"b|-||x\n");
  CHECK(parse(part("name=\"a\\\"b\"", "x") + kEnd).parts == "a\"b|-||x\n");
  CHECK(parse(part("name=a; filename=\"C:\\dir\\x.jpg\"", "x") + kEnd).parts == "a|C:\\dir\\x.jpg||x\n");
  CHECK(parse(part("name=a; filename=\"\"", "") + kEnd).parts == "a|||\n");
  CHECK(parse(part("name=a; filename=\"semi;colon.jpg\"", "x") + kEnd).parts == "a|semi;colon.jpg||x\n");
  CHECK(parse(part("name=a; filename*=UTF-8''caf%C3%A9", "x") + kEnd).parts == "a|caf\xc3\xa9||x\n");
  CHECK(parse(part("filename=\"x\"; name=\"a\"", "x") + kEnd).parts == "a|x||x\n");
}

TEST_CASE("a body that is no valid multipart is refused") {
  CHECK(parse("").status == 400);
  CHECK(parse("nonsense").status == 400);
  CHECK(parse(part("name=\"a\"", "cut off")).status == 400);
  CHECK(parse("--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n").status == 400);
  CHECK(parse("--AaB03x\r\n\r\nno headers\r\n" + kEnd).status == 400);
  CHECK(parse(part("nme=\"a\"", "x") + kEnd).status == 400);
  CHECK(parse("--AaB03x\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n" + kEnd).status == 400);
  CHECK(parse("--AaB03x\r\nX: " + std::string(9000, 'a') + "\r\n\r\n" + kEnd).status == 400);
  CHECK(parse(part("name=\"\xff\"", "x") + kEnd).status == 400);
  CHECK(parse("--AaB03x\n" + kEnd).status == 400);
  std::string many;
  for (int i = 0; i < 501; ++i) many += part("name=\"a\"", "");
  CHECK(parse(many + kEnd, 4096).status == 400);
  CHECK(parse(kEnd).parts.empty());
}

TEST_CASE("the boundary is a token or quoted, of 1 to 70 characters") {
  using http::parse::boundary_of;
  CHECK(boundary_of("multipart/form-data; boundary=abc") == "abc");
  CHECK(boundary_of("Multipart/Form-Data;charset=x;BOUNDARY=\"a b=c\"") == "a b=c");
  CHECK(boundary_of("multipart/form-data") == std::nullopt);
  CHECK(boundary_of("multipart/form-data; boundary=") == std::nullopt);
  CHECK(boundary_of("multipart/form-data; boundary=" + std::string(71, 'a')) == std::nullopt);
  CHECK(boundary_of("multipart/mixed; boundary=abc") == std::nullopt);
  CHECK(boundary_of("multipart/form-data; boundary=\"a\xc3\"") == std::nullopt);
  CHECK(parse("", 7, "text/plain").status == 415);
}

TEST_CASE("a field longer than its limit is refused") {
  CHECK(parse(part("name=a", std::string(65536, 'x')) + kEnd, 4096).status == 0);
  CHECK(parse(part("name=a", std::string(65537, 'x')) + kEnd, 4096).status == 413);
}

TEST_CASE("while a form's token is pending nothing passes before it") {
  const std::string token = part("name=\"_csrf\"", "secret");
  const std::string file = part("name=\"file\"; filename=\"x\"", "bytes");
  const std::string type = "multipart/form-data; boundary=AaB03x";
  const Seen good = parse(token + file + kEnd, 7, type, "secret");
  CHECK(good.parts == "file|x||bytes\n");
  CHECK_FALSE(good.pending);
  CHECK(parse(file + token + kEnd, 7, type, "secret").status == 403);
  CHECK(parse(file + kEnd, 7, type, "secret").status == 403);
  CHECK(parse(kEnd, 7, type, "secret").status == 403);
  CHECK(parse(part("name=\"_csrf\"", "wrong") + file + kEnd, 7, type, "secret").status == 403);
  CHECK(parse(part("name=\"_csrf\"", "") + file + kEnd, 7, type, "secret").status == 403);
  CHECK(parse(part("name=\"_csrf\"; filename=\"x\"", "secret") + file + kEnd, 7, type, "secret").status == 403);
}
