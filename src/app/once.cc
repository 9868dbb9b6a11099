#include "app/once.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/crypto.h"
#include "core/json.h"
#include "core/loop.h"
#include "core/process.h"
#include "core/text.h"
#include "http/client.h"
#include "pipeline/pipeline.h"

namespace app {

using core::Json;
using core::Task;
using namespace std::chrono_literals;

namespace {

constexpr const char* kEmail = "ada@example.com";
constexpr const char* kPassword = "correct horse battery";

class Failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A line that fills as its stage goes on.
class Stage {
 public:
  explicit Stage(std::string name) : name_(std::move(name)) { show(0, ""); }
  void show(int percent, std::string_view note) const {
    constexpr int kWidth = 24;
    const auto full = static_cast<std::size_t>(percent * kWidth / 100);
    fmt::print("\r{:<10} [{}{}] {:>3} %  {:<48}", name_, std::string(full, '#'), std::string(kWidth - full, '.'),
               percent, note);
    std::fflush(stdout);
  }
  void done(std::string_view note) const {
    show(100, note);
    fmt::print("\n");
  }

 private:
  std::string name_;
};

// A browser of few words: keeps cookies, sends JSON or forms, and gives up with what the server said.
class Visitor {
 public:
  Visitor(core::Loop& loop, OnceOptions options) : client_(loop), options_(std::move(options)) {}

  Task<http::ClientResponse> send(http::ClientRequest request) {
    std::string cookies;
    for (const auto& [name, value] : cookies_) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
    if (!cookies.empty() && request.url.starts_with(options_.site)) request.headers.set("Cookie", cookies);
    const std::string what =
        fmt::format("{} {}", http::name_of(request.method), request.url.substr(0, request.url.find('?')));
    http::ClientResponse answer;
    try {
      answer = co_await client_.send(std::move(request));
    } catch (const http::ClientError& error) {
      throw Failed(fmt::format("{}: {}", what, error.what()));
    }
    for (const auto& [name, value] : answer.headers.all())
      if (core::iequals(name, "set-cookie")) remember(value);
    if (answer.status >= 400)
      throw Failed(fmt::format("{} answered {}: {}", what, answer.status, answer.body.substr(0, 300)));
    co_return answer;
  }

  Task<Json> call(http::Method method, std::string url, std::string body = "", std::string type = "application/json") {
    http::ClientRequest request;
    request.method = method;
    request.url = std::move(url);
    request.body = std::move(body);
    if (!request.body.empty()) request.headers.set("Content-Type", type);
    request.headers.set("apikey", options_.anon_key);
    request.headers.set("Authorization", "Bearer " + (token_.empty() ? options_.anon_key : token_));
    request.timeout = 120s;
    const http::ClientResponse answer = co_await send(std::move(request));
    const auto parsed = Json::parse(answer.body);
    if (!parsed && !answer.body.empty()) throw Failed("the server's answer is no JSON: " + answer.body.substr(0, 200));
    co_return parsed.value_or(Json{});
  }

  Task<http::ClientResponse> page(std::string url) {
    http::ClientRequest request;
    request.url = std::move(url);
    request.headers.set("Accept", "text/html");
    co_return co_await send(std::move(request));
  }

  Task<http::ClientResponse> submit(std::string url, std::string form) {
    http::ClientRequest request;
    request.method = http::Method::post;
    request.url = std::move(url);
    request.body = std::move(form);
    request.headers.set("Accept", "text/html");
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("Origin", options_.site);
    co_return co_await send(std::move(request));
  }

  void set_token(std::string token) { token_ = std::move(token); }
  const OnceOptions& options() const { return options_; }

