#include "smolstack/route/fib.hpp"

#include <utility>

namespace smolstack {
namespace {

using BranchLeaves = std::array<std::uint32_t, Ipv4FibBlock<1>::width>;

constexpr std::uint32_t leaf_of(HopId hop) {
  return static_cast<std::uint32_t>(hop);
}

/// The number of a short prefix in the heap; half of it is that of the prefix around it.
constexpr std::uint32_t short_slot(const Ipv4Prefix& prefix) {
  const std::uint64_t network = prefix.network.host();
  return 1u << prefix.length | static_cast<std::uint32_t>(network >> (32 - prefix.length));
}

/// The number of a prefix among those that are equal in the first `common` bits.
constexpr std::uint32_t group_slot(const Ipv4Prefix& prefix, unsigned common) {
  const std::uint32_t value = prefix.network.host() << common >> (32 - (prefix.length - common));
  return Ipv4PrefixGroup::slot_of(value, prefix.length - common);
}

}  // namespace

Ipv4Fib::Ipv4Fib()
    : root_(roots, roots),
      short_(std::size_t{2} * roots, std::size_t{2} * roots),
      branch_of_(roots, roots),
      branches_(1) {}

void Ipv4Fib::set(const Ipv4Prefix& prefix, const Ipv4Hop& hop) {
  const HopId id = hops_.hold(hop);
  const HopId before = record(prefix, id);
  if (before == HopId::none) ++size_;
  if (before != id) repaint(prefix);
  if (before != HopId::none) release(before);
  recycle();
}

bool Ipv4Fib::remove(const Ipv4Prefix& prefix) {
  const HopId before = record(prefix, HopId::none);
  if (before == HopId::none) return false;
  --size_;
  repaint(prefix);
  release(before);
  recycle();
  return true;
}

// --- The prefixes ------------------------------------------------------------------------------

HopId Ipv4Fib::record(const Ipv4Prefix& prefix, HopId hop) {
  if (prefix.length <= root_bits) return std::exchange(short_[short_slot(prefix)], hop);
  const std::uint32_t host = prefix.network.host();
  const std::uint32_t root = root_of(host);
  if (hop == HopId::none && branch_of_[root] == 0) return HopId::none;
  Ipv4FibBranch& branch = this->branch(root);
  if (prefix.length <= branch_bits) return branch.prefixes.set(group_slot(prefix, root_bits), hop);
  if (hop == HopId::none && branch.find_twig(value_of(host)) == nullptr) return HopId::none;
  return branch.twig(value_of(host)).prefixes.set(group_slot(prefix, branch_bits), hop);
}

Ipv4FibBranch& Ipv4Fib::branch(std::uint32_t root) {
  std::uint32_t& index = branch_of_[root];
  if (index == 0 && !free_branches_.empty()) {
    index = free_branches_.back();
    free_branches_.pop_back();
  } else if (index == 0) {
    index = static_cast<std::uint32_t>(branches_.size());
    branches_.emplace_back();
  }
  return branches_[index];
}

void Ipv4Fib::release(HopId hop) {
  if (!hops_.release(hop)) return;
  if (leaf_of(hop) < uniform_.size()) {
    const std::uint32_t block = std::exchange(uniform_[leaf_of(hop)], 0);
    if (block != Ipv4FibBlocks::empty_block) retire<1>(block);
  }
  retire(hop);
}

/// What the longest prefix around this short one says, itself included. What /0 says is 0.
std::uint32_t Ipv4Fib::covering(std::uint32_t slot) const {
  while (slot > 1 && short_[slot] == HopId::none) slot >>= 1;
  return slot > 1 ? leaf_of(short_[slot]) : 0;
}

std::uint32_t Ipv4Fib::uniform_block(std::uint32_t leaf) {
  if (leaf == 0) return Ipv4FibBlocks::empty_block;
  if (uniform_.size() <= leaf) uniform_.resize(leaf + 1);
  if (uniform_[leaf] == 0) {
    BranchLeaves leaves;
    leaves.fill(leaf);
    uniform_[leaf] = blocks_.make<1>(leaves);
  }
  return uniform_[leaf];
}

// --- Painting ----------------------------------------------------------------------------------

// Of what a prefix covers only that is painted anew which no longer one covers.
void Ipv4Fib::repaint(const Ipv4Prefix& prefix) {
  const std::uint32_t host = prefix.network.host();
  const std::uint32_t root = root_of(host);
  if (prefix.length == 0) return default_.store(leaf_of(short_[1]), std::memory_order_release);
  if (prefix.length > branch_bits) return repaint_long(root, value_of(host));
  if (prefix.length > root_bits) return repaint_root(root, covering(roots | root));
  repaint_short(short_slot(prefix), covering(short_slot(prefix)));
}

void Ipv4Fib::repaint_short(std::uint32_t slot, std::uint32_t leaf) {
  if (slot >= roots) return repaint_root(slot - roots, leaf);
  for (const std::uint32_t half : {2 * slot, 2 * slot + 1})
    if (short_[half] == HopId::none) repaint_short(half, leaf);
}

void Ipv4Fib::repaint_root(std::uint32_t root, std::uint32_t under) {
  std::uint32_t& index = branch_of_[root];
  if (index == 0) return publish(root, uniform_block(under));
  Ipv4FibBranch& branch = branches_[index];
  if (!branch.empty()) return repaint_branch(root, branch, under);
  publish(root, uniform_block(under));
  if (branch.line != Ipv4FibBlocks::empty_block) retire<1>(branch.line);
  branch = {};
  free_branches_.push_back(std::exchange(index, 0));
}

void Ipv4Fib::repaint_branch(std::uint32_t root, Ipv4FibBranch& branch, std::uint32_t under) {
  BranchLeaves leaves;
  leaves.fill(under);
  branch.prefixes.paint(leaves);
  for (Ipv4FibTwig& twig : branch.twigs) {
    std::uint32_t& leaf = leaves[twig.value];
    if (twig.line == Ipv4FibBlocks::empty_block || twig.under != leaf) repaint_twig(twig, leaf);
    leaf = twig.line | nested;
  }
  const std::uint32_t before = std::exchange(branch.line, blocks_.make<1>(leaves));
  publish(root, branch.line);
  if (before != Ipv4FibBlocks::empty_block) retire<1>(before);
}

/// Makes a new block; the caller publishes it.
void Ipv4Fib::repaint_twig(Ipv4FibTwig& twig, std::uint32_t under) {
  std::array<std::uint32_t, Ipv4FibBlock<4>::width> leaves;
  leaves.fill(under);
  twig.prefixes.paint(leaves);
  twig.under = under;
  const std::uint32_t before = std::exchange(twig.line, blocks_.make<4>(leaves));
  if (before != Ipv4FibBlocks::empty_block) retire<4>(before);
}

// A twig that stays has a leaf of its own in its branch's block. One that comes or goes has not.
void Ipv4Fib::repaint_long(std::uint32_t root, std::uint8_t value) {
  Ipv4FibBranch& branch = branches_[branch_of_[root]];
  Ipv4FibTwig& twig = *branch.find_twig(value);
  const bool is_new = twig.line == Ipv4FibBlocks::empty_block;
  if (!is_new && !twig.prefixes.empty()) {
    repaint_twig(twig, twig.under);
    return blocks_.replace_leaf<1>(branch.line, value, twig.line | nested);
  }
  if (!is_new) {
    retire<4>(twig.line);
    branch.remove_twig(value);
  }
  repaint_root(root, covering(roots | root));
}

// --- What readers may still hold ---------------------------------------------------------------

template <std::size_t Words>
void Ipv4Fib::retire(std::uint32_t line) {
  const auto lines = static_cast<std::uint32_t>(blocks_.lines_of<Words>(line));
  retiring_.push_back({.date = 0, .line = line, .lines = lines, .hop = HopId::none});
}

void Ipv4Fib::retire(HopId hop) {
  retiring_.push_back({.date = 0, .line = 0, .lines = 0, .hop = hop});
}

void Ipv4Fib::recycle() {
  if (!retiring_.empty()) {
    const std::uint64_t date = readers_.advance();
    for (Retired& each : retiring_) {
      each.date = date;
      retired_.push_back(each);
    }
    retiring_.clear();
  }
  const std::uint64_t reached = readers_.reached();
  for (; !retired_.empty() && retired_.front().date <= reached; retired_.pop_front()) {
    const Retired& free = retired_.front();
    if (free.lines > 0) blocks_.recycle(free.line, free.lines);
    if (free.hop != HopId::none) hops_.recycle(free.hop);
  }
}

// --- Many at once ------------------------------------------------------------------------------

void Ipv4Fib::find(std::span<const Ipv4Address> destinations, std::span<HopId> found) const {
  assert(destinations.size() == found.size());
  if (destinations.size() == 1) {  // nothing to wait for together
    found[0] = find(destinations[0]);
    return;
  }
  for (std::size_t at = 0; at < destinations.size(); at += stride) {
    const std::size_t count = std::min(stride, destinations.size() - at);
    find_together(destinations.subspan(at, count), found.subspan(at, count));
  }
}

// Each lookup waits for memory two or three times; so they wait together.
void Ipv4Fib::find_together(std::span<const Ipv4Address> destinations,
                            std::span<HopId> found) const {
  std::array<std::uint32_t, stride> lines;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    lines[i] = root_[root_of(destinations[i].host())].load(std::memory_order_acquire);
    __builtin_prefetch(&blocks_.at<1>(lines[i]));
  }
  const std::uint32_t otherwise = default_.load(std::memory_order_acquire);
  std::array<std::uint8_t, stride> longer;
  std::size_t nests = 0;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    const std::uint32_t leaf = blocks_.at<1>(lines[i]).leaf(value_of(destinations[i].host()));
    found[i] = HopId{leaf == 0 ? otherwise : leaf};
    longer[nests] = static_cast<std::uint8_t>(i);
    nests += leaf >> 31;
  }
  for (std::size_t n = 0; n < nests; ++n) {
    HopId& each = found[longer[n]];
    const std::uint32_t leaf = nested_leaf(leaf_of(each), destinations[longer[n]].host());
    each = HopId{leaf == 0 ? otherwise : leaf};
  }
}

std::size_t Ipv4Fib::memory() const {
  std::size_t bytes = blocks_.memory() + hops_.memory();
  bytes += roots * (sizeof(std::uint32_t) + 2 * sizeof(HopId) + sizeof(std::uint32_t));
  bytes += branches_.capacity() * sizeof(Ipv4FibBranch) +
           (free_branches_.capacity() + uniform_.capacity()) * sizeof(std::uint32_t) +
           retired_.size() * sizeof(Retired);
  for (const Ipv4FibBranch& branch : branches_) bytes += branch.memory();
  return bytes;
}

}  // namespace smolstack
