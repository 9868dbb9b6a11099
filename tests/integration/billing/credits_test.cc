// /app/credits: the ledger with the balance after each row, in pages and as CSV, and the return from a checkout.
#include "billing/billing.h"
#include "support/app.h"

using http::Method;
using support::Answer;

namespace {

class Bank : public support::App {
 public:
  Bank() : billing{db(), now} { billing::mount(router, billing); }

  Answer page(core::UserId who, const std::string& query = "") {
    return call({.method = Method::get, .target = "/app/credits" + query, .caller = support::user(who)});
  }
  void spend(core::UserId who, const std::string& key) {
    scalar("select tenon.spend_credits($1, $2, 1)", {who.str(), key + who.str()});
  }
  void grant(core::UserId who, const std::string& key, int credits, const std::string& note) {
    scalar("select tenon.grant_credits($1, $2, $3, $4)", {who.str(), key + who.str(), std::to_string(credits), note});
  }

  core::ManualClock now{core::SystemClock().now()};  // the ledger's rows carry the database's time
  billing::Billing billing;
};

int count(const std::string& text, std::string_view part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}
bool has(const Answer& answer, const std::string& text) { return answer.body.find(text) != std::string::npos; }

// Returns from the checkout and follows the redirect to the URL with the time.
std::string back_from_checkout(Bank& bank, core::UserId who, const std::string& more = "") {
  const Answer first = bank.page(who, "?success=true" + more);
  CHECK(first.status == 303);
  const std::string location(first.headers.get("location"));
  REQUIRE(location.starts_with("/app/credits?success=true&since="));
  return location.substr(std::string("/app/credits").size());
}

const char* const kWaiting = "Your credits will be here in a moment";
const char* const kLate = "Your credits have not arrived yet";
const char* const kPolls = "http-equiv=\"refresh\"";

}  // namespace

TEST_CASE("an account without activity says what will be listed, one with rows shows each with the balance after it") {
  Bank bank;
  const auto ada = bank.sign_up();
  CHECK(has(bank.page(ada), "No activity yet"));
  bank.grant(ada, "a", 1500, "<b>gift</b>");
  bank.grant(ada, "b", 7, "more");
  const Answer page = bank.page(ada);
  CHECK(page.status == 200);
  CHECK(has(page, "data-balance=\"1507\">1,507<"));
  CHECK(has(page, "+1,500"));
  CHECK(has(page, "&lt;b&gt;gift&lt;/b&gt;"));
  CHECK_FALSE(has(page, "<b>gift"));
  CHECK(page.body.find("+7<") < page.body.find("+1,500<"));
}

TEST_CASE("the ledger pages on by its own link and never shows another's rows") {
  Bank bank;
  const auto ada = bank.sign_up(), eve = bank.sign_up();
  for (int i = 0; i < 53; ++i) bank.grant(ada, "k" + std::to_string(i), 1, "row");
  bank.grant(eve, "e", 1, "of eve");
  const Answer first = bank.page(ada);
  CHECK(count(first.body, "<tr data-key=") == 50);
  CHECK(has(first, "href=\"/app/credits?before=4\""));
  const Answer second = bank.page(ada, "?before=4");
  CHECK(count(second.body, "<tr data-key=") == 3);
  CHECK_FALSE(has(second, "?before="));
  CHECK_FALSE(has(first, "of eve"));
  for (const char* nonsense : {"?before=x", "?before=-1", "?before=99999999999999999999", "?before=4'"})
    CHECK_MESSAGE(count(bank.page(ada, nonsense).body, "<tr data-key=") == 50, nonsense);
}

TEST_CASE("the CSV has every row and no cell that a spreadsheet would evaluate") {
  Bank bank;
  const auto ada = bank.sign_up();
  for (int i = 0; i < 501; ++i) bank.grant(ada, "k" + std::to_string(i), 2, i == 0 ? "=1+1\", \"x" : "row");
  const Answer csv = bank.call({.method = Method::get, .target = "/app/credits.csv", .caller = support::user(ada)});
  CHECK(csv.headers.get("content-type") == "text/csv; charset=utf-8");
  CHECK(count(csv.body, "\r\n") == 502);
  CHECK(csv.body.starts_with("time,type,credits,balance,job,note\r\n"));
  CHECK(csv.body.find(",purchase,2,1002,,\"row\"\r\n") != std::string::npos);
  CHECK(csv.body.ends_with(",purchase,2,2,,\"'=1+1\"\", \"\"x\"\r\n"));
}

