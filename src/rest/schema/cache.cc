#include "rest/schema/cache.h"

#include "core/log.h"
#include "core/task_context.h"
#include "pg/error.h"
#include "rest/answer/fault.h"
#include "rest/schema/load.h"

namespace rest {

using namespace std::chrono_literals;

struct SchemaCache::State {
  State(pg::Db& of, std::vector<std::string> exposed) : db(of), schemas(std::move(exposed)) {}
  pg::Db& db;
  std::vector<std::string> schemas;
  std::shared_ptr<const Catalogue> current;
  core::Event changed;  // somebody said that the schema is another
  bool closing = false;
};

SchemaCache::SchemaCache(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::vector<std::string> schemas)
    : state_(std::make_shared<State>(db, std::move(schemas))), group_(loop) {
  // An empty payload also comes after each reconnect, when a notice may have been missed.
  subscription_ = listener.subscribe("pgrst", [state = state_](std::string_view payload) {
    if (payload.empty() || payload == "reload schema") state->changed.set();
  });
  loop.post([this, weak = std::weak_ptr(state_)] {
    if (const auto state = weak.lock(); state && !state->closing) group_.spawn("rest.schema", keep_fresh(state));
  });
}

SchemaCache::~SchemaCache() = default;

core::Task<> SchemaCache::keep_fresh(std::shared_ptr<State> state) {
  const std::stop_token stop = core::task_context()->stop.get_token();
  std::chrono::milliseconds wait = 100ms;
  while (!stop.stop_requested()) {
    bool loaded = false;
    try {
      core::Task<std::shared_ptr<const Catalogue>> loading = load_catalogue(state->db, state->schemas);
      state->current = co_await loading;
      loaded = true;
      wait = 100ms;
      core::log::info("rest.schema.loaded", {{"tables", state->current->tables().size()},
                                             {"functions", state->current->all_functions().size()}});
    } catch (const pg::Unavailable&) {
    } catch (const std::exception& e) {
      core::log::error("rest.schema.not_loaded", {{"what", e.what()}});
    }
    if (loaded) {
      // However long nobody says so: an hour is what a lost notice may cost.
      core::Task<bool> told = state->changed.wait(1h);
      co_await told;
    } else {
      core::Task<bool> slept = core::sleep_for(wait);
      co_await slept;
      wait = std::min(wait * 2, 2000ms);
    }
  }
}

core::Task<std::shared_ptr<const Catalogue>> SchemaCache::get() {
  const std::shared_ptr<State> state = state_;
  for (int i = 0; !state->current && i < 200; ++i) {
    core::Task<bool> slept = core::sleep_for(20ms);
    if (!co_await slept) break;
  }
  if (!state->current) throw Fault(503, "PGRST002", "Could not query the database for the schema cache. Retrying.");
  co_return state->current;
}

void SchemaCache::reload() { state_->changed.set(); }

core::Task<> SchemaCache::close() {
  state_->closing = true;
  subscription_.reset();
  group_.request_stop();
  core::Task<> joined = group_.join();
  co_await joined;
}

}  // namespace rest
