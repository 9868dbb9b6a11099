// Resend's wire: a letter as a request, and what its answers mean. Pure; the sending is deliver.cc's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "http/client.h"
#include "mail/letter.h"
#include "mail/mail.h"

namespace mail {

struct Envelope {
  core::Uuid log;  // email_log.id
  std::string kind;
  std::string entity;  // may be empty: then the log's id makes the key
  std::string to;
};

// `<kind>/<entity>`: the same for every attempt, so that a mail is sent once whatever happens between send and mark.
std::string idempotency_key(const Envelope& envelope);
http::ClientRequest request_of(const Config& config, const Envelope& envelope, const Letter& letter);

struct Verdict {
  enum class What {
    sent,
    sent_before,  // the key stands with another text: a mail for this kind and entity went out
    retry,
    refused,
  } what = What::retry;
  std::string resend_id;
  std::string error;                                 // name and sentence, for email_log and last_error
  std::optional<std::chrono::seconds> after{};       // retry not before
  std::optional<std::chrono::milliseconds> pause{};  // no mail at all before
  std::optional<double> per_second{};                // the team's limit
};
Verdict judge(const http::ClientResponse& answer);

}  // namespace mail
