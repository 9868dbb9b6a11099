// What the four pages share: sentences for refusals, the session into the browser, the address that a mail went to.
#pragma once

#include <string>
#include <string_view>

#include "auth/sessions/sessions.h"
#include "core/problem.h"
#include "html/html.h"

namespace auth {

// The sentence a person reads for a refusal of the account's use cases.
std::string sentence_of(const http::Request& rq, const core::Problem& problem);
// Puts it where it belongs: beside the field it is about, or above the form.
void tell(const http::Request& rq, const core::Problem& problem, html::Data& data);

// Signs the browser in and sends it on.
http::Response enter(Auth& auth, http::Request& rq, const Session& session, std::string_view next);

// Keeps the address over the redirect, out of the URL and so out of logs.
std::string sent_cookie(const Config& config, const http::Request& rq, std::string_view address);
std::string sent_address(const http::Request& rq);  // empty when there is none

// `next` of the query or the form, when it is a path of this site; empty otherwise.
std::string next_of(const http::Request& rq);

}  // namespace auth
