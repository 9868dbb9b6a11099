// Resolved inserts, updates and deletes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rest/config.h"
#include "rest/plan/resolve_embeds.h"
#include "rest/request/payload.h"
#include "rest/request/query_params.h"
#include "rest/request/request.h"

namespace rest {

// How the changed rows are returned and guarded.
struct Returning {
  Preferences::Return returns = Preferences::Return::minimal;
  bool single = false;                       // exactly one row, or PGRST116
  std::optional<std::int64_t> max_affected;  // or PGRST124
};

struct InsertPlan {
  Node root;
  Bounds bounds;
  Returning returning;
  std::size_t rows = 0;
  std::string body;  // a JSON array
  std::vector<std::string> columns;
  std::set<std::string> mixed;        // columns that take their default in the objects that lack them
  std::vector<std::string> conflict;  // the columns of `on conflict`
  Preferences::Resolution resolution = Preferences::Resolution::none;
  bool put = false;  // the payload must have the key of the filters, or PGRST115
  bool resolves_conflicts() const { return resolution != Preferences::Resolution::none && !conflict.empty(); }
};

struct UpdatePlan {
  Node root;
  Bounds bounds;
  Returning returning;
  std::string body;  // a JSON object
  std::vector<std::string> columns;
  std::set<std::string> defaults;  // of the columns: those that are set to their default
};

struct DeletePlan {
  Node root;
  Bounds bounds;
  Returning returning;
};

// The columns that the payload fills, sorted: ?columns, or its keys. Throws Error PGRST102 (keys differ), PGRST204.
std::vector<std::string> payload_columns(const QueryParams& query, const Table& table, const Payload& payload);
// Throws Error PGRST204 for a column of ?on_conflict that the table lacks.
void check_conflict_columns(const QueryParams& query, const Table& table);
// A PUT names one row by its whole primary key. Throws Error PGRST105, PGRST114, PGRST115.
void check_put(const QueryParams& query, const Table& table, const Payload& payload);
// Mutations change all rows that match. Throws Error PGRST100 for limit and offset.
void reject_page(const QueryParams& query);

// `columns` are those of payload_columns(). They throw Error PGRST200, PGRST201; plan_put PGRST115.
InsertPlan plan_insert(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const QueryParams& query, const Payload& payload, std::vector<std::string> columns);
InsertPlan plan_put(const Request& request, const SchemaCache& schema_cache, const Table& table,
                    const QueryParams& query, const Payload& payload);
UpdatePlan plan_update(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const QueryParams& query, const Payload& payload, std::vector<std::string> columns);
DeletePlan plan_delete(const Request& request, const SchemaCache& schema_cache, const Table& table,
                       const QueryParams& query);

}  // namespace rest
