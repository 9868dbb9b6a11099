#include "core/ambient.h"

namespace core {

namespace {
thread_local std::shared_ptr<Ambient> current_ambient;
}

const std::shared_ptr<Ambient>& ambient() {
  if (!current_ambient) current_ambient = std::make_shared<Ambient>();
  return current_ambient;
}

void set_ambient(std::shared_ptr<Ambient> next) { current_ambient = std::move(next); }

AmbientScope::AmbientScope(std::shared_ptr<Ambient> mine) : before_(std::move(current_ambient)) {
  current_ambient = std::move(mine);
}

AmbientScope::~AmbientScope() { current_ambient = std::move(before_); }

}  // namespace core
