#include "http/client.h"

#include <curl/curl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <coroutine>
#include <map>
#include <optional>

#include "core/task_context.h"
#include "core/text.h"

namespace http {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;
constexpr std::size_t kMaxAnswerHead = 64 << 10;

// One transfer. Lives in the frame of send(), which waits until curl is done with it.
struct Transfer {
  CURL* easy = nullptr;
  curl_slist* lines = nullptr;
  ClientRequest request;
  ClientResponse response;
  std::size_t head_bytes = 0;
  const char* own_fault = nullptr;
  char fault[CURL_ERROR_SIZE] = "";
  std::optional<CURLcode> outcome;
  std::coroutine_handle<> waiting;
  std::shared_ptr<core::TaskContext> context;

  ~Transfer() {
    if (easy) curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
  }
  bool await_ready() const { return outcome.has_value(); }
  void await_suspend(std::coroutine_handle<> handle) {
    waiting = handle;
    context = core::task_context();
  }
  void await_resume() const {}
};

std::size_t take_body(char* bytes, std::size_t, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.response.body.size() + n > transfer.request.max_answer) {
    transfer.own_fault = "the answer is too large";
    return 0;
  }
  transfer.response.body.append(bytes, n);
  return n;
}

// Each status line starts anew: what came before was an interim answer (100 Continue).
std::size_t take_header(char* bytes, std::size_t, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.head_bytes += n;
  if (transfer.head_bytes > kMaxAnswerHead) {
    transfer.own_fault = "the answer's headers are too large";
    return 0;
  }
  const std::string_view line = core::trim({bytes, n});
  if (line.starts_with("HTTP/")) transfer.response.headers = Headers{};
  else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos && colon > 0)
    transfer.response.headers.add(std::string(line.substr(0, colon)), std::string(core::trim(line.substr(colon + 1))));
  return n;
}

bool breaks_out(std::string_view text) { return text.find_first_of(std::string_view{"\r\n\0", 3}) != text.npos; }

void add_header_lines(Transfer& transfer) {
  bool named = false;
  for (const auto& [name, value] : transfer.request.headers.all()) {
    if (breaks_out(name) || breaks_out(value)) throw std::logic_error("a header of a call holds a control byte");
    // curl sends a header without a value only when it ends in a semicolon.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    transfer.lines = curl_slist_append(transfer.lines, line.c_str());
    named = named || core::iequals(name, "user-agent");
  }
  if (!named) transfer.lines = curl_slist_append(transfer.lines, "User-Agent: tenon");
  transfer.lines = curl_slist_append(transfer.lines, "Expect:");
}

void prepare(Transfer& transfer) {
  const ClientRequest& request = transfer.request;
  if (breaks_out(request.url)) throw ClientError("the URL holds a control byte");
  transfer.easy = curl_easy_init();
  if (!transfer.easy) throw ClientError("curl cannot start");
  CURL* easy = transfer.easy;
  add_header_lines(transfer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.fault);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(request.timeout.count(), 1)));
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.lines);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  if (request.method == Method::head) curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  else if (!request.body.empty() || request.method == Method::post || request.method == Method::put ||
           request.method == Method::patch) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, std::string(name_of(request.method)).c_str());
  } else if (request.method != Method::get) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, std::string(name_of(request.method)).c_str());
  }
}

// A duplicate of curl's socket: ours to watch and close, whenever curl closes its own.
struct Watch : std::enable_shared_from_this<Watch> {
  Watch(boost::asio::io_context& io, int duplicate, curl_socket_t of) : descriptor(io, duplicate), socket(of) {}
  Descriptor descriptor;
  curl_socket_t socket;
  int wanted = 0;
  bool reading = false;
  bool writing = false;
};

}  // namespace

