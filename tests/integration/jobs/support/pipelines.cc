#include "integration/jobs/support/pipelines.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "pipeline/pipeline.h"
#include "pipeline/steps/steps.h"

extern char** environ;

namespace support {
namespace {

using core::Task;
using jobs::PipelineContext;
using jobs::StepResult;
using std::chrono::milliseconds;

jobs::Quote five_credits(const std::vector<jobs::Input>&) { return {5, 0}; }

void take_time(PipelineContext& ctx, int ms) {
  for (int i = 1; i <= 10; ++i) {
    std::this_thread::sleep_for(milliseconds(ms / 10));  // the step lasts
    ctx.progress(i / 10.0);
  }
}

Task<StepResult> first(PipelineContext& ctx) {
  const std::string photo = co_await ctx.load(ctx.inputs().at(0).file);
  take_time(ctx, 200);
  co_await ctx.save("intermediate/first.txt", std::to_string(photo.size()));
  ctx.set_output(R"({"bytes":)" + std::to_string(photo.size()) + "}");
  ctx.charge(1);
  co_return jobs::ok();
}
Task<StepResult> second(PipelineContext& ctx) {
  const std::string before = co_await ctx.load("intermediate/first.txt");
  take_time(ctx, 600);
  co_await ctx.save("intermediate/second.txt", before + " and second");
  ctx.charge(1);
  co_return jobs::ok();
}
Task<StepResult> third(PipelineContext& ctx) {
  const std::string before = co_await ctx.load("intermediate/second.txt");
  take_time(ctx, 200);
  const std::int64_t bytes = ctx.output_of("first")["bytes"].integer().value_or(-1);
  co_await ctx.save("outputs/result.txt", before + " and third of " + std::to_string(bytes));
  co_return jobs::ok();
}

Task<StepResult> slow(PipelineContext& ctx) {
  take_time(ctx, 5000);
  co_await ctx.save("outputs/result.txt", "at last");
  co_return jobs::ok();
}
// The effect of a full disk on the video, without one.
Task<StepResult> render_full(PipelineContext& ctx) {
  [[maybe_unused]] const int n = ::symlink("/dev/full", ctx.scratch("intermediate/final.mp4").c_str());
  co_return co_await pipeline::render(ctx);
}
// Writes where TENON_TEST_READ_ONLY leads.
Task<StepResult> write_read_only(PipelineContext& ctx) {
  const std::string folder = ctx.scratch("intermediate");
  const char* to = std::getenv("TENON_TEST_READ_ONLY");
  if (to == nullptr || ::symlink(to, folder.c_str()) != 0) throw std::runtime_error("no read-only folder");
  co_await ctx.save("intermediate/n.txt", "n");
  co_return jobs::ok();
}
Task<StepResult> flood(PipelineContext&) {
  const std::string line = R"({"do":"progress","permille":1})"
                           "\n";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += line;
  while (::send(3, many.data(), many.size(), MSG_NOSIGNAL) > 0) {
  }
  for (;;) ::pause();
  co_return jobs::ok();
}
Task<StepResult> many_files(PipelineContext& ctx) {
  const std::string megabytes(4 << 20, 'x');
  for (int i = 0; i < 100; ++i) {
    std::ofstream(ctx.scratch("intermediate/" + std::to_string(i)), std::ios::binary) << megabytes;
    std::this_thread::sleep_for(milliseconds(50));  // long enough to be measured between two files
  }
  co_return jobs::ok();
}
Task<StepResult> say_much(PipelineContext& ctx) {
  ctx.set_output(R"({"much":")" + std::string(900000, 'm') + "\"}");
  co_return jobs::ok();
}
Task<StepResult> hear_much(PipelineContext& ctx) {
  const std::string much = ctx.output_of("say")["much"].string_or("") + ctx.output_of("say2")["much"].string_or("");
  co_await ctx.save("outputs/result.txt", std::to_string(much.size()));
  co_return jobs::ok();
}
Task<StepResult> early(PipelineContext& ctx) {
  co_await ctx.save("outputs/early.txt", "early");
  co_return jobs::ok();
}
// Fails in the job of a first attempt only: retry_of distinguishes it from the next one.
Task<StepResult> refuse_once(PipelineContext& ctx) {
  co_await ctx.save("outputs/late.txt", "late");
  if (ctx.inputs().at(0).field("caption") == "refuse") co_return jobs::fail("REFUSED");
  co_return jobs::ok();
}
Task<StepResult> quick(PipelineContext& ctx) {
  co_await ctx.save("outputs/result.txt", "done");
  ctx.charge(2);
  co_return jobs::ok();
}
Task<StepResult> refuse(PipelineContext&) {
  co_return jobs::fail("BAD_IMAGE", {{"name", std::string("<holiday>.jpg")}});
}
Task<StepResult> wait_outside(PipelineContext&) { co_return jobs::try_again("ELSEWHERE_DOWN"); }
Task<StepResult> throw_up(PipelineContext&) {
  throw std::runtime_error("a bug");
  co_return jobs::ok();
}
Task<StepResult> crash(PipelineContext&) {
  ::raise(SIGSEGV);
  co_return jobs::ok();
}
Task<StepResult> hang(PipelineContext& ctx) {
  ctx.progress(0.5);
  for (;;) ::pause();
  co_return jobs::ok();
}
Task<StepResult> hang_deaf(PipelineContext&) {
  ::signal(SIGTERM, SIG_IGN);
  for (;;) ::pause();
  co_return jobs::ok();
}
Task<StepResult> devour(PipelineContext&) {
  std::vector<std::string> all;
  for (int i = 0; i < 4096; ++i) all.emplace_back(1 << 20, 'x');
  co_return jobs::ok();
}
Task<StepResult> overflow(PipelineContext& ctx) {
  std::ofstream out(ctx.scratch("outputs/huge"), std::ios::binary);
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 256; ++i) out << megabyte << std::flush;
  co_await ctx.save_file("outputs/huge");
  co_return jobs::ok();
}
Task<StepResult> spy(PipelineContext& ctx) {
  std::string all;
  for (char** one = environ; *one; ++one) all += std::string(*one) + "\n";
  co_await ctx.save("outputs/environment.txt", all);
  std::string open;
  for (int fd = 4; fd < 256; ++fd)
    if (::fcntl(fd, F_GETFD) >= 0) open += std::to_string(fd) + " ";
  co_await ctx.save("outputs/descriptors.txt", open + ".");
  co_return jobs::ok();
}
Task<bool> refused(PipelineContext& ctx, std::string name) {
  try {
    co_await ctx.save_file(name);
  } catch (const std::runtime_error&) {
    co_return true;
  }
  co_return false;
}
// Everything a step may not name or hand over.
Task<StepResult> trespass(PipelineContext& ctx) {
  std::string taken;
  for (const char* name :
       {"../../etc/passwd", "/etc/passwd", "outputs/../../x", "elsewhere/x", "outputs/", "outputs/.hidden",
        "inputs/1.jpg", "outputs/link", "outputs/hard", "outputs/folder", "outputs/absent"}) {
    if (std::string_view(name) == "outputs/link") [[maybe_unused]]
      const int a = ::symlink("/etc/passwd", ctx.scratch(name).c_str());
    if (std::string_view(name) == "outputs/hard") {
      co_await ctx.save("intermediate/own.txt", "own");
      [[maybe_unused]] const int b = ::link(ctx.scratch("intermediate/own.txt").c_str(), ctx.scratch(name).c_str());
    }
    if (std::string_view(name) == "outputs/folder") [[maybe_unused]]
      const int c = ::mkdir(ctx.scratch(name).c_str(), 0700);
    if (!co_await refused(ctx, name)) taken += std::string(name) + " ";
  }
  [[maybe_unused]] const int d = ::symlink("/etc", ctx.scratch("outputs/etc").c_str());
  if (!co_await refused(ctx, "outputs/etc/passwd")) taken += "outputs/etc/passwd ";
  co_await ctx.save("outputs/taken.txt", taken + ".");
  co_return jobs::ok();
}
Task<StepResult> babble(PipelineContext&) {
  [[maybe_unused]] const ssize_t n = ::write(3, "no json\n", 8);
  for (;;) ::pause();
  co_return jobs::ok();
}

