#pragma once
// A router in memory, and frames that go through it again and again: Ethernet in, every test of
// RFC 1812, the table, the neighbour, Ethernet out. No device and no system call.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "smolstack/stack.hpp"

namespace smolstack::measure {

class ForwardCourse {
 public:
  struct Shape {
    std::size_t bytes = 64;  ///< of a datagram; its frame has 14 more
    std::size_t batch = 64;  ///< frames at a time, up to Batch::capacity
    /// Up to 256 are consecutive /24 networks, each asked in turn. More are a table as the
    /// Internet's, with destinations inside of it by chance. At most 16 gateways serve them.
    std::size_t routes = 1;
  };

  explicit ForwardCourse(const Shape& shape);

  /// Makes the frames that came out, or lie ready in the beginning, into frames that come in: link
  /// addresses, destination, TTL and checksum, 20 bytes of each. It is no part of forwarding, and
  /// can be timed by itself.
  void renew();
  /// Takes the frames through the router; false when not all of them came out.
  bool forward();

  const Shape& shape() const { return shape_; }
  /// The frames that came out last.
  std::span<const Packet> frames() { return gone_.packets(); }
  /// The forwarding table with all the routes; and a destination, each time the next one.
  const Ipv4Fib& fib() { return stack_.tables().fib(); }
  Ipv4Address next_destination() { return targets_[step()].destination; }

 private:
  /// What differs between the headers of two frames.
  struct Target {
    Ipv4Address destination;
    Big16 checksum;
  };

  /// The number of the next target.
  std::size_t step() {
    const std::size_t now = next_;
    next_ = next_ + 1 == targets_.size() ? 0 : next_ + 1;
    return now;
  }
  Interface& add_interface(std::string_view name, Ipv4Address address);
  std::vector<Ipv4Prefix> make_prefixes(Random& random) const;
  void add_route(const Ipv4Prefix& prefix, std::size_t number);
  void make_targets(const std::vector<Ipv4Prefix>& prefixes, Random& random);
  void make_frames();

  Shape shape_;
  Stack stack_;
  Interface& in_;
  Interface& out_;
  std::vector<Target> targets_;
  std::size_t next_ = 0;
  Batch coming_;
  Batch gone_;
};

}  // namespace smolstack::measure
