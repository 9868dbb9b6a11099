#include "sim/inbox.h"

#include <fstream>

#include "core/ids.h"
#include "core/log.h"
#include "core/text.h"

namespace sim {
namespace {

constexpr std::size_t kMostMails = 2000;
constexpr std::chrono::hours kKeyLives{24};

std::vector<std::string> addresses(const core::Json& value) {
  if (value.is_string()) return {value.string_or("")};
  std::vector<std::string> out;
  for (const core::Json& one : value.elements())
    if (one.is_string()) out.push_back(one.string_or(""));
  return out;
}

// "Ada <ada@example.com>" and the bare address are the same box.
std::string box(std::string_view address) {
  const std::size_t open = address.rfind('<');
  if (open != std::string_view::npos && address.ends_with('>'))
    address = address.substr(open + 1, address.size() - open - 2);
  return core::lower(core::trim(address));
}

std::string line_of(const Captured& mail) {
  core::JsonWriter w;
  w.begin().field("id", mail.id).field("created_at", mail.created_at).field("key", mail.key).field("hash", mail.hash);
  w.key("payload").raw(mail.payload.dump()).end();
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

Mail Inbox::parse(const core::Json& line) const {
  auto mail = std::make_shared<Captured>();
  mail->id = line["id"].string_or("");
  mail->created_at = line["created_at"].string_or("");
  mail->key = line["key"].string_or("");
  mail->hash = line["hash"].string_or("");
  mail->payload = line["payload"];
  mail->from = mail->payload["from"].string_or("");
  mail->to = addresses(mail->payload["to"]);
  mail->subject = mail->payload["subject"].string_or("");
  mail->text = mail->payload["text"].string_or("");
  mail->html = mail->payload["html"].string_or("");
  return mail;
}

void Inbox::load() {
  std::ifstream in(file_, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    const auto json = core::Json::parse(line);  // a line torn by a crash is left out
    if (!json || (*json)["id"].string_or("").empty()) continue;
    mails_.push_back(parse(*json));
    if (mails_.size() > kMostMails) mails_.pop_front();
  }
  for (const Mail& mail : mails_) remember(*mail);
}

void Inbox::remember(const Captured& mail) {
  if (mail.key.empty()) return;
  Before& before = keys_[mail.key];
  if (before.hash != mail.hash) before = Before{mail.hash, {}};
  before.ids.push_back(mail.id);
}

void Inbox::append(const Captured& mail) {
  if (file_.empty()) return;
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  out << line_of(mail);
  out.flush();
  if (!out) core::log::warn("sim.inbox.not_saved", {{"mail", mail.id}});
}

std::optional<Inbox::Before> Inbox::before(std::string_view key) const {
  const std::scoped_lock lock(guard_);
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.ids.empty()) return std::nullopt;
  for (const Mail& mail : mails_) {
    if (mail->id != found->second.ids.front()) continue;
    const auto at = core::parse_rfc3339(mail->created_at);
    if (!at || clock_.now() - *at > kKeyLives) return std::nullopt;
  }
  return found->second;
}

std::vector<std::string> Inbox::take(const std::vector<core::Json>& payloads, std::string key, std::string hash) {
  const std::scoped_lock lock(guard_);
  std::vector<std::string> ids;
  keys_.erase(key);  // one of yesterday
  for (const core::Json& payload : payloads) {
    core::JsonWriter w;
    w.begin().field("id", core::Uuid::random()).field("created_at", core::rfc3339(clock_.now()));
    w.field("key", key).field("hash", hash).key("payload").raw(payload.dump()).end();
    const Mail mail = parse(*core::Json::parse(w.str()));
    ids.push_back(mail->id);
    remember(*mail);
    append(*mail);
    mails_.push_back(mail);
    if (mails_.size() > kMostMails) mails_.pop_front();
  }
  return ids;
}

std::vector<Mail> Inbox::newest(std::string_view to, std::size_t most) const {
  const std::string wanted = box(to);
  const std::scoped_lock lock(guard_);
  std::vector<Mail> out;
  for (auto mail = mails_.rbegin(); mail != mails_.rend() && out.size() < most; ++mail) {
    bool mine = wanted.empty();
    for (const std::string& address : (*mail)->to) mine = mine || box(address) == wanted;
    if (mine) out.push_back(*mail);
  }
  return out;
}

Mail Inbox::find(std::string_view id) const {
  const std::scoped_lock lock(guard_);
  for (const Mail& mail : mails_)
    if (mail->id == id) return mail;
  return nullptr;
}

void Inbox::clear() {
  const std::scoped_lock lock(guard_);
  mails_.clear();
  keys_.clear();
  if (!file_.empty()) std::ofstream(file_, std::ios::binary | std::ios::trunc);
}

void Inbox::fail_next(Fault fault) {
  const std::scoped_lock lock(guard_);
  fault_ = std::move(fault);
}

std::optional<Inbox::Fault> Inbox::next_fault() {
  const std::scoped_lock lock(guard_);
  if (fault_.times <= 0) return std::nullopt;
  --fault_.times;
  return fault_;
}

}  // namespace sim
