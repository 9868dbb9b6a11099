#include "projects/upload.h"

#include <algorithm>
#include <optional>

#include "http/multipart.h"
#include "projects/table.h"

namespace projects {

namespace {

constexpr std::size_t kLongestPart = 4096;  // bytes of a field, before it is checked

struct Batch {
  std::string title;
  std::vector<NewInput> files;
  std::map<std::string, std::vector<std::string>> fields;  // in the order they came
  std::optional<Refusal> refusal;                          // the first; later parts are read and thrown away
};

// A browser sends an empty part for a file field in which nothing was chosen.
bool is_nothing(const http::Part& part, std::uint64_t size) { return size == 0 && part.filename->empty(); }

Task<> take_file(Projects& projects, http::Multipart& form, const http::Part& part, Batch& batch) {
  const InputRules& rules = projects.rules;
  NewInput file;
  file.name = clean_name(*part.filename);
  const std::unique_ptr<InputCheck> check = rules.accept(file.name);
  std::uint64_t size = 0;
  storage::Storage::Upload upload = projects.storage.upload(rules.largest);
  for (;;) {
    const std::string_view piece = co_await form.read();
    if (piece.empty()) break;
    size += piece.size();
    if (size > rules.largest)
      throw Refusal(413, "projects.file_too_large.named",
                    {{"name", file.name}, {"megabytes", static_cast<std::int64_t>(rules.largest >> 20)}});
    check->feed(piece);
    co_await upload.write(piece);
  }
  if (is_nothing(part, size)) co_return;
  file.type = check->finish();
  if (static_cast<std::int64_t>(batch.files.size()) >= rules.most) throw too_many_inputs(rules);
  file.id = core::AssetId::ordered();
  file.staged = co_await upload.finish();
  batch.files.push_back(std::move(file));
}

bool is_field(const InputRules& rules, const std::string& name) {
  return std::ranges::find(rules.fields, name) != rules.fields.end();
}

Task<> take_part(Projects& projects, http::Multipart& form, const http::Part& part, Batch& batch) {
  if (part.name == "file" && part.filename) {
    co_await take_file(projects, form, part, batch);
  } else if (!part.filename && is_field(projects.rules, part.name)) {
    const std::string text = co_await form.text(kLongestPart);
    batch.fields[part.name].push_back(checked_field(part.name, text));
  }
}

// A refusal waits until the body has been read; an outage or a malformed form ends the reading at once.
Task<> read_all(Projects& projects, http::Request& rq, Batch& batch) {
  http::Multipart form(rq);
  while (const auto part = co_await form.next()) {
    if (part->name == "title" && !part->filename) batch.title = co_await form.text(kLongestPart);
    if (batch.refusal) continue;
    try {
      co_await take_part(projects, form, *part, batch);
    } catch (const Refusal& first) {
      batch.refusal = first;
    }
  }
}

void match_fields(Batch& batch) {
  if (batch.refusal) throw Refusal(*batch.refusal);
  for (const auto& [name, texts] : batch.fields) {
    if (texts.size() > batch.files.size()) throw Refusal(400, "projects.too_many_fields");
    for (std::size_t i = 0; i < texts.size(); ++i) batch.files[i].fields[name] = texts[i];
  }
}

Task<> read_files(Projects& projects, http::Request& rq, Batch& batch) {
  co_await read_all(projects, rq, batch);
  if (!batch.refusal && batch.files.empty()) throw Refusal(400, "projects.no_files");
  match_fields(batch);
}

Task<> read_new(Projects& projects, http::Request& rq, Batch& batch, NewProject& out) {
  co_await read_all(projects, rq, batch);
  out.title = checked_title(batch.title);
  out.about = NewProject::About::files;
  match_fields(batch);
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
  } catch (const Refusal& refusal) {
    out.title = batch.title;
    out.refusal = refusal;
  }
  co_return out;
}

}  // namespace projects
