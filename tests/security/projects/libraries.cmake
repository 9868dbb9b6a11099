target_link_libraries(${target} PRIVATE tenon_pipeline) # the rules for files
