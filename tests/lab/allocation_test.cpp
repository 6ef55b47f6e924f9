// Nothing allocates on the path: this program counts every operator new.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include <gtest/gtest.h>

#include "lab/support/lab.hpp"
#include "lab/support/matchers.hpp"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  if (counting) ++allocations;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* const memory = alignment <= alignof(std::max_align_t)
                           ? std::malloc(bytes == 0 ? 1 : bytes)
                           : std::aligned_alloc(alignment, whole);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

/// Not inlined: g++ 12 would see free() meet what `new` made, and take the pair for a mistake.
[[gnu::noinline]] void give_back(void* memory) {
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes, 1);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes, 1);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted(bytes, 1);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return counted(bytes, 1);
}
void operator delete(void* memory) noexcept {
  give_back(memory);
}
void operator delete[](void* memory) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}

namespace smolstack::test {
namespace {

class Allocation : public testing::Test {
 protected:
  Allocation() {
    lan.has_neighbor("10.0.1.9");
    wan.has_neighbor("10.0.2.7");
    router.route("10.3.0.0/16", "10.0.2.7");
  }

  /// `count` copies of the frame through the stack, in batches; frames that came out. Only what
  /// the stack does is counted.
  std::size_t pump(const Frame& frame, Port& out, std::size_t count) {
    const Octets bytes = encode(ethernet(default_mac(address("10.0.1.9")), lan.mac()) / frame);
    Stack& stack = router.stack();
    Batch batch;
    std::size_t came_out = 0;
    counting = true;
    for (std::size_t i = 0; i < count; ++i) {
      Packet packet = stack.pool().allocate(bytes.size());
      std::ranges::copy(bytes, packet.append(bytes.size()).begin());
      batch.push(std::move(packet));
      if (!batch.full() && i + 1 < count) continue;
      stack.receive(lan.index(), batch, lab.now());
      while (stack.drain(out.index(), batch)) {
        came_out += batch.size();
        batch.clear();
      }
    }
    counting = false;
    return came_out;
  }
  /// The same twice: what a first time needs (tables, adjacencies) is no matter.
  std::size_t allocations_of(const Frame& frame, Port& out, std::size_t count) {
    pump(frame, out, 300);
    lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
    allocations = 0;
    EXPECT_EQ(pump(frame, out, count), count);
    return allocations;
  }

  Lab lab;
  Node& router = lab.router({"10.0.1.1/24", "10.0.2.1/24"});
  Port& lan = router.port(0);
  Port& wan = router.port(1);
};

TEST_F(Allocation, TheCounterCounts) {
  counting = true;
  allocations = 0;
  const auto something = std::make_unique<int>(1);
  counting = false;
  EXPECT_EQ(allocations, 1u) << *something;
}

TEST_F(Allocation, ForwardingNeedsNone) {
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
  EXPECT_EQ(allocations_of(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2) / bytes(400), wan, 5000), 0u);
}

TEST_F(Allocation, ForwardingThroughAGatewayNeedsNone) {
  lan.sends(ipv4("10.0.1.9", "10.0.2.7") / udp(1, 2));
  EXPECT_EQ(allocations_of(ipv4("10.0.1.9", "10.3.4.5") / udp(1, 2), wan, 5000), 0u);
}

TEST_F(Allocation, AnsweringEchoNeedsNone) {
  lan.sends(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1));
  EXPECT_EQ(allocations_of(ipv4("10.0.1.9", "10.0.1.1") / icmp_echo(7, 1), lan, 5000), 0u);
}

TEST_F(Allocation, AnsweringArpNeedsNone) {
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  EXPECT_EQ(allocations_of(arp_request("10.0.1.9", "10.0.1.1"), lan, 5000), 0u);
}

TEST_F(Allocation, RefusingNeedsNone) {
  lan.sends(ipv4("10.0.1.9", "10.99.0.1") / udp(1, 2));
  pump(ipv4("10.0.1.9", "10.99.0.1") / udp(1, 2), lan, 100);
  allocations = 0;
  pump(ipv4("10.0.1.9", "10.99.0.1") / udp(1, 2), lan, 5000);
  EXPECT_EQ(allocations, 0u);
}

