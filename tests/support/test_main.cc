#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "core/process.h"

int main(int argc, char** argv) {
  if (const auto status = core::confined_exec(argc, argv)) return *status;  // a process that a test started
  return doctest::Context(argc, argv).run();
}
