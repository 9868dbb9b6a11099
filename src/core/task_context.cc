#include "core/task_context.h"

namespace core {

namespace {
thread_local std::shared_ptr<TaskContext> current_context;
}

const std::shared_ptr<TaskContext>& task_context() {
  if (!current_context) current_context = std::make_shared<TaskContext>();
  return current_context;
}

void set_task_context(std::shared_ptr<TaskContext> next) { current_context = std::move(next); }

TaskContextScope::TaskContextScope(std::shared_ptr<TaskContext> mine) : before_(std::move(current_context)) {
  current_context = std::move(mine);
}

TaskContextScope::~TaskContextScope() { current_context = std::move(before_); }

}  // namespace core
