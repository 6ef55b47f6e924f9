// A whole machine with two Ethernet interfaces and a clock. The input is a script: frames raw and
// well-formed, steps of time, things an administrator does, datagrams of our own. Whatever comes,
// each frame that the machine sends must be one that a machine may send, and in the end every
// buffer must be back in its pool. Each script is played twice: alone, and beside a kernel whose
// programs send some of the frames.

#include <array>
#include <string>

#include "fuzz/fuzz.hpp"
#include "smolstack/packet/gso.hpp"
#include "smolstack/stack.hpp"
#include "smolstack/wire/arp.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/virtio_net.hpp"

using namespace smolstack;

namespace {

constexpr std::array<Ipv4Subnet, 2> own{Ipv4Subnet{Ipv4Address(10, 1, 1, 3), 24},
                                        Ipv4Subnet{Ipv4Address(10, 1, 2, 3), 24}};
constexpr std::array<Ipv4Address, 16> addresses{
    Ipv4Address(10, 1, 1, 3),  Ipv4Address(10, 1, 2, 3),        Ipv4Address(10, 1, 1, 2),
    Ipv4Address(10, 1, 2, 2),  Ipv4Address(10, 1, 1, 255),      Ipv4Address(10, 1, 2, 255),
    Ipv4Address(10, 9, 9, 9),  Ipv4Address(8, 8, 8, 8),         Ipv4Address(224, 0, 0, 1),
    Ipv4Address(224, 0, 0, 9), Ipv4Address(255, 255, 255, 255), Ipv4Address(0, 0, 0, 0),
    Ipv4Address(127, 0, 0, 1), Ipv4Address(169, 254, 1, 1),     Ipv4Address(240, 0, 0, 1),
    Ipv4Address(10, 1, 1, 0)};
constexpr std::array<MacAddress, 4> stations{MacAddress{{0x02, 0x42, 10, 1, 1, 2}},
                                             MacAddress{{0x02, 0x42, 10, 1, 2, 2}}, broadcast_mac,
                                             MacAddress{{0x01, 0x00, 0x5e, 0, 0, 1}}};

/// The machine and what the wires around it have seen.
class Machine {
 public:
  explicit Machine(bool host_sockets) : stack_(options(host_sockets)), is_beside_(host_sockets) {
    stack_.arp().watch(host_sockets);
    for (std::size_t i = 0; i < own.size(); ++i) {
      Interface eth;
      eth.name = "eth" + std::to_string(i);
      eth.mac = default_mac(own[i].address);
      Interface& added = stack_.add_interface(std::move(eth));
      interfaces_[i] = &added;
      if (i == 1) added.offloads = all_offloads;
      (void)stack_.add_address(added, own[i], now_);
    }
    stack_.settings().forwarding = true;
    stack_.listen_icmp(true);
    drain();
  }

  void run(test::FuzzInput& input) {
    while (!input.empty()) {
      step(input);
      drain();
    }
    wind_down();
  }

 private:
  void step(test::FuzzInput& input) {
    const std::uint8_t what = input.byte();
    Interface& on = *interfaces_[what >> 7];
    switch (what & 0x0fu) {
      case 0: return raw_frame(on, input);
      case 1:
      case 2: return arp_frame(on, input);
      case 3: return pass(std::chrono::milliseconds(input.word()));
      case 4: return pass(std::chrono::seconds(input.byte()));
      case 5: return administer(on, input);
      case 6: return route(on, input);
      case 7: return send(input);
      default: return ipv4_frame(on, input, what);
    }
  }

  void receive(Interface& on, Packet frame) {
    if (!frame) return;
    Batch batch;
    const bool is_from_host = is_beside_ && ++frames_ % 3 == 0;
    if (is_from_host && frame.size() >= sizeof(wire::EthernetHeader) && frames_ % 2 == 0)
      frame.header<wire::EthernetHeader>().source = on.mac;
    batch.push(std::move(frame));
    is_from_host ? stack_.receive_from_host(on.index, batch, now_)
                 : stack_.receive(on.index, batch, now_);
    SMOL_FUZZ_CHECK(batch.empty());
  }

