// Everything that goes wrong with photographs, ffmpeg and the disk, with the real pipeline: each ends by its own name,
// with every credit back and nothing half-written.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <zlib.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <set>

#include "integration/jobs/support/jobs_app.h"

using namespace std::string_literals;
using support::Fate;
using support::JobsApp;

namespace {

std::string sample(const std::string& name) {
  return std::string(core::find_resource("src/pipeline/data/sample/" + name + ".jpg")->bytes);
}

std::string big(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

std::string chunk(const std::string& kind, const std::string& data) {
  const std::string body = kind + data;
  const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big(static_cast<std::uint32_t>(data.size()), 4) + body + big(static_cast<std::uint32_t>(crc), 4);
}

// `rows` times `row`, deflated piece by piece.
std::string packed(const std::string& row, std::size_t rows) {
  z_stream stream{};
  REQUIRE(::deflateInit(&stream, 9) == Z_OK);
  std::string out;
  char piece[65536];
  const auto pump = [&](int flush) {
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece);
      stream.avail_out = sizeof piece;
      ::deflate(&stream, flush);
      out.append(piece, sizeof piece - stream.avail_out);
    } while (stream.avail_out == 0);
  };
  for (std::size_t i = 0; i < rows; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(row.data()));
    stream.avail_in = static_cast<uInt>(row.size());
    pump(Z_NO_FLUSH);
  }
  pump(Z_FINISH);
  ::deflateEnd(&stream);
  return out;
}

// A whole PNG in grey: every byte of it is right.
std::string grey_png(std::uint32_t width, std::uint32_t height, const std::string& extra = "") {
  const std::string header = big(width, 4) + big(height, 4) + "\x08\x00\x00\x00\x00"s;
  return "\x89PNG\r\n\x1a\n"s + chunk("IHDR", header) + extra +
         chunk("IDAT", packed(std::string(width + 1, '\0'), height)) + chunk("IEND", "");
}

// The size that a JPEG says it has.
std::string resized(std::string jpeg, std::uint32_t width, std::uint32_t height) {
  const std::size_t at = jpeg.find("\xff\xc0\x00\x11\x08"s);
  const std::size_t progressive = jpeg.find("\xff\xc2\x00\x11\x08"s);
  const std::size_t frame = std::min(at, progressive);
  REQUIRE(frame != std::string::npos);
  jpeg.replace(frame + 5, 4, big(height, 2) + big(width, 2));
  return jpeg;
}

std::string garbled(std::string bytes) {
  std::mt19937 dice(7);
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 2048; ++i) bytes[i] = static_cast<char>(dice());
  return bytes;
}

struct Case {
  const char* name;
  std::string bytes;
  const char* code;
};

// A folder with a program that calls itself ffmpeg; the rest of PATH behind it.
class FakeTool {
 public:
  FakeTool(const JobsApp& app, const std::string& script) : before_(std::getenv("PATH")) {
    const std::string folder = app.dir + "/bin";
    std::filesystem::create_directories(folder);
    std::ofstream(folder + "/ffmpeg") << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(folder + "/ffmpeg", std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder + ":" + before_).c_str(), 1);
  }
  ~FakeTool() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

void drain_all_attempts(JobsApp& app) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    app.drain();
    app.make_timers_due();
  }
}

// The ffmpeg that works below this folder, if any.
pid_t ffmpeg_in(const std::string& folder) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none)) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto cwd = std::filesystem::read_symlink(entry.path() / "cwd", none);
    const auto program = std::filesystem::read_symlink(entry.path() / "exe", none);
    if (program.filename() == "ffmpeg" && cwd.string().starts_with(folder)) return std::stoi(pid);
  }
  return 0;
}

