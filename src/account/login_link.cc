// GET and POST /login/link: sign in by an emailed link, without a password. The response does not reveal whether the
// address is known.
#include "access/redirect_allowlist.h"
#include "account/forms.h"
#include "account/pages.h"
#include "core/text.h"
#include "identity/accounts.h"

namespace account {
namespace {

http::Response link_form(const Request& rq, html::Data data, std::string_view address,
                         const FormOutcome& outcome = {}) {
  const std::string next = next_of(rq);
  data.set("title", "account.link.title").set("narrow", true).set("address", std::string(address));
  data.set("next", next).set("next_query", core::percent_encode(next, "/"));
  return form_page(rq, "account/login_link", std::move(data), outcome);
}

}  // namespace

Task<Response> login_link_page(Account&, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(access_control::safe_next(rq.query("next").value_or("")));
  const std::string address = sent_address(rq);
  html::Data data;
  data.set("sent", rq.query("sent").has_value() && !address.empty());
  co_return link_form(rq, std::move(data), address);
}

Task<Response> login_link_post(Account& account, Request& rq) {
  const std::string email(rq.form("email"));
  identity::OtpRequest ask;
  ask.email = email;
  ask.may_create = false;
  ask.link_target.next = next_of(rq);
  ask.from = client_info_with_device(rq);
  html::Data data;
  FormOutcome outcome;
  try {
    co_await identity::request_otp(account.identity, std::move(ask));
  } catch (const core::Problem& problem) {
    // The API may reveal that the address is unknown; a page never does.
    if (problem.code != "otp_disabled") outcome = show_problem(rq, problem, data);
  }
  if (outcome.status != 200) co_return link_form(rq, std::move(data), email, outcome);
  const std::string next = next_of(rq);
  const std::string back = "/login/link?sent=yes" + (next.empty() ? "" : "&next=" + core::percent_encode(next, "/"));
  co_return http::redirect(back).cookie(sent_address_cookie(account.access, rq, email));
}

}  // namespace account
