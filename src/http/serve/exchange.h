// One request and its response. Shared with the handler's task, which may outlive its deadline.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "core/task_context.h"
#include "http/parse/head.h"
#include "http/router.h"
#include "http/serve/waiter.h"

namespace http::serve {

struct Exchange {
  parse::Head head;
  Request rq;
  std::shared_ptr<core::TaskContext> context = std::make_shared<core::TaskContext>();
  const Router::Route* route = nullptr;
  std::unique_ptr<BodyReader> streamed_body;
  SteadyTime began;

  std::optional<Response> response;  // what the handler returned, or
  std::exception_ptr error;          // threw
  bool finished = false;             // the handler has ended
  bool abandoned = false;            // the handler missed its deadline; nobody waits for it

  bool endless = false;  // a response without an end is being written
  std::uint64_t sent = 0;
};

}  // namespace http::serve
