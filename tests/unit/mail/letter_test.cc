#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/text.h"
#include "mail/letter.h"

using mail::compose;
using mail::Facts;

namespace {

Facts facts() {
  Facts out;
  out.to = "ada.lovelace@example.com";
  out.site_url = "https://app.example.com";
  out.project_id = "0190a000-0000-7000-8000-000000000001";
  out.title = "Holidays in Rügen";
  out.reason = "One of the files is no photograph.";
  out.credits = 12;
  out.url = "https://app.example.com/verify?token_hash=abc&type=signup";
  out.code = "123456";
  out.new_email = "ada@new.example";
  out.device = "Firefox on Linux";
  out.place = "192.0.2.7";
  out.time = "22 Nov 2026, 22:42 UTC";
  return out;
}

std::string golden_path(const std::string& name) {
  const char* root = std::getenv("TENON_SOURCE_DIR");
  return std::string(root == nullptr ? "." : root) + "/tests/unit/mail/golden/" + name;
}

// TENON_WRITE_GOLDEN=1 writes the files anew; look at the difference before it is committed.
void check_golden(const std::string& name, const std::string& made) {
  if (std::getenv("TENON_WRITE_GOLDEN") != nullptr) std::ofstream(golden_path(name), std::ios::binary) << made << '\n';
  std::ifstream in(golden_path(name), std::ios::binary);
  REQUIRE_MESSAGE(in.good(), name);
  std::ostringstream kept;
  kept << in.rdbuf();
  CHECK(kept.str() == made + "\n");
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the mail of a finished job is, letter for letter, the one that was approved") {
  const auto letter = compose("job_completed", facts());
  REQUIRE(letter);
  CHECK(letter->subject == "Your project \"Holidays in Rügen\" is ready!");
  check_golden("job_completed.html", letter->html);
  check_golden("job_completed.txt", letter->text);
}

TEST_CASE("every mail of the account is, letter for letter, the one that was approved") {
  for (const char* kind : {"recovery", "magic_link", "email_change", "invite", "reauthentication", "new_sign_in"}) {
    CAPTURE(kind);
    const auto letter = compose(kind, facts());
    REQUIRE(letter);
    check_golden(std::string(kind) + ".html", letter->html);
    check_golden(std::string(kind) + ".txt", letter->text);
  }
}

TEST_CASE("the mail of a failed job and of a confirmation are, letter for letter, the ones that were approved") {
  check_golden("job_failed.txt", compose("job_failed", facts())->text);
  check_golden("confirm.html", compose("confirm", facts())->html);
  check_golden("confirm.txt", compose("confirm", facts())->text);
}

TEST_CASE("the mail of a finished job has the look that was asked for") {
  const std::string html = compose("job_completed", facts())->html;
  CHECK(has(html, "background-color: #f4f4f4"));
  CHECK(has(html, "padding: 40px; border-radius: 8px"));
  CHECK(has(html, "font-size: 24px; line-height: 32px; font-weight: bold;\">Your project is ready! 🎉<"));
  CHECK(has(html, "Hi ada.lovelace,"));
  CHECK(has(html, "href=\"https://app.example.com/app/projects/0190a000-0000-7000-8000-000000000001\""));
  CHECK(has(html,
            "background-color: #0070f3; color: #ffffff; padding: 12px 24px; border-radius: 6px; text-decoration: "
            "none;\">View Project<"));
}

TEST_CASE("a hostile title stays text in HTML, and is not spelled as HTML in the text part and the subject") {
  Facts f = facts();
  f.title = "</p><script>alert(1)</script>\"'&{{subject}}{reason}";
  const auto letter = compose("job_completed", f);
  CHECK_FALSE(has(letter->html, "<script"));
  CHECK(has(letter->html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;{{subject}}{reason}"));
  CHECK(has(letter->text, "</p><script>alert(1)</script>\"'&{{subject}}{reason}"));
  CHECK(has(letter->subject, "<script>alert(1)"));
}

TEST_CASE("a hostile address stays text") {
  Facts f = facts();
  f.to = "\"><img src=x onerror=alert(1)>@example.com";
  CHECK_FALSE(has(compose("welcome", f)->html, "<img"));
}

TEST_CASE("no title can add a header line") {
  Facts f = facts();
  f.title = "Photos\r\nBcc: everybody@example.com\n\n<h1>";
  const auto letter = compose("job_completed", f);
  CHECK(letter->subject.find_first_of("\r\n") == std::string::npos);
  CHECK(letter->subject == "Your project \"Photos  Bcc: everybody@example.com  <h1>\" is ready!");
}

TEST_CASE("a very long title is cut between characters") {
  Facts f = facts();
  for (int i = 0; i < 400; ++i) f.title += "ü";
  const auto letter = compose("job_completed", f);
  CHECK(letter->subject.size() <= 300);
  CHECK(core::valid_utf8(letter->subject));
}

TEST_CASE("every kind has a subject, both parts and no sentence without words") {
  for (const std::string kind : {"confirm", "recovery", "magic_link", "email_change", "invite", "reauthentication",
                                 "new_sign_in", "welcome", "job_completed", "job_failed", "credits_low"}) {
    CAPTURE(kind);
    const auto letter = compose(kind, facts());
    REQUIRE(letter);
    for (const std::string& part : {letter->subject, letter->html, letter->text}) {
      CHECK_FALSE(part.empty());
      CHECK_FALSE(has(part, "mail." + kind));
      CHECK_FALSE(has(part, "\n\n\n"));
      CHECK_FALSE(has(part, "{brand}"));
      CHECK_FALSE(has(part, "{{"));
    }
    CHECK(has(letter->text, "Hi ada.lovelace,"));
  }
}

TEST_CASE("a failed job's mail names the reason and the credits that came back, and no credits when none did") {
  CHECK(has(compose("job_failed", facts())->text, "One of the files is no photograph."));
  CHECK(has(compose("job_failed", facts())->text, "12 credits returned."));
  Facts one = facts();
  one.credits = 1;
  CHECK(has(compose("job_failed", one)->text, "1 credit returned."));
  Facts none = facts();
  none.credits.reset();
  CHECK_FALSE(has(compose("job_failed", none)->text, "credits"));
}

TEST_CASE("one credit is not told as several") {
  Facts low = facts();
  CHECK(has(compose("credits_low", low)->text, "You have 12 credits left."));
  low.credits = 1;
  CHECK(has(compose("credits_low", low)->text, "You have 1 credit left."));
  low.locale = "de";
  CHECK(has(compose("credits_low", low)->text, "Sie haben noch 1 Credit."));
  CHECK(has(compose("job_failed", low)->text, "Zurückgegeben: 1 Credit."));
  low.credits = 1200;
  CHECK(has(compose("credits_low", low)->text, "Sie haben noch 1.200 Credits."));
}

TEST_CASE("mails of choice say where to switch them off, mails of the account do not") {
  CHECK(has(compose("job_completed", facts())->text, "https://app.example.com/app/settings/notifications"));
  CHECK_FALSE(has(compose("confirm", facts())->html, "/app/settings/notifications"));
}

TEST_CASE("link and code of a confirmation stand in both parts, the link whole on its line") {
  const auto letter = compose("confirm", facts());
  CHECK(has(letter->text, "\nhttps://app.example.com/verify?token_hash=abc&type=signup\n"));
  CHECK(has(letter->html, "href=\"https://app.example.com/verify?token_hash=abc&amp;type=signup\""));
  CHECK(has(letter->text, "123456"));
  CHECK(has(letter->html, "123456"));
}

TEST_CASE("a path is put behind the site's address, and what is no web address is refused") {
  Facts f = facts();
  f.url = "/verify?token_hash=abc";
  CHECK(has(compose("confirm", f)->text, "https://app.example.com/verify?token_hash=abc"));
  f.url = "javascript:alert(1)";
  CHECK_THROWS_AS(compose("confirm", f), std::invalid_argument);
  f.url = "";
  CHECK_THROWS_AS(compose("confirm", f), std::invalid_argument);
}

TEST_CASE("an unknown kind gives no letter") { CHECK_FALSE(compose("nonsense", facts())); }
