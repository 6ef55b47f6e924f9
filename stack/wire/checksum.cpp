#include "smolstack/wire/checksum.hpp"

#include <cstring>

// One function for each width of the machine's words, chosen when the program is loaded; sanitizers
// cannot watch that.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SMOL_AS_WIDE_AS_THE_MACHINE [[gnu::target_clones("avx2", "default")]]
#else
#define SMOL_AS_WIDE_AS_THE_MACHINE
#endif

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

/// The sum of whole 64-bit words, halves of 32 bits into sums of 64, so that no carry is lost (RFC
/// 1071 §2(C)). So plain that the compiler makes it as wide as the machine is: with 256 bits at a
/// time it takes less than half as long.
SMOL_AS_WIDE_AS_THE_MACHINE
std::uint64_t sum_of_words(const std::byte* words, std::size_t count) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t word;
    std::memcpy(&word, words + i * sizeof word, sizeof word);
    low += word & 0xffffffffu;
    high += word >> 32;
  }
  return add_with_carry(low, high);
}

}  // namespace

ChecksumSum& ChecksumSum::add(ConstBytes bytes) {
  const std::size_t words = bytes.size() / sizeof(std::uint64_t);
  sum_ = add_with_carry(sum_, sum_of_words(bytes.data(), words));
  bytes = bytes.subspan(words * sizeof(std::uint64_t));
  if (bytes.size() >= 4) sum_ = add_with_carry(sum_, take<std::uint32_t>(bytes));
  if (bytes.size() >= 2) sum_ = add_with_carry(sum_, take<std::uint16_t>(bytes));
  // An odd byte at the end counts as if a zero followed it (RFC 1071 §1).
  if (!bytes.empty())
    sum_ = add_with_carry(
        sum_, swap_if_little(static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) << 8)));
  return *this;
}

}  // namespace smolstack
