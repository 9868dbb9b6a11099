target_link_libraries(${target} PRIVATE tenon_account tenon_auth_api) # support/auth_app.h builds every module of sign-in
target_link_libraries(${target} PRIVATE tenon_sim tenon_jobs) # the provider, simulated, and the jobs that emails describe
