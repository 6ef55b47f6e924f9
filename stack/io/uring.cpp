#include "smolstack/io/uring.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <liburing.h>
#include <string_view>
#include <sys/uio.h>
#include <utility>

namespace smolstack::io {
namespace {

bool is_wanted() {
  const char* const said = std::getenv("SMOLSTACK_URING");
  return said == nullptr || std::string_view(said) != "off";
}

}  // namespace

struct Uring::Rings {
  io_uring ring{};
  bool made;

  // What completes later does so when we enter the kernel, not by an interrupt (Linux 5.19).
  Rings() : made(make(IORING_SETUP_COOP_TASKRUN) || make(0)) {}
  ~Rings() {
    if (made) io_uring_queue_exit(&ring);
  }
  Rings(const Rings&) = delete;
  Rings& operator=(const Rings&) = delete;

  bool make(unsigned flags) { return io_uring_queue_init(capacity, &ring, flags) == 0; }

  io_uring_sqe* entry() {
    io_uring_sqe* const entry = io_uring_get_sqe(&ring);
    assert(entry != nullptr);
    return entry;
  }
};

std::unique_ptr<Uring> Uring::make() {
  if (!is_wanted()) return nullptr;
  auto rings = std::make_unique<Rings>();
  return rings->made ? std::unique_ptr<Uring>(new Uring(std::move(rings))) : nullptr;
}

Uring::Uring(std::unique_ptr<Rings> rings) : rings_(std::move(rings)) {}

Uring::~Uring() = default;

// RWF_NOWAIT: O_NONBLOCK alone has io_uring wait until the device is ready.

void Uring::read(int descriptor, void* into, std::size_t size) {
  assert(entered_ < capacity);
  io_uring_sqe* const entry = rings_->entry();
  io_uring_prep_read(entry, descriptor, into, static_cast<unsigned>(size), 0);
  entry->rw_flags = RWF_NOWAIT;
  io_uring_sqe_set_data64(entry, entered_++);
}

void Uring::write(int descriptor, const void* from, std::size_t size) {
  assert(entered_ < capacity);
  io_uring_sqe* const entry = rings_->entry();
  io_uring_prep_write(entry, descriptor, from, static_cast<unsigned>(size), 0);
  entry->rw_flags = RWF_NOWAIT;
  io_uring_sqe_set_data64(entry, entered_++);
}

std::span<const std::int32_t> Uring::run() {
  const unsigned count = std::exchange(entered_, 0);
  const auto results = std::span(results_).first(count);
  std::ranges::fill(results, -EOPNOTSUPP);
  if (works_ && !finish(count)) works_ = false;
  return results;
}

/// False: some of them were refused, or could not be handed over.
bool Uring::finish(unsigned count) {
  bool all_done = true;
  for (unsigned done = 0; done < count;) {
    const int handed_over = io_uring_submit_and_wait(&rings_->ring, count - done);
    if (handed_over < 0 && handed_over != -EINTR) return false;
    unsigned head = 0, seen = 0;
    io_uring_cqe* completion = nullptr;
    io_uring_for_each_cqe(&rings_->ring, head, completion) {
      results_[io_uring_cqe_get_data64(completion)] = completion->res;
      all_done &= completion->res != -EOPNOTSUPP;
      ++seen;
    }
    io_uring_cq_advance(&rings_->ring, seen);
    done += seen;
  }
  return all_done;
}

}  // namespace smolstack::io
