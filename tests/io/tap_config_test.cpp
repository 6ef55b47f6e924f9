// What can be known of a TAP without opening one.

#include <gtest/gtest.h>

#include "smolstack/io/tap.hpp"

namespace smolstack::io {
namespace {

TEST(InterfaceName, IsOneThatTheKernelTakes) {
  for (const char* name : {"t", "tap-client", "tap0.100", "abcdefghijklmno"})
    EXPECT_TRUE(is_interface_name(name)) << name;
  for (const char* name : {"", ".", "..", "abcdefghijklmnop", "a/b", "a b", "a\tb", "a:1", "tap%d"})
    EXPECT_FALSE(is_interface_name(name)) << name;
}

TEST(TapDevice, RefusesANameBeforeItTouchesTheKernel) {
  const auto opened = TapDevice::open({.name = "tap/0"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, TapError::bad_name);
  EXPECT_EQ(opened.error().code, std::errc::invalid_argument);
  EXPECT_EQ(opened.error().message(),
            "opening \"tap/0\": an interface name has 1 to 15 characters, without '/', ':', '%' "
            "and blanks");
}

TEST(TapDevice, RefusesAnMtuThatTheKernelCannotGiveIt) {
  for (const std::uint32_t mtu : {0u, 67u, 65522u}) {
    const auto opened = TapDevice::open({.name = "t0", .mtu = mtu});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, TapError::bad_mtu) << mtu;
  }
}

TEST(TapDevice, RefusesANamespaceThatIsNoName) {
  for (const char* name : {"../x", "..", "no-such-namespace"}) {
    const auto opened = TapDevice::open({.name = "t0", .netns = name});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, TapError::no_such_namespace) << name;
  }
}

TEST(TapError, TellsTheMissingPermissionsApart) {
  EXPECT_EQ(make_error_code(TapError::tun_file_denied), std::errc::permission_denied);
  EXPECT_EQ(make_error_code(TapError::needs_net_admin), std::errc::operation_not_permitted);
  EXPECT_EQ(make_error_code(TapError::no_tun_file), std::errc::no_such_device);
  EXPECT_EQ(make_error_code(TapError::busy), std::errc::device_or_resource_busy);
}

}  // namespace
}  // namespace smolstack::io