TEST_CASE("after a checkout the page waits for the credits, then says how many were added") {
  Bank bank;
  const auto ada = bank.sign_up();
  bank.grant(ada, "welcome:", 20, "Welcome credits");  // a gift, not a purchase
  const std::string back = back_from_checkout(bank, ada);
  const Answer waiting = bank.page(ada, back);
  CHECK(has(waiting, kWaiting));
  CHECK(has(waiting, kPolls));
  CHECK(has(waiting, "data-renew-in=\"600\""));
  bank.grant(ada, "bought", 25, "Small pack");
  const Answer there = bank.page(ada, back);
  CHECK(has(there, "25 credits added."));
  CHECK_FALSE(has(there, kWaiting));
  CHECK_FALSE(has(there, kPolls));
  CHECK_FALSE(has(there, "data-renew-in"));
}

TEST_CASE("credits that arrive before the browser is back are shown, those of an earlier purchase are not") {
  Bank bank;
  const auto ada = bank.sign_up();
  bank.grant(ada, "bought", 1, "one");
  bank.now.advance(std::chrono::seconds{20});
  CHECK(has(bank.page(ada, back_from_checkout(bank, ada)), "1 credit added."));
  bank.now.advance(std::chrono::minutes{62});
  CHECK(has(bank.page(ada, back_from_checkout(bank, ada)), kWaiting));
}

TEST_CASE("signing in again in another browser may take most of an hour and the credits are still shown") {
  Bank bank;
  const auto ada = bank.sign_up();
  bank.grant(ada, "bought", 25, "Small pack");
  bank.now.advance(std::chrono::minutes{58});
  const Answer there = bank.page(ada, back_from_checkout(bank, ada));
  CHECK(has(there, "25 credits added."));
  CHECK_FALSE(has(there, kWaiting));
}

TEST_CASE("added credits are shown even when a page of newer rows follows them, and each purchase counts") {
  Bank bank;
  const auto ada = bank.sign_up();
  const std::string back = back_from_checkout(bank, ada);
  bank.grant(ada, "a", 60, "Plan");
  bank.grant(ada, "b", 25, "Small pack");
  for (int i = 0; i < 51; ++i) bank.spend(ada, std::to_string(i));
  const Answer there = bank.page(ada, back);
  CHECK(count(there.body, "<tr data-key=") == 50);
  CHECK_FALSE(has(there, "Small pack"));
  CHECK(has(there, "85 credits added."));
  bank.now.advance(std::chrono::minutes{11});
  CHECK_FALSE(has(bank.page(ada, back), kLate));
}

TEST_CASE("after ten minutes the page stops waiting and says what to do, and late credits are still shown") {
  Bank bank;
  const auto ada = bank.sign_up();
  const std::string back = back_from_checkout(bank, ada);
  bank.now.advance(std::chrono::seconds{598});
  CHECK(has(bank.page(ada, back), kWaiting));
  bank.now.advance(std::chrono::seconds{2});
  const Answer late = bank.page(ada, back);
  CHECK(has(late, kLate));
  CHECK(has(late, "You have not been charged twice."));
  CHECK(has(late, "You returned from checkout at: <time datetime=\""));
  CHECK_FALSE(has(late, kWaiting));
  CHECK_FALSE(has(late, kPolls));
  bank.grant(ada, "bought", 80, "Medium pack");
  CHECK(has(bank.page(ada, back), "80 credits added."));
  bank.now.advance(std::chrono::hours{25});
  CHECK_FALSE(has(bank.page(ada, back), "80 credits added."));
}

TEST_CASE(
    "the time in the URL is only the return's: another user's purchase, nonsense and future times change nothing") {
  Bank bank;
  const auto ada = bank.sign_up(), eve = bank.sign_up();
  const std::string back = back_from_checkout(bank, ada);
  bank.grant(eve, "bought", 25, "Small pack");
  CHECK(has(bank.page(ada, back), kWaiting));
  for (const char* nonsense : {"&since=x", "&since=-1", "&since=9223372036854775807", "&since=99999999999999999999"})
    back_from_checkout(bank, ada, nonsense);
  const auto project = core::ProjectId::random().str();
  const std::string kept = back_from_checkout(bank, ada, "&project=" + project);
  CHECK(has(bank.page(ada, kept), "href=\"/app/projects/" + project + "\""));
  CHECK_FALSE(has(bank.page(ada), kWaiting));
}
