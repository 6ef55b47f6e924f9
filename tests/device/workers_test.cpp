// Workers between two namespaces: the kernel sends, they forward, the loop does the rest.

#include "smolstack/io/workers.hpp"

#include <string>

#include <gmock/gmock.h>

#include "device/namespace.hpp"

namespace smolstack::io {
namespace {

using testing::HasSubstr;

/// A router of two workers: this namespace is 10.1.1.2 on `ta`, the namespace `far` is 10.1.2.2 on
/// `tb`.
class WorkersTest : public InNamespace {
 protected:
  void SetUp() override {
    InNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(shell("ip netns add far && ip -n far link set lo up"));
    near = plug("ta", "10.1.1.3/24", "10.1.1.2/24", "");
    far = plug("tb", "10.1.2.3/24", "10.1.2.2/24", "far");
    ASSERT_TRUE(shell("ip route add 10.1.2.0/24 via 10.1.1.3"));
    ASSERT_TRUE(shell("ip -n far route add 10.1.1.0/24 via 10.1.2.3"));
    router.stack.settings().forwarding = true;
    workers.start(router.stack, [this](IfIndex index) { return index == loops; });
    router.loop.on_flushed([this] { workers.follow(router.stack); });
  }
  void TearDown() override {
    router.loop.close();
    workers.stop();
    (void)shell("ip netns del far 2>/dev/null");
  }

  IfIndex plug(const std::string& name, const char* address, const char* host,
               const std::string& netns) {
    TapConfig config;
    config.name = name;
    config.netns = netns;
    config.host_ip = parse_ipv4_subnet(host);
    const auto index = static_cast<IfIndex>(router.stack.interfaces().size() + 1);
    auto device = workers.open(index, config);
    EXPECT_TRUE(device) << device.error().message();
    return router.plug(address, std::move(*device)).index;
  }
  const InterfaceCounters& counters(IfIndex index) {
    workers.account(router.stack);
    return router.stack.interfaces()[index].counters;
  }
  std::uint64_t forwarded() {
    workers.account(router.stack);
    return router.stack.counters().forwarded;
  }

