// The operator's verbs. Each returns the process's exit status.
#pragma once

#include <string>

#include "app/settings.h"

namespace app {

struct Tools {
  std::string dir = ".tenon";
  std::string output = "env";
  std::string email;
  std::string key_kind;
  std::string key_name;
  std::string key_id;
  bool markdown = false;
};

int db_start(const Tools& tools);
int db_stop(const Tools& tools);
int db_reset(const Tools& tools);
int db_migrate(const Tools& tools);
int db_status(const Tools& tools);
int db_remove(const Tools& tools);
int keys(const Settings& settings);
int keys_rotate(const Settings& settings);
int keys_list(const Settings& settings);
int keys_create(const Settings& settings, const Tools& tools);
int keys_revoke(const Settings& settings, const Tools& tools);
int routes(const Settings& settings, const Tools& tools);
int env(const Settings& settings);
int check();
int jobs(const Settings& settings);
int user_create(const Settings& settings, const Tools& tools);
int user_admin(const Settings& settings, const Tools& tools);
int status(const Tools& tools);

}  // namespace app