 private:
  void remember(std::string_view set_cookie) {
    const std::string_view pair = set_cookie.substr(0, set_cookie.find(';'));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return;
    if (equals + 1 == pair.size()) cookies_.erase(std::string(pair.substr(0, equals)));
    else cookies_[std::string(pair.substr(0, equals))] = std::string(pair.substr(equals + 1));
  }
  http::Client client_;
  OnceOptions options_;
  std::string token_;
  std::map<std::string, std::string> cookies_;
};

std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t from = text.find(before);
  if (from == std::string_view::npos) return "";
  const std::size_t begin = from + before.size();
  const std::size_t end = text.find(after, begin);
  return std::string(text.substr(begin, end == std::string_view::npos ? end : end - begin));
}

// The newest captured mail to ada whose subject holds `word`.
Task<Json> wait_for_mail(Visitor& visitor, std::string word) {
  for (int i = 0; i < 300; ++i) {
    const Json mails = co_await visitor.call(
        http::Method::get, fmt::format("{}/dev/mail?format=json&to={}", visitor.options().site, kEmail));
    for (const Json& mail : mails.elements())
      if (mail["subject"].string_or("").find(word) != std::string::npos) co_return mail;
    co_await core::sleep_for(100ms);
  }
  throw Failed("no mail with \"" + word + "\" in its subject came within 30 s");
}

Task<> sign_up(Visitor& visitor) {
  const Stage stage("sign-up");
  core::JsonWriter body;
  body.begin().field("email", kEmail).field("password", kPassword).end();
  co_await visitor.call(http::Method::post, visitor.options().api + "/auth/v1/signup", body.str());
  stage.done(kEmail);
}

Task<> confirm(Visitor& visitor) {
  const Stage stage("confirm");
  const Json mail = co_await wait_for_mail(visitor, "onfirm");
  const std::string text = mail["text"].string_or("");
  std::string link = between(text, visitor.options().site + "/verify", "\n");
  if (link.empty()) throw Failed("the confirmation mail holds no link to /verify");
  link = visitor.options().site + "/verify" + std::string(core::trim(link));
  stage.show(50, "mail came");
  const http::ClientResponse page = co_await visitor.page(link);
  const std::string csrf = between(page.body, "name=\"_csrf\" value=\"", "\"");
  const std::string hash = between(link, "token_hash=", "&");
  const std::string type = between(link, "type=", "&");
  const http::ClientResponse confirmed =
      co_await visitor.submit(visitor.options().site + "/verify",
                              fmt::format("_csrf={}&token_hash={}&type={}", core::percent_encode(csrf), hash, type));
  if (confirmed.status != 303) throw Failed(fmt::format("confirming answered {}, not 303", confirmed.status));
  core::JsonWriter body;
  body.begin().field("email", kEmail).field("password", kPassword).end();
  const Json session = co_await visitor.call(http::Method::post,
                                             visitor.options().api + "/auth/v1/token?grant_type=password", body.str());
  visitor.set_token(session["access_token"].string_or(""));
  stage.done("signed in");
}

Task<std::string> create_project(Visitor& visitor, const jobs::Sample& sample) {
  const Stage stage("project");
  core::JsonWriter body;
  body.begin().field("title", sample.title).end();
  const Json project = co_await visitor.call(http::Method::post, visitor.options().site + "/api/projects", body.take());
  std::string id = project["id"].string_or("");
  if (id.empty()) throw Failed("the new project has no id");
  stage.done(id);
  co_return id;
}

std::string multipart(const jobs::Sample::File& file, const std::string& boundary) {
  std::string body = fmt::format(
      "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{1}\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n{2}\r\n",
      boundary, file.name, file.bytes);
  for (const auto& [name, text] : file.fields)
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, name, text);
  return body + "--" + boundary + "--\r\n";
}

Task<> upload(Visitor& visitor, const std::string& project, const jobs::Sample& sample) {
  const Stage stage("upload");
  if (sample.files.empty()) throw Failed("the pipeline has no sample files");
  std::size_t sent = 0;
  for (const jobs::Sample::File& file : sample.files) {
    const std::string boundary = "tenon" + core::hex(core::random_bytes(12));
    co_await visitor.call(http::Method::post, fmt::format("{}/api/projects/{}/inputs", visitor.options().site, project),
                          multipart(file, boundary), "multipart/form-data; boundary=" + boundary);
    ++sent;
    stage.show(static_cast<int>(sent * 100 / sample.files.size()), file.name);
  }
  stage.done(fmt::format("{} files", sent));
}

Task<> show_credits(Visitor& visitor, const std::string& project) {
  const Stage stage("credits");
  const Json quote = co_await visitor.call(http::Method::get,
                                           fmt::format("{}/api/projects/{}/quote", visitor.options().site, project));
  const auto balance = quote["balance"].integer();
  const auto cost = quote["credits"].integer();
  if (!balance || !cost) throw Failed("the quote has no balance or cost: " + quote.dump());
  if (*balance < *cost) throw Failed(fmt::format("{} credits do not cover the {} this costs", *balance, *cost));
  stage.done(fmt::format("{} there, {} to reserve", *balance, *cost));
}

