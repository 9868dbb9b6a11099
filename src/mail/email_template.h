// The subject, HTML and text of an email, rendered from facts at hand. No database, no network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mail {

// The facts that an email may state. Each kind uses some of them; README.md lists which.
struct EmailFacts {
  std::string to;  // the address; the greeting uses the part before the @
  std::string locale = "en";
  std::string site_url;
  std::string url;   // of the button, for kinds whose button does not lead to a fixed page
  std::string code;  // six digits to type instead of following the link
  std::string new_email;
  std::string title;  // of the project
  std::string project_id;
  std::string reason;                   // why a job failed, a sentence in the recipient's language
  std::optional<std::int64_t> credits;  // returned by a failed job, or the low balance
  std::int64_t jobs_completed = 0;      // counted by the digest of an hour, as is jobs_failed
  std::int64_t jobs_failed = 0;
  std::string device;  // of a new sign-in, as are place and time
  std::string place;
  std::string time;
};

struct RenderedEmail {
  std::string subject;  // one line
  std::string html;
  std::string text;
};

// Nothing when there is no such kind. Throws std::invalid_argument when a fact that the kind needs is missing.
std::optional<RenderedEmail> render_email(std::string_view kind, const EmailFacts& facts);

// Replaces control characters by spaces and cuts at `max_bytes`, never inside a character.
std::string one_line(std::string_view text, std::size_t max_bytes);

}  // namespace mail
