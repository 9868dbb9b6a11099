target_include_directories(${target} PRIVATE "${folder}")
