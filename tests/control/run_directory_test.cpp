#include "smolstack/control/run_directory.hpp"

#include <fcntl.h>
#include <fstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/socket_directory.hpp"
#include "smolstack/control/local_socket.hpp"

namespace smolstack {
namespace {

namespace fs = std::filesystem;
using control::LocalListener;
using test::SocketDirectory;

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777u;
}

/// A socket whose process was killed: the path is there, nobody listens.
void leave_stale_socket(const fs::path& path) {
  const io::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const boost::asio::local::stream_protocol::endpoint endpoint(path.native());
  ASSERT_EQ(::bind(socket.number(), endpoint.data(), static_cast<socklen_t>(endpoint.size())), 0);
  ASSERT_EQ(::listen(socket.number(), 1), 0);
}

TEST(RunDirectory, FollowsTheEnvironment) {
  const SocketDirectory directory;
  EXPECT_EQ(control::run_directory(), directory.path());
  EXPECT_EQ(control::control_path("client"), directory / "client.sock");
  EXPECT_EQ(control::control_path("./client"), "./client");
}

TEST(RunDirectory, IsMadeForItsOwnerOnly) {
  const SocketDirectory directory;
  ASSERT_TRUE(control::make_run_directory(directory / "run").has_value());
  EXPECT_EQ(mode_of(directory / "run"), 0700u);
  fs::permissions(directory / "run", fs::perms(0755));
  ASSERT_TRUE(control::make_run_directory(directory / "run").has_value());
  EXPECT_EQ(mode_of(directory / "run"), 0700u);
}

TEST(RunDirectory, IsNoSymlinkAndNoFile) {
  const SocketDirectory directory;
  fs::create_directory(directory / "real");
  fs::create_directory_symlink(directory / "real", directory / "link");
  EXPECT_FALSE(control::make_run_directory(directory / "link").has_value());
  std::ofstream(directory / "file") << "x";
  EXPECT_FALSE(control::make_run_directory(directory / "file").has_value());
}

TEST(RunDirectory, NamesAreWords) {
  for (const char* const name : {"client", "tap-r1", "r1.lab_2"})
    EXPECT_TRUE(control::is_machine_name(name)) << name;
  for (const char* const name : {"", ".hidden", "-x", "a/b", "..", "a b", "a\n"})
    EXPECT_FALSE(control::is_machine_name(name)) << name;
  EXPECT_FALSE(control::is_machine_name(std::string(65, 'a')));
}

TEST(LocalListener, IsOpenToItsOwnerOnlyAndGoesWithItsPath) {
  const SocketDirectory directory;
  {
    const auto listener = LocalListener::claim(directory / "a.sock");
    ASSERT_TRUE(listener.has_value()) << listener.error().message();
    EXPECT_EQ(mode_of(directory / "a.sock"), 0600u);
    const auto machines = control::running_machines();
    ASSERT_EQ(machines.size(), 1u);
    EXPECT_EQ(machines[0].name, "a");
    EXPECT_EQ(machines[0].pid, ::getpid());
  }
  EXPECT_FALSE(fs::exists(directory / "a.sock"));
}

TEST(LocalListener, ReplacesAStaleSocket) {
  const SocketDirectory directory;
  leave_stale_socket(directory / "a.sock");
  EXPECT_TRUE(control::running_machines().empty());
  const auto listener = LocalListener::claim(directory / "a.sock");
  ASSERT_TRUE(listener.has_value()) << listener.error().message();
  EXPECT_TRUE(control::connect_local(directory / "a.sock").has_value());
}

TEST(LocalListener, RefusesALivingOneWithItsPid) {
  const SocketDirectory directory;
  const auto first = LocalListener::claim(directory / "a.sock");
  ASSERT_TRUE(first.has_value());
  const auto second = LocalListener::claim(directory / "a.sock");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, std::errc::address_in_use);
  EXPECT_THAT(second.error().message(),
              testing::HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_TRUE(control::connect_local(directory / "a.sock").has_value());
}

TEST(LocalListener, UnlinksNothingButItsOwnSocket) {
  const SocketDirectory directory;
  std::ofstream(directory / "file.sock") << "precious";
  EXPECT_FALSE(LocalListener::claim(directory / "file.sock").has_value());
  EXPECT_TRUE(fs::exists(directory / "file.sock"));

  leave_stale_socket(directory / "target");
  fs::create_symlink(directory / "target", directory / "link.sock");
  EXPECT_FALSE(LocalListener::claim(directory / "link.sock").has_value());
  EXPECT_TRUE(fs::exists(directory / "target"));

  auto listener = LocalListener::claim(directory / "a.sock");
  ASSERT_TRUE(listener.has_value());
  fs::remove(directory / "a.sock");
  std::ofstream(directory / "a.sock") << "somebody else's";
  { const LocalListener gone = std::move(*listener); }
  EXPECT_TRUE(fs::exists(directory / "a.sock"));
}

TEST(LocalListener, SaysThatAPathIsTooLong) {
  const auto listener = LocalListener::claim("/tmp/" + std::string(110, 'x'));
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, std::errc::filename_too_long);
}

}  // namespace
}  // namespace smolstack
