#include "core/task_context.h"

namespace core {

namespace {
thread_local std::shared_ptr<TaskContext> current_ambient;
}

const std::shared_ptr<TaskContext>& task_context() {
  if (!current_ambient) current_ambient = std::make_shared<TaskContext>();
  return current_ambient;
}

void set_task_context(std::shared_ptr<TaskContext> next) { current_ambient = std::move(next); }

TaskContextScope::TaskContextScope(std::shared_ptr<TaskContext> mine) : before_(std::move(current_ambient)) {
  current_ambient = std::move(mine);
}

TaskContextScope::~TaskContextScope() { current_ambient = std::move(before_); }

}  // namespace core
