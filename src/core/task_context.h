// What follows a chain of Tasks without being passed by hand: ids for the log, and whether the one who asked has left.
// A leaf awaiter (sleep, Asio completion, offload, Event) saves the pointer when it suspends and restores it when it
// resumes, so each request, job or background task keeps its own.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

namespace core {

struct TaskContext {
  std::string request_id;
  std::string user_id;
  std::string job_id;
  std::stop_source stop;    // requested when the client left or the process drains; long waits end early then
  bool expendable = false;  // after the stop even what is begun then may be ended early: a GET whose answer nobody gets
};

// The ambient of the code that runs now, never null: outside a request it is the empty one.
const std::shared_ptr<TaskContext>& task_context();
void set_task_context(std::shared_ptr<TaskContext> next);

// Gives a scope its own ambient and puts the old one back.
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