  void raw_frame(Interface& on, test::FuzzInput& input) {
    receive(on, test::make_packet(stack_.pool(), input.take(input.byte())));
  }

  void put_ethernet(Packet& packet, const Interface& on, test::FuzzInput& input,
                    std::uint16_t type) {
    const std::uint8_t to = input.byte();
    packet.push(sizeof(wire::EthernetHeader));
    packet.header<wire::EthernetHeader>() = {
        (to & 3u) != 0 ? on.mac : stations[(to >> 2) % stations.size()],
        stations[(to >> 4) % stations.size()], type};
  }

  void arp_frame(Interface& on, test::FuzzInput& input) {
    Packet packet = stack_.pool().allocate(sizeof(wire::ArpPacket));
    if (!packet) return;
    packet.append(sizeof(wire::ArpPacket));
    auto& arp = packet.header<wire::ArpPacket>();
    arp = {};
    arp.operation = static_cast<std::uint16_t>(1 + input.byte() % 2);
    arp.sender_mac = input.pick(stations);
    arp.sender = input.pick(addresses);
    arp.target = input.pick(addresses);
    put_ethernet(packet, on, input, ether_type::arp);
    receive(on, std::move(packet));
  }

  // Correct lengths and checksum, so that the rules behind them are reached.
  void ipv4_frame(Interface& on, test::FuzzInput& input, std::uint8_t what) {
    const std::size_t options = (what & 0x10u) != 0 ? 4u * (1u + input.byte() % 10u) : 0u;
    const std::size_t payload = input.byte() * ((what & 0x20u) != 0 ? 5u : 1u);
    Packet packet = stack_.pool().allocate(sizeof(wire::Ipv4Header) + options + payload);
    if (!packet) return;
    const Bytes header = packet.append(sizeof(wire::Ipv4Header) + options);
    std::ranges::fill(header, std::byte{0});
    auto& ip = header_at<wire::Ipv4Header>(header);
    ip = {};
    ip.version_ihl = static_cast<std::uint8_t>(0x40u | header.size() / 4);
    ip.total_length = static_cast<std::uint16_t>(header.size() + payload);
    ip.ttl = (what & 0x40u) != 0 ? input.byte() : std::uint8_t{64};
    ip.flags_offset = (what & 0x04u) != 0 ? input.word() : std::uint16_t{0};
    ip.identification = std::uint16_t{static_cast<std::uint8_t>(input.byte() & 3u)};
    ip.protocol = input.pick(std::array<std::uint8_t, 5>{1, 6, 17, 1, 99});
    ip.source = input.pick(addresses);
    ip.destination = input.pick(addresses);
    std::ranges::copy(input.take(options), header.subspan(sizeof ip).begin());
    finish_ipv4_header(header);
    put_payload(packet.append(payload), input, ip.protocol);
    put_ethernet(packet, on, input, ether_type::ipv4);
    if ((what & 1u) != 0) leave_undone(packet, input);
    receive(on, std::move(packet));
  }

  // As a device would say it, and parse_virtio_net let it in.
  static void leave_undone(Packet& packet, test::FuzzInput& input) {
    const auto& ip = header_at<wire::Ipv4Header>(packet.bytes().subspan(14));
    const bool is_tcp = ip.protocol == ip_protocol::tcp;
    wire::VirtioNetHeader header;
    header.flags = virtio_net_flag::needs_checksum;
    header.checksum_start = static_cast<std::uint16_t>(14 + ip.header_length());
    header.checksum_offset = static_cast<std::uint16_t>(is_tcp ? 16 : 6);
    header.gso_size = static_cast<std::uint16_t>(input.byte() * 8);
    if (header.gso_size != 0)
      header.gso_type = is_tcp ? virtio_net_gso::tcpv4 : virtio_net_gso::udp_l4;
    const auto offload = parse_virtio_net(header, packet.bytes(), FrameStart::ethernet);
    if (offload.has_value()) packet->offload = offload->moved(packet->begin);
  }

