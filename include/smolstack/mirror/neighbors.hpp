#pragma once
// The kernel's neighbours beside ours. The kernel never asks by ARP: it asks us (RTM_GETNEIGH), and
// is told whatever changes in our cache.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/mirror/links.hpp"
#include "smolstack/stack.hpp"

struct mnl_socket;
struct nlmsghdr;

namespace smolstack::mirror {

/// Has the kernel leave the IPv4 neighbours of these links to us. To be done before they come up.
Expected<void, Error> take_over_neighbors(std::span<const MirrorLink> mirrors);

/// Keeps the two tables in step. What the kernel says is kept until settle(), so that it is judged
/// by addresses and links as they are then.
class Neighbors {
 public:
  /// Watches the stack's cache from now on. The stack and the links must outlive it.
  static Expected<Neighbors, Error> open(Stack& stack, const LinkMap& links);

  /// A notification of RTNLGRP_NEIGH.
  void notice(const nlmsghdr& message);
  /// Answers the kernel's questions, and obeys the programs of the namespace (`ip neigh`).
  void settle(Instant now);
  /// Takes the permanent entries from the kernel anew, after messages were lost.
  Expected<void, Error> resync(Instant now);
  /// Tells the kernel what has changed in our cache.
  void push();

  /// Changes that the kernel would not take.
  std::uint64_t failed_pushes() const { return failed_pushes_; }

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  struct Notice {
    std::uint16_t type;
    bool is_program;  ///< of the namespace: neither the kernel itself nor we
    NeighborRow row;
  };

  Neighbors(mnl_socket* socket, Stack& stack, const LinkMap& links);
  void question(const NeighborKey& key, Instant now);
  void changed(const Notice& notice, const NeighborKey& key, Instant now);
  bool is_permanent(const NeighborKey& key) const;
  void tell(const NeighborView& view);
  void send();
  void read_refusals();

  std::unique_ptr<mnl_socket, Close> socket_;
  Stack* stack_;
  const LinkMap* links_;
  std::vector<Notice> notices_;
  std::vector<std::byte> messages_;  // for the kernel, one after the other
  std::uint64_t failed_pushes_ = 0;
};

}  // namespace smolstack::mirror
