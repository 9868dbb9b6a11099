// Signing in by way of a provider: the wire's /authorize and /callback, the id_token grant, and the pages' own buttons,
// which walk the same way as a PKCE client of the wire would. Start reading at callback.cc.
#pragma once

#include <string>

#include "auth/oauth/exchange.h"
#include "auth/sessions/sessions.h"

namespace auth::oauth {

using http::Request;
using http::Response;

// Stores the flow and answers the URL of the provider's page. Throws Problem 503 temporarily_unavailable while the
// provider cannot be asked.
Task<std::string> begin(Auth& auth, const Provider& provider, Flow flow, std::string scopes, Pairs extras);

// A session for the bearer of a provider's ID token. Throws BadIdToken, ProviderFault or Problem.
struct IdTokenGrant {
  std::string provider;
  std::string id_token;
  std::string access_token;
  std::string nonce;
};
Task<Session> sign_in_by_id_token(Auth& auth, IdTokenGrant grant, Origin from);

Task<Response> authorize(Auth& auth, Request& rq);       // GET /auth/v1/authorize
Task<Response> authorize_link(Auth& auth, Request& rq);  // GET /auth/v1/user/identities/authorize
Task<Response> callback(Auth& auth, Request& rq);        // GET and POST /auth/v1/callback
Task<Response> id_token_grant(Auth& auth, Request& rq);  // POST /auth/v1/token?grant_type=id_token

}  // namespace auth::oauth
