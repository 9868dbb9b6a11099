// What every endpoint shares on the way out: the page's range and status, the preferences that were applied, the rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/response.h"
#include "pg/pg.h"
#include "rest/answer/fault.h"
#include "rest/grammar/prefer.h"
#include "rest/plan/plan.h"
#include "rest/schema/catalogue.h"

namespace rest {

// The answer's rows, and what the leading columns said.
struct Found {
  pg::Rows rows;
  int first_column = 0;
  std::int64_t size = 0;  // of the page
  std::optional<std::int64_t> total;
  std::int64_t updated = 0;
};
Found found(const Plan& plan, pg::Rows rows);

// "0-9/42", "*/0".
std::string content_range(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total);
// 200, 206 for a part of a known whole. Throws Fault PGRST103 for a page behind the end, if `total` was counted.
enum class Total { counted, guessed };
int page_status(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total, Total known);

// The head of such an answer, for HEAD.
http::Response rows_head(const Found& found, const Media& media);
// The rows in the media type. An object needs exactly one row, else Fault PGRST116.
http::Response rows_answer(const Catalogue& catalogue, const Found& found, const Media& media);
// Of a function that gives one bare value, or an array of them.
http::Response value_answer(const Catalogue& catalogue, const Found& found, const Media& media, bool is_set);

Fault not_one_row(std::int64_t count);

// Which of the preferences an endpoint heeds, as Preference-Applied.
struct Applied {
  bool returns = false, resolution = false, missing = false, max_affected = false, end = false;
};
void set_applied(http::Response& response, const Prefer& prefer, const Applied& heeded);

}  // namespace rest
