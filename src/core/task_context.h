// Follows a chain of Tasks without being passed by hand: ids for the log, and the stop that is requested when the
// client disconnects. A leaf awaiter (sleep, Asio completion, offload, Event) saves the pointer when it suspends and
// restores it when it resumes, so each request, job or background task keeps its own.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

namespace core {

struct TaskContext {
  std::string request_id;
  std::string user_id;
  std::string job_id;
  std::string caller;       // whose share of what all share the work takes (pg/callers.h); empty: nobody's
  std::stop_source stop;    // requested when the client disconnects or the process drains; long waits end early then
  bool expendable = false;  // a stop may also cut what is already running: a GET whose response nobody will read
};

// The context of the code that runs now, never null: outside a request it is an empty one.
const std::shared_ptr<TaskContext>& task_context();
void set_task_context(std::shared_ptr<TaskContext> next);

// Gives a scope its own context and restores the previous one.
class TaskContextScope {
 public:
  explicit TaskContextScope(std::shared_ptr<TaskContext> mine);
  ~TaskContextScope();
  TaskContextScope(const TaskContextScope&) = delete;
  TaskContextScope& operator=(const TaskContextScope&) = delete;

 private:
  std::shared_ptr<TaskContext> before_;
};

}  // namespace core
