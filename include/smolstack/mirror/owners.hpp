#pragma once
// Who answers which kind of packet, when our stack and a kernel stand side by side, and the
// nftables rules in the machine's namespace that keep the kernel to its part.
//
//   table netdev smolstack   a chain per mirror at its ingress: what our stack owns has been seen
//   by
//                            tcpdump and ends here
//   table arp smolstack      the kernel neither hears nor speaks ARP
//   table ip smolstack       output: of the kernel's own ICMP messages only what its sockets owe;
//                            forward: nothing

#include <span>
#include <string>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/control/command.hpp"
#include "smolstack/mirror/error.hpp"
#include "smolstack/wire/mac_address.hpp"

namespace smolstack {
class Stack;
}

namespace smolstack::mirror {

/// A mirror as the rules know it: its name in the namespace, and whose frames are our own.
struct OwnedLink {
  std::string name;
  MacAddress mac{};
};

/// Puts the rules into the namespace that this thread is in, in the place of earlier ones, all at
/// once or not at all. no_nf_tables, needs_net_admin, no_such_link say what can be mended.
Expected<void, Error> set_owner_rules(std::span<const OwnedLink> links);
/// Takes them out again.
Expected<void, Error> clear_owner_rules();

/// One line of `smolstack ip NODE owners`.
struct OwnerRow {
  std::string packets;  ///< "echo requests"
  std::string owner;    ///< "smolstack", "kernel", "both"
  std::string note;
};

/// Who answers what.
std::vector<OwnerRow> owners_rows();
/// The rows, and after them what was counted:
///   {"packets": "ARP", "owner": "smolstack", "note": "..."}
///   {"from_host": 12, "host_route_mismatches": 0}
std::vector<control::Json> owners_json(const Stack& stack);
/// The same as text, in columns.
std::string format_owners(const std::vector<control::Json>& rows);

}  // namespace smolstack::mirror
