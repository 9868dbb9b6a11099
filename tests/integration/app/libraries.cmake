# The raw socket of the attacker's suite, and the proxy that stands before Postgres.
target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/integration/pg")
target_sources(${target} PRIVATE
  "${CMAKE_SOURCE_DIR}/tests/security/http/support/live_server.cc"
  "${CMAKE_SOURCE_DIR}/tests/integration/pg/support/stage.cc")
