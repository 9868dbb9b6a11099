#include <archive.h>
#include <archive_entry.h>

#include <cmath>
#include <cstdio>

#include "integration/jobs/support/jobs_app.h"

using support::Fate;
using support::JobsApp;

namespace {

// Output of a program that the test itself names; never anything that a person sent.
std::string said_by(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char piece[4096];
  for (std::size_t n; (n = std::fread(piece, 1, sizeof piece, pipe)) > 0;) out.append(piece, n);
  ::pclose(pipe);
  return out;
}

std::string sample(const JobsApp& app, const std::string& name) {
  const std::string file = app.dir + "/" + name + ".jpg";
  const core::Resource* resource = core::find_resource("src/pipeline/data/sample/" + name + ".jpg");
  REQUIRE(resource);
  std::ofstream(file, std::ios::binary) << resource->bytes;
  return file;
}

// Structural similarity of the video's picture at `second` with a photograph.
double similarity(const std::string& video, double second, const std::string& photograph) {
  const std::string said = said_by(
      "ffmpeg -nostdin -hide_banner -ss " + std::to_string(second) + " -i " + video + " -i " + photograph +
      " -filter_complex \"[1]scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720:(ow-iw)/2:(oh-ih)/2,"
      "setsar=1,format=yuv420p[b];[0]format=yuv420p[a];[a][b]ssim\" -frames:v 1 -f null -");
  const std::size_t at = said.find("All:");
  REQUIRE_MESSAGE(at != std::string::npos, said);
  return std::strtod(said.c_str() + at + 4, nullptr);
}

std::map<std::string, std::string> unpacked(const std::string& file) {
  archive* zip = archive_read_new();
  archive_read_support_format_zip(zip);
  REQUIRE(archive_read_open_filename(zip, file.c_str(), 65536) == ARCHIVE_OK);
  std::map<std::string, std::string> files;
  for (archive_entry* entry = nullptr; archive_read_next_header(zip, &entry) == ARCHIVE_OK;) {
    std::string& bytes = files[archive_entry_pathname(entry)];
    char piece[65536];
    for (la_ssize_t n; (n = archive_read_data(zip, piece, sizeof piece)) > 0;)
      bytes.append(piece, static_cast<std::size_t>(n));
  }
  archive_read_free(zip);
  return files;
}

Fate run_with(JobsApp& app, const std::string& name, const std::string& bytes) {
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  app.add_raw_input(ada, project, name, bytes);
  const auto job = app.start(ada, project, "");
  app.drain();
  CHECK(app.balance(ada) == 20);
  CHECK(app.books_are_right());
  return app.fate(job);
}

}  // namespace

TEST_CASE(
    "photographs become a video that shows each of them, with subtitles at the cuts and a zip of the same bytes") {
  JobsApp app;
  const std::vector<std::string> names{"nagasaki-boats", "march-pastoral", "french-alpine-landscape",
                                       "allium-oreophilum"};
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, names), "");
  CHECK(app.balance(ada) == 18);
  REQUIRE(app.drain() == 1);
  const Fate fate = app.fate(job);
  CHECK(fate.status == "READY");
  CHECK(fate.cost == 2);
  CHECK(app.balance(ada) == 18);

  const std::string video = app.output(job, "final.mp4");
  const std::string facts = said_by(
      "ffprobe -v error -f mp4 -count_frames -show_entries stream=codec_name,width,height,pix_fmt,"
      "nb_read_frames:format=duration -of default=nw=1 " +
      video);
  for (const char* fact :
       {"codec_name=h264", "width=1280", "height=720", "pix_fmt=yuv420p", "nb_read_frames=300", "duration=12.0"})
    CHECK_MESSAGE(facts.find(fact) != std::string::npos, facts);

  for (std::size_t i = 0; i < names.size(); ++i) {
    const double middle = 3.0 * static_cast<double>(i) + 1.5;
    CAPTURE(names[i]);
    CHECK(similarity(video, middle, sample(app, names[i])) >= 0.8);
    CHECK(similarity(video, middle, sample(app, names[(i + 1) % names.size()])) < 0.75);
  }

  // The cuts of the picture are where the subtitles change.
  const std::string cuts =
      said_by("ffmpeg -nostdin -hide_banner -i " + video + " -vf \"select='gt(scene,0.1)',showinfo\" -f null -");
  const std::string subtitles = app.output_bytes(job, "captions.srt");
  std::size_t seen = 0;
  for (std::size_t at = 0; (at = cuts.find("pts_time:", at)) != std::string::npos; ++at) {
    const double second = std::strtod(cuts.c_str() + at + 9, nullptr);
    char start[16];
    std::snprintf(start, sizeof start, "00:00:%02d,000", static_cast<int>(second));
    CHECK(std::abs(second - std::round(second)) < 0.021);
    CHECK_MESSAGE(subtitles.find(std::string(start) + " --> ") != std::string::npos, start);
    ++seen;
  }
  CHECK(seen == names.size() - 1);
  CHECK(subtitles.find("Caption of march-pastoral") != std::string::npos);

  const std::string zip = app.output(job, "assets.zip");
  const std::map<std::string, std::string> inside = unpacked(zip);
  CHECK(inside.size() == names.size() + 2);
  for (const std::string& name : names)
    CHECK(inside.at(name + ".jpg") == core::find_resource("src/pipeline/data/sample/" + name + ".jpg")->bytes);
  CHECK(inside.at("final.mp4") == app.output_bytes(job, "final.mp4"));
  CHECK(inside.at("captions.srt") == subtitles);
}

