#include "http/parse/chunked.h"

#include <doctest/doctest.h>

#include <tuple>

using http::parse::ChunkDecoder;

namespace {

struct Outcome {
  std::string data;
  int status = 0;  // of the refusal
  bool done = false;
  std::size_t left = 0;
};

Outcome decode(std::string_view bytes, std::size_t piece) {
  ChunkDecoder decoder(1, 20);
  Outcome out;
  for (std::size_t at = 0; at < bytes.size() && !decoder.done() && !decoder.refusal();) {
    std::string_view input = bytes.substr(at, piece);
    const std::size_t before = input.size();
    while (!input.empty() && !decoder.done() && !decoder.refusal()) out.data += decoder.take(input);
    at += before - input.size();
    out.left = bytes.size() - at;
  }
  out.done = decoder.done();
  if (decoder.refusal()) out.status = decoder.refusal()->status;
  return out;
}

}  // namespace

TEST_CASE("a chunked body is the same however it is cut") {
  const std::string body = "5\r\nhello\r\nA;x=1;y=\"a;\\\"b\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\nGET";
  for (std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
    CAPTURE(piece);
    const Outcome out = decode(body, piece);
    CHECK(out.data == "hello0123456789");
    CHECK(out.done);
    CHECK(out.left == 3);
  }
}

TEST_CASE("an invalid chunked body is refused") {
  std::string trailers = "0\r\n";
  for (int i = 0; i < 100; ++i) trailers += "T: 1\r\n";
  const std::tuple<const char*, std::string, int> cases[] = {
      {"no size", "\r\n", 400},
      {"a sign", "+5\r\nhello\r\n", 400},
      {"0x", "0x5\r\nhello\r\n", 400},
      {"negative", "-1\r\n", 400},
      {"a blank before the size", " 5\r\nhello\r\n", 400},
      {"a blank behind the size", "5 \r\nhello\r\n", 400},
      {"overflow", "10000000000000005\r\nhello\r\n", 400},
      {"16 digits", "ffffffffffffffff\r\n", 400},
      {"bare LF behind the size", "5\nhello\r\n", 400},
      {"bare CR behind the size", "5\rhello\r\n", 400},
      {"data longer than its size", "5\r\nhelloX\r\n", 400},
      {"no CRLF behind the data", "5\r\nhello0\r\n\r\n", 400},
      {"bare LF behind the data", "5\r\nhello\n", 400},
      {"a long size line", "5;" + std::string(300, 'a') + "\r\n", 400},
      {"an extension without a name", "5;=a\r\n", 400},
      {"an unclosed quote", "5;a=\"b\r\n", 400},
      {"a control byte in an extension", "5;a=\x01\r\n", 400},
      {"a bare LF in an extension", "5;a\n\r\n", 400},
      {"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", 400},
      {"a trailer without a colon", "0\r\nnonsense\r\n\r\n", 400},
      {"a trailer that frames", "0\r\nContent-Length: 5\r\n\r\n", 400},
      {"a trailer that names a host", "0\r\nHost: b\r\n\r\n", 400},
      {"a trailer that codes", "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"too many trailers", trailers, 431},
      {"a large trailer", "0\r\nA: " + std::string(40000, 'a'), 431},
      {"a trailer of a MiB", "0\r\nA: " + std::string(1 << 20, 'a') + "\r\n\r\n", 431},
  };
  for (const auto& [what, bytes, status] : cases) {
    CAPTURE(what);
    CHECK(decode(bytes, 1000).status == status);
    CHECK(decode(bytes, 1).status == status);
  }
}
