#include "integration/projects/support/projects_app.h"

using projects_test::ProjectsApp;

TEST_CASE("a ready project is found behind any number of newer drafts, and another's is not") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const auto bob = h.sign_up();
  const auto any_ready = [&](core::UserId who) { return h.loop.run_until(projects::any_ready(h.db(), who)); };
  const std::string first = h.make(ada);
  for (int i = 0; i < 8; ++i) h.make(ada, "Draft");
  h.make(bob);
  CHECK_FALSE(any_ready(ada));
  h.scalar("update public.projects set status = 'ready' where id = $1 returning 1", {first});
  for (const auto& project : h.loop.run_until(projects::recent(h.db(), ada, 8))) CHECK(project.status == "draft");
  CHECK(any_ready(ada));
  CHECK_FALSE(any_ready(bob));
}