TEST_CASE("the bar of a render follows the video: many values, each greater than the one before") {
  JobsApp app;
  const auto ada = app.person(20);
  std::vector<std::string> many;
  for (int i = 0; i < 20; ++i) many.push_back(i % 2 ? "march-pastoral" : "black-canyon");
  const auto job = app.start(ada, app.project(ada, many), "");
  jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
  core::TaskGroup group(app.loop);
  group.spawn("test.worker", worker.run());
  std::vector<std::string> values;
  app.until(
      "it is finished",
      [&] {
        const std::string now = app.scalar(
            "select progress from public.jobs j join public.job_steps s on s.job_id = j.id "
            "where j.id = $1 and s.name = 'render' and s.state = 'running'",
            {job.str()});
        if (now != "(none)" && (values.empty() || values.back() != now)) values.push_back(now);
        return app.finished(job);
      },
      std::chrono::seconds(120));
  worker.stop();
  app.run(group.join());
  CHECK(app.fate(job).status == "READY");
  CHECK(values.size() >= 5);
  for (std::size_t i = 1; i < values.size(); ++i) CHECK(std::stoi(values[i]) > std::stoi(values[i - 1]));
}

TEST_CASE("a text that calls itself a photograph is refused by its name") {
  JobsApp app;
  const Fate fate = run_with(app, "holiday.jpg", "I am only a text.\n");
  CHECK(fate.code == "BAD_IMAGE");
  CHECK(fate.message.find("holiday.jpg") != std::string::npos);
}

TEST_CASE("a photograph that breaks off is refused by its name") {
  JobsApp app;
  const core::Resource* whole = core::find_resource("src/pipeline/data/sample/nagasaki-boats.jpg");
  const Fate fate = run_with(app, "half.jpg", std::string(whole->bytes.substr(0, whole->bytes.size() / 2)));
  CHECK(fate.code == "BAD_IMAGE");
  CHECK(fate.message.find("half.jpg") != std::string::npos);
}

TEST_CASE("a small file that would unpack to 400 million pixels is refused before anything decodes it") {
  using namespace std::string_literals;
  JobsApp app;
  const Fate fate =
      run_with(app, "bomb.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x02\0\0\0\0\0\0\0"s);
  CHECK(fate.code == "IMAGE_TOO_LARGE");
  CHECK(fate.message.find("20,000") != std::string::npos);
}

TEST_CASE("a server without ffmpeg says so, and the credits come back") {
  JobsApp app;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "");
  app.drain();
  ::setenv("PATH", path.c_str(), 1);
  CHECK(app.fate(job).code == "FFMPEG_MISSING");
  CHECK(app.balance(ada) == 20);
}