  static void put_payload(Bytes payload, test::FuzzInput& input, std::uint8_t protocol) {
    std::ranges::fill(payload, std::byte{0});
    std::ranges::copy(input.take(std::min<std::size_t>(payload.size(), 48)), payload.begin());
    if (protocol == ip_protocol::icmp && payload.size() >= sizeof(wire::Icmpv4Header))
      finish_icmp(payload);
  }

  void pass(Duration time) {
    const Instant target = now_ + time;
    // As a loop would do it: at each deadline, and at the end.
    for (auto next = stack_.next_deadline(); next && *next < target;
         next = stack_.next_deadline()) {
      SMOL_FUZZ_CHECK(*next > last_advance_);
      advance(std::max(*next, now_));
    }
    advance(target);
  }

  void advance(Instant to) {
    now_ = last_advance_ = to;
    stack_.advance(now_);
    drain();
    const auto next = stack_.next_deadline();
    SMOL_FUZZ_CHECK(!next || *next > now_);  // or the loop would spin
  }

  void administer(Interface& on, test::FuzzInput& input) {
    const std::uint8_t what = input.byte();
    const bool yes = (what & 0x80u) != 0;
    switch (what & 7u) {
      case 0: return stack_.set_up(on, yes, now_);
      case 1: return stack_.set_running(on, yes, now_);
      case 2: (void)stack_.add_address(on, subnet(input), now_); return;
      case 3: (void)stack_.remove_address(on, subnet(input)); return;
      case 4: return set_mtu(on, input.word());
      case 5: stack_.settings().forwarding = yes; return;
      case 6: return forget_or_want({on.index, input.pick(addresses)}, yes && is_beside_);
      default:
        stack_.arp().set({on.index, input.pick(addresses)}, stations[yes ? 0 : 1],
                         yes ? NeighborState::permanent : NeighborState::stale, now_);
    }
  }

  void forget_or_want(const NeighborKey& key, bool want) {
    if (!want) return (void)stack_.remove_neighbor(key);
    stack_.want_neighbor(stack_.interfaces()[key.interface], key.address, now_);
    SMOL_FUZZ_CHECK(stack_.arp().take_changes().size() <= 4096);
  }

  static Ipv4Subnet subnet(test::FuzzInput& input) {
    const Ipv4Address address = input.pick(addresses);
    return {address, static_cast<std::uint8_t>(input.byte() % 33)};
  }

  void set_mtu(Interface& on, std::uint32_t mtu) {
    // Frames that wait for a neighbour were cut for the MTU of their time.
    if (stack_.tables().set_mtu(on, mtu))
      largest_mtu_[index_of(on)] = std::max(largest_mtu_[index_of(on)], mtu);
  }

  void route(const Interface& on, test::FuzzInput& input) {
    const std::uint8_t what = input.byte();
    const Ipv4Prefix to = subnet(input).prefix();
    if ((what & 1u) != 0) return remove_route(to);
    Ipv4Route added;
    added.prefix = to;
    added.kind = input.pick(std::array{RouteKind::unicast, RouteKind::unicast, RouteKind::blackhole,
                                       RouteKind::unreachable, RouteKind::prohibit});
    if (added.kind == RouteKind::unicast) {
      added.interface = (what & 2u) != 0 ? on.index : IfIndex::none;
      added.gateway = (what & 4u) != 0 ? input.pick(addresses) : Ipv4Address();
    }
    added.metric = what >> 5;
    (void)stack_.tables().add_route(added, RouteInsert::replace);
  }

  void remove_route(const Ipv4Prefix& to) {
    RouteMatch match;
    match.prefix = to;
    (void)stack_.tables().remove_route(match);
  }

