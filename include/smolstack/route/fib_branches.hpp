#pragma once
// The writer's side of the forwarding table: which prefixes there are, and how they lie.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "smolstack/route/fib_blocks.hpp"
#include "smolstack/route/hop.hpp"

namespace smolstack {

/// Prefixes that differ in the same few bits of an address. Each has a slot number as in a binary
/// heap, 1 << length | value of its bits there. So shorter ones come before longer ones.
class Ipv4PrefixGroup {
 public:
  static constexpr std::uint32_t slot_of(std::uint32_t value, unsigned length) {
    return 1u << length | value;
  }

  /// Sets the hop of a prefix; HopId::none takes the prefix away. Returns what it had before.
  HopId set(std::uint32_t slot, HopId hop);
  /// Lays the prefixes over `leaves`, one for each value of the bits, the longer ones above.
  void paint(std::span<std::uint32_t> leaves) const;
  bool empty() const { return entries_.empty(); }
  std::size_t memory() const { return entries_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    HopId hop;
    std::uint16_t slot;
  };
  std::vector<Entry> entries_;  // by slot
};

/// The prefixes /25 to /32 of one /24, and their block of 256 leaves.
struct Ipv4FibTwig {
  std::uint8_t value = 0;   ///< of the /24: its last six bits
  std::uint32_t under = 0;  ///< the leaf that lies below: what a shorter prefix says
  std::uint32_t line = Ipv4FibBlocks::empty_block;
  Ipv4PrefixGroup prefixes{};
};

/// The prefixes /19 to /32 of one /18, and their block of 64 leaves.
struct Ipv4FibBranch {
  std::uint32_t line = Ipv4FibBlocks::empty_block;
  Ipv4PrefixGroup prefixes{};        ///< /19 to /24
  std::vector<Ipv4FibTwig> twigs{};  ///< by value

  bool empty() const { return prefixes.empty() && twigs.empty(); }
  Ipv4FibTwig* find_twig(std::uint8_t value);  ///< nullptr: there is none
  Ipv4FibTwig& twig(std::uint8_t value);       ///< makes one where there is none
  void remove_twig(std::uint8_t value);
  std::size_t memory() const;
};

}  // namespace smolstack
