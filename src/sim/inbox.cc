#include "sim/inbox.h"

#include <fstream>

#include "core/ids.h"
#include "core/log.h"
#include "core/text.h"

namespace sim {
namespace {

constexpr std::size_t kMaxEmails = 2000;
constexpr std::chrono::hours kKeyLifetime{24};

std::vector<std::string> addresses(const core::Json& value) {
  if (value.is_string()) return {value.string_or("")};
  std::vector<std::string> out;
  for (const core::Json& one : value.elements())
    if (one.is_string()) out.push_back(one.string_or(""));
  return out;
}

// "Ada <ada@example.com>" and the bare address are the same mailbox.
std::string mailbox_of(std::string_view address) {
  const std::size_t open = address.rfind('<');
  if (open != std::string_view::npos && address.ends_with('>'))
    address = address.substr(open + 1, address.size() - open - 2);
  return core::lower(core::trim(address));
}

std::string line_of(const CapturedEmail& email) {
  core::JsonWriter w;
  w.begin()
      .field("id", email.id)
      .field("created_at", email.created_at)
      .field("key", email.key)
      .field("hash", email.hash);
  w.key("payload").raw(email.payload.dump()).end();
  return w.take() + "\n";
}

}  // namespace

Inbox::Inbox(std::string dir) {
  if (dir.empty()) return;
  const std::filesystem::path folder = std::filesystem::path{dir} / "mail";
  std::filesystem::create_directories(folder);
  file_ = folder / "mails.jsonl";
  load();
}

Email Inbox::parse(const core::Json& line) const {
  auto email = std::make_shared<CapturedEmail>();
  email->id = line["id"].string_or("");
  email->created_at = line["created_at"].string_or("");
  email->key = line["key"].string_or("");
  email->hash = line["hash"].string_or("");
  email->payload = line["payload"];
  email->from = email->payload["from"].string_or("");
  email->to = addresses(email->payload["to"]);
  email->subject = email->payload["subject"].string_or("");
  email->text = email->payload["text"].string_or("");
  email->html = email->payload["html"].string_or("");
  return email;
}

void Inbox::load() {
  std::ifstream in(file_, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    const auto json = core::Json::parse(line);  // skips a line that a crash cut short
    if (!json || (*json)["id"].string_or("").empty()) continue;
    emails_.push_back(parse(*json));
    if (emails_.size() > kMaxEmails) emails_.pop_front();
  }
  for (const Email& email : emails_) remember_key(*email);
}

void Inbox::remember_key(const CapturedEmail& email) {
  if (email.key.empty()) return;
  EarlierRequest& earlier = keys_[email.key];
  if (earlier.hash != email.hash) earlier = EarlierRequest{email.hash, {}};
  earlier.ids.push_back(email.id);
}

void Inbox::append(const CapturedEmail& email) {
  if (file_.empty()) return;
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << line_of(email);
  out.flush();
  if (!out) core::log::warn("sim.inbox.write_failed", {{"email", email.id}});
}

std::optional<Inbox::EarlierRequest> Inbox::earlier_request(std::string_view key) const {
  const std::scoped_lock lock(mutex_);
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.ids.empty()) return std::nullopt;
  for (const Email& email : emails_) {
    if (email->id != found->second.ids.front()) continue;
    const auto at = core::parse_rfc3339(email->created_at);
    if (!at || clock_.now() - *at > kKeyLifetime) return std::nullopt;
  }
  return found->second;
}

std::vector<std::string> Inbox::capture(const std::vector<core::Json>& payloads, std::string key, std::string hash) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> ids;
  keys_.erase(key);  // an expired one
  for (const core::Json& payload : payloads) {
    core::JsonWriter w;
    w.begin().field("id", core::Uuid::random()).field("created_at", core::rfc3339(clock_.now()));
    w.field("key", key).field("hash", hash).key("payload").raw(payload.dump()).end();
    const Email email = parse(*core::Json::parse(w.str()));
    ids.push_back(email->id);
    remember_key(*email);
    append(*email);
    emails_.push_back(email);
    if (emails_.size() > kMaxEmails) emails_.pop_front();
  }
  return ids;
}

std::vector<Email> Inbox::newest(std::string_view to, std::size_t limit) const {
  const std::string wanted = mailbox_of(to);
  const std::scoped_lock lock(mutex_);
  std::vector<Email> out;
  for (auto email = emails_.rbegin(); email != emails_.rend() && out.size() < limit; ++email) {
    bool matches = wanted.empty();
    for (const std::string& address : (*email)->to) matches = matches || mailbox_of(address) == wanted;
    if (matches) out.push_back(*email);
  }
  return out;
}

Email Inbox::find(std::string_view id) const {
  const std::scoped_lock lock(mutex_);
  for (const Email& email : emails_)
    if (email->id == id) return email;
  return nullptr;
}

void Inbox::clear() {
  const std::scoped_lock lock(mutex_);
  emails_.clear();
  keys_.clear();
  if (!file_.empty()) std::ofstream(file_, std::ios::binary | std::ios::trunc);
}

void Inbox::fail_next(Fault fault) {
  const std::scoped_lock lock(mutex_);
  fault_ = std::move(fault);
}

std::optional<Inbox::Fault> Inbox::next_fault() {
  const std::scoped_lock lock(mutex_);
  if (fault_.times <= 0) return std::nullopt;
  --fault_.times;
  return fault_;
}

}  // namespace sim
