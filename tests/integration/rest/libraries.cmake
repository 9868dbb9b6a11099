target_include_directories(${target} PRIVATE "${folder}")
find_library(rapidcheck_library rapidcheck REQUIRED)
target_link_libraries(${target} PRIVATE PkgConfig::pq "${rapidcheck_library}")
