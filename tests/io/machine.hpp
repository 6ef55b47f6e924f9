#pragma once
// A stack with its loop, and a context to run it in, for tests with real descriptors.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/wire/checksum.hpp"
#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::io {

using namespace std::chrono_literals;

/// Neighbours that do not answer are given up soon.
inline StackOptions quick_options() {
  StackOptions options;
  options.neighbor_timers.retransmit = 50ms;
  return options;
}

/// A stack with its loop.
struct Machine {
  explicit Machine(boost::asio::io_context& context) : loop(context, stack, {.retry = 20ms}) {
    stack.listen_icmp(true);
    loop.on_report([this](const DeviceReport& report) { reports.push_back(report.text); });
    loop.on_icmp([this](PacketQueue messages) {
      while (Packet message = messages.pop()) answers.push_back(std::move(message));
    });
  }

  Interface& plug(const char* address, std::unique_ptr<Device> device,
                  LinkType link = LinkType::ethernet, std::uint32_t mtu = 1500) {
    const Ipv4Subnet subnet = *parse_ipv4_subnet(address);
    Interface made;
    made.name = "eth" + std::to_string(stack.interfaces().size());
    made.link = link;
    made.mtu = mtu;
    Interface& interface = stack.add_interface(std::move(made));
    EXPECT_TRUE(stack.add_address(interface, subnet, EventLoop::now()));
    loop.attach(interface.index, std::move(device));
    return interface;
  }
  void send_icmp(std::uint8_t type, std::size_t bytes, Ipv4Address destination) {
    Packet payload = stack.make_payload(bytes);
    auto& icmp = payload.header<wire::Icmpv4Header>();
    std::fill(payload.bytes().begin(), payload.bytes().end(), std::byte{});
    icmp.type = type;
    icmp.checksum = internet_checksum(payload.bytes());
    Ipv4Send how;
    how.destination = destination;
    how.protocol = ip_protocol::icmp;
    EXPECT_TRUE(stack.send(std::move(payload), how, EventLoop::now()));
  }
  void ping(Ipv4Address destination) {
    send_icmp(icmpv4_type::echo_request, 64, destination);
    loop.flush();
  }

  Stack stack{quick_options()};
  std::vector<std::string> reports;
  std::vector<Packet> answers;
  EventLoop loop;
};

class Loop : public testing::Test {
 protected:
  /// Runs the context until it is so; false: it was not so in time.
  bool run_until(const std::function<bool()>& so, Duration patience = 10s) {
    const Instant end = EventLoop::now() + patience;
    while (!so() && EventLoop::now() < end) {
      context.restart();
      context.run_one_for(10ms);
    }
    return so();
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }

  boost::asio::io_context context;
};

}  // namespace smolstack::io