  Workers workers{2, {.small = 256, .large = 4}};
  Machine router{context};
  IfIndex near{};
  IfIndex far{};
  IfIndex loops = IfIndex::none;  ///< an interface whose frames are all the loop's
};

TEST_F(WorkersTest, TheLoopDoesWhatIsNotPlainAndTheyDoTheRest) {
  EXPECT_TRUE(kernel_pings("10.1.2.2", "-c 200 -i 0.001"));
  EXPECT_GE(forwarded(), 400u);
  EXPECT_GE(counters(near).rx_packets, 200u);
  EXPECT_GE(counters(far).tx_bytes, 200u * 98);
  EXPECT_TRUE(kernel_pings("10.1.1.3", "-c 50 -i 0.001")) << "echo is the loop's";
  EXPECT_TRUE(kernel_pings("10.1.2.2", "-c 3 -s 5000")) << "in fragments";
  EXPECT_TRUE(succeeds("ping -c 1 -W 1 -t 1 10.1.2.2 | grep -q 'Time to live exceeded'"));
  EXPECT_TRUE(succeeds("ping -c 1 -W 1 10.9.9.9 2>&1 | grep -q -i unreachable"));
}

/// 5,000 datagrams of one flow arrive in order. `number` is which one; Python's `pick` says by
/// which socket it goes: `plain`, or `marked` with an IP option.
class WorkersOrderTest : public WorkersTest {
 protected:
  void arrive_in_order(const std::string& pick) {
    // The kernel knows us by then: what waits for ARP in it may be overtaken there. We do not know
    // the far side: the first datagrams wait for ARP on the loop's thread.
    ASSERT_TRUE(kernel_pings("10.1.1.3"));
    Child receiver(
        "exec nsenter --net=/run/netns/far python3 -c '\n"
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)\n"
        "s.bind((\"10.1.2.2\", 9))\n"
        "s.settimeout(10)\n"
        "last = -1\n"
        "while last < 4999:\n"
        "    number = int.from_bytes(s.recv(100), \"big\")\n"
        "    assert number > last, (last, number)\n"
        "    last = number\n"
        "'");
    EXPECT_TRUE(succeeds("until nsenter --net=/run/netns/far ss -Hlun | grep -q :9; do :; done"));
    Child sender(
        "exec python3 -c '\n"
        "import socket, time\n"
        "def made():\n"  // one port: the kernel gives a flow one queue
        "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
        "    s.bind((\"10.1.1.2\", 5555))\n"
        "    return s\n"
        "plain, marked = made(), made()\n"
        "marked.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([1, 1, 1, 0]))\n"
        "for number in range(5000):\n"
        "    s = " +
        pick +
        "\n"
        "    s.sendto(number.to_bytes(8, \"big\"), (\"10.1.2.2\", 9))\n"
        "    if number % 50 == 49: time.sleep(0.001)\n"
        "while True:\n"  // the last one may be lost, and the receiver waits for it
        "    plain.sendto((4999).to_bytes(8, \"big\"), (\"10.1.2.2\", 9))\n"
        "    time.sleep(0.05)\n"
        "'");
    EXPECT_TRUE(run_until([&] { return receiver.ended(); }, 30s));
    EXPECT_TRUE(receiver.succeeded());
  }
};

TEST_F(WorkersOrderTest, AFlowStaysInOrderFromItsFirstDatagramOn) {
  arrive_in_order("plain");
}

// A frame for the loop must not pass plain ones that wait until the loop is done with others.
TEST_F(WorkersOrderTest, AlsoWhenItIsPlainOnlyInPart) {
  arrive_in_order("marked if number % 3 == 2 else plain");
}

TEST_F(WorkersTest, FollowWhatIsConfigured) {
  EXPECT_TRUE(kernel_pings("10.1.2.2"));
  router.stack.settings().forwarding = false;
  router.loop.flush();
  EXPECT_FALSE(kernel_pings("10.1.2.2"));
  router.stack.settings().forwarding = true;
  router.loop.flush();
  EXPECT_TRUE(kernel_pings("10.1.2.2"));

  Interface& out = router.stack.interfaces()[far];
  ASSERT_TRUE(router.stack.tables().set_mtu(out, 600));
  router.loop.flush();
  EXPECT_TRUE(succeeds("ping -c 1 -W 1 -M do -s 1000 10.1.2.2 2>&1 | grep -q 'mtu *= *600'"));
}

TEST_F(WorkersTest, LeaveAllFramesOfAnInterfaceToTheLoopWhenToldSo) {
  EXPECT_TRUE(kernel_pings("10.1.2.2", "-c 5 -i 0.001"));
  loops = far;
  router.loop.flush();
  const std::uint64_t before = counters(far).rx_packets;
  const std::uint64_t by_loop = router.stack.counters().forwarded;
  EXPECT_TRUE(kernel_pings("10.1.2.2", "-c 20 -i 0.001"));
  EXPECT_GE(router.stack.counters().forwarded, by_loop + 40) << "without the workers' share";
  EXPECT_GE(counters(far).rx_packets, before + 20) << "each frame is counted once";
  EXPECT_LT(counters(far).rx_packets, before + 40);
}

TEST_F(WorkersTest, TakeADeviceUpAgainThatWasDeleted) {
  EXPECT_TRUE(kernel_pings("10.1.2.2"));
  ASSERT_TRUE(shell("ip link del ta"));
  EXPECT_TRUE(run_until([&] { return !router.stack.interfaces()[near].running; }));
  ASSERT_TRUE(
      shell("ip tuntap add ta mode tap multi_queue && ip addr add 10.1.1.2/24 dev ta && "
            "ip link set ta up && ip route add 10.1.2.0/24 via 10.1.1.3"));
  EXPECT_TRUE(run_until([&] { return router.stack.interfaces()[near].running; }));
  EXPECT_TRUE(kernel_pings("10.1.2.2", "-c 20 -i 0.001 -W 3"));
  EXPECT_TRUE(shell("ip link del ta"));
}

TEST_F(WorkersTest, SayThatADeviceHasOneQueueOnly) {
  ASSERT_TRUE(shell("ip tuntap add single mode tap"));
  TapConfig config;
  config.name = "single";
  const auto device = workers.open(IfIndex{9}, config);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, TapError::other_kind);
  EXPECT_TRUE(shell("ip link del single"));
}

}  // namespace
}  // namespace smolstack::io
