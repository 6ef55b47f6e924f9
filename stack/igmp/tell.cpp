#include <algorithm>
#include <utility>

#include "smolstack/igmp/igmp.hpp"

// What a host says unasked: that it has joined or left a group, and how it is put on the wire.

namespace smolstack {

/// The group has just been joined or left. On a link that is down nobody is told: came_up() will.
void Igmp::tell(const Interface& out, IgmpLink& link, IgmpGroup& group, Instant now) {
  group.repeats = 0;
  if (!out.usable()) return;
  if (link.mode != IgmpVersion::v3) return tell_old(out, link, group, now);
  // RFC 3376 §5.1: at once, and again [Robustness Variable] - 1 times. A change that comes while an
  // earlier one of the same group is being repeated takes its place.
  group.repeats = link.robustness;
  records_.clear();
  add_change(group);
  send_records(out, link);
  if (group.repeats > 0 && !link.changes)
    restart_within(link.changes, {out.index, Purpose::changes, {}}, igmp_default::v3_repeat, now);
}

// RFC 3376 §5.1: a filter that excludes nothing has begun, or all sources are refused again.
void Igmp::add_change(IgmpGroup& group) {
  --group.repeats;
  records_.push_back(
      {.type = group.joined ? IgmpRecordType::change_to_exclude : IgmpRecordType::change_to_include,
       .group = group.address});
}

void Igmp::repeat_changes(const Interface& out, IgmpLink& link, Instant now) {
  records_.clear();
  for (IgmpGroup& group : link.groups)
    if (group.repeats > 0) add_change(group);
  send_records(out, link);
  std::erase_if(link.groups,
                [](const IgmpGroup& each) { return !each.joined && each.repeats == 0; });
  const bool has_more =
      std::ranges::any_of(link.groups, [](const IgmpGroup& each) { return each.repeats > 0; });
  if (has_more)
    restart_within(link.changes, {out.index, Purpose::changes, {}}, igmp_default::v3_repeat, now);
}

// --- Versions 1 and 2 --------------------------------------------------------------------------

void Igmp::tell_old(const Interface& out, IgmpLink& link, IgmpGroup& group, Instant now) {
  if (group.joined) {
    group.repeats = link.robustness;
    return repeat_old(out, link, group, now);
  }
  // RFC 2236 §3: only who reported it last has anything to take back; version 1 has no word for it.
  const bool is_worth_it = link.mode == IgmpVersion::v2 && group.reported_last;
  if (is_worth_it)
    send(out, link, make_igmp_message(pool_, out, igmp_type::v2_leave, group.address));
}

/// RFC 2236 §3: the first report of a group that was joined may be lost, so there are several.
void Igmp::repeat_old(const Interface& out, IgmpLink& link, IgmpGroup& group, Instant now) {
  report_old(out, link, group);
  if (group.repeats > 0) --group.repeats;
  if (group.repeats > 0)
    restart_within(group.answer, {out.index, Purpose::group, group.address},
                   igmp_default::v2_repeat, now);
}

void Igmp::report_old(const Interface& out, IgmpLink& link, IgmpGroup& group) {
  const bool is_v1 = link.mode == IgmpVersion::v1;
  group.reported_last = true;
  send(out, link,
       make_igmp_message(pool_, out, is_v1 ? igmp_type::v1_report : igmp_type::v2_report,
                         group.address));
}

// --- Datagrams ---------------------------------------------------------------------------------

void Igmp::send(const Interface& out, IgmpLink& link, Packet datagram) {
  if (!datagram || !out.usable()) return;
  ++counters_.igmp_reports_sent;
  link.outgoing.push(std::move(datagram));
}

/// RFC 3376 §4.2.16: records that do not fit into one report go in several.
void Igmp::send_records(const Interface& out, IgmpLink& link) {
  const std::size_t room = igmp_room_for_records(out);
  std::span<const IgmpRecord> rest = records_;
  while (!rest.empty()) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < rest.size(); ++count) {
      bytes += rest[count].length();
      if (bytes > room) break;
    }
    send(out, link, make_igmp_report(pool_, out, rest.first(count)));
    rest = rest.subspan(count);
  }
}

}  // namespace smolstack
