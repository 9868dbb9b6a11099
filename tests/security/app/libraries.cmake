# `tenon web` as a process, and the raw socket to ask it.
target_sources(${target} PRIVATE
  "${CMAKE_SOURCE_DIR}/tests/integration/app/support/process.cc"
  "${CMAKE_SOURCE_DIR}/tests/security/http/support/live_server.cc")
target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/integration/pg")
target_sources(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/integration/pg/support/stage.cc")
