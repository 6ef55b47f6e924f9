#include "smolstack/lab/surroundings.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "smolstack/lab/one_user.hpp"

namespace smolstack {
namespace {

TEST(Surroundings, ThePathReachesTheAdministratorsPrograms) {
  EXPECT_EQ(lab::path_with_sbin("/usr/bin:/bin"), "/usr/bin:/bin:/usr/sbin:/sbin");
  EXPECT_EQ(lab::path_with_sbin("/usr/sbin:/usr/bin"), "/usr/sbin:/usr/bin:/sbin");
  EXPECT_EQ(lab::path_with_sbin(""), "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
}

TEST(Surroundings, WhatIsTheUsersIsKept) {
  for (const char* const name : {"TERM", "LANG", "LC_ALL", "NO_COLOR", "COLORTERM"})
    EXPECT_TRUE(lab::is_kept(name)) << name;
  for (const char* const name : {"HOME", "XDG_RUNTIME_DIR", "SMOLSTACK_RUN_DIR", "TERMINFO_X"})
    EXPECT_FALSE(lab::is_kept(name)) << name;
}

bool has_one_user(const std::string& uid_map) {
  std::istringstream text(uid_map);
  return lab::has_one_user(text);
}

TEST(OneUser, IsANamespaceThatMapsJustOne) {
  EXPECT_TRUE(has_one_user("         0       1000          1\n"));
  EXPECT_FALSE(
      has_one_user("         0       1000          1\n         1     100000      65536\n"));
  EXPECT_FALSE(has_one_user("         0          0 4294967295\n"));
  EXPECT_FALSE(has_one_user(""));
}

}  // namespace
}  // namespace smolstack
