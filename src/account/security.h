// The security page, which each of its forms shows again when it is refused.
#pragma once

#include "account/forms.h"

namespace account {

Task<http::Response> security_form(Account& account, const http::Request& rq, html::Data data, FormOutcome outcome);
identity::Bearer bearer_of_cookie(const http::Request& rq);

}  // namespace account