Task<> run_job(Visitor& visitor, const std::string& project, std::string& job_id) {
  const Stage stage("job");
  const Json job = co_await visitor.call(http::Method::post,
                                         fmt::format("{}/api/projects/{}/jobs", visitor.options().site, project), "{}");
  job_id = job["id"].string_or("");
  if (job_id.empty()) throw Failed("the new job has no id");
  for (int i = 0; i < 1800; ++i) {
    const Json now = co_await visitor.call(http::Method::get, visitor.options().site + "/api/jobs/" + job_id);
    const std::string status = now["status"].string_or("");
    if (status == "FAILED")
      throw Failed(
          fmt::format("the job failed: {} {}", now["error_code"].string_or(""), now["error_message"].string_or("")));
    if (status == "READY") {
      stage.done(fmt::format("ready, cost: {}", now["cost_credits_final"].integer().value_or(-1)));
      co_return;
    }
    stage.show(static_cast<int>(now["progress"].integer().value_or(0)), status);
    co_await core::sleep_for(100ms);
  }
  throw Failed("the job did not end within three minutes");
}

Task<> wait_for_ready_mail(Visitor& visitor) {
  const Stage stage("mail");
  const Json mail = co_await wait_for_mail(visitor, "ready");
  stage.done(mail["subject"].string_or(""));
}

struct Downloaded {
  std::string name;
  std::string path;
  std::string mime;
};

Task<std::vector<Downloaded>> download(Visitor& visitor, const std::string& job_id) {
  const Stage stage("download");
  const Json outputs =
      co_await visitor.call(http::Method::get, fmt::format("{}/api/jobs/{}/outputs", visitor.options().site, job_id));
  std::vector<Downloaded> files;
  for (const Json& output : outputs.elements()) {
    const std::string name = output["name"].string_or("");
    http::ClientRequest request;  // no key and no cookie: the signed link is enough
    request.url = output["url"].string_or("");
    request.timeout = 120s;
    request.max_answer = 512U << 20;
    const http::ClientResponse answer = co_await visitor.send(std::move(request));
    const std::string path = visitor.options().folder + "/" + std::string(name.substr(name.rfind('/') + 1));
    std::ofstream(path, std::ios::binary) << answer.body;
    files.push_back({name, path, std::string(answer.headers.get("content-type"))});
    stage.show(static_cast<int>(files.size() * 100 / outputs.size()),
               fmt::format("{} {} bytes", name, answer.body.size()));
  }
  if (files.empty()) throw Failed("the job has no outputs");
  stage.done(fmt::format("{} files", files.size()));
  co_return files;
}

// A text by its first line. Video and audio must be playable: ffprobe reads and describes them.
void describe(const Downloaded& file) {
  fmt::print("{}\n", file.name);
  if (file.mime.starts_with("text/")) {
    std::string line;
    std::ifstream in(file.path, std::ios::binary);
    std::getline(in, line);
    fmt::print("{}\n", line.substr(0, 200));
  }
  if (!file.mime.starts_with("video/") && !file.mime.starts_with("audio/")) return;
  core::ProcessSpec probe;
  probe.argv = {"/usr/bin/ffprobe",
                "-v",
                "error",
                "-show_entries",
                "format=duration,size:stream=codec_name,codec_type,width,height",
                "-of",
                "default=nw=1",
                file.path};
  const core::Captured summary = core::run_and_capture(std::move(probe));
  if (summary.end.exit_code() != 0) throw Failed("ffprobe cannot read " + file.name + ": " + summary.output);
  fmt::print("{}", summary.output);
}

Task<> main_job(Visitor& visitor) {
  const jobs::Sample sample = pipeline::product().sample();
  co_await sign_up(visitor);
  co_await confirm(visitor);
  const std::string project = co_await create_project(visitor, sample);
  co_await upload(visitor, project, sample);
  co_await show_credits(visitor, project);
  std::string job_id;
  co_await run_job(visitor, project, job_id);
  co_await wait_for_ready_mail(visitor);
  for (const Downloaded& file : co_await download(visitor, job_id)) describe(file);
}

}  // namespace

int once(const OnceOptions& options) {
  std::filesystem::create_directories(options.folder);
  core::Loop loop;
  try {
    Visitor visitor(loop, options);
    loop.run_until(main_job(visitor));
    return 0;
  } catch (const std::exception& error) {
    fmt::print("\n");
    std::fflush(stdout);
    fmt::print(stderr, "failed: {}\n", error.what());
    return 1;
  }
}

}  // namespace app
