// The main job once, without a browser, over HTTP as any client would: sign up, follow the link of the mail, credits,
// project, upload, job, mail, download. One line and a progress bar a stage.
#pragma once

#include <string>

namespace app {

struct OnceOptions {
  std::string site;  // TENON_URL
  std::string api;   // SUPABASE_URL
  std::string anon_key;
  std::string folder;  // where the outputs go
};

// 0, or 1 after printing the stage that failed and the reason.
int once(const OnceOptions& options);

}  // namespace app
