#include "pg/transient.h"
#include "storage/request.h"

namespace storage {

namespace {

// Answers StorageError and database errors. The route group answers every other exception.
Task<http::Response> run(Storage& storage, http::Request& rq, UseCase use_case) {
  try {
    co_return co_await use_case(storage, rq);
  } catch (const StorageError& e) {
    co_return error_response(e);
  } catch (const pg::Error& e) {
    if (pg::is_transient(e.sqlstate)) throw;  // 503, as everywhere
    const StorageError error = database_error(e);
    co_return error_response(error, error.status == "500" ? 500 : 400);
  }
}

}  // namespace

http::Handler endpoint(Storage& storage, UseCase use_case) {
  return [&storage, use_case](http::Request& rq) { return run(storage, rq, use_case); };
}

}  // namespace storage
