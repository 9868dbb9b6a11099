# Steps run in processes of their own: this program is what the worker under test starts, and a whole worker to kill.
if(NOT TARGET jobs_test_child)
  add_executable(jobs_test_child "${CMAKE_SOURCE_DIR}/tests/integration/jobs/support/child/main.cc"
    "${CMAKE_SOURCE_DIR}/tests/integration/jobs/support/pipelines.cc")
  target_include_directories(jobs_test_child PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(jobs_test_child PRIVATE tenon_pipeline tenon_jobs tenon_embedded)
endif()
add_dependencies(${target} jobs_test_child)
target_link_libraries(${target} PRIVATE tenon_jobs tenon_pipeline tenon_embedded)
target_compile_definitions(${target} PRIVATE JOBS_TEST_CHILD="$<TARGET_FILE:jobs_test_child>")
