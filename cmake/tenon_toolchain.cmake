# Compiler, flags and the libraries that a module may link to.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(TENON_OPTIMISE "-O2 -g1" CACHE STRING "Optimisation and debug flags")
set(TENON_SANITIZE "" CACHE STRING "Value of -fsanitize, empty for none")
option(TENON_FUZZ "Build the libFuzzer targets" OFF)

# TENON_OPTIMISE replaces the flags that CMake adds per build type.
foreach(type DEBUG RELEASE)
  set(CMAKE_CXX_FLAGS_${type} "")
  set(CMAKE_C_FLAGS_${type} "")
endforeach()
separate_arguments(optimise UNIX_COMMAND "${TENON_OPTIMISE}")
add_compile_options(${optimise} -fstack-protector-strong -fno-plt)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(TENON_SANITIZE)
  add_compile_options(-fsanitize=${TENON_SANITIZE} -fno-sanitize-recover=undefined)
  string(REPLACE "fuzzer-no-link," "" link_sanitizers "${TENON_SANITIZE}")
  add_link_options(-fsanitize=${link_sanitizers})
else()
  if(NOT TENON_OPTIMISE MATCHES "-O0")
    add_compile_definitions(_FORTIFY_SOURCE=2)
  endif()
endif()
add_link_options(-fuse-ld=lld-19 -pie -Wl,-z,relro,-z,now)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

# This probe detects a compiler that destroys temporaries of a co_await expression twice, as g++ 12 does.
try_run(coroutines_run coroutines_built
  SOURCES "${CMAKE_SOURCE_DIR}/cmake/probes/co_await_temporaries.cc"
  CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON)
if(NOT coroutines_built OR NOT coroutines_run EQUAL 0)
  message(FATAL_ERROR "This compiler destroys temporaries of co_await expressions twice. Use clang 19: cmake --preset release")
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(fmt REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json) # 1.81 on Debian 12, 1.83 on 13
find_package(CURL REQUIRED)
pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(crypt REQUIRED IMPORTED_TARGET libcrypt)
pkg_check_modules(qrencode REQUIRED IMPORTED_TARGET libqrencode)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc)
find_package(ZLIB REQUIRED)

# Asio and Beast are compiled once (core/asio.cc); every other file sees declarations only.
add_library(tenon_asio INTERFACE)
target_compile_definitions(tenon_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(tenon_asio INTERFACE Boost::headers Threads::Threads OpenSSL::SSL)
