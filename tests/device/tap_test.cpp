// TAP and TUN with the kernel at the other end.

#include "smolstack/io/tap.hpp"

#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>

#include <gmock/gmock.h>

#include "device/namespace.hpp"

namespace smolstack::io {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

bool exists(const char* name) {
  return ::if_nametoindex(name) != 0;
}

std::string link_line(const std::string& name) {
  return output_of("ip -o link show " + name);
}

TapConfig named(const char* name, std::uint32_t mtu = 1500) {
  TapConfig config;
  config.name = name;
  config.mtu = mtu;
  return config;
}

TapConfig with_host(const char* name, const char* host_ip, std::uint32_t mtu = 1500) {
  TapConfig config = named(name, mtu);
  config.host_ip = parse_ipv4_subnet(host_ip);
  return config;
}

TapConfig inside(const char* netns, TapConfig config) {
  config.netns = netns;
  return config;
}

std::unique_ptr<TapDevice> open_or_fail(const TapConfig& config) {
  auto opened = TapDevice::open(config);
  if (opened) return std::move(*opened);
  ADD_FAILURE() << opened.error().message();
  return nullptr;
}

std::error_code error_of(const TapConfig& config) {
  const auto opened = TapDevice::open(config);
  return opened ? std::error_code() : opened.error().code;
}

/// Opens the device in a thread that has given up all its capabilities.
std::error_code error_without_capabilities(const TapConfig& config) {
  std::error_code code;
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2]{};
    if (::syscall(SYS_capset, &header, none) == 0) code = error_of(config);
  }).join();
  return code;
}

/// Processor time that this process has used.
std::chrono::microseconds busy_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

class Tap : public InNamespace {
 protected:
  /// A machine 10.0.0.2 on the device; the loop owns the device.
  Interface& plug(Machine& machine, const TapConfig& config, const char* address = "10.0.0.2/24") {
    auto device = open_or_fail(config);
    tap = device.get();
    const LinkType link =
        config.kind == TapKind::tap ? LinkType::ethernet : LinkType::point_to_point;
    return machine.plug(address, std::move(device), link, config.mtu);
  }

  TapDevice* tap = nullptr;  ///< the one plugged last
};

TEST_F(Tap, ACreatedDeviceIsUpWithItsMtuAndGoesWithUs) {
  {
    const auto device = open_or_fail(named("t0", 1400));
    EXPECT_FALSE(device->attached());
    EXPECT_THAT(link_line("t0"), HasSubstr("mtu 1400"));
    EXPECT_THAT(link_line("t0"), HasSubstr(",UP"));
  }
  EXPECT_FALSE(exists("t0"));
}

TEST_F(Tap, AttachesToAPersistentDeviceAndLeavesItAsItWas) {
  ASSERT_TRUE(shell("ip tuntap add p0 mode tap && ip link set p0 mtu 1300"));
  {
    const auto device = open_or_fail(named("p0"));
    EXPECT_TRUE(device->attached());
    EXPECT_THAT(link_line("p0"), HasSubstr("mtu 1300"));
    EXPECT_THAT(link_line("p0"), Not(HasSubstr(",UP")));
  }
  EXPECT_TRUE(exists("p0"));
  EXPECT_TRUE(shell("ip link del p0"));
}

