#pragma once
// Membership in multicast groups, as a host has it and tells routers of it: IGMPv3 (RFC 3376) with
// its fall-back to versions 2 (RFC 2236) and 1 (RFC 1112) where an older querier asks.
//
// Groups are joined for any source, EXCLUDE {} in the RFC's words; there are no source filters.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/base/random.hpp"
#include "smolstack/igmp/link.hpp"
#include "smolstack/igmp/report.hpp"
#include "smolstack/netif/interface.hpp"
#include "smolstack/packet/pool.hpp"
#include "smolstack/time/timer_wheel.hpp"
#include "smolstack/wire/ipv4.hpp"

namespace smolstack {

struct IgmpLimits {
  std::uint32_t groups = 64;  ///< joined on one interface, besides 224.0.0.1
  /// Of the queries about one group, remembered until they are answered. More than that, and the
  /// answer is for the whole group, which says no less.
  std::uint32_t sources = 64;
};

/// The groups of all interfaces. What it has to send waits for take_reports(). It keeps
/// Interface::groups, by which datagrams are let in.
class Igmp {
 public:
  Igmp(PacketPool& pool, InterfaceTable& interfaces, StackCounters& counters, Random& random,
       const IgmpLimits& limits = {});

  /// invalid_argument: not a group; file_exists: joined already, as 224.0.0.1 always is;
  /// operation_not_supported: on the loopback; no_buffer_space: as many as there may be.
  Expected<void, Error> join(Interface& on, Ipv4Address group, Instant now);
  /// address_not_available: not joined; operation_not_supported: 224.0.0.1 is never left.
  Expected<void, Error> leave(Interface& on, Ipv4Address group, Instant now);

  /// The link carries frames again, and nobody there need know us: all groups are told anew.
  void came_up(Interface& on, Instant now);
  /// It does no longer. Groups stay joined.
  void went_down(const Interface& on);

  /// Handles a datagram of protocol 2, whole, with its IPv4 header in front. igmp_malformed,
  /// igmp_untrusted and igmp_ignored say why it came to nothing.
  Expected<void, DropReason> receive(const Interface& in, const Packet& datagram, Instant now);

  void advance(Instant now);
  std::optional<Instant> next_deadline() const { return timers_.next_deadline(); }
  /// Whole IPv4 datagrams, each for the group that is its destination.
  PacketQueue take_reports(IfIndex out);

  /// The version that the host speaks on that link now (RFC 3376 §7.2.1).
  IgmpVersion version(IfIndex on, Instant now) const;

 private:
  enum class Purpose : std::uint8_t { general, changes, group };
  struct Token {
    IfIndex interface = IfIndex::none;
    Purpose purpose = Purpose::general;
    Ipv4Address group{};
  };

  // Joining and leaving (stack/igmp/igmp.cpp).
  IgmpLink& link_of(IfIndex index);
  Expected<void, Error> may_join(const Interface& on, Ipv4Address group,
                                 const IgmpLink& link) const;
  void settle_mode(IgmpLink& link, Instant now);
  void forget_all(IgmpLink& link);
  void cancel(std::optional<IgmpTimer>& timer);
  void start(std::optional<IgmpTimer>& timer, const Token& token, Duration delay, Instant now);
  void restart_within(std::optional<IgmpTimer>& timer, const Token& token, Duration most,
                      Instant now);
  Duration random_delay(Duration most);

  // What is told unasked (stack/igmp/tell.cpp).
  void tell(const Interface& out, IgmpLink& link, IgmpGroup& group, Instant now);
  void tell_old(const Interface& out, IgmpLink& link, IgmpGroup& group, Instant now);
  void repeat_old(const Interface& out, IgmpLink& link, IgmpGroup& group, Instant now);
  void repeat_changes(const Interface& out, IgmpLink& link, Instant now);
  void add_change(IgmpGroup& group);
  void report_old(const Interface& out, IgmpLink& link, IgmpGroup& group);
  void send(const Interface& out, IgmpLink& link, Packet datagram);
  void send_records(const Interface& out, IgmpLink& link);

  // What is asked and answered (stack/igmp/queries.cpp).
  void learn(IgmpLink& link, const IgmpMessage& query, Instant now) const;
  void query(const Interface& in, IgmpLink& link, const IgmpMessage& query, Instant now);
  void query_old(const Interface& in, IgmpLink& link, const IgmpMessage& query, Instant now);
  void query_general(const Interface& in, IgmpLink& link, Duration delay, Instant now);
  void query_group(const Interface& in, IgmpGroup& group, const IgmpMessage& query, Duration delay,
                   Instant now);
  void remember_sources(IgmpGroup& group, const IgmpMessage& query) const;
  bool suppress(IgmpLink& link, Ipv4Address group, Instant now);
  void fire(const Token& token, Instant now);
  void answer_general(const Interface& out, IgmpLink& link);
  void answer_group(const Interface& out, IgmpLink& link, Ipv4Address address, Instant now);

  PacketPool& pool_;
  InterfaceTable& interfaces_;
  StackCounters& counters_;
  Random& random_;
  IgmpLimits limits_;
  std::deque<IgmpLink> links_;
  TimerWheel<Token> timers_;
  std::vector<IgmpRecord> records_;  // of the report that is being made
};

}  // namespace smolstack
