#include "integration/app/support/process.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include "core/json.h"
#include "identity/api_keys.h"
#include "support/wait.h"

namespace process {

using namespace std::chrono_literals;

namespace {

bool is_free(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  ::close(fd);
  return bound;
}

// Below the range that the kernel gives to clients: one of theirs could connect to itself while the server is down, and
// keep the port from it.
int free_port() {
  std::mt19937 random{std::random_device{}()};
  for (int attempt = 0; attempt < 100; ++attempt)
    if (const int port = std::uniform_int_distribution<>(10000, 19999)(random); is_free(port)) return port;
  throw std::runtime_error("no free port");
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == 0) throw std::runtime_error(std::string(name) + " is missing: run by ctest");
  return value;
}

}  // namespace

std::string request(std::string_view method, std::string_view path, std::string_view headers, std::string_view body) {
  std::string out = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
  out += headers;
  if (method != "GET" && method != "HEAD") out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + std::string(body);
}

live::Answer call(int port, std::string_view method, std::string_view path, std::string_view headers,
                  std::string_view body) try {
  live::Socket socket(port);
  socket.send(request(method, path, headers, body));
  live::Answer answer;
  // An answer that takes its time is the test's own business: Socket waits five seconds a call.
  for (int i = 0; i < 4 && answer.status == 0; ++i) answer = socket.answer(method == "HEAD");
  return answer;
} catch (const std::runtime_error&) {
  return {};
}

std::string json_headers(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\nContent-Type: application/json\r\n";
}

std::string service_headers() {
  const std::string key = identity::make_api_key(kSecret, "service_role");
  return "apikey: " + key + "\r\nAuthorization: Bearer " + key + "\r\n";
}

Web::Web(std::map<std::string, std::string> settings) : settings_(std::move(settings)), port_(free_port()) {
  char name[] = "/tmp/tenon-process.XXXXXX";
  if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
  dir_ = name;
  const std::map<std::string, std::string> made_up{{"DATABASE_URL", variable("TENON_TEST_URL")},
                                                   {"JWT_SECRET", kSecret},
                                                   {"INTERNAL_NOTIFY_SECRET", "another secret for the callback"},
                                                   {"STORAGE_DIR", dir_ + "/storage"},
                                                   {"SIM_DIR", dir_ + "/sim"},
                                                   {"TENON_RATE_LIMITS", "off"},
                                                   {"PATH", "/usr/bin:/bin"},
                                                   {"PORT", std::to_string(port_)}};
  settings_.insert(made_up.begin(), made_up.end());
  start();
}

Web::~Web() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // A sanitizer's report is a failure, and the process was not asked to end by itself.
  std::ifstream log(dir_ + "/log");
  std::string report;  // all of it: where and when cannot be asked for again
  for (std::string line; std::getline(log, line);) {
    const bool sign = line.contains("Sanitizer: ") || line.contains(": runtime error: ");
    if (sign || (!report.empty() && !line.starts_with('{'))) report += line + "\n";
  }
  if (!report.empty()) FAIL_CHECK(report);
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

std::chrono::milliseconds Web::start() {
  const std::string binary = variable("TENON_BINARY");
  const auto began = Clock::now();
  std::vector<std::string> words;
  for (const auto& [name, value] : settings_) words.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (std::string& word : words) environment.push_back(word.data());
  environment.push_back(nullptr);
  const std::string log = dir_ + "/log";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::chdir("/tmp") != 0) ::_exit(126);  // no .env of the checkout
    char verb[] = "web";
    char* const arguments[] = {const_cast<char*>(binary.c_str()), verb, nullptr};
    ::execve(binary.c_str(), arguments, environment.data());
    ::_exit(127);
  }
  bool ended = false;
  const auto up = [&] {
    ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return ended || process::call(port_, "GET", "/healthz").status == 200;
  };
  if (!support::wait_until(up, 30s) || ended) {
    pid_ = 0;
    throw std::runtime_error("tenon web does not start: see " + log);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
}

void Web::signal(int number) const { ::kill(pid_, number); }

int Web::wait(std::chrono::milliseconds at_most) {
  int status = 0;
  if (!support::wait_until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, at_most)) return -1;
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Web::sign_in(const std::string& email) {
  const std::string who = R"({"email":")" + email + R"(","password":"a password of the tests")";
  const std::string headers = service_headers() + "Content-Type: application/json\r\n";
  const live::Answer made = call("POST", "/auth/v1/admin/users", headers, who + R"(,"email_confirm":true})");
  if (made.status != 200 && made.status != 201) throw std::runtime_error("no user: " + made.head + made.body);
  const live::Answer in = call("POST", "/auth/v1/token?grant_type=password", headers, who + "}");
  const auto json = core::Json::parse(in.body);
  if (in.status != 200 || !json) throw std::runtime_error("no sign-in: " + in.head + in.body);
  return (*json)["access_token"].string_or("");
}

}  // namespace process
