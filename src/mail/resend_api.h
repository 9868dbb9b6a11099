// Resend's API: an email as a request, and what a response means. No I/O; deliver.cc sends.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "http/client.h"
#include "mail/email_template.h"
#include "mail/mail.h"

namespace mail {

struct Envelope {
  core::Uuid log;  // email_log.id
  std::string kind;
  std::string entity;  // may be empty: the idempotency key is then made of the log's id
  std::string to;
};

// "<kind>/<entity>", the same for every attempt: a retry after a crash between send and commit sends nothing twice.
std::string idempotency_key(const Envelope& envelope);
http::ClientRequest send_request(const Config& config, const Envelope& envelope, const RenderedEmail& email);

struct SendOutcome {
  enum class Status {
    sent,
    already_sent,  // the idempotency key was used with another payload: an email of this kind and entity went out
    retry,
    rejected,
  } status = Status::retry;
  std::string resend_id;
  std::string error;                                 // name and message, for email_log and the outbox
  std::optional<std::chrono::seconds> after{};       // wait before this email's next attempt
  std::optional<std::chrono::milliseconds> pause{};  // wait before any email
  std::optional<double> per_second{};                // the account's rate limit
};
SendOutcome outcome_of(const http::ClientResponse& response);

}  // namespace mail
