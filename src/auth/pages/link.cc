// GET and POST /login/link: sign in by a mailed link, without a password. An unknown address is answered as a known
// one.
#include "auth/accounts/accounts.h"
#include "auth/pages/forms.h"
#include "auth/pages/pages.h"
#include "core/text.h"

namespace auth {
namespace {

http::Response link_form(const Request& rq, html::Data data, std::string_view address, const Refusal& refusal = {}) {
  const std::string next = next_of(rq);
  data.set("title", "auth.link.title").set("narrow", true).set("address", std::string(address));
  data.set("next", next).set("next_query", core::percent_encode(next, "/"));
  return refused_page(rq, "auth/link", std::move(data), refusal);
}

}  // namespace

Task<Response> link_page(Auth&, Request& rq) {
  if (rq.caller.signed_in()) co_return http::redirect(safe_next(rq.query("next").value_or("")));
  const std::string address = sent_address(rq);
  html::Data data;
  data.set("sent", rq.query("sent").has_value() && !address.empty());
  co_return link_form(rq, std::move(data), address);
}

Task<Response> link_post(Auth& auth, Request& rq) {
  const std::string email(rq.form("email"));
  OtpAsk ask;
  ask.email = email;
  ask.may_create = false;
  ask.landing.next = next_of(rq);
  ask.from = visitor_origin(rq);
  html::Data data;
  Refusal refusal;
  try {
    co_await request_otp(auth, std::move(ask));
  } catch (const core::Problem& problem) {
    // The wire may tell that nobody has the address; a page never does.
    if (problem.code != "otp_disabled") refusal = tell(rq, problem, data);
  }
  if (refusal.status != 200) co_return link_form(rq, std::move(data), email, refusal);
  const std::string next = next_of(rq);
  const std::string back = "/login/link?sent=yes" + (next.empty() ? "" : "&next=" + core::percent_encode(next, "/"));
  co_return http::redirect(back).cookie(sent_cookie(auth.config, rq, email));
}

}  // namespace auth
