#include <algorithm>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace smolstack::test {
namespace {

template <class Result>
void must_work(const Result& result, std::string_view what) {
  if (!result) ADD_FAILURE() << what << ": " << result.error().message();
}

}  // namespace

Octets data_of(const Captured& captured) {
  const Frame frame = decode(captured.bytes);
  const auto* payload = layer<Payload>(frame);
  return payload == nullptr ? Octets{} : payload->octets;
}

Port& Node::add_port(std::string_view subnet, Mac mac) {
  const Ipv4Subnet address = parse_ipv4_subnet(subnet).value();
  Interface interface;
  interface.name = "eth" + std::to_string(ports_.size());
  interface.mac = mac.value_or(default_mac(address.address));
  Interface& added = stack_.add_interface(std::move(interface));
  ports_.push_back(std::make_unique<Port>(*this, added));
  must_work(stack_.add_address(added, address, lab_.now()), subnet);
  return *ports_.back();
}

void Node::route(std::string_view prefix, Address gateway) {
  Ipv4Route route;
  route.prefix = parse_ipv4_prefix(prefix).value();
  route.gateway = gateway.value();
  must_work(stack_.tables().add_route(route, RouteInsert::replace), prefix);
}

void Node::route(std::string_view prefix, RouteKind kind) {
  Ipv4Route route;
  route.prefix = parse_ipv4_prefix(prefix).value();
  route.kind = kind;
  must_work(stack_.tables().add_route(route, RouteInsert::replace), prefix);
}

void Node::unroute(std::string_view prefix) {
  RouteMatch match;
  match.prefix = parse_ipv4_prefix(prefix).value();
  must_work(stack_.tables().remove_route(match), prefix);
}

std::uint64_t Node::drops(std::size_t port, DropReason reason) {
  return ports_.at(port)->interface().drops[reason];
}

NeighborState Node::neighbor(std::size_t port, Address address) {
  const auto view = stack_.arp().cache().find({ports_.at(port)->index(), address.value()});
  return view ? view->state : NeighborState::none;
}

Expected<void, DropReason> Node::pings(Address destination, std::uint16_t sequence,
                                       const Octets& data, Ipv4Send how) {
  const Octets message = encode(icmp_echo(0x534d, sequence) / data);
  Packet packet = stack_.make_payload(message.size());
  std::ranges::copy(message, packet.bytes().begin());
  how.destination = destination.value();
  how.protocol = 1;
  auto result = stack_.send(std::move(packet), how, lab_.now());
  lab_.settle();
  return result;
}

std::vector<Frame> Node::heard() {
  std::vector<Frame> frames;
  PacketQueue inbox = stack_.take_icmp();
  while (const Packet packet = inbox.pop()) frames.push_back(decode_ipv4(packet.bytes()));
  return frames;
}

}  // namespace smolstack::test
