// What a mail says: subject, HTML and text of a kind, from facts that are already at hand. No database, no network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mail {

struct Facts {
  std::string to;  // the address; its local part is the greeting's name
  std::string locale = "en";
  std::string site_url;
  std::string url;   // of the one button, when it is not a page that follows from the facts
  std::string code;  // six digits to type instead
  std::string new_email;
  std::string title;  // of the project
  std::string project_id;
  std::string reason;                   // why a job failed, a sentence for people
  std::optional<std::int64_t> credits;  // given back, or the balance that runs low; none: not said
  std::string device;                   // of a new sign-in, likewise place and time
  std::string place;
  std::string time;
};

struct Letter {
  std::string subject;  // one line
  std::string html;
  std::string text;
};

// Nothing when no such kind is known. Throws std::invalid_argument when a fact that the kind needs is missing.
std::optional<Letter> compose(std::string_view kind, const Facts& facts);

// CR, LF and other control bytes become spaces; cut at `most` bytes on a character's border.
std::string one_line(std::string_view text, std::size_t most);

}  // namespace mail
