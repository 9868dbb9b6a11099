// The operator's verbs. Each returns the process's exit status.
#pragma once

#include <string>

#include "app/settings.h"

namespace app {

struct CliOptions {
  std::string dir = ".tenon";
  std::string output = "env";
  std::string email;
  std::string key_kind;
  std::string key_name;
  std::string key_id;
  bool markdown = false;
};

int db_start(const CliOptions& tools);
int db_stop(const CliOptions& tools);
int db_reset(const CliOptions& tools);
int db_migrate(const CliOptions& tools);
int db_status(const CliOptions& tools);
int db_remove(const CliOptions& tools);
int keys(const Settings& settings);
int keys_rotate(const Settings& settings);
int keys_list(const Settings& settings);
int keys_create(const Settings& settings, const CliOptions& tools);
int keys_revoke(const Settings& settings, const CliOptions& tools);
int routes(const Settings& settings, const CliOptions& tools);
int env(const Settings& settings);
int check();
int jobs(const Settings& settings);
int user_create(const Settings& settings, const CliOptions& tools);
int user_admin(const Settings& settings, const CliOptions& tools);
int status(const CliOptions& tools);

}  // namespace app
