// The app with the data API, for the integration and security suites of rest/.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/text.h"
#include "rest/rest.h"
#include "support/app.h"

namespace support {

struct RestCall {
  http::Method method = http::Method::get;
  std::string path;  // below /rest/v1/, decoded
  Pairs query;       // decoded
  http::Caller caller;
  std::string body;  // JSON
  Pairs headers;
};

class RestApp : public App {
 public:
  explicit RestApp(rest::Config config = {}) {
    config.search_path = "\"public\", \"extensions\"";
    config.public_url = "http://localhost:3000";
    rest_ = std::make_unique<rest::Rest>(loop, db(), listener(), std::move(config));
    rest::mount(router, *rest_);
  }
  ~RestApp() override {
    run(rest_->close());
    close();
    rest_.reset();
  }

  Task<Answer> send(RestCall call) {
    std::string target = "/rest/v1/" + core::percent_encode(call.path);
    const std::string query = form(call.query);
    if (!query.empty()) target += "?" + query;
    if (!call.body.empty()) call.headers.insert(call.headers.begin(), {"Content-Type", "application/json"});
    return App::send({.method = call.method,
                      .target = std::move(target),
                      .caller = std::move(call.caller),
                      .headers = std::move(call.headers),
                      .body = std::move(call.body)});
  }
  Answer call(RestCall call) { return run(send(std::move(call))); }
  // SQL of several statements, as the superuser.
  void script(const std::string& sql) { owner.script(sql); }

 private:
  std::unique_ptr<rest::Rest> rest_;
};

}  // namespace support
