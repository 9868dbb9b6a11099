#include "rest/config.h"

#include "core/text.h"
#include "rest/sql_text.h"

namespace rest {
namespace {

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> out;
  for (std::string_view one : core::split(list, ','))
    if (one = core::trim(one); !one.empty()) out.emplace_back(one);
  return out;
}

}  // namespace

Config Config::from(core::Env& env) {
  Config out;
  out.schemas = split_names(env.text("REST_SCHEMAS", "public"));
  if (out.schemas.empty()) env.fault("REST_SCHEMAS names no schema.");
  for (const std::string& schema : out.schemas)
    if (schema == "auth" || schema == "storage" || schema == "tenon" || schema.starts_with("pg_"))
      env.fault("REST_SCHEMAS must not expose the schema " + schema + ".");
  SqlText path;
  for (const std::string& schema : split_names(env.text("REST_EXTRA_SEARCH_PATH", "public,extensions"))) {
    if (!path.text().empty()) path << ", ";
    path.name(schema);
  }
  out.search_path = path.text();
  out.max_rows = env.integer("REST_MAX_ROWS", 1000, 1, 1'000'000);
  out.max_body = static_cast<std::uint64_t>(env.integer("REST_MAX_BODY_BYTES", 1 << 20, 1024, 256 << 20));
  out.max_response = static_cast<std::size_t>(env.integer("REST_MAX_RESPONSE_BYTES", 16 << 20, 1 << 16, 256 << 20));
  out.aggregates = env.flag("REST_AGGREGATES", false);
  out.may_roll_back = env.flag("REST_TX_ROLLBACK", false);
  out.public_url = env.url("SUPABASE_URL", env.url("APP_BASE_URL", "http://localhost:3000"));
  return out;
}

}  // namespace rest
