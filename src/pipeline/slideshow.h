// The facts of a slideshow: how long each photograph is shown, what a second costs, and the captions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/pipeline.h"

namespace pipeline {

inline constexpr int kSecondsPerPhotograph = 3;
inline constexpr int kFramesPerSecond = 25;
inline constexpr int kWidth = 1280;
inline constexpr int kHeight = 720;
inline constexpr int kSecondsPerCredit = 10;  // rounded up
inline constexpr std::int64_t kMostPixels = 50'000'000;

struct Cue {
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::string text;
};

std::int64_t credits_for(double seconds);  // at least 1
jobs::Quote estimate(const std::vector<jobs::Input>& inputs);

// A photograph without a caption gets its number, so that every cut has a cue.
std::vector<Cue> cues(const std::vector<jobs::Input>& inputs);
std::string srt(const std::vector<Cue>& cues);
// Wraps between words into at most `most` lines of about `width` characters; what does not fit ends in an ellipsis.
std::string wrap(const std::string& text, std::size_t width, std::size_t most);

}  // namespace pipeline
