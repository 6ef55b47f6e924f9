#pragma once
// Which interface of ours is which link of the kernel's.

#include <utility>
#include <vector>

#include "smolstack/mirror/rows.hpp"
#include "smolstack/netif/interface.hpp"

namespace smolstack::mirror {

/// One interface and its mirror in the namespace.
struct MirrorLink {
  IfIndex interface = IfIndex::none;
  unsigned ifindex = 0;  ///< the kernel's number
};

/// The mirrors of one machine, and `lo`. A handful: looked through from front to back.
class LinkMap {
 public:
  explicit LinkMap(std::vector<MirrorLink> mirrors) : links_(std::move(mirrors)) {
    links_.insert(links_.begin(), {loopback_index, loopback_ifindex});
  }

  /// none: the kernel's link is no mirror of ours.
  IfIndex interface_of(unsigned ifindex) const {
    for (const MirrorLink& link : links_)
      if (link.ifindex == ifindex) return link.interface;
    return IfIndex::none;
  }
  /// 0: the interface has no mirror.
  unsigned ifindex_of(IfIndex interface) const {
    for (const MirrorLink& link : links_)
      if (link.interface == interface) return link.ifindex;
    return 0;
  }
  /// `lo` first.
  const std::vector<MirrorLink>& all() const { return links_; }

 private:
  std::vector<MirrorLink> links_;
};

}  // namespace smolstack::mirror
