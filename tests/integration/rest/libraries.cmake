target_include_directories(${target} PRIVATE "${folder}")
find_library(rapidcheck_library rapidcheck REQUIRED)
target_link_libraries(${target} PRIVATE PkgConfig::pq "${rapidcheck_library}")
target_compile_options(${target} PRIVATE -Wno-deprecated-declarations) # rapidcheck uses std::aligned_storage, deprecated in C++23
