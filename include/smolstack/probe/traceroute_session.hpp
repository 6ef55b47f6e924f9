#pragma once
// One traceroute under way.

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "smolstack/control/command.hpp"
#include "smolstack/control/icmp_listener.hpp"
#include "smolstack/probe/probe_route.hpp"

namespace smolstack::control {

struct TracerouteOptions {
  std::string hostname;
  Ipv4Address destination;
  std::uint8_t first_ttl = 1;
  std::uint8_t max_ttl = 30;
  std::uint32_t each = 3;      ///< probes per hop
  std::uint32_t at_once = 16;  ///< probes on the way
  bool by_icmp = false;        ///< echo requests instead of UDP
  double wait = 5.0;           ///< seconds for an answer, at most
  double here = 3.0;           ///< times what another probe of the hop took
  double near = 10.0;          ///< times what a probe of a later hop took
};

/// The error is what belongs on stderr.
Expected<TracerouteOptions, std::string> parse_traceroute(const Words& words);

/// Keeps a few probes on the way and reports them in order. Held by its handlers, so that it
/// outlives the one that ends it.
class TracerouteSession : public std::enable_shared_from_this<TracerouteSession> {
 public:
  TracerouteSession(Machine& machine, TracerouteOptions options, ProbeRoute route,
                    std::shared_ptr<Reply> reply);

  /// false: too many sessions already; the reply has been told.
  bool start();
  void finish();
  /// The client is gone.
  void abandon();

 private:
  struct Probe {
    Instant sent{};
    Duration took{};
    Ipv4Address from;
    std::string note;
    bool answered = false;
    bool final = false;  ///< there is no hop behind this one
    bool lost = false;

    bool done() const { return answered || lost; }
  };

  std::size_t probes_in_all() const;
  std::uint8_t ttl_of(std::size_t index) const;
  void pump();
  void send_what_may();
  Expected<void, DropReason> send_probe(std::size_t index);
  Packet make_udp(std::size_t index);
  Packet make_echo(std::size_t index);
  void report_what_is_done();
  void report(std::size_t index);
  bool is_last_of_way(std::size_t index) const;
  void give_up_late_ones(Instant now);
  Duration patience(std::size_t index) const;
  void set_timer();
  void receive(const IcmpArrival& arrival);
  std::optional<std::size_t> index_of(const IcmpArrival& arrival) const;

  Machine& machine_;
  TracerouteOptions options_;
  ProbeRoute route_;
  std::shared_ptr<Reply> reply_;
  std::unique_ptr<IcmpListener::Subscription> subscription_;
  boost::asio::steady_timer timer_;
  std::vector<Probe> probes_;  ///< those that were sent
  std::size_t reported_ = 0;
  bool finished_ = false;
};

}  // namespace smolstack::control
