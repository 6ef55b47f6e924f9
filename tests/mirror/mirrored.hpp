#pragma once
// A machine as a lab has it: our stack on wires, its mirrors in this program's network namespace,
// and neighbours at the other ends of the wires. The programs of the machine are those that the
// test runs in the namespace.

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "device/namespace.hpp"
#include "lab/support/frame.hpp"
#include "lab/support/matchers.hpp"
#include "smolstack/io/pair.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/mirror/mirror.hpp"
#include "smolstack/mirror/owners.hpp"
#include "smolstack/mirror/tee.hpp"

namespace smolstack::mirror {

using namespace std::chrono_literals;

inline StackOptions mirrored_options() {
  StackOptions options = io::quick_options();
  options.host_sockets = true;
  options.settings.arp_notify = false;
  return options;
}

/// A mirror of that name, not up yet.
inline std::unique_ptr<io::TapDevice> open_mirror(const std::string& name, const MacAddress& mac) {
  io::TapConfig config;
  config.name = name;
  config.mac = mac;
  config.up = false;
  auto opened = io::TapDevice::open(config);
  if (opened) return std::move(*opened);
  ADD_FAILURE() << opened.error().message();
  return nullptr;
}

/// Sees what tcpdump would see on a link.
class Sniffer {
 public:
  /// Of one kind of frame, such sockets stand behind the owner rules; of all, in front of them.
  explicit Sniffer(const std::string& link, std::uint16_t kind = ETH_P_ALL)
      : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = swap_if_little(kind);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(link.c_str()));
    const void* const bytes = &address;
    EXPECT_EQ(::bind(socket_.number(), static_cast<const sockaddr*>(bytes), sizeof address), 0);
  }

  /// All frames since the sniffer was made, oldest first.
  const std::vector<test::Captured>& frames() {
    std::array<std::byte, 65536> bytes;
    while (true) {
      const ssize_t size = ::recv(socket_.number(), bytes.data(), bytes.size(), 0);
      if (size < 0) return frames_;
      frames_.push_back({test::Octets(bytes.begin(), bytes.begin() + size), io::EventLoop::now()});
    }
  }

 private:
  io::Descriptor socket_;
  std::vector<test::Captured> frames_;
};

/// The machine. Its wires are links in memory; what is at their other ends is the test's.
class MirroredMachine {
 public:
  explicit MirroredMachine(boost::asio::io_context& context) : loop(context, stack) {}

  /// An interface, its mirror, and the far end of its wire.
  std::unique_ptr<io::PairDevice> plug(const std::string& name, const MacAddress& mac) {
    auto [near, far] = io::PairDevice::make();
    Interface& interface = stack.add_interface({.name = name, .mac = mac});
    interface.up = false;
    auto tee = std::make_unique<Tee>(std::move(near), open_mirror(name, mac));
    auto host_end = tee->host_end();
    loop.attach(interface.index, std::move(tee));
    loop.attach_host(interface.index, std::move(host_end));
    links.push_back({interface.index, ::if_nametoindex(name.c_str())});
    return std::move(far);
  }
  void start(MirrorOptions options = {}) {
    mirror = std::make_unique<Mirror>(loop, links, std::move(options));
    const auto started = mirror->start();
    ASSERT_TRUE(started) << started.error().message();
  }
  Interface& interface(const std::string& name) { return *stack.interfaces().find(name); }

  Stack stack{mirrored_options()};
  io::EventLoop loop;
  std::vector<MirrorLink> links;
  std::unique_ptr<Mirror> mirror;
};

class InMirroredNamespace : public io::InNamespace {
 protected:
  void TearDown() override {
    // An earlier test's rules would be tied to links that are no more.
    if (IsSkipped()) return;
    EXPECT_TRUE(clear_owner_rules());
    (void)io::shell(
        "ip neigh flush nud all; for f in all default lo; do "
        "echo 0 > /proc/sys/net/ipv4/conf/$f/forwarding; "
        "echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; done");
  }
};

}  // namespace smolstack::mirror
