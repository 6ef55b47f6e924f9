#pragma once
// The kernel's links, addresses, routes and settings in a namespace, and our stack after them. The
// kernel has judged them; we follow.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "smolstack/mirror/links.hpp"
#include "smolstack/stack.hpp"

struct nlmsghdr;

namespace smolstack::mirror {

/// Makes a stack agree with the namespace that this thread is in. Links that are no mirrors, and
/// tables but the main one, are ignored.
class Sync {
 public:
  /// The stack and the links must outlive it.
  Sync(Stack& stack, const LinkMap& links);

  /// A notification. A route is taken over at once; what needs the whole picture waits for
  /// settle().
  void notice(const nlmsghdr& message);
  /// Messages were lost: nothing that we know is certain.
  void doubt() { wanted_ = Wanted::everything; }
  /// Reads what has to be read, and makes the stack agree.
  Expected<void, Error> settle(Instant now);
  /// Reads everything, and makes the stack agree.
  Expected<void, Error> all(Instant now);

  /// Goes up when a mirror's link address or name has changed.
  std::uint64_t identities() const { return identities_; }

 private:
  enum class Wanted : std::uint8_t { nothing, routes, everything };

  void link_notice(const nlmsghdr& message);
  void route_notice(const nlmsghdr& message);
  void want(Wanted what) { wanted_ = std::max(wanted_, what); }

  void follow_links(const std::vector<LinkRow>& rows, Instant now);
  void follow_link(Interface& interface, const LinkRow& row, Instant now);
  void follow_addresses(Interface& interface, const std::vector<Ipv4Subnet>& wanted, Instant now);
  Expected<void, Error> follow_routes();
  void follow_netconf(const NetconfRow& row);
  void apply_netconf();
  std::optional<Ipv4Route> route_of(const RouteRow& row);
  std::vector<Ipv4Path> paths_of(const RouteRow& row) const;
  void say_once(std::string_view what);

  Stack* stack_;
  const LinkMap* links_;
  Wanted wanted_ = Wanted::nothing;
  std::map<unsigned, LinkRow> known_;           // of the mirrors, as last followed
  std::map<std::int32_t, NetconfRow> netconf_;  // of all and the mirrors
  std::vector<std::string_view> said_;
  std::uint64_t identities_ = 0;
};

}  // namespace smolstack::mirror
