target_link_libraries(${target} PRIVATE tenon_sim)
target_include_directories(${target} PRIVATE "${folder}")
