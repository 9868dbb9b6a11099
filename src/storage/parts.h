// What the files of storage/ share: one for each loop, made by Storage.
#pragma once

#include "core/clock.h"
#include "core/loop.h"
#include "pg/pg.h"
#include "storage/disk.h"
#include "storage/storage.h"

namespace storage {

struct Parts {
  core::BlockingPool& disk;
  pg::Db& db;
  core::Clock& clock;
  const Config config;
  const Disk files;
};

}  // namespace storage
