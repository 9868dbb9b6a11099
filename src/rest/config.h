// Settings of the data API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/env.h"

namespace rest {

struct Config {
  std::vector<std::string> schemas{"public"};  // REST_SCHEMAS: exposed; the first is the default
  std::string search_path;                     // REST_EXTRA_SEARCH_PATH: follows the request's schema
  std::int64_t max_rows = 1000;                // REST_MAX_ROWS, of one response
  std::uint64_t max_body = 1 << 20;            // REST_MAX_BODY_BYTES
  std::size_t max_response = 16 << 20;         // REST_MAX_RESPONSE_BYTES, of the rows and of the body made of them
  bool aggregates = false;                     // REST_AGGREGATES: allow count(), sum(), … in select
  bool may_roll_back = false;                  // REST_TX_ROLLBACK: honour `Prefer: tx=rollback`
  std::string public_url;                      // SUPABASE_URL, else APP_BASE_URL: host of the OpenAPI document
  static Config from(core::Env& env);
};

// The limits that a plan observes.
struct Bounds {
  std::int64_t max_rows = 1000;
  bool aggregates = false;
  std::size_t max_row =
      0;  // bytes of what multiplies inside of one row: embeds, casts, repeated columns. 0: any number
};

}  // namespace rest