TEST_F(Tap, ABusyDeviceNamesItsHolder) {
  const auto first = open_or_fail(named("t0"));
  const auto second = TapDevice::open(named("t0"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, TapError::busy);
  EXPECT_THAT(second.error().message(), HasSubstr("pid " + std::to_string(::getpid())));
}

TEST_F(Tap, ANameOfAnotherKindIsRefused) {
  ASSERT_TRUE(shell("ip tuntap add u0 mode tun"));
  EXPECT_EQ(error_of(named("u0")), TapError::other_kind);
  EXPECT_EQ(error_of(named("lo")), TapError::other_kind);
  EXPECT_TRUE(shell("ip link del u0"));
}

TEST_F(Tap, MissingPermissionsAreToldApart) {
  EXPECT_EQ(error_without_capabilities(named("t0")), TapError::needs_net_admin);
  ASSERT_TRUE(shell("ip netns add c"));
  EXPECT_EQ(error_without_capabilities(inside("c", named("t0"))), TapError::needs_sys_admin);
  EXPECT_EQ(error_of(inside("nowhere", named("t0"))), TapError::no_such_namespace);
  ASSERT_TRUE(shell("ip netns del c && mount -t tmpfs tmpfs /dev/net"));
  EXPECT_EQ(error_of(named("t0")), TapError::no_tun_file);
  ASSERT_TRUE(shell("touch /dev/net/tun && chmod 000 /dev/net/tun"));
  EXPECT_EQ(error_without_capabilities(named("t0")), TapError::tun_file_denied);
  EXPECT_TRUE(shell("umount /dev/net"));
}

TEST_F(Tap, AKernelWithAnAddressOfItsEndPingsUs) {
  Machine machine(context);
  plug(machine, with_host("t0", "10.0.0.1/24"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 3 -i 0.01"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 2000 -f"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 3 -i 0.01 -s 1472 -M do"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 2 -i 0.01 -s 65507"));
}

TEST_F(Tap, JumboFramesPass) {
  Machine machine(context);
  plug(machine, with_host("t0", "10.0.0.1/24", max_mtu_of(TapKind::tap)));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 2 -i 0.01 -M do -s 65493"));
}

TEST_F(Tap, ATunCarriesPacketsWithoutFrames) {
  Machine machine(context);
  TapConfig config = with_host("u0", "10.0.0.1/24");
  config.kind = TapKind::tun;
  plug(machine, config);
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 3 -i 0.01"));
}

TEST_F(Tap, CreatedInsideANamespaceItIsThereAndWeAreHere) {
  ASSERT_TRUE(shell("ip netns add c"));
  const std::string before = output_of("readlink /proc/self/ns/net");
  Machine machine(context);
  plug(machine, inside("c", with_host("t0", "10.0.0.1/24")));
  EXPECT_EQ(output_of("readlink /proc/self/ns/net"), before);
  EXPECT_FALSE(exists("t0"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 3 -i 0.01", "c"));
  EXPECT_TRUE(shell("ip netns del c"));
}

TEST_F(Tap, MovedToAnotherNamespaceTrafficGoesOn) {
  ASSERT_TRUE(shell("ip netns add c"));
  Machine machine(context);
  plug(machine, with_host("t0", "10.0.0.1/24"));
  ASSERT_TRUE(kernel_pings("10.0.0.2"));
  const int descriptor = tap->descriptor();
  ASSERT_TRUE(
      shell("ip link set t0 netns c && ip -n c addr add 10.0.0.1/24 dev t0 && "
            "ip -n c link set t0 up"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 3 -i 0.01", "c"));
  EXPECT_EQ(tap->descriptor(), descriptor);
  EXPECT_TRUE(shell("ip netns del c"));
}

TEST_F(Tap, EnslavedToABridgeTrafficGoesOn) {
  Machine machine(context);
  plug(machine, named("t0"));
  ASSERT_TRUE(
      shell("ip link add br0 type bridge && ip addr add 10.0.0.1/24 dev br0 && "
            "ip link set br0 up && ip link set t0 master br0"));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 3 -i 0.01"));
  EXPECT_TRUE(shell("ip link del br0"));
}

TEST_F(Tap, SetDownItIsCountedAndRecoversWhenItIsUp) {
  Machine machine(context);
  Interface& interface = plug(machine, with_host("t0", "10.0.0.1/24"));
  ASSERT_TRUE(kernel_pings("10.0.0.2"));
  ASSERT_TRUE(shell("ip link set t0 down"));
  machine.ping(Ipv4Address(10, 0, 0, 1));
  machine.ping(Ipv4Address(10, 0, 0, 1));
  EXPECT_EQ(interface.drops[DropReason::device_down], 2u);
  EXPECT_EQ(tap->state(), DeviceState::down);
  const auto busy = busy_time();
  run_for(200ms);
  EXPECT_LT(busy_time() - busy, 50ms);
  ASSERT_TRUE(shell("ip link set t0 up"));
  EXPECT_TRUE(kernel_pings("10.0.0.2"));
  EXPECT_EQ(tap->state(), DeviceState::ready);
  EXPECT_THAT(machine.reports, Contains("the kernel's end of the device is down").Times(1));
}

TEST_F(Tap, DeletedUnderLoadItIsUsedAgainWhenItIsMadeAnew) {
  ASSERT_TRUE(shell("ip tuntap add p0 mode tap"));
  Machine machine(context);
  Interface& interface = plug(machine, with_host("p0", "10.0.0.1/24"));
  plug(machine, with_host("t1", "10.0.1.1/24"), "10.0.1.2/24");
  {
    Child load("exec ping -q -f -w 20 10.0.0.2 >/dev/null");
    ASSERT_TRUE(run_until([&] { return machine.stack.counters().echo_replies_sent > 100; }));
    ASSERT_TRUE(shell("ip link del p0"));
    ASSERT_TRUE(run_until([&] { return !interface.running; }));
  }
  const auto busy = busy_time();
  run_for(300ms);
  EXPECT_LT(busy_time() - busy, 100ms);
  EXPECT_TRUE(kernel_pings("10.0.1.2"));
  EXPECT_THAT(machine.reports, Contains("the device is gone").Times(1));

  ASSERT_TRUE(shell("ip tuntap add p0 mode tap"));
  ASSERT_TRUE(run_until([&] { return interface.running; }));
  EXPECT_TRUE(kernel_pings("10.0.0.2"));
  EXPECT_THAT(machine.reports, Contains("the device is back").Times(1));
  EXPECT_TRUE(shell("ip link del p0"));
}

TEST_F(Tap, ACreatedDeviceThatIsDeletedStaysAwayUntilSomebodyMakesOne) {
  ASSERT_TRUE(shell("ip netns add c"));
  Machine machine(context);
  Interface& interface = plug(machine, inside("c", with_host("t0", "10.0.0.1/24")));
  ASSERT_TRUE(shell("ip -n c link del t0"));
  ASSERT_TRUE(run_until([&] { return !interface.running; }));
  ASSERT_TRUE(shell("ip tuntap add t0 mode tap"));  // here is not there
  run_for(100ms);                                   // some attempts, 20 ms apart
  EXPECT_FALSE(interface.running);
  EXPECT_TRUE(shell("ip link del t0 && nsenter --net=/run/netns/c ip tuntap add t0 mode tap"));
  ASSERT_TRUE(run_until([&] { return interface.running; }));
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 1", "c"));
  EXPECT_TRUE(shell("ip netns del c"));
}

TEST_F(Tap, FramesLongerThanOurMtuAreDroppedAndCounted) {
  ASSERT_TRUE(shell("ip tuntap add p0 mode tap && ip link set p0 mtu 9000"));
  Machine machine(context);
  Interface& interface = plug(machine, with_host("p0", "10.0.0.1/24"));
  EXPECT_FALSE(kernel_pings("10.0.0.2", "-c 1 -M do -s 1473"));
  EXPECT_EQ(interface.drops[DropReason::frame_too_long], 1u);
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 1 -M do -s 1472"));
  interface.mtu = 9000;
  EXPECT_TRUE(kernel_pings("10.0.0.2", "-c 1 -M do -s 8972"));
  EXPECT_TRUE(shell("ip link del p0"));
}

TEST_F(Tap, FramesWithoutABufferAreTakenOffTheDeviceAndCounted) {
  PacketPool pool({.small = 0, .large = 0});
  const auto device = open_or_fail(with_host("t0", "10.0.0.1/24"));
  EXPECT_FALSE(shell("ping -q -c 2 -i 0.01 -W 1 10.0.0.2 >/dev/null"));  // asks by ARP
  Batch batch;
  ReceiveResult got = device->receive(pool, batch);
  EXPECT_GE(got.no_buffer, 1u);
  while (got.more) got = device->receive(pool, batch);
  EXPECT_TRUE(batch.empty());
  pollfd one{device->descriptor(), POLLIN, 0};
  EXPECT_EQ(::poll(&one, 1, 0), 0);
}

TEST_F(Tap, FindingNothingCostsOneBufferAtMost) {
  PacketPool pool({.small = 8, .large = 0});
  const auto device = open_or_fail(named("t0"));
  Batch batch;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(device->receive(pool, batch).frames, 0u);
  EXPECT_EQ(pool.small_in_use().level(), 1u);
  EXPECT_EQ(device->state(), DeviceState::ready);
}

}  // namespace
}  // namespace smolstack::io
