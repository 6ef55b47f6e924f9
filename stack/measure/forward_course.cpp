#include "smolstack/measure/forward_course.hpp"

#include <algorithm>

#include "smolstack/measure/internet_table.hpp"
#include "smolstack/wire/ethernet.hpp"

namespace smolstack::measure {
namespace {

constexpr Instant now{std::chrono::seconds(1)};
constexpr Ipv4Address client{10, 1, 1, 2};
constexpr MacAddress client_mac = default_mac(client);
constexpr std::size_t gateways = 16;
constexpr std::size_t most_plain_routes = 256;
/// Few enough to be read in order without a cost, many enough to meet all of a table's memory.
constexpr std::size_t random_targets = 1u << 16;
constexpr std::uint8_t ttl = 64;

Ipv4Address gateway_of(std::size_t route) {
  return Ipv4Address(10, 1, 2, static_cast<std::uint8_t>(10 + route % gateways));
}

wire::Ipv4Header make_header(std::size_t bytes, Ipv4Address destination) {
  std::array<std::byte, sizeof(wire::Ipv4Header)> made{};
  auto& ip = header_at<wire::Ipv4Header>(Bytes(made));
  ip = wire::Ipv4Header();
  ip.total_length = static_cast<std::uint16_t>(bytes);
  ip.ttl = ttl;
  ip.protocol = ip_protocol::udp;
  ip.source = client;
  ip.destination = destination;
  finish_ipv4_header(made);
  return ip;
}

}  // namespace

ForwardCourse::ForwardCourse(const Shape& shape)
    : shape_(shape),
      in_(add_interface("eth0", Ipv4Address(10, 1, 1, 3))),
      out_(add_interface("eth1", Ipv4Address(10, 1, 2, 3))) {
  stack_.settings().forwarding = true;
  Random random(7);
  const std::vector<Ipv4Prefix> prefixes = make_prefixes(random);
  for (std::size_t i = 0; i < prefixes.size(); ++i) add_route(prefixes[i], i);
  for (std::size_t i = 0; i < std::min(gateways, prefixes.size()); ++i)
    stack_.arp().set({out_.index, gateway_of(i)}, default_mac(gateway_of(i)),
                     NeighborState::permanent, now);
  make_targets(prefixes, random);
  make_frames();
  // Whatever is only built when it is first asked for.
  (void)fib();
}

Interface& ForwardCourse::add_interface(std::string_view name, Ipv4Address address) {
  Interface interface;
  interface.name = name;
  interface.mac = default_mac(address);
  Interface& added = stack_.add_interface(std::move(interface));
  (void)stack_.add_address(added, {address, 24}, now);
  // What the address is announced with.
  Batch batch;
  while (stack_.drain(added.index, batch)) batch.clear();
  return added;
}

std::vector<Ipv4Prefix> ForwardCourse::make_prefixes(Random& random) const {
  if (shape_.routes > most_plain_routes) return internet_prefixes(shape_.routes, random);
  std::vector<Ipv4Prefix> prefixes;
  for (std::size_t i = 0; i < shape_.routes; ++i)
    prefixes.push_back(Ipv4Prefix::of(Ipv4Address(20, static_cast<std::uint8_t>(i), 0, 0), 24));
  return prefixes;
}

void ForwardCourse::add_route(const Ipv4Prefix& prefix, std::size_t number) {
  Ipv4Route route;
  route.prefix = prefix;
  route.gateway = gateway_of(number);
  route.interface = out_.index;
  (void)stack_.tables().install_route(route, RouteInsert::add);
}

void ForwardCourse::make_targets(const std::vector<Ipv4Prefix>& prefixes, Random& random) {
  std::vector<Ipv4Address> destinations;
  if (shape_.routes > most_plain_routes)
    destinations = destinations_inside(prefixes, random_targets, random);
  else
    for (const Ipv4Prefix& prefix : prefixes) destinations.emplace_back(prefix.network.host() + 7);
  for (const Ipv4Address destination : destinations)
    targets_.push_back({destination, make_header(shape_.bytes, destination).checksum});
}

void ForwardCourse::make_frames() {
  const std::size_t size = sizeof(wire::EthernetHeader) + shape_.bytes;
  for (std::size_t i = 0; i < shape_.batch; ++i) {
    Packet frame = stack_.pool().allocate(size);
    const Bytes bytes = frame.append(size);
    std::ranges::fill(bytes, std::byte{0});
    header_at<wire::EthernetHeader>(bytes).type = ether_type::ipv4;
    header_at<wire::Ipv4Header>(bytes.subspan(sizeof(wire::EthernetHeader))) =
        make_header(shape_.bytes, targets_.front().destination);
    gone_.push(std::move(frame));
  }
}

void ForwardCourse::renew() {
  for (Packet& frame : gone_.packets()) {
    const Target& target = targets_[step()];
    auto& ethernet = header_at<wire::EthernetHeader>(frame.bytes());
    ethernet.destination = in_.mac;
    ethernet.source = client_mac;
    auto& ip = header_at<wire::Ipv4Header>(frame.bytes().subspan(sizeof ethernet));
    ip.ttl = ttl;
    ip.checksum = target.checksum;
    ip.destination = target.destination;
  }
}

bool ForwardCourse::forward() {
  for (Packet& frame : gone_.packets()) coming_.push(std::move(frame));
  gone_.clear();
  stack_.receive(in_.index, coming_, now);
  stack_.drain(out_.index, gone_);
  return gone_.size() == shape_.batch;
}

}  // namespace smolstack::measure
