#include "rest/schema_cache/loader.h"

#include "core/log.h"
#include "core/task_context.h"
#include "pg/error.h"
#include "rest/error.h"
#include "rest/schema_cache/load.h"

namespace rest {

using namespace std::chrono_literals;

struct SchemaCacheLoader::State {
  State(pg::Db& of, std::vector<std::string> exposed) : db(of), schemas(std::move(exposed)) {}
  pg::Db& db;
  std::vector<std::string> schemas;
  std::shared_ptr<const SchemaCache> current;
  core::Event changed;
  bool closing = false;
};

SchemaCacheLoader::SchemaCacheLoader(core::Loop& loop, pg::Db& db, pg::Listener& listener,
                                     std::vector<std::string> schemas)
    : state_(std::make_shared<State>(db, std::move(schemas))), group_(loop) {
  // An empty payload follows each reconnect, since notifications may have been missed.
  subscription_ = listener.subscribe("pgrst", [state = state_](std::string_view payload) {
    if (payload.empty() || payload == "reload schema") state->changed.set();
  });
  loop.post([this, weak = std::weak_ptr(state_)] {
    if (const auto state = weak.lock(); state && !state->closing) group_.spawn("rest.schema", keep_fresh(state));
  });
}

SchemaCacheLoader::~SchemaCacheLoader() = default;

core::Task<> SchemaCacheLoader::keep_fresh(std::shared_ptr<State> state) {
  const std::stop_token stop = core::task_context()->stop.get_token();
  std::chrono::milliseconds wait = 100ms;
  while (!stop.stop_requested()) {
    bool loaded = false;
    try {
      state->current = co_await load_schema_cache(state->db, state->schemas);
      loaded = true;
      wait = 100ms;
      core::log::info("rest.schema.loaded", {{"tables", state->current->tables().size()},
                                             {"functions", state->current->all_routines().size()}});
    } catch (const pg::Unavailable&) {
    } catch (const std::exception& e) {
      core::log::error("rest.schema.load_failed", {{"what", e.what()}});
    }
    if (loaded) {
      co_await state->changed.wait(1h);  // reloaded hourly, in case a notification was lost
    } else {
      co_await core::sleep_for(wait);
      wait = std::min(wait * 2, 2000ms);
    }
  }
}

core::Task<std::shared_ptr<const SchemaCache>> SchemaCacheLoader::get() {
  const std::shared_ptr<State> state = state_;
  for (int i = 0; !state->current && i < 200; ++i) {
    if (!co_await core::sleep_for(20ms)) break;
  }
  if (!state->current) throw Error(503, "PGRST002", "Could not query the database for the schema cache. Retrying.");
  co_return state->current;
}

void SchemaCacheLoader::reload() { state_->changed.set(); }

core::Task<> SchemaCacheLoader::close() {
  state_->closing = true;
  subscription_.reset();
  group_.request_stop();
  co_await group_.join();
}

}  // namespace rest
