// lwIP's way through a router in memory: ethernet_input of one interface, linkoutput of the other.
//
// The packaged library has no routing table: it looks for the interface in whose network the
// destination lies, so `routes` counts neighbours there. Its ARP table holds ten.

#include <algorithm>
#include <array>
#include <span>

#include <benchmark/benchmark.h>

#include "lwip.hpp"
#include "smolstack/wire/arp.hpp"
#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace {

using namespace smolstack;

constexpr Ipv4Subnet near{{10, 1, 1, 3}, 24};
constexpr Ipv4Subnet far{{10, 1, 2, 3}, 24};
constexpr Ipv4Address client{10, 1, 1, 2};
constexpr std::size_t datagram_bytes = 64;
constexpr std::size_t frame_bytes = sizeof(wire::EthernetHeader) + datagram_bytes;
constexpr std::size_t most_frames = 256;

Ipv4Address neighbor(std::int64_t number) {
  return Ipv4Address(10, 1, 2, static_cast<std::uint8_t>(10 + number));
}

err_t transmit(netif* by, pbuf* frame) {
  benchmark::DoNotOptimize(frame->payload);
  ++*static_cast<std::uint64_t*>(by->state);
  return ERR_OK;
}

class Router {
 public:
  Router() {
    lwip::start();
    lwip::add_interface(in_, near, transmit, &sent_in_);
    lwip::add_interface(out_, far, transmit, &sent_out_);
  }

  netif& in() { return in_; }
  std::uint64_t sent() const { return sent_out_; }

  /// As any host teaches it: by asking for the router's address (RFC 826).
  void learn(Ipv4Address address) {
    lwip::Buffer* const buffer = lwip::take_buffer();
    const Bytes bytes(buffer->bytes);
    header_at<wire::EthernetHeader>(bytes) = {broadcast_mac, default_mac(address), ether_type::arp};
    wire::ArpPacket request;
    request.operation = std::uint16_t{1};
    request.sender_mac = default_mac(address);
    request.sender = address;
    request.target = far.address;
    header_at<wire::ArpPacket>(bytes.subspan(sizeof(wire::EthernetHeader))) = request;
    lwip::receive(out_, buffer, sizeof(wire::EthernetHeader) + sizeof request);
  }

 private:
  netif in_{};
  netif out_{};
  std::uint64_t sent_in_ = 0;
  std::uint64_t sent_out_ = 0;
};

/// lwIP is one for each process.
Router& router() {
  static Router made;
  return made;
}

/// The headers of a frame, and its length in bytes.
using Headers = std::array<std::byte, sizeof(wire::EthernetHeader) + sizeof(wire::Ipv4Header)>;

Headers make_headers(Ipv4Address destination) {
  Headers headers{};
  const Bytes bytes(headers);
  header_at<wire::EthernetHeader>(bytes) = {default_mac(near.address), default_mac(client),
                                            ether_type::ipv4};
  const Bytes rest = bytes.subspan(sizeof(wire::EthernetHeader));
  auto& ip = header_at<wire::Ipv4Header>(rest);
  ip = wire::Ipv4Header();
  ip.total_length = static_cast<std::uint16_t>(datagram_bytes);
  ip.protocol = ip_protocol::udp;
  ip.source = client;
  ip.destination = destination;
  finish_ipv4_header(rest);
  return headers;
}

/// What a frame that went out needs to come in again, as measure::ForwardCourse::renew() does it.
void renew(lwip::Buffer& buffer, const Headers& headers) {
  const Bytes bytes(buffer.bytes);
  auto& ethernet = header_at<wire::EthernetHeader>(bytes);
  const auto& wanted = header_at<wire::EthernetHeader>(ConstBytes(headers));
  ethernet.destination = wanted.destination;
  ethernet.source = wanted.source;
  auto& ip = header_at<wire::Ipv4Header>(bytes.subspan(sizeof ethernet));
  const auto& fresh = header_at<wire::Ipv4Header>(ConstBytes(headers).subspan(sizeof ethernet));
  ip.ttl = fresh.ttl;
  ip.checksum = fresh.checksum;
  ip.destination = fresh.destination;
}

/// Takes the buffers of a batch; each holds a whole frame.
std::span<lwip::Buffer*> take_batch(std::span<lwip::Buffer*> into) {
  std::ranges::generate(into, lwip::take_buffer);
  return into;
}

void forward(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(1));
  std::vector<Headers> headers;
  for (std::int64_t i = 0; i < state.range(2); ++i) {
    router().learn(neighbor(i));
    headers.push_back(make_headers(neighbor(i)));
  }
  std::array<lwip::Buffer*, most_frames> slots{};
  const std::span<lwip::Buffer*> frames = std::span(slots).first(batch);
  for (lwip::Buffer* const buffer : take_batch(slots)) {
    std::ranges::copy(headers.front(), buffer->bytes.begin());
    lwip::give_back(buffer);
  }
  const std::uint64_t before = router().sent();
  std::size_t next = 0;
  for (auto _ : state) {
    for (lwip::Buffer* const buffer : take_batch(frames)) {
      renew(*buffer, headers[next]);
      next = next + 1 == headers.size() ? 0 : next + 1;
    }
    for (lwip::Buffer* const buffer : frames) lwip::receive(router().in(), buffer, frame_bytes);
  }
  const auto packets = state.iterations() * state.range(1);
  if (router().sent() - before != static_cast<std::uint64_t>(packets))
    state.SkipWithError("frames were lost");
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(packets) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(forward)
    ->Name("forward/lwip")
    ->ArgNames({"bytes", "batch", "routes"})
    ->Args({64, 1, 1})
    ->Args({64, 64, 1})
    ->Args({64, 64, 8});

}  // namespace
