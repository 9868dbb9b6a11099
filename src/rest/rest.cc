#include "rest/rest.h"

#include "rest/schema_cache/loader.h"

namespace rest {

Rest::Rest(core::Loop& loop, pg::Db& of, pg::Listener& listener, Config with)
    : db(of),
      config(std::move(with)),
      schema_cache(std::make_unique<SchemaCacheLoader>(loop, of, listener, config.schemas)) {}

Rest::~Rest() = default;

void Rest::reload() { schema_cache->reload(); }

Task<> Rest::close() { co_await schema_cache->close(); }

}  // namespace rest
