include("${CMAKE_SOURCE_DIR}/tests/integration/jobs/libraries.cmake")
target_sources(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/integration/jobs/support/pipelines.cc")
target_link_libraries(${target} PRIVATE tenon_account tenon_auth_api) # for the sign-in of notify_test.cc
