#pragma once
// Brings each session (a ping, a traceroute) the ICMP messages that answer its probes.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/wire/icmpv4.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack::control {

/// One ICMP message that concerns a session's probe. Borrows: only valid while it is handed over.
struct IcmpArrival {
  Ipv4Address from;
  std::uint8_t ttl = 0;
  Instant at{};
  wire::Icmpv4Header header;
  ConstBytes payload;  ///< behind the header's eight bytes
  bool is_error = false;
  /// Of an error: the probe that it is about. `quoted` is what follows its IPv4 header.
  Ipv4Address probed;
  ConstBytes quoted;
};

/// Knows which session waits for which answers. Belongs to one loop, and outlives its sessions.
class IcmpListener {
 public:
  using Handler = std::function<void(const IcmpArrival&)>;

  /// Takes over EventLoop::on_icmp.
  explicit IcmpListener(io::EventLoop& loop);
  IcmpListener(const IcmpListener&) = delete;
  IcmpListener& operator=(const IcmpListener&) = delete;

  /// A session's identifier, its own as long as this lives: the identifier of its echo requests
  /// and the source port of its UDP probes.
  class Subscription {
   public:
    Subscription(IcmpListener& listener, std::uint16_t identifier)
        : listener_(&listener), identifier_(identifier) {}
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    std::uint16_t identifier() const { return identifier_; }

   private:
    IcmpListener* listener_;
    std::uint16_t identifier_;
  };

  /// Begins to listen for a session. nullptr: all identifiers are taken.
  std::unique_ptr<Subscription> subscribe(Handler handler);

  /// Hands a message (its IPv4 header in front) to whom it concerns. For the loop, and for tests.
  void deliver(const Packet& packet);

 private:
  // Identifiers serve as source ports too, so they stay above the well-known ones.
  static constexpr std::uint16_t first_identifier = 32768;

  void dispatch(std::uint16_t identifier, const IcmpArrival& arrival);

  io::EventLoop& loop_;
  std::map<std::uint16_t, Handler> sessions_;
  std::uint16_t next_ = first_identifier;
};

}  // namespace smolstack::control
