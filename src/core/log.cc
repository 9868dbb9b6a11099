#include "core/log.h"

#include <unistd.h>

#include <atomic>
#include <cmath>

#include "core/clock.h"
#include "core/json.h"
#include "core/task_context.h"

namespace core::log {

namespace {
std::atomic<Level> lowest_level{Level::info};
}  // namespace

Value::Value(double number) : text_(std::isfinite(number) ? std::to_string(number) : "null"), quoted_(false) {}

void set_level(Level lowest) { lowest_level = lowest; }

void write(Level level, std::string_view event, Fields fields) {
  if (level < lowest_level.load()) return;
  static constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  JsonWriter line;
  line.begin();
  line.field("time", rfc3339(SystemClock{}.now()))
      .field("level", kNames[static_cast<int>(level)])
      .field("event", event);
  const TaskContext& here = *task_context();
  if (!here.request_id.empty()) line.field("request_id", here.request_id);
  if (!here.user_id.empty()) line.field("user_id", here.user_id);
  if (!here.job_id.empty()) line.field("job_id", here.job_id);
  for (const Field& field : fields) {
    line.key(field.name);
    if (field.value.quoted()) line.value(field.value.text());
    else line.raw(field.value.text());
  }
  line.end();
  std::string text = line.take();
  text += '\n';
  // One write a line, so that lines of several threads and processes never mix. A full disk loses the line, not the
  // process.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace core::log
