#pragma once
// A laboratory: whole stacks, links in memory and one virtual clock.
//
// A port's far side is either a link to another node's port or the test itself, which sends
// frames into it and reads what came out. Every frame that a stack sends is judged by the rules
// that hold always (see judge.hpp): a test fails when one is broken, whatever it was about.

#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "lab/support/frame.hpp"
#include "lab/support/neighborhood.hpp"
#include "lab/support/undone.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::test {

using namespace std::chrono_literals;

class Lab;
class Node;

/// One Ethernet interface of a node, seen from the wire.
class Port {
 public:
  Port(Node& node, Interface& interface)
      : node_(node), interface_(interface), neighborhood_(interface) {}

  /// A neighbour lives on this wire: its ARP is answered at once and not recorded.
  void has_neighbor(Address address, Mac mac = {}) { neighborhood_.add(address, mac); }
  /// It does no longer.
  void loses_neighbor(Address address) { neighborhood_.remove(address); }

  /// The frame arrives at the port now, and the lab comes to rest. Without an Ethernet layer it
  /// comes from the neighbour that its source names (or the first one there is), to the port.
  void sends(const Frame& frame);
  /// The same for frames that arrive together in one batch.
  void sends(const std::vector<Frame>& frames);
  /// The frame as a device hands it over that leaves the checksum to us; with `gso_size` as a
  /// super-frame whose segments have so many bytes.
  void sends_undone(const Frame& frame, std::uint16_t gso_size = 0);
  /// Bytes as they are.
  void sends_bytes(ConstBytes frame);

  /// What came out since the lab was built or forget() was called, oldest first.
  const std::vector<Captured>& received() const { return received_; }
  bool silent() const { return received_.empty(); }
  void forget() { received_.clear(); }
  /// Frames are neither recorded nor judged: for floods.
  void stop_recording() { recording_ = false; }
  void start_recording() { recording_ = true; }
  /// Called for each frame instead of recording it.
  void on_frame(std::function<void(const Captured&)> handler) { handler_ = std::move(handler); }

  MacAddress mac() const { return interface_.mac; }
  Ipv4Address address() const { return interface_.addresses.front().subnet.address; }
  Interface& interface() { return interface_; }
  IfIndex index() const { return interface_.index; }
  Node& node() { return node_; }

  void goes_down();
  void comes_up();
  void set_mtu(std::uint32_t mtu);
  void add_address(std::string_view subnet);
  void remove_address(std::string_view subnet);

 private:
  friend class Lab;
  void record(Captured frame);

  Node& node_;
  Interface& interface_;
  Port* linked_ = nullptr;
  Neighborhood neighborhood_;
  std::vector<Captured> received_;
  std::function<void(const Captured&)> handler_;
  bool recording_ = true;
};

/// How a datagram of our own leaves: with this TTL.
inline Ipv4Send with_ttl(unsigned ttl) {
  Ipv4Send how;
  how.ttl = static_cast<std::uint8_t>(ttl);
  return how;
}
/// By this port and no other.
inline Ipv4Send bound_to(const Port& port) {
  Ipv4Send how;
  how.interface = port.index();
  return how;
}

/// One machine: a stack with Ethernet ports.
class Node {
 public:
  Node(Lab& lab, const StackOptions& options) : lab_(lab), stack_(options) {}

  Port& port(std::size_t i) { return *ports_.at(i); }
  Port& add_port(std::string_view subnet, Mac mac = {});
  Stack& stack() { return stack_; }
  Lab& lab() { return lab_; }

  /// As `ip route add` takes it: prefix, gateway.
  void route(std::string_view prefix, Address gateway);
  /// A route that leads nowhere.
  void route(std::string_view prefix, RouteKind kind);
  /// As `ip route del` takes it.
  void unroute(std::string_view prefix);
  std::uint64_t drops(std::size_t port, DropReason reason);
  /// The state of a neighbour; none when it is not known.
  NeighborState neighbor(std::size_t port, Address address);

  /// Sends an echo request of our own; the answer is in echo_replies().
  Expected<void, DropReason> pings(Address destination, std::uint16_t sequence = 1,
                                   const Octets& data = {}, Ipv4Send how = {});
  /// The ICMP messages that came for this node since the last call, outermost layer IPv4.
  std::vector<Frame> heard();

 private:
  friend class Lab;
  Lab& lab_;
  Stack stack_;
  std::vector<std::unique_ptr<Port>> ports_;
};

class Lab {
 public:
  Lab() = default;
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// A machine with a port for each address; its first announcements are over.
  Node& router(std::initializer_list<std::string_view> subnets, StackOptions options = {});
  Node& host(std::initializer_list<std::string_view> subnets, StackOptions options = {});
  /// Ties two ports together: what one sends the other receives.
  static void link(Port& a, Port& b);

  /// Lets virtual time pass, from deadline to deadline.
  void run_for(Duration duration);
  /// Carries frames to and fro until nobody has any more to send.
  void settle();
  Instant now() const { return now_; }

 private:
  friend class Port;
  struct InFlight {
    Port* to;
    Undone frame;
  };

  Node& add(std::initializer_list<std::string_view> subnets, StackOptions options);
  bool drain(Port& port);
  void carry(Port& port, const Packet& packet);
  static void judge(Port& port, const Packet& packet);
  static void judge_frame(Port& port, ConstBytes frame);
  void receive(Port& port, const std::vector<Undone>& frames);
  std::optional<Instant> next_deadline() const;
  void advance();

  std::deque<std::unique_ptr<Node>> nodes_;
  std::deque<InFlight> in_flight_;
  Instant now_{1000s};  // away from the clock's own beginning
};

}  // namespace smolstack::test
