// Sends small UDP frames as fast as one core can, straight into a device's transmit queue: more
// than any router behind a TAP can take, so that what arrives is what the router can do.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <linux/if_packet.h>
#include <net/if.h>
#include <optional>
#include <sys/socket.h>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "smolstack/wire/ethernet.hpp"
#include "smolstack/wire/ipv4.hpp"
#include "smolstack/wire/udp.hpp"
#include "tap.hpp"

namespace smolstack::throughput {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t batch = 64;

struct Options {
  std::string device;
  std::string gateway_mac;
  std::string source = "10.1.1.2";
  std::string destination = "10.1.2.2";
  std::uint32_t destinations = 1;
  std::uint16_t flows = 1;
  std::uint16_t port = 9;
  std::size_t bytes = 60;
  double seconds = 1;
  std::uint64_t count = UINT64_MAX;
};

template <class Value>
Value known(const std::optional<Value>& value, const std::string& text) {
  if (!value) throw std::runtime_error("`" + text + "` is no address");
  return *value;
}

/// Frame `number` of the cycle of flows and destinations. The UDP checksum is left out (RFC 768):
/// no router looks at it.
std::vector<std::byte> make_frame(const Options& options, std::uint32_t number) {
  std::vector<std::byte> frame(options.bytes);
  const Bytes bytes(frame);
  auto& ethernet = header_at<wire::EthernetHeader>(bytes);
  ethernet.destination = known(parse_mac_address(options.gateway_mac), options.gateway_mac);
  ethernet.source = default_mac(known(parse_ipv4_address(options.source), options.source));
  ethernet.type = ether_type::ipv4;
  const Bytes datagram = bytes.subspan(sizeof ethernet);
  auto& ip = header_at<wire::Ipv4Header>(datagram);
  ip = wire::Ipv4Header();
  ip.total_length = static_cast<std::uint16_t>(datagram.size());
  ip.protocol = ip_protocol::udp;
  ip.source = known(parse_ipv4_address(options.source), options.source);
  const Ipv4Address first = known(parse_ipv4_address(options.destination), options.destination);
  ip.destination = Ipv4Address(first.host() + number % options.destinations);
  finish_ipv4_header(datagram.first(sizeof ip));
  const Bytes segment = datagram.subspan(sizeof ip);
  auto& udp = header_at<wire::UdpHeader>(segment);
  udp.source_port = static_cast<std::uint16_t>(10000 + number % options.flows);
  udp.destination_port = options.port;
  udp.length = static_cast<std::uint16_t>(segment.size());
  return frame;
}

/// A packet socket that goes round the queueing disciplines.
io::Descriptor open_socket(const std::string& device) {
  io::Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) fail("opening a packet socket");
  const int on = 1;
  if (::setsockopt(socket.number(), SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0)
    fail("going round the queueing disciplines");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(::if_nametoindex(device.c_str()));
  if (address.sll_ifindex == 0) fail("finding the device " + device);
  const void* const bytes = &address;
  if (::bind(socket.number(), static_cast<const sockaddr*>(bytes), sizeof address) < 0)
    fail("binding to " + device);
  return socket;
}

class Blaster {
 public:
  explicit Blaster(const Options& options)
      : options_(options), socket_(open_socket(options.device)) {
    const std::uint32_t cycle = std::max<std::uint32_t>(options.destinations, options.flows);
    for (std::uint32_t i = 0; i < cycle; ++i) frames_.push_back(make_frame(options, i));
    parts_.resize(std::max(frames_.size(), batch) + batch);
    messages_.resize(parts_.size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      std::vector<std::byte>& frame = frames_[i % frames_.size()];
      parts_[i] = {frame.data(), frame.size()};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void run() {
    const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
    while (accepted_ + refused_ < options_.count && Clock::now() < end) send_batch();
  }

  void report() const {
    std::printf("{\"accepted\": %llu, \"refused\": %llu}\n",
                static_cast<unsigned long long>(accepted_),
                static_cast<unsigned long long>(refused_));
  }

 private:
  void send_batch() {
    const auto left = std::min<std::uint64_t>(batch, options_.count - accepted_ - refused_);
    const int sent =
        ::sendmmsg(socket_.number(), &messages_[next_], static_cast<unsigned>(left), 0);
    if (sent < 0 && errno != ENOBUFS && errno != EAGAIN) fail("sending to " + options_.device);
    // A full queue refuses one frame, and the next call begins behind it.
    const auto gone = static_cast<std::size_t>(std::max(sent, 1));
    (sent > 0 ? accepted_ : refused_) += gone;
    next_ = (next_ + gone) % frames_.size();
  }

  const Options& options_;
  io::Descriptor socket_;
  std::vector<std::vector<std::byte>> frames_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> messages_;
  std::size_t next_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

int run(int argc, char** argv) {
  CLI::App app("Sends small UDP frames into a device at overload, for a bounded time or number");
  Options options;
  app.add_option("--device", options.device, "the device to send by")->required();
  app.add_option("--gateway-mac", options.gateway_mac, "the frames' destination")->required();
  app.add_option("--source", options.source, "the address of the sender");
  app.add_option("--destination", options.destination, "the first destination");
  app.add_option("--destinations", options.destinations, "so many addresses, one after the other")
      ->check(CLI::Range(1u, 65536u));
  app.add_option("--flows", options.flows, "so many source ports")->check(CLI::Range(1, 10000));
  app.add_option("--port", options.port, "the destination port");
  app.add_option("--bytes", options.bytes, "of a frame without its check sequence")
      ->check(CLI::Range(60, 1514));
  app.add_option("--seconds", options.seconds, "how long")->check(CLI::Range(0.0, 60.0));
  app.add_option("--count", options.count, "at most so many frames");
  CLI11_PARSE(app, argc, argv);
  Blaster blaster(options);
  blaster.run();
  blaster.report();
  return 0;
}

}  // namespace
}  // namespace smolstack::throughput

int main(int argc, char** argv) {
  return smolstack::throughput::run_program("udp_blaster", smolstack::throughput::run, argc, argv);
}
