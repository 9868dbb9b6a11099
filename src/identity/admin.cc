#include "identity/admin.h"

#include "identity/audit_log.h"
#include "identity/devices.h"

namespace identity {
namespace {

constexpr const char* kWhy = "the caller holds the service key";

struct ListRequest {
  std::string filter;
  std::int64_t page;
  std::int64_t per_page;
};
Task<UserPage> list_in(pg::Tx& tx, ListRequest& list) { return list_users(tx, list.filter, list.page, list.per_page); }

Task<std::optional<User>> find_in(pg::Tx& tx, core::UserId& id) { return user_by_id(tx, id); }

struct Creation {
  Identity* identity;
  NewUser user;
  ClientInfo from;
};
Task<std::optional<User>> create_in(pg::Tx& tx, Creation& creation) {
  co_await insert_user(tx, creation.user, creation.identity->clock.now());
  co_await audit(*creation.identity, tx, "user_signedup", creation.user.id, creation.from);
  co_return co_await user_by_id(tx, creation.user.id);
}

struct Update {
  Identity* identity;
  core::UserId user;
  AdminUserChanges changes;
  std::string password_hash;
  ClientInfo from;
};
Task<std::optional<User>> update_in(pg::Tx& tx, Update& update) {
  const core::Time now = update.identity->clock.now();
  const auto before = co_await user_by_id(tx, update.user);
  if (!before) co_return std::nullopt;
  co_await change_user(tx, update.user, update.changes, now);
  const std::string& email = update.changes.email;
  // Links mailed to the old address must not open the account of the new one.
  if (!email.empty() && email != before->email) co_await delete_email_tokens(tx, update.user);
  if (!update.password_hash.empty()) {
    co_await set_password(tx, update.user, update.password_hash, now);
    co_await delete_email_tokens(tx, update.user);
    co_await end_sessions(tx, update.user, std::nullopt, SignOutScope::global);
    co_await forget_devices(tx, update.user);
    co_await audit(*update.identity, tx, "user_updated_password", update.user, update.from);
  }
  co_await audit(*update.identity, tx, "user_modified", update.user, update.from);
  auto after = co_await user_by_id(tx, update.user);
  // An imported user may exceed the limit already and can still be banned.
  if (after && (update.changes.user_metadata != "{}" || update.changes.app_metadata != "{}"))
    require_metadata_fits(*after);
  co_return after;
}

struct DeletionOf {
  Identity* identity;
  core::UserId user;
  Deletion deletion;
  ClientInfo from;
};
Task<bool> delete_in(pg::Tx& tx, DeletionOf& of) {
  bool deleted = false;
  if (of.deletion == Deletion::soft) {
    deleted = (co_await user_by_id(tx, of.user)).has_value();
    if (deleted) co_await soft_delete(tx, of.user, of.identity->clock.now());
  } else {
    deleted = co_await delete_user(tx, of.user);
  }
  if (deleted) co_await audit(*of.identity, tx, "user_deleted", of.user, of.from);
  co_return deleted;
}

}  // namespace

Task<UserPage> list_users(Identity& identity, std::string filter, std::int64_t page, std::int64_t per_page) {
  const ListRequest list{std::move(filter), page, per_page};
  co_return co_await identity.db.in(pg::as_service(kWhy), list_in, list);
}

Task<std::optional<User>> find_user(Identity& identity, core::UserId user) {
  co_return co_await identity.db.in(pg::as_service(kWhy), find_in, user);
}

Task<std::optional<User>> create_user(Identity& identity, NewUser user, ClientInfo from) {
  const Creation creation{&identity, std::move(user), std::move(from)};
  co_return co_await identity.db.in(pg::as_service(kWhy), create_in, creation);
}

Task<std::optional<User>> update_user(Identity& identity, core::UserId user, AdminUserChanges changes,
                                      std::string password_hash, ClientInfo from) {
  const Update update{&identity, user, std::move(changes), std::move(password_hash), std::move(from)};
  co_return co_await identity.db.in(pg::as_service(kWhy), update_in, update);
}

Task<bool> delete_user(Identity& identity, core::UserId user, Deletion deletion, ClientInfo from) {
  const DeletionOf of{&identity, user, deletion, std::move(from)};
  co_return co_await identity.db.in(pg::as_service(kWhy), delete_in, of);
}

}  // namespace identity