struct Client::Impl {
  explicit Impl(core::Loop& on) : loop(on), timer(on.io()), multi(curl_multi_init()) {
    if (!multi) throw ClientError("curl cannot start");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 32L);
  }
  ~Impl() {
    timer.cancel();
    curl_multi_cleanup(multi);
    for (auto& [socket, watch] : watches) watch->wanted = 0;
  }

  static int on_timer(CURLM*, long timeout_ms, void* user) {
    auto& self = *static_cast<Impl*>(user);
    self.timer.cancel();
    if (timeout_ms < 0) return 0;
    self.timer.expires_after(std::chrono::milliseconds(timeout_ms));
    self.timer.async_wait([alive = std::weak_ptr(self.alive), &self](const boost::system::error_code& ec) {
      if (!ec && alive.lock()) self.act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
    auto& self = *static_cast<Impl*>(user);
    const auto found = self.watches.find(socket);
    if (what == CURL_POLL_REMOVE) {
      if (found == self.watches.end()) return 0;
      found->second->wanted = 0;
      boost::system::error_code ignored;
      found->second->descriptor.close(ignored);
      self.watches.erase(found);
      return 0;
    }
    std::shared_ptr<Watch> watch;
    if (found != self.watches.end()) {
      watch = found->second;
    } else {
      const int duplicate = ::dup(socket);
      if (duplicate < 0) return -1;
      watch = std::make_shared<Watch>(self.loop.io(), duplicate, socket);
      self.watches.emplace(socket, watch);
    }
    watch->wanted = what;
    self.arm(watch);
    return 0;
  }

  void arm(const std::shared_ptr<Watch>& watch) {
    const auto wait = [&](int poll, bool Watch::* pending, Descriptor::wait_type kind, int mask) {
      if (!(watch->wanted & poll) || (*watch).*pending) return;
      (*watch).*pending = true;
      watch->descriptor.async_wait(
          kind, [this, watch, pending, poll, mask, lives = std::weak_ptr(alive)](const boost::system::error_code& ec) {
            (*watch).*pending = false;
            if (!lives.lock() || ec == boost::asio::error::operation_aborted || !(watch->wanted & poll)) return;
            act(watch->socket, ec ? CURL_CSELECT_ERR : mask);
            if (lives.lock() && watch->wanted) arm(watch);
          });
    };
    wait(CURL_POLL_IN, &Watch::reading, Descriptor::wait_read, CURL_CSELECT_IN);
    wait(CURL_POLL_OUT, &Watch::writing, Descriptor::wait_write, CURL_CSELECT_OUT);
  }

  void act(curl_socket_t socket, int mask) {
    int running = 0;
    curl_multi_socket_action(multi, socket, mask, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      CURL* easy = message->easy_handle;
      const CURLcode outcome = message->data.result;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
      curl_multi_remove_handle(multi, easy);
      transfer->outcome = outcome;
      // Resumed from the loop, not from here: the caller may start the next transfer at once.
      loop.post([transfer] {
        if (!transfer->waiting) return;
        core::set_task_context(std::move(transfer->context));
        std::exchange(transfer->waiting, {}).resume();
      });
    }
  }

  core::Loop& loop;
  boost::asio::steady_timer timer;
  CURLM* multi;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches;
  std::shared_ptr<int> alive = std::make_shared<int>(0);
};

Client::Client(core::Loop& loop) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw ClientError("curl cannot start");
  impl_ = std::make_unique<Impl>(loop);
}
Client::~Client() = default;

core::Task<ClientResponse> Client::send(ClientRequest request) {
  Transfer transfer;
  transfer.request = std::move(request);
  prepare(transfer);
  if (curl_multi_add_handle(impl_->multi, transfer.easy) != CURLM_OK) throw ClientError("curl cannot start the call");
  co_await transfer;
  if (*transfer.outcome != CURLE_OK) {
    const char* reason = *transfer.fault ? transfer.fault : curl_easy_strerror(*transfer.outcome);
    throw ClientError(transfer.own_fault ? transfer.own_fault : reason);
  }
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  co_return std::move(transfer.response);
}

}  // namespace http
