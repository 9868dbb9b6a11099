#include <doctest/doctest.h>

#include "core/crypto.h"
#include "mail/webhook_signature.h"

namespace {

const core::Secret kSecret{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
const std::string kBody = R"({"test": 2432232314})";
const core::Time kThen{std::chrono::seconds{1614265330}};

mail::SignatureHeaders vector() {
  return {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
}

}  // namespace

TEST_CASE("the published vector is accepted, also among other signatures") {
  CHECK(mail::verify_signature(kSecret, vector(), kBody, kThen));
  mail::SignatureHeaders several = vector();
  several.signatures = "v1a,AAAA v1,AAAA " + several.signatures;
  CHECK(mail::verify_signature(kSecret, several, kBody, kThen));
}

TEST_CASE("another body, id, time, secret or version is refused") {
  CHECK_FALSE(mail::verify_signature(kSecret, vector(), kBody + " ", kThen));
  for (auto change :
       {+[](mail::SignatureHeaders& s) { s.id += "x"; }, +[](mail::SignatureHeaders& s) { s.timestamp = "1614265331"; },
        +[](mail::SignatureHeaders& s) { s.timestamp.clear(); }, +[](mail::SignatureHeaders& s) { s.id.clear(); },
        +[](mail::SignatureHeaders& s) { s.signatures.clear(); },
        +[](mail::SignatureHeaders& s) { s.signatures[1] = '2'; }}) {
    mail::SignatureHeaders head = vector();
    change(head);
    CHECK_FALSE(mail::verify_signature(kSecret, head, kBody, kThen));
  }
  CHECK_FALSE(mail::verify_signature(core::Secret("whsec_" + core::base64("another")), vector(), kBody, kThen));
}

TEST_CASE("without a secret nothing is accepted") {
  CHECK_FALSE(mail::verify_signature(core::Secret{}, vector(), kBody, kThen));
  CHECK_FALSE(mail::verify_signature(core::Secret{"whsec_"}, vector(), kBody, kThen));
}

TEST_CASE("five minutes off is the limit, either way") {
  using std::chrono::seconds;
  CHECK(mail::verify_signature(kSecret, vector(), kBody, kThen + seconds{300}));
  CHECK(mail::verify_signature(kSecret, vector(), kBody, kThen - seconds{300}));
  CHECK_FALSE(mail::verify_signature(kSecret, vector(), kBody, kThen + seconds{301}));
  CHECK_FALSE(mail::verify_signature(kSecret, vector(), kBody, kThen - seconds{301}));
}

TEST_CASE("the headers are read under either name") {
  http::Headers headers;
  headers.add("Webhook-Id", "a");
  headers.add("Webhook-Timestamp", "b");
  headers.add("Webhook-Signature", "c");
  CHECK(mail::signature_headers(headers).id == "a");
  headers.add("Svix-Id", "d");
  CHECK(mail::signature_headers(headers).id == "d");
  CHECK(mail::signature_headers(headers).signatures.empty());
}
