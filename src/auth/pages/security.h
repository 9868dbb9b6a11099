// The security settings' page, which each of its forms shows again when it is refused.
#pragma once

#include "auth/pages/forms.h"

namespace auth {

Task<http::Response> security_form(Auth& auth, const http::Request& rq, html::Data data, Refusal refusal);
Bearer bearer_of_cookie(const http::Request& rq);

}  // namespace auth
