#pragma once
// What the fuzz targets share.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "smolstack/base/bytes.hpp"
#include "smolstack/packet/pool.hpp"

/// Ends the run: libFuzzer keeps the input. Unlike assert() it is there in every build.
#define SMOL_FUZZ_CHECK(condition)                                                 \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)

namespace smolstack::test {

/// The bytes on the heap, to the byte: a sanitizer sees the first read past the end.
class ExactBytes {
 public:
  explicit ExactBytes(ConstBytes bytes) : bytes_(bytes.begin(), bytes.end()) {
    bytes_.shrink_to_fit();
  }
  ExactBytes(const std::uint8_t* data, std::size_t size)
      : ExactBytes(std::as_bytes(std::span(data, size))) {}
  Bytes bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads an input from the front as numbers; past its end everything is zero.
class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : rest_(std::as_bytes(std::span(data, size))) {}

  bool empty() const { return rest_.empty(); }
  ConstBytes take(std::size_t n) {
    const ConstBytes taken = rest_.first(std::min(n, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::uint8_t byte() {
    const ConstBytes taken = take(1);
    return taken.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(taken[0]);
  }
  std::uint16_t word() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::uint32_t number() {
    const std::uint32_t high = word();
    return high << 16 | word();
  }
  /// One of the choices.
  template <class Choices>
  const auto& pick(const Choices& choices) {
    return choices[byte() % std::size(choices)];
  }

 private:
  ConstBytes rest_;
};

/// A packet with these bytes; an empty one when the pool has no buffer left.
inline Packet make_packet(PacketPool& pool, ConstBytes bytes) {
  Packet packet = pool.allocate(bytes.size());
  if (packet) std::ranges::copy(bytes, packet.append(bytes.size()).begin());
  return packet;
}

}  // namespace smolstack::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
