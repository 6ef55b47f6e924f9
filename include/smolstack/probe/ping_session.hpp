#pragma once
// One ping under way: pacing, probes, answers.

#include <memory>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "smolstack/control/command.hpp"
#include "smolstack/control/icmp_listener.hpp"
#include "smolstack/probe/ping_options.hpp"
#include "smolstack/probe/ping_statistics.hpp"
#include "smolstack/probe/probe_route.hpp"

namespace smolstack::control {

/// Sends requests and tells what comes back. Held by its handlers, so that it outlives the one
/// that ends it.
class PingSession : public std::enable_shared_from_this<PingSession> {
 public:
  PingSession(Machine& machine, PingOptions options, ProbeRoute route,
              std::shared_ptr<Reply> reply);

  /// false: too many sessions already; the reply has been told.
  bool start();
  /// Ends it in good order: the statistics, and the exit code.
  void finish();
  /// The client is gone.
  void abandon();

 private:
  /// How the next request may travel.
  bool dont_fragment() const;
  std::size_t datagram_bytes() const;

  void say_start();
  void send_next();
  void send_probe();
  void send_failed(DropReason reason);
  Expected<void, DropReason> send_request(std::uint16_t sequence, bool dont_fragment, Instant now);
  Packet make_request(std::uint16_t sequence, Instant now);
  void pace(Instant now);
  void wait_for_the_last();

  void receive(const IcmpArrival& arrival);
  void receive_reply(const IcmpArrival& arrival);
  void receive_error(const IcmpArrival& arrival);
  void end_when_done();
  std::int64_t round_trip(const IcmpArrival& arrival) const;

  Machine& machine_;
  PingOptions options_;
  ProbeRoute route_;
  std::shared_ptr<Reply> reply_;
  std::unique_ptr<IcmpListener::Subscription> subscription_;
  boost::asio::steady_timer pace_timer_;
  boost::asio::steady_timer end_timer_;
  boost::asio::steady_timer deadline_timer_;
  PingStatistics statistics_;
  Instant began_{};
  std::uint32_t path_mtu_ = 0;  ///< learnt on the way (RFC 1191); 0: nothing yet
  bool waiting_for_the_last_ = false;
  bool finished_ = false;
};

}  // namespace smolstack::control
