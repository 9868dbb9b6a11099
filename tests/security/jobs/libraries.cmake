include("${CMAKE_SOURCE_DIR}/tests/integration/jobs/libraries.cmake")
target_sources(${target} PRIVATE "${CMAKE_SOURCE_DIR}/tests/integration/jobs/support/pipelines.cc")
target_link_libraries(${target} PRIVATE $<TARGET_NAME_IF_EXISTS:tenon_auth>) # for the sign-in of notify_test.cc