// A small disk of its own, where that is allowed (root in a namespace that may mount).
class SmallDisk {
 public:
  SmallDisk(std::string at, const std::string& size, unsigned long flags = 0) : at_(std::move(at)) {
    std::filesystem::create_directories(at_);
    made_ = ::mount("tenon-test", at_.c_str(), "tmpfs", flags, ("size=" + size).c_str()) == 0;
    if (!made_) MESSAGE("SKIPPED: no small disk here, mount says: " << std::strerror(errno));
  }
  ~SmallDisk() {
    if (made_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool made() const { return made_; }

 private:
  std::string at_;
  bool made_ = false;
};

}  // namespace

TEST_CASE("each file that is no photograph, a broken one or a bomb fails its job by its name") {
  JobsApp app;
  const std::string jpeg = sample("nagasaki-boats");
  const std::string frame = resized(jpeg, 20000, 20000);
  const std::vector<Case> cases{
      {"text.jpg", "I am only a text.\n", "BAD_IMAGE"},
      {"empty.jpg", "", "BAD_IMAGE"},
      {"page.jpg", "<!doctype html><script>alert(1)</script>", "BAD_IMAGE"},
      {"playlist.jpg", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "BAD_IMAGE"},
      {"drawing.jpg", "<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "BAD_IMAGE"},
      {"moving.jpg", "GIF89a\x01\x00\x01\x00\x00\x00\x00;"s, "BAD_IMAGE"},
      {"magic-only.jpg", "\xff\xd8\xff"s, "BAD_IMAGE"},
      {"no-pixels.jpg", jpeg.substr(0, 700), "BAD_IMAGE"},
      {"half.jpg", jpeg.substr(0, jpeg.size() / 2), "BAD_IMAGE"},
      {"garbled.jpg", garbled(jpeg), "BAD_IMAGE"},
      {"noise.jpg", "\xff\xd8\xff\xe0"s + garbled(std::string(8192, 'x')), "BAD_IMAGE"},
      {"half.png", grey_png(400, 300).substr(0, 60), "BAD_IMAGE"},
      {"flat.png", resized(jpeg, 0, 0), "BAD_IMAGE"},
      {"bomb.png", grey_png(20000, 20000), "IMAGE_TOO_LARGE"},
      {"bomb.jpg", frame, "IMAGE_TOO_LARGE"},
      {"two-frames.jpg", jpeg.substr(0, jpeg.find("\xff\xda"s)) + frame.substr(2), "BAD_IMAGE"},
      {"ratio.png", grey_png(7000, 7000), "IMAGE_UNPACKS_TOO_FAR"},
      {"notes.png", grey_png(40, 30, chunk("zTXt", "k\0\0"s + packed(std::string(1 << 20, '\0'), 1100))),
       "IMAGE_UNPACKS_TOO_FAR"},
  };
  CHECK(grey_png(20000, 20000).size() < 1000000);
  std::set<std::string> said;
  for (const Case& one : cases) {
    CAPTURE(one.name);
    const auto ada = app.person(20);
    const auto project = app.project(ada, {"black-canyon"});
    app.add_raw_input(ada, project, one.name, one.bytes);
    const auto job = app.start(ada, project, "");
    app.drain();
    app.check_failed_clean(job, one.code);
    CHECK(app.fate(job).message.find("“"s + one.name + "”") != std::string::npos);
    CHECK(app.balance(ada) == 20);
  }
  CHECK(app.books_are_right());
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a flat picture of ordinary size passes: the ratio is for large ones") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {});
  app.add_raw_input(ada, project, "white.png", grey_png(3000, 2000));
  const auto job = app.start(ada, project, "");
  app.drain();
  app.check_ready_once(job, 1, 3);
}

TEST_CASE("a photograph taken upright is shown upright") {
  JobsApp app;
  // Orientation 6: the camera was turned, the picture is to be shown turned by 90 degrees.
  const std::string tiff = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"s;
  const std::string exif = "Exif\0\0"s + tiff;
  std::string jpeg = sample("black-canyon");
  jpeg.insert(2, "\xff\xe1"s + big(static_cast<std::uint32_t>(exif.size() + 2), 2) + exif);
  const auto ada = app.person(20);
  const auto project = app.project(ada, {});
  app.add_raw_input(ada, project, "upright.jpg", jpeg);
  const auto job = app.start(ada, project, "");
  app.drain();
  app.check_ready_once(job, 1, 3);
  // Upright it fills 527 of 1280 columns: the left edge of the frame is black, lying down it would be photograph.
  const std::string video = app.output(job, "final.mp4");
  const std::string command = "ffmpeg -nostdin -v error -ss 1 -i " + video +
                              " -frames:v 1 -vf crop=300:600:100:60,scale=1:1,format=gray -f rawvideo - 2>/dev/null";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  const int grey = std::fgetc(pipe);
  ::pclose(pipe);
  REQUIRE(grey >= 0);
  CHECK(grey < 24);
}

TEST_CASE("each way in which ffmpeg lets a job down has its own name") {
  struct Tool {
    const char* what;
    const char* script;
    const char* code;
  };
  const std::string real = "/usr/bin/ffmpeg";
  REQUIRE(std::filesystem::exists(real));
  const char* render_only = "case \"$*\" in *libx264*) ;; *) exec /usr/bin/ffmpeg \"$@\";; esac\n";
  for (const Tool& tool :
       {Tool{"hangs", "exec sleep 600", "FFMPEG_HUNG"}, Tool{"is killed", "kill -KILL $$", "FFMPEG_KILLED"},
        Tool{"crashes", "kill -SEGV $$", "FFMPEG_KILLED"},
        Tool{"fails", "echo 'Unknown encoder' >&2; exit 1", "RENDER_FAILED"},
        Tool{"writes nothing and says it is well", "exit 0", "RENDER_FAILED"},
        Tool{"writes no video and says it is well", "for last; do :; done; echo nonsense > \"$last\"; exit 0",
             "RENDER_FAILED"},
        Tool{"finds the disk full", "echo 'x: No space left on device' >&2; exit 1", "NO_SPACE"},
        Tool{"finds no memory", "echo 'x: Cannot allocate memory' >&2; exit 1", "STEP_OUT_OF_MEMORY"},
        Tool{"may not write", "echo 'x: Read-only file system' >&2; exit 1", "DISK_READ_ONLY"},
        Tool{"writes too much", "for last; do :; done; exec head -c 400M /dev/zero > \"$last\"", "OUTPUT_TOO_LARGE"}}) {
    CAPTURE(tool.what);
    JobsApp app;
    // A third of it is how long ffmpeg may be silent; a busy machine starts programs slowly.
    app.config.step_timeout = std::chrono::seconds(tool.code == "FFMPEG_HUNG"s ? 6 : 60);
    app.config.step_file_bytes = 64 << 20;
    const FakeTool fake(app, render_only + std::string(tool.script));
    const auto ada = app.person(20);
    const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "");
    drain_all_attempts(app);
    app.check_failed_clean(job, tool.code);
    CHECK(app.balance(ada) == 20);
    CHECK(app.books_are_right());
    app.check_nothing_left(app.config.work_dir);
  }
}

TEST_CASE("ffmpeg killed in the midst of a render is tried again and the job is finished, once") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, std::vector<std::string>(8, "black-canyon")), "");
  jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
  core::TaskGroup group(app.loop);
  group.spawn("test.worker", worker.run());
  bool killed = false;
  app.until("it is finished", [&] {
    if (!killed && app.scalar("select count(*) from public.job_steps where job_id = $1 and name = 'render' and "
                              "state = 'running'",
                              {job.str()}) == "1")
      if (const pid_t pid = ffmpeg_in(app.config.work_dir); pid > 0) killed = ::kill(pid, SIGKILL) == 0;
    if (killed) app.make_timers_due();
    return app.finished(job);
  });
  worker.stop();
  app.run(group.join());
  CHECK(killed);
  app.check_ready_once(job, 3, 3);
  CHECK(app.fate(job).attempt == 2);
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a render whose disk is full fails by that name: the written file is /dev/full") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "full_video");
  drain_all_attempts(app);
  app.check_failed_clean(job, "NO_SPACE");
  CHECK(app.balance(ada) == 20);
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a work folder on a full disk, a step before a disk that cannot be written: failed by name, later jobs run") {
  JobsApp app;
  const SmallDisk disk(app.dir + "/small", "200k");
  if (!disk.made()) return;
  app.config.work_dir = app.dir + "/small/work";
  const auto ada = app.person(20);
  const auto full = app.start(ada, app.project(ada, {"nagasaki-boats", "black-canyon"}), "");
  drain_all_attempts(app);
  app.check_failed_clean(full, "NO_SPACE");

  const SmallDisk closed_disk(app.dir + "/closed", "200k", MS_RDONLY);
  ::setenv("TENON_TEST_READ_ONLY", (app.dir + "/closed").c_str(), 1);
  app.config.pipeline_env = {"TENON_TEST_READ_ONLY"};
  const auto closed = app.start(ada, app.project(ada, {"allium-oreophilum"}), "read_only");
  drain_all_attempts(app);
  app.check_failed_clean(closed, "DISK_READ_ONLY");
  CHECK(app.balance(ada) == 20);
  CHECK(app.books_are_right());
  const auto later = app.start(ada, app.project(ada, {"allium-oreophilum"}), "quick");
  app.drain();
  app.check_ready_once(later, 2, 1);
}

TEST_CASE("a store without room fails the job by name, and keeps nothing of it") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const auto job = app.start(ada, project, "");
  // A full store, on any mount: files may not grow beyond a few bytes (EFBIG, as ENOSPC).
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{100 << 10, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  drain_all_attempts(app);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, SIG_DFL);
  app.check_failed_clean(job, "NO_SPACE");
  CHECK(app.balance(ada) == 20);
  CHECK(app.books_are_right());
  app.run(storage::sweep_all(app.storage(), std::chrono::seconds(0)));
  app.check_nothing_left(app.config.work_dir);
}

TEST_CASE("a photograph whose bytes are gone from the store is named so") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "");
  app.owner.query("set storage.allow_delete_query = 'true'");
  app.owner.query("delete from storage.objects where name like 'u_' || $1 || '/%'", {ada.str()});
  app.owner.query("reset storage.allow_delete_query");
  app.drain();
  app.check_failed_clean(job, "INPUT_MISSING");
  CHECK(app.balance(ada) == 20);
}
