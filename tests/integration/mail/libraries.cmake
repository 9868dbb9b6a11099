target_link_libraries(${target} PRIVATE tenon_sim tenon_jobs)
