#pragma once
// Big arrays that are mostly empty and never move.

#include <cstddef>
#include <type_traits>

namespace smolstack {

/// A piece of address space. Its bytes are zero, and cost memory from the first write on, page by
/// page. What is asked of the system beforehand is address space alone, so the reservation may be
/// far larger than the machine's memory.
class ZeroedMemory {
 public:
  /// Throws std::bad_alloc when there is not so much address space (`ulimit -v`).
  explicit ZeroedMemory(std::size_t reserved);
  ~ZeroedMemory();
  ZeroedMemory(const ZeroedMemory&) = delete;
  ZeroedMemory& operator=(const ZeroedMemory&) = delete;

  void* data() const { return data_; }
  std::size_t reserved() const { return reserved_; }
  /// Makes the first `bytes` readable and writable; what was so stays so. Throws std::bad_alloc
  /// past the reservation, and when the system refuses.
  void provide(std::size_t bytes) {
    if (bytes > provided_) extend(bytes);
  }

 private:
  void extend(std::size_t bytes);

  void* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  void* data_ = nullptr;
  std::size_t reserved_ = 0;
  std::size_t provided_ = 0;
};

/// An array of `T`s that all begin as zero bytes.
template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  /// Room for `reserved` elements, of which the first `provided` are there at once.
  explicit ZeroedArray(std::size_t reserved, std::size_t provided) : memory_(reserved * sizeof(T)) {
    provide(provided);
  }
  void provide(std::size_t elements) { memory_.provide(elements * sizeof(T)); }

  T* data() const { return static_cast<T*>(memory_.data()); }
  T& operator[](std::size_t index) { return data()[index]; }
  const T& operator[](std::size_t index) const { return data()[index]; }

 private:
  ZeroedMemory memory_;
};

}  // namespace smolstack
