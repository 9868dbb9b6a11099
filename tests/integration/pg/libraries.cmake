target_include_directories(${target} PRIVATE "${folder}")
target_link_libraries(${target} PRIVATE tenon_asio PkgConfig::pq) # one connection by itself
