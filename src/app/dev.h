// `tenon dev`: everything on one machine. The parent keeps Postgres, web and worker as children, restarts what falls
// over, and stops all of it on SIGTERM or Ctrl-C.
#pragma once

#include <string>

namespace app {

struct DevOptions {
  std::string dir = ".tenon";
  int port = 3000;       // 0: a free one
  int api_port = 54341;  // 0: the API answers on `port` only
  bool worker = true;    // false: no pipeline job is claimed; deliveries still run
  bool seed = true;
  bool once = false;  // the main job, headless, then the end
};

// Returns the process's exit status.
int dev(DevOptions options);

}  // namespace app
