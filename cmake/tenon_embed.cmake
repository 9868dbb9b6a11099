# Puts the files below into the binary as read-only data (core/resources.h finds them by their path from
# the project's root). Public files are also stored gzip and brotli compressed.
function(tenon_embed)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}"
    "${CMAKE_SOURCE_DIR}/src/*/views/*" "${CMAKE_SOURCE_DIR}/src/*/text/*.json"
    "${CMAKE_SOURCE_DIR}/src/*/data/*" "${CMAKE_SOURCE_DIR}/public/*"
    "${CMAKE_SOURCE_DIR}/db/platform/*.sql" "${CMAKE_SOURCE_DIR}/db/migrations/*.sql"
    "${CMAKE_SOURCE_DIR}/db/functions/*.sql" "${CMAKE_SOURCE_DIR}/db/seed.sql")
  list(SORT files)
  set(list "${CMAKE_BINARY_DIR}/embedded.txt")
  string(REPLACE ";" "\n" lines "${files}")
  file(CONFIGURE OUTPUT "${list}" CONTENT "${lines}\n" @ONLY)
  set(absolute ${files})
  list(TRANSFORM absolute PREPEND "${CMAKE_SOURCE_DIR}/")

  add_executable(tenon_embedder "${CMAKE_SOURCE_DIR}/cmake/embedder.cc")
  target_link_libraries(tenon_embedder PRIVATE PkgConfig::brotli ZLIB::ZLIB OpenSSL::Crypto)
  set(out "${CMAKE_BINARY_DIR}/embedded")
  add_custom_command(OUTPUT "${out}.cc" "${out}.S"
    COMMAND tenon_embedder "${CMAKE_SOURCE_DIR}" "${list}" "${out}"
    DEPENDS tenon_embedder "${list}" ${absolute} VERBATIM)
  set_source_files_properties("${out}.S" PROPERTIES OBJECT_DEPENDS "${out}.cc")
  add_library(tenon_embedded STATIC "${out}.cc" "${out}.S")
  target_include_directories(tenon_embedded PRIVATE "${CMAKE_SOURCE_DIR}/src")
endfunction()
