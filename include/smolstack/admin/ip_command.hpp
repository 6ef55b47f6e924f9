#pragma once
// `ip` on a running machine: the objects addr, link, neigh, route and maddr with iproute2's words.
// What comes back has iproute2's JSON keys, one row a line.

#include <cstdint>
#include <optional>
#include <string>

#include "smolstack/admin/ip_words.hpp"

namespace smolstack::control {

enum class IpObject : std::uint8_t { address, group, route, neighbor, link };
enum class IpVerb : std::uint8_t { add, append, change, replace, remove, get, set, show, flush };

/// The options before the object.
struct IpOptions {
  bool json = false;
  bool pretty = false;
  bool brief = false;
  bool oneline = false;
  bool statistics = false;
  bool inet_only = false;  ///< -4: addresses without their links
};

/// What is asked for: `words` from `rest` on belong to the verb.
struct IpRequest {
  IpOptions options;
  IpObject object = IpObject::address;
  IpVerb verb = IpVerb::show;
  std::size_t rest = 0;
};

/// Reads options, object and verb, abbreviated or not, as `ip` itself does.
Read<IpRequest> parse_ip(const Words& words);

/// The rows of a listing; none after a change.
using IpAnswer = Read<Rows>;

IpAnswer ip_address(Machine& machine, const IpRequest& request, WordReader words);
IpAnswer ip_group(Machine& machine, const IpRequest& request, WordReader words);
IpAnswer ip_link(Machine& machine, const IpRequest& request, WordReader words);
IpAnswer ip_neighbor(Machine& machine, const IpRequest& request, WordReader words);
IpAnswer ip_route(Machine& machine, const IpRequest& request, WordReader words);

/// What `ip maddr add` and `del` are about; not yet held against a machine.
struct GroupChange {
  Ipv4Address group{};
  std::string device;
};
Read<GroupChange> parse_group_change(WordReader words);

std::unique_ptr<Running> ip_handler(Machine& machine, const Words& words,
                                    const std::shared_ptr<Reply>& reply);

/// An interface as `ip -j link` shows it.
Json link_row(const Interface& interface, const IpOptions& options);

/// Rows from a list that was made at once: `make` turns each element into its row.
template <class T, class Make>
Rows rows_of(std::vector<T> list, Make make) {
  return [list = std::move(list), make = std::move(make), at = std::size_t{0}]() mutable {
    return at < list.size() ? std::optional<Json>(make(list[at++])) : std::nullopt;
  };
}

}  // namespace smolstack::control
