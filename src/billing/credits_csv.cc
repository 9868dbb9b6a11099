// /app/credits.csv: the whole ledger, read in pages while it is sent, so memory use does not grow with its length.
#include "billing/pages.h"

namespace billing {
namespace {

using core::Task;

constexpr std::int64_t kPageRows = 500;

// RFC 4180. A leading apostrophe keeps spreadsheets from evaluating a cell as a formula.
std::string cell(std::string_view text) {
  std::string out = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string line(const Entry& entry) {
  std::string out = core::rfc3339(entry.at) + "," + entry.type + "," + std::to_string(entry.amount) + "," +
                    std::to_string(entry.balance_after) + ",";
  if (entry.job) out += entry.job->str();
  return out + "," + cell(entry.note) + "\r\n";
}

Task<> send(pg::Db& db, core::UserId user, http::BodyWriter& out) {
  co_await out.write("time,type,credits,balance,job,note\r\n");
  for (std::int64_t before = 0;;) {
    const std::vector<Entry> entries = co_await ledger(db, user, before, kPageRows);
    std::string text;
    for (const Entry& entry : entries) text += line(entry);
    if (!text.empty()) co_await out.write(text);
    if (entries.size() < kPageRows) co_return;
    before = entries.back().seq;
  }
}

}  // namespace

Task<http::Response> ledger_csv(Billing& billing, http::Request& rq) {
  http::Response response;
  response.headers.set("Content-Type", "text/csv; charset=utf-8");
  response.headers.set("Content-Disposition", "attachment; filename=\"credits.csv\"");
  response.headers.set("Cache-Control", "no-store");
  response.body = http::StreamBody{
      [db = &billing.db, user = rq.caller.user](http::BodyWriter& out) { return send(*db, user, out); }, std::nullopt};
  co_return response;
}

}  // namespace billing
