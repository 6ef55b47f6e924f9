#include "smolstack/wire/checksum.hpp"

#include <array>
#include <cstring>

namespace smolstack {
namespace {

/// The next word of memory, whatever its alignment.
template <class Word>
Word take(ConstBytes& bytes) {
  Word word;
  std::memcpy(&word, bytes.data(), sizeof word);
  bytes = bytes.subspan(sizeof word);
  return word;
}

std::uint64_t add_with_carry(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum + (sum < a ? 1 : 0);
}

/// Four 64-bit words at a time, in two chains that the machine can run side by side. Halves of 32
/// bits go into 64-bit sums, so no carry is lost (RFC 1071 §2(C)).
std::uint64_t add_blocks(ConstBytes& bytes) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  while (bytes.size() >= 32) {
    const auto words = take<std::array<std::uint64_t, 4>>(bytes);
    for (const std::uint64_t w : words) {
      low += w & 0xffffffffu;
      high += w >> 32;
    }
  }
  return add_with_carry(low, high);
}

}  // namespace

ChecksumSum& ChecksumSum::add(ConstBytes bytes) {
  sum_ = add_with_carry(sum_, add_blocks(bytes));
  while (bytes.size() >= 4) sum_ = add_with_carry(sum_, take<std::uint32_t>(bytes));
  if (bytes.size() >= 2) sum_ = add_with_carry(sum_, take<std::uint16_t>(bytes));
  // An odd byte at the end counts as if a zero followed it (RFC 1071 §1).
  if (!bytes.empty())
    sum_ = add_with_carry(
        sum_, swap_if_little(static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8)));
  return *this;
}

}  // namespace smolstack
