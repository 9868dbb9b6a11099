#include "outbox/outbox.h"

namespace outbox {
namespace {

constexpr pg::Sql kPut{"outbox.row_put", R"sql(
  select tenon.outbox_put($1, $2, $3, $4)
)sql"};

constexpr pg::Sql kQueueMail{"outbox.mail_queue", R"sql(
  select tenon.queue_mail($1, $2, nullif($3, ''), $4, nullif($5, ''))
)sql"};

}  // namespace

Task<> put(pg::Tx& tx, std::string_view lane, std::string_view kind, std::optional<core::UserId> user,
           std::string payload) {
  const pg::Json json{std::move(payload)};
  co_await tx.one<std::int64_t>(kPut, lane, kind, user, json);
}

Task<> queue_mail(pg::Tx& tx, core::UserId user, std::string_view kind, std::string_view entity, std::string extra,
                  std::string_view to) {
  const pg::Json json{extra.empty() ? std::string{"{}"} : std::move(extra)};
  co_await tx.one<std::optional<core::Uuid>>(kQueueMail, user, kind, entity, json, to);
}

}  // namespace outbox
