#include "smolstack/igmp/igmp.hpp"

#include <algorithm>
#include <utility>

// Joining and leaving, and the version that is spoken.

namespace smolstack {
namespace {

std::string naming(std::string_view what, Ipv4Address group, const Interface& on) {
  return std::string(what) + ' ' + to_string(group) + " on " + on.name;
}

}  // namespace

// --- One interface -----------------------------------------------------------------------------

IgmpGroup* IgmpLink::find(Ipv4Address group) {
  const auto at = std::ranges::find(groups, group, &IgmpGroup::address);
  return at == groups.end() ? nullptr : &*at;
}

IgmpGroup* IgmpLink::find_joined(Ipv4Address group) {
  IgmpGroup* const found = find(group);
  return found != nullptr && found->joined ? found : nullptr;
}

IgmpVersion IgmpLink::mode_at(Instant now) const {
  if (now < v1_until) return IgmpVersion::v1;
  return now < v2_until ? IgmpVersion::v2 : IgmpVersion::v3;
}

// --- All of them -------------------------------------------------------------------------------

Igmp::Igmp(PacketPool& pool, InterfaceTable& interfaces, StackCounters& counters, Random& random,
           const IgmpLimits& limits)
    : pool_(pool), interfaces_(interfaces), counters_(counters), random_(random), limits_(limits) {
  records_.reserve(limits.groups + std::size_t{limits.sources});
}

IgmpLink& Igmp::link_of(IfIndex index) {
  const auto slot = static_cast<std::size_t>(index);
  while (links_.size() <= slot) links_.emplace_back();
  return links_[slot];
}

IgmpVersion Igmp::version(IfIndex on, Instant now) const {
  const auto slot = static_cast<std::size_t>(on);
  return slot < links_.size() ? links_[slot].mode_at(now) : IgmpVersion::v3;
}

PacketQueue Igmp::take_reports(IfIndex out) {
  const auto slot = static_cast<std::size_t>(out);
  return slot < links_.size() ? std::exchange(links_[slot].outgoing, {}) : PacketQueue();
}

Expected<void, Error> Igmp::may_join(const Interface& on, Ipv4Address group,
                                     const IgmpLink& link) const {
  const auto doing = [&] { return naming("joining", group, on); };
  if (!group.is_multicast()) return failed(std::errc::invalid_argument, doing());
  if (on.link == LinkType::loopback) return failed(std::errc::operation_not_supported, doing());
  if (on.is_member(group)) return failed(std::errc::file_exists, doing());
  const auto joined = std::ranges::count_if(link.groups, &IgmpGroup::joined);
  if (static_cast<std::size_t>(joined) >= limits_.groups)
    return failed(std::errc::no_buffer_space, doing());
  return {};
}

Expected<void, Error> Igmp::join(Interface& on, Ipv4Address group, Instant now) {
  IgmpLink& link = link_of(on.index);
  if (auto may = may_join(on, group, link); !may) return may;
  on.groups.insert(std::ranges::lower_bound(on.groups, group), group);
  settle_mode(link, now);
  IgmpGroup* known = link.find(group);
  if (known == nullptr) {
    // Room for it is made by what was left: of that the others hear a time less.
    if (link.groups.size() >= limits_.groups)
      std::erase_if(link.groups, [](const IgmpGroup& each) { return !each.joined; });
    known = &link.groups.emplace_back(IgmpGroup{.address = group});
    known->asked.reserve(limits_.sources);
  }
  known->joined = true;
  tell(on, link, *known, now);
  return {};
}

Expected<void, Error> Igmp::leave(Interface& on, Ipv4Address group, Instant now) {
  IgmpLink& link = link_of(on.index);
  if (group == all_systems)
    return failed(std::errc::operation_not_supported, naming("leaving", group, on));
  IgmpGroup* const known = link.find_joined(group);
  if (known == nullptr)
    return failed(std::errc::address_not_available, naming("leaving", group, on));
  std::erase(on.groups, group);
  settle_mode(link, now);
  cancel(known->answer);
  known->asked.clear();
  known->joined = false;
  tell(on, link, *known, now);
  std::erase_if(link.groups,
                [](const IgmpGroup& each) { return !each.joined && each.repeats == 0; });
  return {};
}

void Igmp::came_up(Interface& on, Instant now) {
  IgmpLink& link = link_of(on.index);
  forget_all(link);
  link = IgmpLink{.groups = std::move(link.groups)};
  if (link.groups.empty()) return;
  for (IgmpGroup& group : link.groups) group.repeats = link.robustness;
  repeat_changes(on, link, now);
}

void Igmp::went_down(const Interface& on) {
  IgmpLink& link = link_of(on.index);
  forget_all(link);
  link.outgoing = {};
}

// --- The version -------------------------------------------------------------------------------

// RFC 3376 §7.2.1: whoever changes the version cancels all that was pending.
void Igmp::settle_mode(IgmpLink& link, Instant now) {
  const IgmpVersion mode = link.mode_at(now);
  if (mode != std::exchange(link.mode, mode)) forget_all(link);
}

void Igmp::forget_all(IgmpLink& link) {
  cancel(link.general);
  cancel(link.changes);
  for (IgmpGroup& group : link.groups) {
    cancel(group.answer);
    group.asked.clear();
    group.repeats = 0;
  }
  std::erase_if(link.groups, [](const IgmpGroup& each) { return !each.joined; });
}

// --- Timers ------------------------------------------------------------------------------------

void Igmp::cancel(std::optional<IgmpTimer>& timer) {
  if (timer) timers_.cancel(timer->id);
  timer.reset();
}

void Igmp::start(std::optional<IgmpTimer>& timer, const Token& token, Duration delay, Instant now) {
  cancel(timer);
  timer = IgmpTimer{timers_.schedule(now, delay, token), now + delay};
}

void Igmp::restart_within(std::optional<IgmpTimer>& timer, const Token& token, Duration most,
                          Instant now) {
  start(timer, token, random_delay(most), now);
}

/// Milliseconds, at least one: RFC 3376 §5.2 wants (0, most].
Duration Igmp::random_delay(Duration most) {
  const auto steps = static_cast<std::uint32_t>(most / std::chrono::milliseconds(1));
  return std::chrono::milliseconds(1 + random_.below(steps));
}

void Igmp::advance(Instant now) {
  timers_.advance(now, [&](const Token& token) { fire(token, now); });
}

void Igmp::fire(const Token& token, Instant now) {
  const Interface& out = interfaces_[token.interface];
  IgmpLink& link = link_of(token.interface);
  settle_mode(link, now);
  switch (token.purpose) {
    case Purpose::general: return answer_general(out, link);
    case Purpose::changes:
      if (!std::exchange(link.changes, std::nullopt)) return;
      return repeat_changes(out, link, now);
    case Purpose::group: return answer_group(out, link, token.group, now);
  }
}

}  // namespace smolstack
