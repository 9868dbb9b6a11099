#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "core/text.h"
#include "jobs/jobs.h"

namespace jobs {

Config Config::from(core::Env& env) {
  Config config;
  config.worker_id = env.text("WORKER_ID", "");
  if (config.worker_id.empty()) config.worker_id = "worker-" + std::to_string(::getpid());
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  config.slots = static_cast<int>(env.integer("WORKER_SLOTS", 0, 0, 256));
  if (config.slots == 0) config.slots = cores;
  config.poll = std::chrono::milliseconds(env.integer("POLL_INTERVAL_MS", 1000, 20, 60000));
  config.lease_seconds = static_cast<int>(env.integer("TENON_LEASE_SECONDS", 12, 2, 3600));
  config.external_lease_seconds = static_cast<int>(env.integer("TENON_EXTERNAL_LEASE_SECONDS", 3600, 10, 604800));
  config.work_dir = env.text("TENON_WORK_DIR", "");
  if (config.work_dir.empty())
    config.work_dir = (std::filesystem::temp_directory_path() / ("tenon-work-" + std::to_string(::getuid()))).string();
  const std::string names = env.text("PIPELINE_ENV", "");
  for (const std::string_view name : core::split(names, ','))
    if (!core::trim(name).empty()) config.pipeline_env.emplace_back(core::trim(name));
  config.step_timeout = std::chrono::seconds(env.integer("STEP_TIMEOUT_SECONDS", 1800, 1, 86400));
  config.step_memory_bytes = static_cast<std::uint64_t>(env.integer("STEP_MEMORY_MB", 2048, 64, 1 << 20)) << 20;
  config.step_file_bytes = static_cast<std::uint64_t>(env.integer("STEP_FILE_MB", 2048, 1, 1 << 20)) << 20;
  config.step_program = "/proc/self/exe";
  return config;
}

}  // namespace jobs
