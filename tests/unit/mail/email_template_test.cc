#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/text.h"
#include "mail/email_template.h"

using mail::EmailFacts;
using mail::render_email;

namespace {

EmailFacts facts() {
  EmailFacts out;
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

TEST_CASE("the email of a finished job matches the approved one to the letter") {
  const auto email = render_email("job_completed", facts());
  REQUIRE(email);
  CHECK(email->subject == "Your project \"Holidays in Rügen\" is ready!");
  check_golden("job_completed.html", email->html);
  check_golden("job_completed.txt", email->text);
}

TEST_CASE("every account email matches the approved one to the letter") {
  for (const char* kind : {"recovery", "magic_link", "email_change", "invite", "reauthentication", "new_sign_in"}) {
    CAPTURE(kind);
    const auto email = render_email(kind, facts());
    REQUIRE(email);
    check_golden(std::string(kind) + ".html", email->html);
    check_golden(std::string(kind) + ".txt", email->text);
  }
}

TEST_CASE("the emails of a failed job and of a confirmation match the approved ones to the letter") {
  check_golden("job_failed.txt", render_email("job_failed", facts())->text);
  check_golden("confirm.html", render_email("confirm", facts())->html);
  check_golden("confirm.txt", render_email("confirm", facts())->text);
}

TEST_CASE("the email of a finished job has the required styling") {
  const std::string html = render_email("job_completed", facts())->html;
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
  EmailFacts f = facts();
  f.title = "</p><script>alert(1)</script>\"'&{{subject}}{reason}";
  const auto email = render_email("job_completed", f);
  CHECK_FALSE(has(email->html, "<script"));
  CHECK(has(email->html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;{{subject}}{reason}"));
  CHECK(has(email->text, "</p><script>alert(1)</script>\"'&{{subject}}{reason}"));
  CHECK(has(email->subject, "<script>alert(1)"));
}

TEST_CASE("a hostile address stays text") {
  EmailFacts f = facts();
  f.to = "\"><img src=x onerror=alert(1)>@example.com";
  CHECK_FALSE(has(render_email("welcome", f)->html, "<img"));
}

TEST_CASE("no title can inject a header line") {
  EmailFacts f = facts();
  f.title = "Photos\r\nBcc: everybody@example.com\n\n<h1>";
  const auto email = render_email("job_completed", f);
  CHECK(email->subject.find_first_of("\r\n") == std::string::npos);
  CHECK(email->subject == "Your project \"Photos  Bcc: everybody@example.com  <h1>\" is ready!");
}

TEST_CASE("a very long title is cut between characters") {
  EmailFacts f = facts();
  for (int i = 0; i < 400; ++i) f.title += "ü";
  const auto email = render_email("job_completed", f);
  CHECK(email->subject.size() <= 300);
  CHECK(core::valid_utf8(email->subject));
}

TEST_CASE("every kind has a subject, both parts and no missing text") {
  for (const std::string kind : {"confirm", "recovery", "magic_link", "email_change", "invite", "reauthentication",
                                 "new_sign_in", "welcome", "job_completed", "job_failed", "credits_low"}) {
    CAPTURE(kind);
    const auto email = render_email(kind, facts());
    REQUIRE(email);
    for (const std::string& part : {email->subject, email->html, email->text}) {
      CHECK_FALSE(part.empty());
      CHECK_FALSE(has(part, "mail." + kind));
      CHECK_FALSE(has(part, "\n\n\n"));
      CHECK_FALSE(has(part, "{brand}"));
      CHECK_FALSE(has(part, "{{"));
    }
    CHECK(has(email->text, "Hi ada.lovelace,"));
  }
}

TEST_CASE("a failed job's email states the reason and the returned credits, or no credits when none were returned") {
  CHECK(has(render_email("job_failed", facts())->text, "One of the files is no photograph."));
  CHECK(has(render_email("job_failed", facts())->text, "12 credits returned."));
  EmailFacts one = facts();
  one.credits = 1;
  CHECK(has(render_email("job_failed", one)->text, "1 credit returned."));
  EmailFacts none = facts();
  none.credits.reset();
  CHECK_FALSE(has(render_email("job_failed", none)->text, "credits"));
}

TEST_CASE("one credit is singular") {
  EmailFacts low = facts();
  CHECK(has(render_email("credits_low", low)->text, "You have 12 credits left."));
  low.credits = 1;
  CHECK(has(render_email("credits_low", low)->text, "You have 1 credit left."));
  low.locale = "de";
  CHECK(has(render_email("credits_low", low)->text, "Sie haben noch 1 Credit."));
  CHECK(has(render_email("job_failed", low)->text, "Zurückgegeben: 1 Credit."));
  low.credits = 1200;
  CHECK(has(render_email("credits_low", low)->text, "Sie haben noch 1.200 Credits."));
}

TEST_CASE("optional emails link to the notification settings, account emails do not") {
  CHECK(has(render_email("job_completed", facts())->text, "https://app.example.com/app/settings/notifications"));
  CHECK_FALSE(has(render_email("confirm", facts())->html, "/app/settings/notifications"));
}

TEST_CASE("link and code of a confirmation are in both parts, the link alone on its line") {
  const auto email = render_email("confirm", facts());
  CHECK(has(email->text, "\nhttps://app.example.com/verify?token_hash=abc&type=signup\n"));
  CHECK(has(email->html, "href=\"https://app.example.com/verify?token_hash=abc&amp;type=signup\""));
  CHECK(has(email->text, "123456"));
  CHECK(has(email->html, "123456"));
}

TEST_CASE("a path is resolved against the site's URL, and anything but a web URL is refused") {
  EmailFacts f = facts();
  f.url = "/verify?token_hash=abc";
  CHECK(has(render_email("confirm", f)->text, "https://app.example.com/verify?token_hash=abc"));
  f.url = "javascript:alert(1)";
  CHECK_THROWS_AS(render_email("confirm", f), std::invalid_argument);
  f.url = "";
  CHECK_THROWS_AS(render_email("confirm", f), std::invalid_argument);
}

TEST_CASE("an unknown kind renders nothing") { CHECK_FALSE(render_email("nonsense", facts())); }
