// What comes from a link in datagrams of IGMP, between joining, leaving and time that passes: does
// a host stay within its bounds, and is all that it says well formed?

#include <array>

#include "fuzz/fuzz.hpp"
#include "smolstack/igmp/igmp.hpp"
#include "smolstack/wire/ipv4_options.hpp"

using namespace smolstack;

namespace {

constexpr std::array groups{Ipv4Address(239, 1, 2, 3), Ipv4Address(239, 1, 2, 4),
                            Ipv4Address(224, 0, 0, 9), Ipv4Address(224, 0, 0, 1),
                            Ipv4Address(10, 1, 1, 2),  Ipv4Address()};
constexpr std::array destinations{all_systems, groups[0], groups[2], Ipv4Address(10, 1, 1, 3)};

void check_parser(ConstBytes message) {
  test::ExactBytes exact(message);
  const auto parsed = parse_igmp(exact.bytes());
  if (!parsed) return;
  SMOL_FUZZ_CHECK(parsed->kind != IgmpKind::report || parsed->group.is_multicast());
  for (std::size_t i = 0; i < parsed->source_count(); ++i) (void)parsed->source(i);
}

/// A datagram around the message; its checksum is right where the input says so.
Packet make_datagram(PacketPool& pool, test::FuzzInput& input) {
  const unsigned how = input.byte();
  const ConstBytes message = input.take(input.byte());
  const bool has_alert = (how & 1u) != 0;
  const std::size_t header = has_alert ? igmp_ipv4_header_length : sizeof(wire::Ipv4Header);
  Packet packet = pool.allocate(header + message.size());
  if (!packet) return packet;
  const Bytes bytes = packet.append(header + message.size());
  std::ranges::fill(bytes, std::byte{});
  auto& ip = header_at<wire::Ipv4Header>(bytes) = wire::Ipv4Header();
  ip.version_ihl = static_cast<std::uint8_t>(0x40 | header / 4);
  ip.ttl = (how & 2u) != 0 ? 1 : 64;
  ip.destination = destinations[(how >> 2) % destinations.size()];
  if (has_alert) bytes[20] = std::byte{ipv4_option::router_alert};
  if (has_alert) bytes[21] = std::byte{4};
  std::ranges::copy(message, bytes.subspan(header).begin());
  const bool is_finished = (how & 0x80u) == 0 && message.size() >= sizeof(wire::IgmpHeader);
  if (is_finished) finish_igmp(bytes.subspan(header));
  check_parser(bytes.subspan(header));
  return packet;
}

void check_report(const Interface& from, Packet datagram) {
  const auto ip = parse_ipv4(datagram.bytes());
  SMOL_FUZZ_CHECK(ip && datagram.size() <= from.mtu && datagram.size() == (*ip)->total_length);
  SMOL_FUZZ_CHECK((*ip)->ttl == 1 && (*ip)->tos == 0xc0 && (*ip)->destination.is_multicast());
  SMOL_FUZZ_CHECK((*ip)->protocol == ip_protocol::igmp && (*ip)->header_length() == 24);
  const Bytes message = datagram.bytes().subspan(24);
  SMOL_FUZZ_CHECK(message.size() >= 8 && internet_checksum(message) == 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static PacketPool pool({.small = 128, .large = 2});
  InterfaceTable interfaces;
  StackCounters counters;
  Random random(1);
  const IgmpLimits limits{.groups = 2, .sources = 4};
  Igmp igmp(pool, interfaces, counters, random, limits);
  Interface& eth0 = interfaces.add({.name = "eth0"});
  Instant now{std::chrono::seconds(1000)};

  test::FuzzInput input(data, size);
  while (!input.empty()) {
    switch (input.byte() % 6) {
      case 0: (void)igmp.join(eth0, input.pick(groups), now); break;
      case 1: (void)igmp.leave(eth0, input.pick(groups), now); break;
      case 2: now += std::chrono::milliseconds(input.word()); break;
      case 3: eth0.mtu = min_mtu + input.byte(); break;
      case 4:
        eth0.up = !eth0.up;
        eth0.up ? igmp.came_up(eth0, now) : igmp.went_down(eth0);
        break;
      default:
        if (const Packet datagram = make_datagram(pool, input); datagram)
          (void)igmp.receive(eth0, datagram, now);
    }
    igmp.advance(now);
    const auto next = igmp.next_deadline();
    SMOL_FUZZ_CHECK(!next || *next > now);
    SMOL_FUZZ_CHECK(eth0.groups.size() <= limits.groups);
    PacketQueue reports = igmp.take_reports(eth0.index);
    while (Packet report = reports.pop()) check_report(eth0, std::move(report));
  }
  SMOL_FUZZ_CHECK(pool.small_in_use().level() == 0);
  return 0;
}
