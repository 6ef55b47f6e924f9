#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "smolstack/base/quiescence.hpp"
#include "smolstack/base/zeroed_memory.hpp"
#include "smolstack/route/fib_blocks.hpp"
#include "smolstack/route/fib_branches.hpp"
#include "smolstack/route/hop_table.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack {

/// The forwarding table: longest-prefix match (RFC 1812 §5.2.4.3) in two steps, or three where
/// there are prefixes longer than /24, however many prefixes there are.
///
///   root[first 18 bits] → block[next 6] ─┬→ hop
///                                        └→ block[last 8] → hop
///
/// One thread changes it, prefix by prefix. Others may look up at the same time, if each has a
/// Reader: a change is one store, which they see or do not see yet.
class Ipv4Fib {
 public:
  /// A thread other than the writer that looks up. See Quiescence::Reader.
  class Reader : public Quiescence::Reader {
   public:
    explicit Reader(const Ipv4Fib& of) : Quiescence::Reader(of.readers_) {}
  };

  Ipv4Fib();

  /// The hop of the longest prefix that holds `destination`; nullptr: no route. What is found is
  /// good until the writer's next change or, for a reader, until it is quiescent.
  const Ipv4Hop* lookup(Ipv4Address destination) const { return hops_[find(destination)]; }
  HopId find(Ipv4Address destination) const {
    const std::uint32_t host = destination.host();
    const std::uint32_t root = root_[root_of(host)].load(std::memory_order_acquire);
    std::uint32_t leaf = blocks_.at<1>(root).leaf(value_of(host));
    if ((leaf & nested) != 0) [[unlikely]]
      leaf = nested_leaf(leaf, host);
    const std::uint32_t otherwise = default_.load(std::memory_order_acquire);
    return HopId{leaf == 0 ? otherwise : leaf};
  }
  /// Has the memory that find() will need of this destination brought near: what it begins with,
  /// and, when that has come, the rest.
  void fetch_root(Ipv4Address destination) const {
    __builtin_prefetch(&root_[root_of(destination.host())]);
  }
  void fetch(Ipv4Address destination) const {
    const std::uint32_t host = destination.host();
    const std::uint32_t root = root_[root_of(host)].load(std::memory_order_acquire);
    __builtin_prefetch(&blocks_.at<1>(root));
  }
  /// find() for each of `destinations`, into `found`, which is as long. Faster than one by one.
  void find(std::span<const Ipv4Address> destinations, std::span<HopId> found) const;
  /// The hop with this number, from find(); nullptr for HopId::none.
  const Ipv4Hop* hop(HopId id) const { return hops_[id]; }

  /// From now on `prefix` leads to `hop`, whatever it did before. Throws std::bad_alloc when there
  /// is no memory.
  void set(const Ipv4Prefix& prefix, const Ipv4Hop& hop);
  /// False: there is no such prefix.
  bool remove(const Ipv4Prefix& prefix);

  std::size_t size() const { return size_; }         ///< prefixes
  std::size_t hops() const { return hops_.size(); }  ///< different ones
  /// Bytes in use, the writer's side with the readers'. Walks the table.
  std::size_t memory() const;

 private:
  /// The top bit of a leaf: it is the line of a block, not a hop.
  static constexpr std::uint32_t nested = 1u << 31;
  static constexpr unsigned root_bits = 18;
  static constexpr unsigned branch_bits = 24;
  static constexpr std::uint32_t roots = 1u << root_bits;
  /// How many lookups of many go on at once.
  static constexpr std::size_t stride = 64;

  static constexpr std::uint32_t root_of(std::uint32_t host) { return host >> (32 - root_bits); }
  static constexpr std::uint8_t value_of(std::uint32_t host) { return host >> 8 & 63; }
  std::uint32_t nested_leaf(std::uint32_t leaf, std::uint32_t host) const {
    return blocks_.at<4>(leaf & ~nested).leaf(host & 0xff);
  }
  void find_together(std::span<const Ipv4Address> destinations, std::span<HopId> found) const;

  /// Something that readers may still hold.
  struct Retired {
    std::uint64_t date;
    std::uint32_t line;
    std::uint32_t lines;
    HopId hop;
  };

  /// Writes down that the prefix leads there; HopId::none takes it away. Returns what was there.
  HopId record(const Ipv4Prefix& prefix, HopId hop);
  Ipv4FibBranch& branch(std::uint32_t root);
  void release(HopId hop);
  std::uint32_t covering(std::uint32_t slot) const;
  std::uint32_t uniform_block(std::uint32_t leaf);

  void repaint(const Ipv4Prefix& prefix);
  void repaint_short(std::uint32_t slot, std::uint32_t leaf);
  void repaint_root(std::uint32_t root, std::uint32_t under);
  void repaint_branch(std::uint32_t root, Ipv4FibBranch& branch, std::uint32_t under);
  void repaint_twig(Ipv4FibTwig& twig, std::uint32_t under);
  void repaint_long(std::uint32_t root, std::uint8_t value);

  void publish(std::uint32_t root, std::uint32_t line) {
    root_[root].store(line, std::memory_order_release);
  }
  template <std::size_t Words>
  void retire(std::uint32_t line);
  void retire(HopId hop);
  void recycle();

  // What readers see.
  ZeroedArray<std::atomic<std::uint32_t>> root_;  ///< lines of blocks, by the first bits
  Ipv4FibBlocks blocks_;
  /// What /0 says: a leaf of 0 means this, so that a default route is one store.
  std::atomic<std::uint32_t> default_{0};
  Ipv4HopTable hops_;
  mutable Quiescence readers_;

  // What the writer knows beside it.
  ZeroedArray<HopId> short_;              ///< prefixes /0 to /18, as a binary heap
  ZeroedArray<std::uint32_t> branch_of_;  ///< by root; 0: no prefix longer than /18
  std::vector<Ipv4FibBranch> branches_;   ///< the first is nobody's
  std::vector<std::uint32_t> free_branches_;
  std::vector<std::uint32_t> uniform_;  ///< by hop: a block of that leaf alone; 0: none yet
  std::vector<Retired> retiring_;       ///< by the change that is going on
  std::deque<Retired> retired_;         ///< by date
  std::size_t size_ = 0;
};

}  // namespace smolstack
