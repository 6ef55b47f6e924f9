#include <algorithm>
#include <utility>

#include "smolstack/igmp/igmp.hpp"
#include "smolstack/wire/ipv4_options.hpp"

// What routers ask, what other hosts have answered already, and what we answer.

namespace smolstack {
namespace {

/// RFC 3376 §9.1: who forges queries from afar can keep neither TTL 1 nor the Router Alert, and a
/// general query asks all systems. Linux looks at none of it; a query of version 1 has no option.
bool may_be_trusted(const Packet& datagram, const IgmpMessage& query) {
  const auto& ip = datagram.header<wire::Ipv4Header>();
  if (ip.ttl != 1) return false;
  const bool is_general = query.group.is_unspecified();
  if (is_general && ip.destination.is_multicast() && ip.destination != all_systems) return false;
  if (query.version == IgmpVersion::v1) return true;
  const auto options = parse_ipv4_options(datagram.bytes().first(ip.header_length()));
  return options.has_value() && options->router_alert;
}

}  // namespace

Expected<void, DropReason> Igmp::receive(const Interface& in, const Packet& datagram, Instant now) {
  const auto& ip = datagram.header<wire::Ipv4Header>();
  const auto message = parse_igmp(datagram.bytes().subspan(ip.header_length()));
  if (!message) return unexpected(message.error());
  IgmpLink& link = link_of(in.index);
  switch (message->kind) {
    case IgmpKind::query:
      if (!may_be_trusted(datagram, *message)) return unexpected(DropReason::igmp_untrusted);
      ++counters_.igmp_queries_received;
      query(in, link, *message, now);
      return {};
    case IgmpKind::report:
      if (suppress(link, message->group, now)) return {};
      return unexpected(DropReason::igmp_ignored);
    case IgmpKind::other: return unexpected(DropReason::igmp_ignored);
  }
  return {};
}

// RFC 3376 §7.2.1: a query of version 1, or a general one of version 2, keeps the host at that
// version for a while; §4.1.6, §4.1.7: version 3 brings the querier's own variables along.
void Igmp::learn(IgmpLink& link, const IgmpMessage& query, Instant now) const {
  const Instant until = now + link.older_querier_interval();
  switch (query.version) {
    case IgmpVersion::v1: link.v1_until = until; break;
    case IgmpVersion::v2:
      if (query.group.is_unspecified()) link.v2_until = until;
      break;
    case IgmpVersion::v3:
      link.robustness = query.robustness != 0 ? query.robustness : igmp_default::robustness;
      link.query_interval =
          query.query_interval != Duration{} ? query.query_interval : igmp_default::query_interval;
      break;
  }
}

void Igmp::query(const Interface& in, IgmpLink& link, const IgmpMessage& query, Instant now) {
  learn(link, query, now);
  settle_mode(link, now);
  if (!in.usable()) return;
  if (link.mode != IgmpVersion::v3) return query_old(in, link, query, now);
  const Duration delay = random_delay(query.max_response);
  // RFC 3376 §5.2 rule 1: an answer for all groups that comes sooner will do.
  if (link.general && link.general->due <= now + delay) return;
  if (query.group.is_unspecified()) return query_general(in, link, delay, now);
  if (IgmpGroup* const group = link.find_joined(query.group))
    query_group(in, *group, query, delay, now);
}

/// RFC 2236 §3, RFC 1112 appendix I: a timer for each group, which only runs sooner than it would.
void Igmp::query_old(const Interface& in, IgmpLink& link, const IgmpMessage& query, Instant now) {
  // RFC 2236 §4: beside a router of version 1 it is always ten seconds.
  const Duration most =
      link.mode == IgmpVersion::v1 ? igmp_default::response_interval : query.max_response;
  for (IgmpGroup& group : link.groups) {
    const bool is_meant = query.group.is_unspecified() || query.group == group.address;
    const bool runs_soon = group.answer && group.answer->due - now <= most;
    if (is_meant && !runs_soon)
      restart_within(group.answer, {in.index, Purpose::group, group.address}, most, now);
  }
}

/// RFC 3376 §5.2 rule 2.
void Igmp::query_general(const Interface& in, IgmpLink& link, Duration delay, Instant now) {
  if (std::ranges::none_of(link.groups, &IgmpGroup::joined)) return;
  start(link.general, {in.index, Purpose::general, {}}, delay, now);
}

/// RFC 3376 §5.2 rules 3 to 5: one answer for each group, at the earliest of its times.
void Igmp::query_group(const Interface& in, IgmpGroup& group, const IgmpMessage& query,
                       Duration delay, Instant now) {
  remember_sources(group, query);
  if (group.answer && group.answer->due <= now + delay) return;
  start(group.answer, {in.index, Purpose::group, group.address}, delay, now);
}

void Igmp::remember_sources(IgmpGroup& group, const IgmpMessage& query) const {
  const bool is_about_all = query.source_count() == 0 || (group.answer && group.asked.empty());
  if (is_about_all) return group.asked.clear();
  for (std::size_t i = 0; i < query.source_count(); ++i) {
    const Ipv4Address source = query.source(i);
    if (std::ranges::find(group.asked, source) != group.asked.end()) continue;
    if (group.asked.size() >= limits_.sources) return group.asked.clear();
    group.asked.push_back(source);
  }
}

/// RFC 2236 §3: somebody else has said it. Version 3 hears nobody out (RFC 3376 §7.2.2).
bool Igmp::suppress(IgmpLink& link, Ipv4Address group, Instant now) {
  settle_mode(link, now);
  IgmpGroup* const known = link.find_joined(group);
  if (link.mode == IgmpVersion::v3 || known == nullptr || !known->answer) return false;
  cancel(known->answer);
  known->repeats = 0;
  known->reported_last = false;
  return true;
}

// --- Answers -----------------------------------------------------------------------------------

/// RFC 3376 §5.2: the state of every group, EXCLUDE {}.
void Igmp::answer_general(const Interface& out, IgmpLink& link) {
  if (!std::exchange(link.general, std::nullopt)) return;
  records_.clear();
  for (const IgmpGroup& group : link.groups)
    if (group.joined) records_.push_back({.group = group.address});
  send_records(out, link);
}

/// RFC 3376 §5.2: the state of the group, or which of the sources asked for are wanted: of a group
/// that excludes nobody, all of them.
void Igmp::answer_group(const Interface& out, IgmpLink& link, Ipv4Address address, Instant now) {
  IgmpGroup* const group = link.find_joined(address);
  if (group == nullptr || !std::exchange(group->answer, std::nullopt)) return;
  if (link.mode != IgmpVersion::v3) return repeat_old(out, link, *group, now);
  records_.clear();
  const std::size_t most =
      (igmp_room_for_records(out) - sizeof(wire::Igmpv3Record)) / sizeof(Ipv4Address);
  std::span<const Ipv4Address> sources = group->asked;
  if (sources.empty()) records_.push_back({.group = address});
  for (; !sources.empty(); sources = sources.subspan(std::min(most, sources.size())))
    records_.push_back({.type = IgmpRecordType::mode_is_include,
                        .group = address,
                        .sources = sources.first(std::min(most, sources.size()))});
  send_records(out, link);
  group->asked.clear();
}

}  // namespace smolstack
