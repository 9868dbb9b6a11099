// The dependencies that storage's own files share. Storage owns one, on each loop.
#pragma once

#include "core/clock.h"
#include "core/loop.h"
#include "pg/pg.h"
#include "storage/disk.h"
#include "storage/storage.h"

namespace storage {

struct StorageContext {
  core::BlockingPool& disk;
  pg::Db& db;
  core::Clock& clock;
  const Config config;
  const Disk files;
};

}  // namespace storage