TEST_F(Allocation, NeighboursThatComeAndGoNeedNone) {
  Stack& stack = router.stack();
  Arp& arp = stack.arp();
  arp.watch(true);
  const auto come_and_go = [&] {
    for (std::uint32_t i = 0; i < 100; ++i)
      stack.want_neighbor(lan.interface(), Ipv4Address(0x0a000110u + i), lab.now());
    counting = false;
    EXPECT_GE(arp.take_changes().size(), 100u);
    Batch batch;
    while (stack.drain(lan.index(), batch)) batch.clear();
    counting = true;
    for (std::uint32_t i = 0; i < 100; ++i)
      (void)stack.remove_neighbor({lan.index(), Ipv4Address(0x0a000110u + i)});
    counting = false;
  };
  come_and_go();
  EXPECT_GE(arp.take_changes().size(), 100u);
  for (int i = 0; i < 3; ++i) {
    allocations = 0;
    counting = true;
    come_and_go();
    EXPECT_EQ(allocations, 0u);
    EXPECT_GE(arp.take_changes().size(), 100u);
  }
}

TEST_F(Allocation, ThatANeighbourEndsIsNotedWithoutAny) {
  Stack& stack = router.stack();
  stack.arp().watch(true);
  for (std::uint32_t i = 0; i < 100; ++i) {
    stack.want_neighbor(lan.interface(), Ipv4Address(0x0a000110u + i), lab.now());
    (void)stack.arp().take_changes();
  }
  allocations = 0;
  counting = true;
  for (std::uint32_t i = 0; i < 100; ++i)
    stack.arp().set({lan.index(), Ipv4Address(0x0a000110u + i)}, lan.mac(), NeighborState::stale,
                    lab.now());
  counting = false;
  EXPECT_EQ(allocations, 0u) << "that all of them change";
  (void)stack.arp().take_changes();
  allocations = 0;
  counting = true;
  for (std::uint32_t i = 0; i < 100; ++i)
    (void)stack.remove_neighbor({lan.index(), Ipv4Address(0x0a000110u + i)});
  counting = false;
  EXPECT_EQ(allocations, 0u);
}

TEST_F(Allocation, WatchingFromLaterOnIsPreparedForAllThatIsThere) {
  Stack& stack = router.stack();
  for (std::uint32_t i = 0; i < 100; ++i)
    stack.want_neighbor(lan.interface(), Ipv4Address(0x0a000110u + i), lab.now());
  stack.arp().watch(true);
  (void)stack.arp().take_changes();
  allocations = 0;
  counting = true;
  for (std::uint32_t i = 0; i < 100; ++i)
    (void)stack.remove_neighbor({lan.index(), Ipv4Address(0x0a000110u + i)});
  counting = false;
  EXPECT_EQ(allocations, 0u);
}

TEST_F(Allocation, JoiningFragmentsNeedsNone) {
  std::vector<Octets> frames;
  for (const Frame& piece :
       fragments_of(ipv4("10.0.1.9", "10.0.1.1", {.id = 7}) / icmp_echo(7, 1) / bytes(2000), 1500))
    frames.push_back(encode(ethernet(default_mac(address("10.0.1.9")), lan.mac()) / piece));
  Stack& stack = router.stack();
  Batch batch;
  const auto receive = [&](int times) {
    for (int i = 0; i < times; ++i) {
      for (const Octets& frame : frames) {
        Packet packet = stack.pool().allocate(frame.size());
        std::ranges::copy(frame, packet.append(frame.size()).begin());
        batch.push(std::move(packet));
      }
      stack.receive(lan.index(), batch, lab.now());
      while (stack.drain(lan.index(), batch)) batch.clear();
    }
  };
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  receive(10);
  allocations = 0;
  counting = true;
  receive(100);
  counting = false;
  EXPECT_EQ(allocations, 0u);
  EXPECT_EQ(stack.counters().reassembled, 110u);
}

TEST_F(Allocation, SendingForProgramsNeedsNone) {
  router.stack().arp().watch(true);
  lan.sends(arp_request("10.0.1.9", "10.0.1.1"));
  router.stack().arp().take_changes();
  const Octets frame = encode(ethernet(lan.mac(), default_mac(address("10.0.1.9"))) /
                              ipv4("10.0.1.1", "10.0.1.9") / udp(1, 2));
  Stack& stack = router.stack();
  Batch batch;
  const auto send = [&] {
    for (int i = 0; i < 100; ++i) {
      Packet packet = stack.pool().allocate(frame.size());
      std::ranges::copy(frame, packet.append(frame.size()).begin());
      batch.push(std::move(packet));
    }
    stack.receive_from_host(lan.index(), batch, lab.now());
    EXPECT_TRUE(stack.drain(lan.index(), batch));
    batch.clear();
  };
  send();
  allocations = 0;
  counting = true;
  send();
  counting = false;
  EXPECT_EQ(allocations, 0u);
}

}  // namespace
}  // namespace smolstack::test
