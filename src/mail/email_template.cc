#include "mail/email_template.h"

#include <array>
#include <stdexcept>

#include "core/text.h"
#include "html/html.h"

namespace mail {
namespace {

constexpr std::size_t kMaxSubjectBytes = 300;

// The optional parts of a kind. Every kind has a subject and a first sentence: mail.<kind>.* in text/*.json.
struct Kind {
  std::string_view name;
  enum class Button { none, url, project, projects, credits, settings } button;
  bool heading;   // has a heading of its own; otherwise the subject is the heading
  bool code;      // shows the six digits
  bool more;      // has a second sentence, mail.<kind>.more
  bool optional;  // can be switched off: the footer links to the notification settings
};
using Button = Kind::Button;

constexpr std::array<Kind, 12> kKinds{{
    {"confirm", Button::url, false, true, true, false},
    {"recovery", Button::url, false, true, true, false},
    {"magic_link", Button::url, true, true, true, false},
    {"email_change", Button::url, false, true, true, false},
    {"invite", Button::url, false, true, true, false},
    {"reauthentication", Button::none, true, true, true, false},
    {"new_sign_in", Button::settings, false, false, true, false},
    {"welcome", Button::url, false, false, true, false},
    {"job_completed", Button::project, true, false, false, true},
    {"job_failed", Button::project, true, false, true, true},
    {"jobs_digest", Button::projects, false, false, false, true},
    {"credits_low", Button::credits, false, false, true, true},
}};

const Kind* find(std::string_view name) {
  for (const Kind& kind : kKinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

std::string button_url(const Kind& kind, const EmailFacts& facts) {
  switch (kind.button) {
    case Button::none: return "";
    case Button::url: return facts.url.starts_with('/') ? facts.site_url + facts.url : facts.url;
    case Button::project: return facts.site_url + "/app/projects/" + facts.project_id;
    case Button::projects: return facts.site_url + "/app/projects";
    case Button::credits: return facts.site_url + "/app/credits";
    case Button::settings: return facts.site_url + "/app/settings/security";
  }
  return "";
}

void check(const Kind& kind, const EmailFacts& facts, const std::string& url) {
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  if (kind.button != Button::none && !web) throw std::invalid_argument("the button's URL is not http or https");
  if (kind.button == Button::project && facts.project_id.empty()) throw std::invalid_argument("the project is missing");
  if (kind.button == Button::none && facts.code.empty()) throw std::invalid_argument("the code is missing");
}

// Sections that a kind leaves out leave blank lines behind.
std::string collapse_blank_lines(std::string text) {
  for (std::size_t at; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t max_bytes) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (out.size() > max_bytes) {
    std::size_t end = max_bytes;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
    out.resize(end);
  }
  return std::string{core::trim(out)};
}

std::optional<RenderedEmail> render_email(std::string_view name, const EmailFacts& facts) {
  const Kind* kind = find(name);
  if (kind == nullptr) return std::nullopt;
  const std::string url = button_url(*kind, facts);
  check(*kind, facts, url);

  const std::string key = "mail." + std::string{name} + ".";
  const std::string credits = facts.credits ? html::pluralize(facts.locale, "mail.credits", *facts.credits) : "";
  const auto sentence = [&](std::string_view part) {
    return html::text(facts.locale, key + std::string{part},
                      {{"title", one_line(facts.title, kMaxSubjectBytes)},
                       {"brand", html::text(facts.locale, "html.brand")},
                       {"reason", one_line(facts.reason, 1000)},
                       {"completed", html::pluralize(facts.locale, "mail.jobs_digest.completed", facts.jobs_completed)},
                       {"failed", html::pluralize(facts.locale, "mail.jobs_digest.failed", facts.jobs_failed)},
                       {"credits", credits},
                       {"new_email", one_line(facts.new_email, 320)},
                       {"device", one_line(facts.device, 300)},
                       {"place", one_line(facts.place, 100)},
                       {"time", facts.time}});
  };
  RenderedEmail out;
  out.subject = one_line(sentence("subject"), kMaxSubjectBytes);

  const std::string name_in_address = facts.to.substr(0, facts.to.find('@'));
  html::Data data;
  data.set("subject", out.subject).set("heading", sentence(kind->heading ? "heading" : "subject"));
  data.set("greeting", html::text(facts.locale, "mail.greeting", {{"name", one_line(name_in_address, 100)}}));
  data.set("sentence", sentence("text"));
  if (name == "job_failed" && !facts.credits) data.set("more", html::text(facts.locale, "mail.job_failed.again"));
  else if (kind->more) data.set("more", sentence("more"));
  if (kind->code) data.set("code", one_line(facts.code, 20));
  if (kind->button != Button::none) data.set("url", url).set("button", sentence("button"));
  if (kind->optional)
    data.set("why", html::text(facts.locale, "mail.why"))
        .set("settings_url", facts.site_url + "/app/settings/notifications");
  out.html = collapse_blank_lines(html::render("mail/email.html", facts.locale, data));
  out.text = collapse_blank_lines(html::render("mail/email.txt", facts.locale, data));
  return out;
}

}  // namespace mail
