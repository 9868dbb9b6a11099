// One request and its answer. The handler's task shares it with the connection, since it may outlive its deadline.
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "core/task_context.h"
#include "http/serve/hub.h"
#include "http/wire/chunked.h"
#include "http/wire/head.h"

namespace http::serve {

struct Exchange {
  wire::Head head;
  Request rq;
  std::shared_ptr<core::TaskContext> context = std::make_shared<core::TaskContext>();
  const Router::Route* route = nullptr;
  std::optional<wire::ChunkDecoder> chunks;
  std::uint64_t left = 0;      // of a body with a stated length
  std::uint64_t received = 0;  // of the body
  std::uint64_t limit = 0;
  std::chrono::nanoseconds waited{0};  // for the body
  bool body_done = true;
  bool continue_due = false;
  std::unique_ptr<BodyReader> reader;
  std::optional<Response> answer;
  std::exception_ptr error;
  bool finished = false;
  bool abandoned = false;  // nobody waits for the handler any more
  bool endless = false;    // an answer without end is being written
  std::uint64_t sent = 0;
  SteadyTime began;
};

}  // namespace http::serve
