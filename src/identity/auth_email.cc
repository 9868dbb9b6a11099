#include "identity/auth_email.h"

#include <fmt/format.h>

#include "core/text.h"
#include "identity/email_flow_state.h"
#include "identity/email_tokens.h"
#include "identity/rate_limits.h"
#include "identity/user_changes.h"
#include "outbox/outbox.h"

namespace identity {

std::string_view amr_method(std::string_view type) { return type == "signup" ? "email/signup" : type; }

std::string email_link(const Config& config, std::string_view type, std::string_view token,
                       const EmailLinkTarget& link_target) {
  if (!link_target.redirect_to.empty() || !link_target.challenge.value.empty()) {
    const std::string& target = link_target.redirect_to.empty() ? config.site_url : link_target.redirect_to;
    return fmt::format("{}/auth/v1/verify?token={}&type={}&redirect_to={}", config.api_url, token, type,
                       core::percent_encode(target));
  }
  const std::string_view page = type == "recovery" ? "reset" : "verify";
  std::string link = fmt::format("{}/{}?token_hash={}&type={}", config.site_url, page, token, type);
  if (!link_target.next.empty()) link += "&next=" + core::percent_encode(link_target.next);
  return link;
}

Task<> queue_auth_email(Identity& identity, pg::Tx& tx, const AuthEmail& email) {
  const bool pkce = !email.link_target.challenge.value.empty();
  const EmailToken one = co_await issue_email_token(identity, tx, email.user, email.token_kind, email.address,
                                                    pkce ? Pkce::yes : Pkce::no);
  if (pkce)
    co_await store_email_flow(tx, email.user, amr_method(email.type), email.link_target.challenge,
                              identity.clock.now());
  core::JsonWriter extra;
  extra.begin()
      .field("url", email_link(identity.config, email.type, one.token, email.link_target))
      .field("code", one.code);
  if (!email.new_email.empty()) extra.field("new_email", email.new_email);
  extra.end();
  co_await outbox::queue_mail(tx, email.user, email.mail, one.id, extra.take(), email.address);
  co_await consume_instance_email_token(identity, tx, purpose_of(email.mail));
}

Task<> queue_confirmation(Identity& identity, pg::Tx& tx, core::UserId user, std::string_view email,
                          const EmailLinkTarget& link_target) {
  const AuthEmail confirmation{user, std::string(email), "confirmation_token", "signup", "confirm", link_target, {}};
  co_await queue_auth_email(identity, tx, confirmation);
  co_await mark_confirmation_sent(tx, user, identity.clock.now());
}

Task<> queue_email_change(Identity& identity, pg::Tx& tx, const User& user, std::string_view address,
                          const EmailLinkTarget& link_target) {
  const std::string fresh(address);
  co_await begin_email_change(tx, user.id, address, identity.clock.now());
  co_await delete_email_tokens(tx, user.id, {"email_change_token_new", "email_change_token_current"});
  AuthEmail email{user.id, fresh, "email_change_token_new", "email_change", "email_change", link_target, fresh};
  co_await queue_auth_email(identity, tx, email);
  if (!identity.config.secure_email_change || user.email.empty()) co_return;
  email.address = user.email;
  email.token_kind = "email_change_token_current";
  co_await queue_auth_email(identity, tx, email);
}

}  // namespace identity
