// A machine in memory: gets an address, is pinged by a frame made by hand, and answers.

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "smolstack/stack.hpp"
#include "smolstack/wire/ethernet.hpp"

namespace {

using namespace smolstack;

constexpr Ipv4Address me{10, 0, 0, 1};
constexpr Ipv4Address neighbor{10, 0, 0, 9};
constexpr MacAddress neighbor_mac{{0x02, 0, 0, 0, 0, 9}};
constexpr std::string_view text = "hello from outside";

Packet echo_request(Stack& stack, const Interface& to) {
  Packet packet = stack.pool().allocate(1500);
  std::ranges::copy(std::as_bytes(std::span(text)), packet.append(text.size()).begin());

  auto& icmp = header_at<wire::Icmpv4Header>(packet.push(sizeof(wire::Icmpv4Header)));
  icmp = {};
  icmp.type = icmpv4_type::echo_request;
  icmp.rest = 0x00070001u;
  finish_icmp(packet.bytes());

  const Bytes header = packet.push(sizeof(wire::Ipv4Header));
  auto& ip = header_at<wire::Ipv4Header>(header);
  ip = {};
  ip.total_length = static_cast<std::uint16_t>(packet.size());
  ip.protocol = ip_protocol::icmp;
  ip.source = neighbor;
  ip.destination = me;
  finish_ipv4_header(header);

  packet.push(sizeof(wire::EthernetHeader));
  packet.header<wire::EthernetHeader>() = {to.mac, neighbor_mac, ether_type::ipv4};
  return packet;
}

bool print_reply(const Packet& frame) {
  frame->begin += sizeof(wire::EthernetHeader);
  const auto ip = parse_ipv4(frame.bytes());
  if (!ip || (*ip)->protocol != ip_protocol::icmp) return false;
  const auto& icmp = header_at<wire::Icmpv4Header>(frame.bytes().subspan((*ip)->header_length()));
  if (icmp.type != icmpv4_type::echo_reply) return false;
  std::cout << (*ip)->payload_length() << " bytes from " << to_string((*ip)->source)
            << ": icmp_seq=" << icmp.sequence() << " ttl=" << int{(*ip)->ttl} << '\n';
  return true;
}

}  // namespace

int main() {
  const Instant now{std::chrono::seconds(1)};
  Stack stack;
  Interface description;
  description.name = "eth0";
  description.mac = default_mac(me);
  Interface& eth0 = stack.add_interface(std::move(description));
  if (!stack.add_address(eth0, {me, 24}, now)) return EXIT_FAILURE;
  stack.arp().set({eth0.index, neighbor}, neighbor_mac, NeighborState::permanent, now);

  Batch frames;
  frames.push(echo_request(stack, eth0));
  stack.receive(eth0.index, frames, now);

  bool answered = false;
  while (stack.drain(eth0.index, frames)) {
    for (const Packet& frame : frames.packets()) answered = print_reply(frame) || answered;
    frames.clear();
  }
  return answered ? EXIT_SUCCESS : EXIT_FAILURE;
}
