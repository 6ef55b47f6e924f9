#pragma once
// A run directory that is gone after the test.

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace smolstack::test {

/// Points $SMOLSTACK_RUN_DIR at a fresh directory of mode 0700.
class SocketDirectory {
 public:
  SocketDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "smolstack-test-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
    ::setenv("SMOLSTACK_RUN_DIR", path_.c_str(), 1);
  }
  ~SocketDirectory() {
    ::unsetenv("SMOLSTACK_RUN_DIR");
    std::filesystem::remove_all(path_);
  }
  SocketDirectory(const SocketDirectory&) = delete;
  SocketDirectory& operator=(const SocketDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace smolstack::test
