#include "smolstack/base/zeroed_memory.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <sys/mman.h>

namespace smolstack {
namespace {

/// A huge page; and by how much more is made usable at least. No page is touched by that, and a
/// huge one must lie in usable memory as a whole.
constexpr std::size_t huge_page = std::size_t{2} << 20;

constexpr std::size_t round_up(std::size_t bytes, std::size_t to) {
  return (bytes + to - 1) / to * to;
}

}  // namespace

// Address space without access is charged to nobody, however strict the system is about memory.
ZeroedMemory::ZeroedMemory(std::size_t reserved) : reserved_(round_up(reserved, 4096)) {
  mapped_ = reserved_ > huge_page ? reserved_ + huge_page : reserved_;
  mapping_ =
      ::mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) throw std::bad_alloc();
  data_ = mapping_;
  if (reserved_ <= huge_page) return;
  // Who needs so much misses the TLB more often than the cache. Who needs less begins with small
  // pages, and pays for those alone that are written to.
  std::size_t space = mapped_;
  (void)std::align(huge_page, reserved_, data_, space);
  (void)::madvise(static_cast<std::byte*>(data_) + huge_page, reserved_ - huge_page, MADV_HUGEPAGE);
}

ZeroedMemory::~ZeroedMemory() {
  ::munmap(mapping_, mapped_);
}

void ZeroedMemory::extend(std::size_t bytes) {
  if (bytes > reserved_) throw std::bad_alloc();
  const std::size_t wanted = std::min(reserved_, round_up(bytes, huge_page));
  if (::mprotect(data_, wanted, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  provided_ = wanted;
}

}  // namespace smolstack
