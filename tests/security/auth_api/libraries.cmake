target_link_libraries(${target} PRIVATE tenon_account tenon_auth_api) # support/auth_app.h builds every module of sign-in
