// Multicast groups of a machine: its programs join by the kernel, whose IGMP goes by our wires.

#include <netinet/in.h>

#include "mirror/mirrored.hpp"
#include "smolstack/wire/udp.hpp"

namespace smolstack::mirror {
namespace {

using namespace test;
using io::output_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr MacAddress eth0_mac{{0x02, 0x42, 10, 1, 1, 2}};
constexpr std::uint16_t port = 5000;
const Address own_group = "239.1.2.3";

const Frame header_of_reports = ipv4_of_igmp("10.1.1.2", "224.0.0.22");
const Frame told = header_of_reports / igmpv3_report({to_exclude("239.1.2.3")});
const Frame taken_back = header_of_reports / igmpv3_report({to_include("239.1.2.3")});
const Frame answered = header_of_reports / igmpv3_report({is_excluded("239.1.2.3")});

/// A program's socket for datagrams of groups.
class GroupSocket {
 public:
  GroupSocket() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = swap_if_little(port);
    const void* const bytes = &address;
    EXPECT_EQ(::bind(socket_.number(), static_cast<const sockaddr*>(bytes), sizeof address), 0);
  }
  void join(Ipv4Address group) { change(IP_ADD_MEMBERSHIP, group); }
  void leave(Ipv4Address group) { change(IP_DROP_MEMBERSHIP, group); }
  /// The text of the next datagram; nothing waits: empty.
  std::string receive() {
    std::array<char, 2048> text{};
    const ssize_t size = ::recv(socket_.number(), text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  void change(int option, Ipv4Address group) {
    ip_mreqn request{};
    request.imr_multiaddr.s_addr = swap_if_little(group.host());
    request.imr_ifindex = static_cast<int>(::if_nametoindex("eth0"));
    ASSERT_EQ(::setsockopt(socket_.number(), IPPROTO_IP, option, &request, sizeof request), 0);
  }
  io::Descriptor socket_;
};

/// The machine 10.1.1.2, and on its wire a client 10.1.1.9 that plays the querier.
class Groups : public InMirroredNamespace {
 protected:
  void SetUp() override {
    InMirroredNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    client.stack.settings().arp_notify = false;
    far = &client.plug("10.1.1.9/24", machine.plug("eth0", eth0_mac));
    machine.start();
    ASSERT_TRUE(succeeds("ip addr add 10.1.1.2/24 dev eth0 && ip link set eth0 up"));
    ASSERT_TRUE(run_until([&] { return machine.interface("eth0").up; }));
  }

  void client_sends(const Frame& payload, Ipv4Send how) {
    how.interface = far->index;
    const Octets octets = encode(payload);
    Packet packet = client.stack.make_payload(octets.size());
    std::ranges::copy(octets, packet.bytes().begin());
    ASSERT_TRUE(client.stack.send(std::move(packet), how, io::EventLoop::now()));
    client.loop.flush();
  }
  void client_says(const char* group, const char* text) {
    client_sends(udp(4000, port, {.checksum = 0}) / text,
                 {.destination = address(group), .protocol = ip_protocol::udp});
  }
  void client_asks(const Frame& query) {
    client_sends(query, {.destination = all_systems, .protocol = ip_protocol::igmp, .ttl = 1});
  }
  /// How many IGMP messages came out at the far end of the wire: a host has no use for them.
  std::uint64_t on_the_wire() const {
    return far->drops[DropReason::igmp_ignored] + far->drops[DropReason::igmp_malformed];
  }
  bool comes_to(std::uint64_t messages) {
    return run_until([&] { return on_the_wire() >= messages; });
  }

  io::Machine client{context};
  MirroredMachine machine{context};
  Interface* far = nullptr;
};

TEST_F(Groups, AProgramThatJoinsIsReportedOnceForEachTime) {
  Sniffer tcpdump("eth0");
  GroupSocket socket;
  socket.join(own_group.value());
  EXPECT_TRUE(comes_to(2));  // RFC 3376 §5.1: said, and said again
  run_for(200ms);            // for one too many
  EXPECT_EQ(on_the_wire(), 2u);
  EXPECT_THAT(tcpdump.frames(), ElementsAre(IsFrame(told), IsFrame(told)));
  EXPECT_EQ(machine.stack.counters().igmp_reports_sent, 0u);
}

TEST_F(Groups, AQueryOfTheWireIsAnsweredByTheKernelAlone) {
  GroupSocket socket;
  socket.join(own_group.value());
  ASSERT_TRUE(comes_to(2));
  Sniffer tcpdump("eth0");
  client_asks(igmpv3_query(1));
  EXPECT_TRUE(comes_to(3));
  run_for(200ms);
  EXPECT_EQ(on_the_wire(), 3u);
  EXPECT_THAT(tcpdump.frames(),
              ElementsAre(IsFrame(ipv4("10.1.1.9", "224.0.0.1")), IsFrame(answered)));
}

TEST_F(Groups, ADatagramReachesWhoHasJoined) {
  GroupSocket socket;
  client_says("239.1.2.3", "too early");
  client_says("239.9.9.9", "to others");
  run_for(20ms);
  socket.join(own_group.value());
  client_says("239.9.9.9", "to others");
  client_says("239.1.2.3", "hello");
  std::string text;
  run_until([&] {
    if (text.empty()) text = socket.receive();
    return !text.empty();
  });
  EXPECT_EQ(text, "hello");
}

TEST_F(Groups, LeavingIsReportedAndEndsIt) {
  GroupSocket socket;
  socket.join(own_group.value());
  ASSERT_TRUE(comes_to(2));
  Sniffer tcpdump("eth0");
  socket.leave(own_group.value());
  EXPECT_TRUE(comes_to(4));
  EXPECT_THAT(tcpdump.frames(), ElementsAre(IsFrame(taken_back), IsFrame(taken_back)));
  client_says("239.1.2.3", "too late");
  run_for(50ms);
  EXPECT_EQ(socket.receive(), "");
}

TEST_F(Groups, AnOldQuerierIsTheKernelsToUnderstand) {
  GroupSocket socket;
  socket.join(own_group.value());
  ASSERT_TRUE(comes_to(2));
  Sniffer tcpdump("eth0");
  client_asks(igmpv2_query(1));
  EXPECT_TRUE(run_until([&] {
    return count_of(tcpdump.frames(),
                    ipv4_of_igmp("10.1.1.2", "239.1.2.3") / igmpv2_report("239.1.2.3")) == 1;
  }));
}

TEST_F(Groups, AnAdministratorJoinsByAnAddress) {  // smolstack ip NODE maddr add on a lab's machine
  EXPECT_TRUE(succeeds("ip addr add 239.1.2.3/32 dev eth0 autojoin"));
  EXPECT_TRUE(comes_to(2));
  EXPECT_THAT(output_of("ip maddr show dev eth0"), HasSubstr("inet  239.1.2.3"));
  EXPECT_EQ(machine.interface("eth0").addresses.size(), 1u) << "a group is no address of a host";
  EXPECT_TRUE(succeeds("ip addr del 239.1.2.3/32 dev eth0"));
  EXPECT_TRUE(comes_to(4));
  EXPECT_THAT(output_of("ip maddr show dev eth0"), Not(HasSubstr("239.1.2.3")));
}

}  // namespace
}  // namespace smolstack::mirror
