// The whole way through a router in memory: Ethernet in, every test of RFC 1812, the table, the
// neighbour, Ethernet out. No device and no system call.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "smolstack/stack.hpp"
#include "smolstack/wire/ethernet.hpp"

namespace {

using namespace smolstack;

constexpr Instant now{std::chrono::seconds(1)};
constexpr Ipv4Address client{10, 1, 1, 2};
constexpr MacAddress client_mac = default_mac(client);

Ipv4Address gateway_of(std::int64_t route) {
  return Ipv4Address(10, 1, 2, static_cast<std::uint8_t>(10 + route));
}
Ipv4Address destination_of(std::int64_t route) {
  return Ipv4Address(20, static_cast<std::uint8_t>(route), 0, 7);
}

/// A router between two networks, with routes to further ones behind gateways on the second.
class Router {
 public:
  explicit Router(std::int64_t routes)
      : in_(add("eth0", Ipv4Address(10, 1, 1, 3))), out_(add("eth1", Ipv4Address(10, 1, 2, 3))) {
    stack_.settings().forwarding = true;
    for (std::int64_t i = 0; i < routes; ++i) add_route(i);
    discard_announcements();
  }

  Stack& stack() { return stack_; }
  const Interface& in() const { return in_; }
  const Interface& out() const { return out_; }

 private:
  Interface& add(const std::string& name, Ipv4Address address) {
    Interface interface;
    interface.name = name;
    interface.mac = default_mac(address);
    Interface& added = stack_.add_interface(std::move(interface));
    (void)stack_.add_address(added, {address, 24}, now);
    return added;
  }

  void add_route(std::int64_t number) {
    Ipv4Route route;
    route.prefix = Ipv4Prefix::of(destination_of(number), 24);
    route.gateway = gateway_of(number);
    (void)stack_.tables().add_route(route, RouteInsert::add);
    stack_.arp().set({out_.index, route.gateway}, default_mac(route.gateway),
                     NeighborState::permanent, now);
  }

  void discard_announcements() {
    Batch batch;
    for (const Interface* each : {&in_, &out_}) {
      while (stack_.drain(each->index, batch)) batch.clear();
    }
  }

  Stack stack_;
  Interface& in_;
  Interface& out_;
};

using Headers = std::array<std::byte, sizeof(wire::EthernetHeader) + sizeof(wire::Ipv4Header)>;

Headers make_headers(const Router& router, std::int64_t route, std::size_t datagram_bytes) {
  Headers headers{};
  const Bytes bytes(headers);
  header_at<wire::EthernetHeader>(bytes) = {router.in().mac, client_mac, ether_type::ipv4};
  const Bytes rest = bytes.subspan(sizeof(wire::EthernetHeader));
  auto& ip = header_at<wire::Ipv4Header>(rest);
  ip = wire::Ipv4Header();
  ip.total_length = static_cast<std::uint16_t>(datagram_bytes);
  ip.protocol = ip_protocol::udp;
  ip.source = client;
  ip.destination = destination_of(route);
  finish_ipv4_header(rest);
  return headers;
}

/// Frames that came out are made into frames that come in: 34 bytes are written into each, and
/// that is in the figures.
void stack_forward(benchmark::State& state) {
  const auto datagram_bytes = static_cast<std::size_t>(state.range(0));
  const auto batch_size = static_cast<std::size_t>(state.range(1));
  const std::int64_t routes = state.range(2);
  Router router(routes);
  Stack& stack = router.stack();
  std::vector<Headers> headers;
  for (std::int64_t i = 0; i < routes; ++i)
    headers.push_back(make_headers(router, i, datagram_bytes));

  Batch in;
  Batch out;
  for (std::size_t i = 0; i < batch_size; ++i) {
    Packet frame = stack.pool().allocate(datagram_bytes + sizeof(wire::EthernetHeader));
    frame.append(datagram_bytes + sizeof(wire::EthernetHeader));
    out.push(std::move(frame));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    for (Packet& frame : out.packets()) {
      std::ranges::copy(headers[next], frame.bytes().begin());
      next = next + 1 == headers.size() ? 0 : next + 1;
      in.push(std::move(frame));
    }
    out.clear();
    stack.receive(router.in().index, in, now);
    stack.drain(router.out().index, out);
    if (out.size() != batch_size) return state.SkipWithError("frames were lost");
  }
  const auto packets = state.iterations() * static_cast<std::int64_t>(batch_size);
  state.SetItemsProcessed(packets);
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(stack_forward)
    ->ArgNames({"bytes", "batch", "routes"})
    ->ArgsProduct({{64, 1500}, {1, 64, 256}, {1, 16}});

}  // namespace
