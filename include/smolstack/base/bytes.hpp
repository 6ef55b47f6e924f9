#pragma once
// Bytes in memory and the one cast of the project.

#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>

namespace smolstack {

/// Bytes that may be written; the span borrows, it never owns.
using Bytes = std::span<std::byte>;
/// Bytes that may only be read.
using ConstBytes = std::span<const std::byte>;

/// The header that lies at the front of `bytes`, in place. Headers have alignment 1 and are
/// implicit-lifetime types, so a buffer of bytes may hold them (C++20, P0593).
template <class Header>
Header& header_at(Bytes bytes) {
  static_assert(alignof(Header) == 1 && std::is_trivially_copyable_v<Header>);
  assert(bytes.size() >= sizeof(Header));
  return *std::launder(reinterpret_cast<Header*>(bytes.data()));
}

/// The same for bytes that may only be read.
template <class Header>
const Header& header_at(ConstBytes bytes) {
  static_assert(alignof(Header) == 1 && std::is_trivially_copyable_v<Header>);
  assert(bytes.size() >= sizeof(Header));
  return *std::launder(reinterpret_cast<const Header*>(bytes.data()));
}

/// A number as the machine reads it from memory, whatever its alignment.
template <std::unsigned_integral Number>
Number load(ConstBytes bytes, std::size_t offset = 0) {
  assert(offset + sizeof(Number) <= bytes.size());
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace smolstack
