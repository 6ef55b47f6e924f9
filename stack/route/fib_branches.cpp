#include "smolstack/route/fib_branches.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace smolstack {

HopId Ipv4PrefixGroup::set(std::uint32_t slot, HopId hop) {
  const auto at = std::ranges::lower_bound(entries_, slot, {}, &Entry::slot);
  if (at != entries_.end() && at->slot == slot) {
    const HopId before = std::exchange(at->hop, hop);
    if (hop == HopId::none) entries_.erase(at);
    return before;
  }
  if (hop != HopId::none) entries_.insert(at, {hop, static_cast<std::uint16_t>(slot)});
  return HopId::none;
}

void Ipv4PrefixGroup::paint(std::span<std::uint32_t> leaves) const {
  const int width = std::countr_zero(leaves.size());
  for (const Entry& entry : entries_) {
    const int below = width + 1 - std::bit_width(entry.slot);
    const std::size_t first = (std::size_t{entry.slot} << below) - leaves.size();
    std::ranges::fill(leaves.subspan(first, std::size_t{1} << below),
                      static_cast<std::uint32_t>(entry.hop));
  }
}

Ipv4FibTwig* Ipv4FibBranch::find_twig(std::uint8_t value) {
  const auto at = std::ranges::lower_bound(twigs, value, {}, &Ipv4FibTwig::value);
  return at == twigs.end() || at->value != value ? nullptr : &*at;
}

Ipv4FibTwig& Ipv4FibBranch::twig(std::uint8_t value) {
  const auto at = std::ranges::lower_bound(twigs, value, {}, &Ipv4FibTwig::value);
  if (at != twigs.end() && at->value == value) return *at;
  return *twigs.insert(at, {.value = value});
}

void Ipv4FibBranch::remove_twig(std::uint8_t value) {
  std::erase_if(twigs, [&](const Ipv4FibTwig& twig) { return twig.value == value; });
}

std::size_t Ipv4FibBranch::memory() const {
  std::size_t bytes = prefixes.memory() + twigs.capacity() * sizeof(Ipv4FibTwig);
  for (const Ipv4FibTwig& twig : twigs) bytes += twig.prefixes.memory();
  return bytes;
}

}  // namespace smolstack
