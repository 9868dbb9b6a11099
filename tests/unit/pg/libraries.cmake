target_link_libraries(${target} PRIVATE PkgConfig::pq) # pg/callers.h is private to pg/ and knows libpq
