// Every access token contains the metadata, and tokens above jwt::kMaxLength are refused: larger metadata would lock
// its owner out.
#include <fmt/format.h>

#include "core/problem.h"
#include "identity/users.h"

namespace identity {

void require_metadata_fits(std::string_view user_metadata, std::string_view app_metadata) {
  const auto size = [](std::string_view text) {
    const auto json = core::Json::parse(text);
    return json ? json->dump().size() : text.size();
  };
  const std::size_t bytes = size(user_metadata) + size(app_metadata);
  if (bytes <= kMaxMetadata) return;
  throw core::Problem(400, "identity.validation_failed.metadata",
                      {{"most", std::int64_t{kMaxMetadata}}, {"bytes", static_cast<std::int64_t>(bytes)}});
}

void require_metadata_fits(const User& user) {
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  require_metadata_fits(row["raw_user_meta_data"].dump(), row["raw_app_meta_data"].dump());
}

}  // namespace identity
