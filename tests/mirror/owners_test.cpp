// The kernel keeps to its part: frames shown on a mirror, and what it says about them.

#include <netinet/in.h>
#include <poll.h>

#include "mirror/mirrored.hpp"

namespace smolstack::mirror {
namespace {

using namespace test;
using io::shell;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

constexpr MacAddress own_mac{{0x02, 0x42, 10, 1, 1, 2}};
constexpr MacAddress other_mac{{0x02, 0x42, 10, 1, 1, 9}};
constexpr MacAddress far_mac{{0x02, 0x42, 10, 1, 2, 9}};

/// A kernel's UDP socket, as a program has it.
class UdpSocket {
 public:
  explicit UdpSocket(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = swap_if_little(port);
    const void* const bytes = &address;
    EXPECT_EQ(::bind(socket_.number(), static_cast<const sockaddr*>(bytes), sizeof address), 0);
  }
  /// The text of the next datagram; nothing waits: empty.
  std::string receive() {
    std::array<char, 2048> text{};
    const ssize_t size = ::recv(socket_.number(), text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  io::Descriptor socket_;
};

/// Two mirrors, 10.1.1.2 on eth0 and 10.1.2.2 on eth1, each with a neighbour .9; no stack of ours.
class Owners : public InMirroredNamespace {
 protected:
  void SetUp() override {
    InMirroredNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    eth0 = open_mirror("eth0", own_mac);
    eth1 = open_mirror("eth1", own_mac);
    ASSERT_TRUE(
        // Two errors in a moment must not depend on how long ago the last test was.
        shell("echo 0 > /proc/sys/net/ipv4/icmp_ratemask && "
              "ip addr add 10.1.1.2/24 dev eth0 && ip link set eth0 up && "
              "ip addr add 10.1.2.2/24 dev eth1 && ip link set eth1 up && "
              "ip neigh add 10.1.1.9 lladdr 02:42:0a:01:01:09 dev eth0 nud permanent && "
              "ip neigh add 10.1.2.9 lladdr 02:42:0a:01:02:09 dev eth1 nud permanent"));
    put_rules();
  }
  void put_rules() {
    const std::vector<OwnedLink> links{{"eth0", own_mac}, {"eth1", own_mac}};
    const auto done = set_owner_rules(links);
    ASSERT_TRUE(done) << done.error().message();
  }
  void show(const Frame& frame) {
    const Octets octets = encode(frame);
    Batch batch;
    batch.push(pool.allocate(octets.size()));
    std::ranges::copy(octets, batch.packets()[0].append(octets.size()).begin());
    EXPECT_EQ(eth0->transmit(batch).sent, 1u);
  }
  /// A datagram of the neighbour's, on the mirror.
  void show_datagram(const Frame& datagram) { show(ethernet(other_mac, own_mac) / datagram); }

  /// What the kernel sends by a mirror from now on.
  std::vector<Captured> sent_by(io::TapDevice& mirror) {
    std::vector<Captured> frames;
    Batch batch;
    mirror.receive(pool, batch);
    for (const Packet& packet : batch.packets())
      frames.push_back({Octets(packet.bytes().begin(), packet.bytes().end()), {}});
    batch.clear();
    return frames;
  }
  /// The next that the kernel sends by eth0.
  std::vector<Captured> next_sent() {
    std::vector<Captured> frames;
    run_until([&] {
      if (frames.empty()) frames = sent_by(*eth0);
      return !frames.empty();
    });
    return frames;
  }
  /// The next datagram of a socket.
  std::string text_of(UdpSocket& socket) {
    std::string text;
    run_until([&] {
      if (text.empty()) text = socket.receive();
      return !text.empty();
    });
    return text;
  }
  /// What the kernel answered, up to the answer to a datagram that it is sure to answer.
  std::vector<Captured> answers() {
    show_datagram(ipv4("10.1.1.9", "10.1.1.2") / udp(4000, closed_port) / "last");
    std::vector<Captured> all;
    run_until([&] {
      for (Captured& frame : sent_by(*eth0)) all.push_back(std::move(frame));
      return !all.empty() && all.back() == refusal;
    });
    EXPECT_TRUE(!all.empty() && all.back() == refusal) << testing::PrintToString(all);
    if (!all.empty()) all.pop_back();
    return all;
  }

  static constexpr std::uint16_t closed_port = 33434;
  const Frame refusal = ipv4("10.1.1.2", "10.1.1.9") / icmp_unreachable(Unreachable::port);
  const Frame echo = ipv4("10.1.1.9", "10.1.1.2") / icmp_echo(7, 1) / "ping";
  PacketPool pool;
  std::unique_ptr<io::TapDevice> eth0;
  std::unique_ptr<io::TapDevice> eth1;
};

TEST_F(Owners, WithoutRulesTheKernelWouldAnswerAnEcho) {
  ASSERT_TRUE(clear_owner_rules());
  show_datagram(echo);
  EXPECT_THAT(answers(), ElementsAre(IsFrame(ipv4("10.1.1.2", "10.1.1.9") / icmp_echo_reply())));
}

TEST_F(Owners, AnEchoRequestIsNotTheKernels) {
  show_datagram(echo);
  EXPECT_THAT(answers(), ElementsAre());
}

TEST_F(Owners, RulesCanBePutInAgain) {
  put_rules();
  put_rules();
  show_datagram(echo);
  EXPECT_THAT(answers(), ElementsAre());
}

TEST_F(Owners, ATimestampRequestIsNotTheKernels) {
  show_datagram(ipv4("10.1.1.9", "10.1.1.2") / test::icmp(icmpv4_type::timestamp, 0, 1u) /
                bytes(12));
  EXPECT_THAT(answers(), ElementsAre());
}

TEST_F(Owners, AnEchoReplyOfAProgramPasses) {
  io::Child program(
      "exec python3 -c 'import socket\n"
      "s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)\n"
      "s.sendto(bytes([0, 0, 0xff, 0xf7, 0, 7, 0, 1]), (\"10.1.1.9\", 0))'");
  EXPECT_THAT(next_sent(),
              ElementsAre(IsFrame(ipv4("10.1.1.2", "10.1.1.9") / icmp_echo_reply(7, 1))));
}

TEST_F(Owners, ADatagramReachesItsSocket) {
  UdpSocket socket(5000);
  show_datagram(ipv4("10.1.1.9", "10.1.1.2") / udp(4000, 5000) / "hello");
  EXPECT_EQ(text_of(socket), "hello");
}

TEST_F(Owners, ADatagramForAFarAddressOfTheMachineReachesItsSocketToo) {
  UdpSocket socket(5000);
  show_datagram(ipv4("10.1.1.9", "10.1.2.2") / udp(4000, 5000) / "hello");
  EXPECT_THAT(text_of(socket), testing::SizeIs(testing::Gt(0u)));
}

TEST_F(Owners, AClosedPortIsRefusedByTheKernel) {
  show_datagram(ipv4("10.1.1.9", "10.1.1.2") / udp(4000, 5000) / "hello");
  EXPECT_THAT(answers(), ElementsAre(IsFrame(refusal)));
}

TEST_F(Owners, ATransportThatNobodyKnowsIsRefusedByTheKernel) {
  show_datagram(ipv4("10.1.1.9", "10.1.1.2", {.protocol = 200}) / "hello");
  EXPECT_THAT(answers(), ElementsAre(IsFrame(ipv4("10.1.1.2", "10.1.1.9") /
                                             icmp_unreachable(Unreachable::protocol))));
}

TEST_F(Owners, TransitIsNotForwardedByTheKernel) {
  ASSERT_TRUE(shell("echo 1 > /proc/sys/net/ipv4/ip_forward"));
  show_datagram(ipv4("10.1.1.9", "10.1.2.9") / udp(4000, 5000) / "transit");
  EXPECT_THAT(answers(), ElementsAre());
  EXPECT_THAT(sent_by(*eth1), ElementsAre());
}

TEST_F(Owners, EvenWithoutItsIngressRulesTheKernelForwardsNothing) {
  ASSERT_TRUE(shell("echo 1 > /proc/sys/net/ipv4/ip_forward"));
  ASSERT_TRUE(set_owner_rules({}));
  show_datagram(ipv4("10.1.1.9", "10.1.2.9") / udp(4000, 5000) / "transit");
  EXPECT_THAT(answers(), ElementsAre());
  EXPECT_THAT(sent_by(*eth1), ElementsAre());
}

TEST_F(Owners, ErrorsAboutTransitAreNotTheKernels) {
  ASSERT_TRUE(shell("echo 1 > /proc/sys/net/ipv4/ip_forward"));
  ASSERT_TRUE(set_owner_rules({}));  // what the ingress rules let through is silenced at the output
  show_datagram(ipv4("10.1.1.9", "10.1.2.9", {.ttl = 1}) / udp(4000, 5000) / "expires");
  show_datagram(ipv4("10.1.1.9", "172.16.0.1") / udp(4000, 5000) / "no route");
  EXPECT_THAT(answers(), ElementsAre());
}

TEST_F(Owners, FragmentsThatNeverBecomeWholeAreTheKernelsToReport) {
  ASSERT_TRUE(shell("echo 1 > /proc/sys/net/ipv4/ipfrag_time"));
  show_datagram(ipv4("10.1.1.9", "10.1.1.2", {.id = 9, .more = true}) / udp(4000, 5000) /
                bytes(64));
  EXPECT_THAT(next_sent(), ElementsAre(IsFrame(icmp_reassembly_exceeded())));
  EXPECT_TRUE(shell("echo 30 > /proc/sys/net/ipv4/ipfrag_time"));
}

TEST_F(Owners, WhatWeSentIsShownAndNotReceived) {
  UdpSocket socket(5000);
  Sniffer tcpdump("eth0");
  const Frame sent = ipv4("10.1.1.2", "255.255.255.255") / udp(4000, 5000) / "our own";
  show(ethernet(own_mac, broadcast_mac) / sent);
  EXPECT_THAT(answers(), ElementsAre());
  EXPECT_THAT(tcpdump.frames(), Contains(IsFrame(sent)));
  EXPECT_EQ(socket.receive(), "");
}

TEST_F(Owners, ABroadcastReachesItsSocket) {
  UdpSocket socket(5000);
  show(ethernet(other_mac, broadcast_mac) / ipv4("10.1.1.9", "10.1.1.255") / udp(4000, 5000) /
       "all");
  EXPECT_THAT(text_of(socket), testing::SizeIs(testing::Gt(0u)));
}

TEST_F(Owners, TheKernelAnswersNoArp) {
  show(ethernet(other_mac, broadcast_mac) /
       arp_request("10.1.1.9", "10.1.1.2", {.sender_mac = other_mac}));
  EXPECT_THAT(answers(), ElementsAre());
}

TEST_F(Owners, TheKernelLearnsFromNoArp) {
  show(ethernet(far_mac, own_mac) /
       arp_reply("10.1.1.7", "10.1.1.2", {.sender_mac = far_mac, .target_mac = own_mac}));
  EXPECT_THAT(answers(), ElementsAre());
  EXPECT_THAT(io::output_of("ip neigh show dev eth0"), Not(testing::HasSubstr("10.1.1.7")));
}

TEST_F(Owners, AProgramThatListensToArpAloneSeesIt) {
  Sniffer arping("eth0", ETH_P_ARP);
  const Frame reply =
      arp_reply("10.1.1.9", "10.1.1.2", {.sender_mac = other_mac, .target_mac = own_mac});
  show(ethernet(other_mac, own_mac) / reply);
  EXPECT_THAT(answers(), ElementsAre());
  EXPECT_THAT(arping.frames(), Contains(IsFrame(reply)));
}

TEST_F(Owners, ALinkThatIsNotThereIsNamed) {
  const std::vector<OwnedLink> links{{"eth7", own_mac}};
  const auto done = set_owner_rules(links);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, MirrorError::no_such_link);
  EXPECT_THAT(done.error().message(), testing::HasSubstr("eth7"));
}

TEST_F(Owners, ATableOfThemTellsWhoAnswersWhat) {
  const Stack stack(mirrored_options());
  const auto rows = owners_json(stack);
  EXPECT_THAT(rows, Contains(testing::Truly([](const control::Json& row) {
                return row.value("packets", "") == "ARP" && row.value("owner", "") == "smolstack";
              })));
  EXPECT_THAT(format_owners(rows), testing::HasSubstr("UDP and TCP"));
  EXPECT_EQ(rows.back()["host_route_mismatches"], 0);
}

}  // namespace
}  // namespace smolstack::mirror
