#include "pipeline/zip.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <clocale>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <system_error>

#include "core/text.h"

namespace pipeline {
namespace {

constexpr std::int64_t kEpoch = 315532800;  // 1980-01-01, the first day a zip can name

struct Free {
  void operator()(archive* a) const { archive_write_free(a); }
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};

[[noreturn]] void fail(archive* a, const std::string& what) {
  if (archive_errno(a) == ENOSPC || archive_errno(a) == EDQUOT)
    throw std::system_error(archive_errno(a), std::generic_category(), what);
  const char* why = archive_error_string(a);
  throw std::runtime_error(what + ": " + (why ? why : "libarchive failed"));
}

std::string safe(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f || c == '/' || c == '\\' || c == ':' ? '_' : c;
  }
  if (!core::valid_utf8(out))
    for (char& c : out)
      if (static_cast<unsigned char>(c) >= 0x80) c = '_';
  while (!out.empty() && out.front() == '.') out.erase(0, 1);
  return out.empty() ? "file" : out;
}

}  // namespace

std::vector<std::string> zip_names(const std::vector<ZipEntry>& entries) {
  std::vector<std::string> names;
  std::set<std::string> taken;  // compared without case, as half of the world's disks do
  for (const ZipEntry& entry : entries) {
    const std::string wanted = safe(entry.name);
    std::string name = wanted;
    const std::size_t dot = wanted.rfind('.');
    for (int n = 2; !taken.insert(core::lower(name)).second; ++n) {
      const std::string mark = " (" + std::to_string(n) + ")";
      name = dot == std::string::npos ? wanted + mark : wanted.substr(0, dot) + mark + wanted.substr(dot);
    }
    names.push_back(name);
  }
  return names;
}

void write_zip(const std::string& to, const std::vector<ZipEntry>& entries) {
  const std::unique_ptr<archive, Free> zip(archive_write_new());
  archive_write_set_format_zip(zip.get());
  if (archive_write_set_options(zip.get(), "zip:compression=store,zip:hdrcharset=UTF-8") != ARCHIVE_OK)
    fail(zip.get(), "zip options");
  if (archive_write_open_filename(zip.get(), to.c_str()) != ARCHIVE_OK) fail(zip.get(), to);
  const std::vector<std::string> names = zip_names(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    std::ifstream in(entries[i].file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + entries[i].file);
    const std::unique_ptr<archive_entry, Free> entry(archive_entry_new());
    archive_entry_set_pathname_utf8(entry.get(), names[i].c_str());
    archive_entry_set_size(entry.get(), static_cast<std::int64_t>(std::filesystem::file_size(entries[i].file)));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), kEpoch, 0);
    if (archive_write_header(zip.get(), entry.get()) < ARCHIVE_WARN) fail(zip.get(), names[i]);
    char piece[65536];
    while (in.read(piece, sizeof piece), in.gcount() > 0)
      if (archive_write_data(zip.get(), piece, static_cast<std::size_t>(in.gcount())) < 0) fail(zip.get(), names[i]);
    if (in.bad()) throw std::runtime_error("cannot read " + entries[i].file);
  }
  if (archive_write_close(zip.get()) != ARCHIVE_OK) fail(zip.get(), to);
}

}  // namespace pipeline
