#include "pipeline/slideshow.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace pipeline {
namespace {

std::string clock(std::int64_t ms) {
  return fmt::format("{:02}:{:02}:{:02},{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

// One line of plain text: an empty line or an arrow would end or forge a cue.
std::string one_line(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool space = static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
    if (!space) out += c;
    else if (!out.empty() && out.back() != ' ') out += ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  for (std::size_t at; (at = out.find("-->")) != std::string::npos;) out.replace(at, 3, "→");
  return out;
}

}  // namespace

std::int64_t credits_for(double seconds) {
  if (!(seconds > 0)) return 1;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(seconds / kSecondsPerCredit - 1e-6)));
}

jobs::Quote estimate(const std::vector<jobs::Input>& inputs) {
  const double seconds = static_cast<double>(inputs.size()) * kSecondsPerPhotograph;
  return {credits_for(seconds), seconds};
}

std::vector<Cue> cues(const std::vector<jobs::Input>& inputs) {
  std::vector<Cue> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::int64_t start = static_cast<std::int64_t>(i) * kSecondsPerPhotograph * 1000;
    std::string text = one_line(inputs[i].field("caption"));
    if (text.empty()) text = fmt::format("{} / {}", i + 1, inputs.size());
    out.push_back({start, start + kSecondsPerPhotograph * 1000, std::move(text)});
  }
  return out;
}

std::string srt(const std::vector<Cue>& cues) {
  std::string out;
  for (std::size_t i = 0; i < cues.size(); ++i)
    out += fmt::format("{}\n{} --> {}\n{}\n\n", i + 1, clock(cues[i].start_ms), clock(cues[i].end_ms), cues[i].text);
  return out;
}

std::string wrap(const std::string& text, std::size_t width, std::size_t most) {
  std::vector<std::string> lines(1);
  const std::string plain = one_line(text);
  for (const std::string_view word : core::split(plain, ' ')) {
    if (!lines.back().empty() && core::utf8_length(lines.back()) + 1 + core::utf8_length(word) > width) {
      if (lines.size() == most) {
        lines.back() += "…";
        break;
      }
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace pipeline
