#include <doctest/doctest.h>

#include <string>

#include "storage/key.h"
#include "storage/storage.h"

TEST_CASE("a key is a path of plain segments and nothing else") {
  for (const std::string key :
       {"a", "u_1/p_2/x.mp4", "a b.txt", "_/!.*'()&$=@;:+,?-", "...", "a/.emptyFolderPlaceholder", "..a/b.."})
    CHECK_MESSAGE(storage::valid_key(key), key);
  for (const std::string key : {"",    "/a", "a/",  "a//b", ".",    "..",   "a/..", "../a", "a/./b", "a\\b", "a%2fb",
                                "a#b", "ä",  "a~b", "a{b}", "a\nb", "a\tb", "\x7f", "a|b",  "a<b",   "a\"b"})
    CHECK_MESSAGE(!storage::valid_key(key), key);
  CHECK(!storage::valid_key(std::string("a\0b", 3)));
  CHECK(storage::valid_key(std::string(1024, 'a')));
  CHECK(!storage::valid_key(std::string(1025, 'a')));
}

TEST_CASE("a bucket's name has no slash and at most 100 characters") {
  CHECK(storage::valid_bucket("project-assets"));
  for (const std::string name : {"", "a/b", ".", "..", "a\\b", "ä"}) CHECK_MESSAGE(!storage::valid_bucket(name), name);
  CHECK(!storage::valid_bucket(std::string(101, 'a')));
}

TEST_CASE("a job's folder names user, project and job") {
  const auto user = *core::UserId::parse("00000000-0000-4000-8000-000000000001");
  const auto project = *core::ProjectId::parse("00000000-0000-4000-8000-000000000002");
  const auto job = *core::JobId::parse("00000000-0000-4000-8000-000000000003");
  CHECK(storage::job_folder(user, project, job) ==
        "u_00000000-0000-4000-8000-000000000001/p_00000000-0000-4000-8000-000000000002/"
        "j_00000000-0000-4000-8000-000000000003/");
}
