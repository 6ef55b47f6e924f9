// The loop's promise that no packet costs an allocation, kept by counting them all. A sanitizer
// has an operator new of its own; there is nothing to count then.

#include <cstdlib>
#include <new>

#include "io/machine.hpp"
#include "smolstack/io/impairment_device.hpp"
#include "smolstack/io/pair.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SMOL_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SMOL_SANITIZED
#endif

#ifndef SMOL_SANITIZED

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace smolstack::io {
namespace {

constexpr Ipv4Address right_address{10, 0, 0, 2};
constexpr unsigned warm = 1000;  // by then every slot of the link has its memory

/// How often memory is allocated for the second thousand of pings and replies.
std::size_t allocations_of_pings(Machine& left, boost::asio::io_context& context) {
  unsigned replies = 0;
  std::size_t before = 0;
  left.loop.on_icmp([&](PacketQueue) {
    if (++replies == warm) before = allocations;
    if (replies == 2 * warm) return context.stop();
    left.ping(right_address);
  });
  left.ping(right_address);
  context.run();
  EXPECT_EQ(replies, 2 * warm);
  return allocations - before;
}

TEST_F(Loop, APacketCostsNoAllocation) {
  Machine left(context);
  Machine right(context);
  auto [a, b] = PairDevice::make();
  left.plug("10.0.0.1/24", std::move(a));
  right.plug("10.0.0.2/24", std::move(b));
  EXPECT_EQ(allocations_of_pings(left, context), 0u);
}

TEST_F(Loop, APacketOnABadWireCostsNoAllocation) {
  Machine left(context);
  Machine right(context);
  auto [a, b] = PairDevice::make();
  auto wire = std::make_unique<Impairment>(std::move(a), WireEnd{"left", 1});
  for (const Direction direction : {Direction::out, Direction::in})
    wire->set(direction, parse_impairment("delay 20us jitter 10us reorder 20%").value());
  left.plug("10.0.0.1/24", std::move(wire));
  right.plug("10.0.0.2/24", std::move(b));
  EXPECT_EQ(allocations_of_pings(left, context), 0u);
}

}  // namespace
}  // namespace smolstack::io

#endif
