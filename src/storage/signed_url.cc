#include "storage/signed_url.h"

#include "core/text.h"

namespace storage {

namespace {

StorageError invalid_jwt(const std::string& message) { return {"400", "InvalidJWT", "InvalidJWT", message}; }
StorageError invalid_signature(const std::string& message) {
  return {"400", "InvalidSignature", "InvalidSignature", message};
}

}  // namespace

std::string download_token(const StorageContext& context, std::string path, std::int64_t seconds) {
  SignedUrlClaims claims;
  claims.path = std::move(path);
  claims.issued = core::unix_seconds(context.clock.now());
  claims.expires = claims.issued + seconds;
  return sign_token(context.config.signing_key, claims);
}

SignedUrlClaims verify_signed_url(const StorageContext& context, const http::Request& rq, Scope scope,
                                  const std::string& path) {
  const auto token = rq.query("token");
  if (!token || token->empty()) throw invalid_request("querystring must have required property 'token'");
  auto verified =
      verify_token(context.config.signing_key, *token, scope, path, core::unix_seconds(context.clock.now()));
  if (auto* claims = std::get_if<SignedUrlClaims>(&verified)) return std::move(*claims);
  switch (std::get<TokenError>(verified)) {
    case TokenError::bad_signature: throw invalid_jwt("signature verification failed");
    case TokenError::expired: throw invalid_jwt(R"("exp" claim timestamp check failed)");
    case TokenError::wrong_scope:
      throw invalid_signature(scope == Scope::download ? "Token is not scoped for download"
                                                       : "Token is not scoped for upload");
    case TokenError::wrong_path: throw invalid_signature("Invalid signature");
    case TokenError::malformed: break;
  }
  throw invalid_jwt("Invalid Compact JWS");
}

std::string Storage::signed_path(std::string_view bucket, std::string_view key, std::int64_t seconds,
                                 std::string_view download) const {
  const std::string object = std::string(bucket) + "/" + std::string(key);
  std::string path = "/storage/v1/object/sign/" + core::percent_encode(object, "/") +
                     "?token=" + download_token(*context_, object, seconds);
  if (!download.empty()) path += "&download=" + core::percent_encode(download);
  return path;
}

std::string Storage::signed_url(std::string_view bucket, std::string_view key, std::int64_t seconds,
                                std::string_view download) const {
  return context_->config.public_url + signed_path(bucket, key, seconds, download);
}

}  // namespace storage
