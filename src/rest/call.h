// One request on its way: what its headers said, for whom it speaks, the catalogue it began with. Private to rest/.
#pragma once

#include <memory>
#include <string>

#include "http/router.h"
#include "pg/pg.h"
#include "rest/answer/fault.h"
#include "rest/answer/page.h"
#include "rest/grammar/prefer.h"
#include "rest/plan/plan.h"
#include "rest/rest.h"
#include "rest/schema/catalogue.h"

namespace rest {

struct Call {
  Call(Rest& of, http::Request& request, std::shared_ptr<const Catalogue> known);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  Rest& rest;
  http::Request& rq;
  const std::shared_ptr<const Catalogue> catalogue;
  std::string schema;
  Prefer prefer;
  Media media;
  pg::As who;
  pg::RequestSettings frame;
  pg::ResponseOverrides said;  // by what was called or changed; a plain read asks for nothing
  plan::Bounds bounds;

  bool is_read() const { return rq.method == http::Method::get || rq.method == http::Method::head; }
  // The table or view of the path; throws Fault PGRST205.
  const Table& table() const;
  // `Prefer: tx=rollback`, where the configuration lets clients say so.
  bool rolls_back() const;
  // Where the page begins, after `Range` was worked into limit and offset.
  std::int64_t page(Resource& root) const;
  // With a `Range` and no count asked: how far rows are counted to tell whether the page is the whole. Otherwise 0.
  std::int64_t counts_to(const Resource& root) const;
  Total total_known() const { return prefer.count == Prefer::Count::exact ? Total::counted : Total::guessed; }
};

// One trip. Throws Fault for what a guard of the statement raised, pg::Error for the rest.
Task<pg::Rows> run(Call& call, const SqlText& sql);
// The planner's guess at the rows of `root`; for count=planned and large ones of count=estimated.
Task<std::int64_t> estimate(Call& call, const Node& root);
// The total as the count that was asked for understands it: a guess is never less than the `seen` rows.
Task<std::optional<std::int64_t>> total_of(Call& call, const Node& root, std::optional<std::int64_t> counted,
                                           std::int64_t seen);

using UseCase = Task<http::Response> (*)(Call&);
// The use case, with everything it throws answered in the wire's shape.
http::Handler on_wire(Rest& rest, UseCase use_case);

// The use cases, each in the file of its name.
Task<http::Response> read(Call& call);           // GET, HEAD /{table}
Task<http::Response> insert(Call& call);         // POST /{table}
Task<http::Response> put(Call& call);            // PUT /{table}
Task<http::Response> update(Call& call);         // PATCH /{table}
Task<http::Response> remove(Call& call);         // DELETE /{table}
Task<http::Response> call_function(Call& call);  // GET, HEAD, POST /rpc/{function}
Task<http::Response> describe(Call& call);       // GET /

}  // namespace rest
