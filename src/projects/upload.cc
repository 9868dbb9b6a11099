#include "projects/upload.h"

#include <optional>

#include "http/multipart.h"
#include "projects/table.h"
#include "projects/trouble.h"

namespace projects {

namespace {

constexpr std::size_t kLongestField = 4096;

struct Batch {
  std::string title;
  std::vector<NewInput> files;
  std::vector<std::string> captions;
  std::optional<Trouble> trouble;  // the first; what follows is read and thrown away, so that the answer arrives
};

// A browser sends an empty part for a file field in which nothing was chosen.
bool is_nothing(const http::Part& part, std::uint64_t size) { return size == 0 && part.filename->empty(); }

Task<> take_file(Projects& projects, http::Multipart& form, const http::Part& part, Batch& batch) {
  NewInput file;
  file.name = clean_name(*part.filename);
  ImageHead head;
  std::uint64_t size = 0;
  storage::Storage::Upload upload = projects.storage.upload(kLargestFile);
  for (;;) {
    const std::string_view piece = co_await form.read();
    if (piece.empty()) break;
    size += piece.size();
    if (size > kLargestFile) throw refused_file(413, "file_too_large", file.name);
    head.feed(piece);
    if (head.is_no_picture()) throw refused_file(415, "unsupported_image", file.name);
    if (head.picture()) check_pixels(*head.picture(), file.name);
    co_await upload.write(piece);
  }
  if (is_nothing(part, size)) co_return;
  if (!head.picture()) throw refused_file(415, "unsupported_image", file.name);
  if (static_cast<std::int64_t>(batch.files.size()) >= kMostInputs) throw trouble(422, "too_many_inputs");
  file.id = core::AssetId::ordered();
  file.picture = *head.picture();
  file.staged = co_await upload.finish();
  batch.files.push_back(std::move(file));
}

Task<> take_part(Projects& projects, http::Multipart& form, const http::Part& part, Batch& batch) {
  if (part.name == "file" && part.filename) {
    co_await take_file(projects, form, part, batch);
  } else if (part.name == "caption" && !part.filename) {
    const std::string text = co_await form.text(kLongestField);
    batch.captions.push_back(checked_caption(text));
  }
}

// What is wrong with one part is kept for the end; an outage or a refused form ends the reading at once.
Task<> read_all(Projects& projects, http::Request& rq, Batch& batch) {
  http::Multipart form(rq);
  while (const auto part = co_await form.next()) {
    if (part->name == "title" && !part->filename) batch.title = co_await form.text(kLongestField);
    if (batch.trouble) continue;
    try {
      co_await take_part(projects, form, *part, batch);
    } catch (const Trouble& first) {
      batch.trouble = first;
    }
  }
}

// The captions go to their files, when nothing is wrong with any part.
void match(Batch& batch) {
  if (batch.trouble) throw Trouble(*batch.trouble);
  if (batch.captions.size() > batch.files.size()) throw trouble(400, "too_many_captions");
  for (std::size_t i = 0; i < batch.captions.size(); ++i) batch.files[i].caption = batch.captions[i];
}

Task<> read_files(Projects& projects, http::Request& rq, Batch& batch) {
  co_await read_all(projects, rq, batch);
  if (!batch.trouble && batch.files.empty()) throw trouble(400, "no_files");
  match(batch);
}

// `out.fault`: what a Trouble is about.
Task<> read_new(Projects& projects, http::Request& rq, Batch& batch, NewProject& out) {
  out.fault = NewProject::Fault::title;
  co_await read_all(projects, rq, batch);
  out.title = checked_title(batch.title);
  out.fault = NewProject::Fault::files;
  match(batch);
  out.fault = NewProject::Fault::none;
}

}  // namespace

Task<std::vector<NewInput>> receive(Projects& projects, http::Request& rq) {
  Batch batch;
  auto reading = read_files(projects, rq, batch);
  co_await kept_or_discarded(projects, batch.files, std::move(reading));
  co_return std::move(batch.files);
}

Task<NewProject> receive_new(Projects& projects, http::Request& rq) {
  Batch batch;
  NewProject out;
  auto reading = read_new(projects, rq, batch, out);
  try {
    co_await kept_or_discarded(projects, batch.files, std::move(reading));
    out.files = std::move(batch.files);
  } catch (const Trouble& problem) {
    out.title = batch.title;
    out.sentence = problem.what();
  }
  co_return out;
}

}  // namespace projects
