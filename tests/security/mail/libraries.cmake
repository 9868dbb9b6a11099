target_link_libraries(${target} PRIVATE $<TARGET_NAME_IF_EXISTS:tenon_auth>) # the sign-in that the suites share
