// The callers that share a pool's connections: those at work, their shares, and their turns while they wait. A caller
// is what the task context names: a user, or a stranger's network. Work without a name (background, the service key,
// sessions being looked up) has no bound. Private to pg/.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "pg/pipeline_request.h"

namespace pg::detail {

struct CheckoutRequest;

// A caller's share of one pool, which is of one loop (docs/spec/security.md 1.11).
inline constexpr int kUnitsEach = 4;              // requests under way beside other callers; alone: any number
inline constexpr std::size_t kWaitingEach = 256;  // requests, and transactions, that wait beside other callers
inline constexpr milliseconds kSlow{100};         // a request that lasts longer makes its caller a slow one
inline constexpr milliseconds kSlowFor{3000};     // a slow caller has one request under way, on a pipeline of its own

struct Caller {
  std::string_view name;
  bool bounded = false;
  int load = 0;    // requests and transactions, under way or waiting
  int units = 0;   // requests on shared pipelines
  int leases = 0;  // checked-out connections
  Instant slow_until{};
  std::deque<PipelineRequest*> requests;
  std::deque<CheckoutRequest*> checkouts;
  bool is_slow(Instant now) const { return bounded && slow_until > now; }
};

class Callers {
 public:
  // The caller of the current task. Each arrival is followed by one departure.
  Caller& arrive(std::string_view name);
  void depart(Caller& caller, Instant now);
  bool is_alone() const { return active_ <= 1; }
  // May the caller have one more request under way?
  bool may_send(const Caller& caller, Instant now) const {
    if (!caller.bounded || is_alone()) return true;
    return caller.units < (caller.is_slow(now) ? 1 : kUnitsEach);
  }
  // With so many waiting already, may one more?
  bool may_wait(const Caller& caller, std::size_t waiting) const {
    return !caller.bounded || is_alone() || waiting < kWaitingEach;
  }

 private:
  std::unordered_map<std::string, Caller, TextHash, std::equal_to<>> all_;
  int active_ = 0;
};

// The callers that have something waiting, in turn.
template <class Request, std::deque<Request*> Caller::* queue>
class Turns {
 public:
  void push(Caller& caller, Request& request) {
    if ((caller.*queue).empty()) turns_.push_back(&caller);
    (caller.*queue).push_back(&request);
    ++size_;
  }
  // The next request of the next caller that `may` lets through; null when there is none. It goes behind the others.
  template <class May>
  Request* pop(May may) {
    for (std::size_t looked_at = turns_.size(); looked_at > 0; --looked_at) {
      Caller* const caller = turns_.front();
      turns_.pop_front();
      if (!may(*caller)) {
        turns_.push_back(caller);
        continue;
      }
      Request* const request = (caller->*queue).front();
      (caller->*queue).pop_front();
      --size_;
      if (!(caller->*queue).empty()) turns_.push_back(caller);
      return request;
    }
    return nullptr;
  }
  // Takes out the requests for which `goes` is true.
  template <class Goes>
  void erase_if(Goes goes) {
    for (Caller* caller : turns_)
      size_ -= std::erase_if(caller->*queue, [&](Request* one) { return goes(*caller, *one); });
    std::erase_if(turns_, [](Caller* caller) { return (caller->*queue).empty(); });
  }
  const std::deque<Caller*>& callers() const { return turns_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::deque<Caller*> turns_;
  std::size_t size_ = 0;
};

}  // namespace pg::detail