  void send(test::FuzzInput& input) {
    const std::size_t size = std::size_t{input.byte()} * 16u;
    Packet payload = stack_.make_payload(size);
    if (!payload) return;
    std::ranges::fill(payload.bytes(), std::byte{0x5a});
    Ipv4Send how;
    how.destination = input.pick(addresses);
    how.protocol = ip_protocol::udp;
    const std::uint8_t flags = input.byte();
    how.dont_fragment = (flags & 1u) != 0;
    if ((flags & 2u) != 0) how.source = input.pick(addresses);
    if ((flags & 4u) != 0) how.interface = interfaces_[flags >> 7]->index;
    (void)stack_.send(std::move(payload), how, now_);
  }

  std::size_t index_of(const Interface& interface) const {
    return &interface == interfaces_[0] ? 0 : 1;
  }

  void drain() {
    Batch frames;
    for (const Interface* interface : interfaces_) {
      while (stack_.drain(interface->index, frames)) {
        for (const Packet& frame : frames.packets()) check_frame(*interface, frame);
        frames.clear();
      }
    }
    while (stack_.take_icmp().pop()) {
    }
  }

  void check_frame(const Interface& from, const Packet& frame) const {
    SMOL_FUZZ_CHECK(frame.size() >= sizeof(wire::EthernetHeader));
    SMOL_FUZZ_CHECK(from.offloads.take(frame->offload));
    if (frame->from_host) return;  // programs may send what they like
    const auto ethernet = frame.header<wire::EthernetHeader>();
    SMOL_FUZZ_CHECK(ethernet.source == from.mac);
    SMOL_FUZZ_CHECK(!ethernet.destination.is_zero());
    frame->begin += sizeof ethernet;
    if (ethernet.type == ether_type::arp) return check_arp(from, frame.bytes());
    SMOL_FUZZ_CHECK(ethernet.type == ether_type::ipv4);
    check_ipv4(from, frame);
  }

  static void check_arp(const Interface& from, ConstBytes bytes) {
    const auto arp = parse_arp(bytes);
    SMOL_FUZZ_CHECK(arp.has_value() && bytes.size() == sizeof **arp);
    SMOL_FUZZ_CHECK((*arp)->sender_mac == from.mac);
  }

  void check_ipv4(const Interface& from, const Packet& datagram) const {
    const Bytes bytes = datagram.bytes();
    const auto ip = parse_ipv4(bytes);
    SMOL_FUZZ_CHECK(ip.has_value());
    SMOL_FUZZ_CHECK((*ip)->total_length == bytes.size());
    SMOL_FUZZ_CHECK(wire_size(datagram) <= largest_mtu_[index_of(from)]);
    SMOL_FUZZ_CHECK((*ip)->ttl > 0);
    SMOL_FUZZ_CHECK(!(*ip)->source.is_multicast() && !(*ip)->source.is_loopback());
    SMOL_FUZZ_CHECK(!(*ip)->destination.is_loopback());
  }

  void wind_down() {
    for (int second = 0; second < 130; ++second) pass(std::chrono::seconds(1));
    SMOL_FUZZ_CHECK(stack_.reassembly().datagrams().level() == 0);
    SMOL_FUZZ_CHECK(stack_.pool().small_in_use().level() == 0);
    SMOL_FUZZ_CHECK(stack_.pool().large_in_use().level() == 0);
  }

  static StackOptions options(bool host_sockets) {
    StackOptions options;
    options.host_sockets = host_sockets;
    options.seed = 1;
    options.pool = {.small = 96, .large = 6};  // so few that a script can use them all
    return options;
  }

  Stack stack_;
  bool is_beside_;
  unsigned frames_ = 0;
  std::array<Interface*, 2> interfaces_{};
  std::array<std::uint32_t, 2> largest_mtu_{1500, 1500};
  Instant now_{std::chrono::seconds(100)};
  Instant last_advance_{};
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  for (const bool host_sockets : {false, true}) {
    test::FuzzInput input(data, size);
    Machine(host_sockets).run(input);
  }
  return 0;
}
