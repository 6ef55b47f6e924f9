#pragma once
// Many reads or writes in one system call: io_uring(7).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace smolstack::io {

/// Reads and writes that are entered one by one and go to the kernel together. Where entering the
/// kernel is dear (page-table isolation, virtual machines) that is most of what a frame costs.
/// For one thread at a time.
class Uring {
 public:
  /// As many go together at most.
  static constexpr std::size_t capacity = 64;

  /// nullptr: this kernel has none, or withholds it (a container's seccomp filter, sysctl
  /// kernel.io_uring_disabled, SMOLSTACK_URING=off in the environment).
  static std::unique_ptr<Uring> make();
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  /// Enter one; nothing happens before run(). They do not wait: what cannot be done at once ends
  /// with -EAGAIN, also where the descriptor would block.
  void read(int descriptor, void* into, std::size_t size);
  void write(int descriptor, const void* from, std::size_t size);

  /// Does what was entered, one after the other. What each returned, in that order, is good until
  /// the next run(): bytes, or -errno.
  std::span<const std::int32_t> run();
  /// False: run() did not do, or not all, because the kernel cannot for these descriptors. What it
  /// did not do has the result -EOPNOTSUPP, and there is no use in trying again.
  bool works() const { return works_; }

 private:
  struct Rings;
  explicit Uring(std::unique_ptr<Rings> rings);
  bool finish(unsigned count);

  std::unique_ptr<Rings> rings_;
  unsigned entered_ = 0;
  bool works_ = true;
  std::array<std::int32_t, capacity> results_{};
};

}  // namespace smolstack::io