jobs::Pipeline one(std::string name, jobs::Step step, jobs::Pipeline::Options options = {}) {
  return jobs::Pipeline(std::move(name), five_credits).then("only", step, options);
}

}  // namespace

jobs::Pipelines pipelines() {
  jobs::Pipelines all = pipeline::product().pipelines;
  all.push_back(jobs::Pipeline("three", five_credits)
                    .then("first", first)
                    .then("second", second, {.weight = 3})
                    .then("third", third));
  all.push_back(jobs::Pipeline("late_refusal", five_credits).then("first", first).then("only", refuse));
  all.push_back(one("quick", quick));
  all.push_back(jobs::Pipeline("slow", five_credits).then("first", first).then("slow", slow));
  all.push_back(jobs::Pipeline("full_video", five_credits)
                    .then("probe", pipeline::probe)
                    .then("captions", pipeline::captions)
                    .then("render", render_full));
  all.push_back(one("read_only", write_read_only));
  all.push_back(one("flood", flood, {.timeout_seconds = 2}));
  all.push_back(one("many_files", many_files));
  all.push_back(
      jobs::Pipeline("much", five_credits).then("say", say_much).then("say2", say_much).then("hear", hear_much));
  all.push_back(jobs::Pipeline("early", five_credits).then("early", early).then("late", refuse_once));
  all.push_back(one("refuse", refuse));
  all.push_back(one("wait_outside", wait_outside));
  all.push_back(one("throw_up", throw_up));
  all.push_back(one("crash", crash));
  all.push_back(jobs::Pipeline("hang", five_credits).then("first", first).then("only", hang));
  all.push_back(one("timeout", hang, {.timeout_seconds = 1}));
  all.push_back(one("timeout_deaf", hang_deaf, {.timeout_seconds = 1}));
  all.push_back(one("devour", devour));
  all.push_back(one("overflow", overflow));
  all.push_back(one("spy", spy));
  all.push_back(one("trespass", trespass));
  all.push_back(one("babble", babble));
  return all;
}

}  // namespace support
