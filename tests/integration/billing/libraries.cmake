target_link_libraries(${target} PRIVATE tenon_storage) # the world that the suites share
