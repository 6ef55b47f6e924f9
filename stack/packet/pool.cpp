#include "smolstack/packet/pool.hpp"

#include <cstring>
#include <new>

namespace smolstack {
namespace {

constexpr std::size_t line = 64;  // of the cache: no two packets share one

constexpr std::size_t round_up(std::size_t n) {
  return (n + line - 1) / line * line;
}

constexpr std::size_t header_bytes = round_up(sizeof(PacketBuffer));

}  // namespace

void Recycle::operator()(PacketBuffer* buffer) const {
  buffer->home->put_back(buffer);
}

PacketPool::PacketPool(const PoolSizes& sizes)
    : small_(make_shelf(small_capacity, sizes.small)),
      large_(make_shelf(large_capacity, sizes.large)) {}

PacketPool::~PacketPool() = default;

PacketPool::Shelf PacketPool::make_shelf(std::uint32_t capacity, std::uint32_t count) {
  Shelf shelf;
  shelf.stride = header_bytes + round_up(PacketBuffer::headroom + capacity);
  shelf.capacity = capacity;
  shelf.count = count;
  // Not value-initialised: the kernel hands out the pages when they are first touched.
  shelf.memory.reset(new std::byte[shelf.stride * count + line]);
  return shelf;
}

PacketBuffer* PacketPool::take(Shelf& shelf) {
  std::byte* slot = nullptr;
  if (shelf.free != nullptr) {
    PacketBuffer* const buffer = shelf.free;
    shelf.free = buffer->next;
    slot = buffer->storage - header_bytes;
  } else if (shelf.fresh < shelf.count) {
    void* aligned = shelf.memory.get();
    std::size_t space = shelf.stride * shelf.count + line;
    std::align(line, shelf.stride * shelf.count, aligned, space);
    slot = static_cast<std::byte*>(aligned) + shelf.stride * shelf.fresh++;
  } else {
    return nullptr;
  }
  shelf.in_use.set(shelf.in_use.level() + 1);
  return new (slot)
      PacketBuffer{.capacity = shelf.capacity, .storage = slot + header_bytes, .home = this};
}

void PacketPool::allow_lending() {
  returned_ = std::make_unique<Ring<PacketBuffer*>>(small_.count + large_.count);
}

PacketBuffer* PacketPool::lend(Packet packet, std::uint16_t label) {
  assert(returned_ != nullptr && label != 0);
  packet->lent_as = label;
  return packet.release();
}

void PacketPool::put_back(PacketBuffer* buffer) {
  if (buffer->lent_as == 0) return shelve(buffer);
  [[maybe_unused]] const bool fits = returned_->push(buffer);
  assert(fits);
}

void PacketPool::shelve(PacketBuffer* buffer) {
  Shelf& shelf = buffer->capacity == small_capacity ? small_ : large_;
  buffer->next = std::exchange(shelf.free, buffer);
  shelf.in_use.set(shelf.in_use.level() - 1);
}

Packet PacketPool::allocate(std::size_t bytes) {
  if (bytes > large_capacity) return {};
  return Packet(take(bytes <= small_capacity ? small_ : large_));
}

Packet PacketPool::clone(const Packet& packet) {
  Packet copy = allocate(packet.size());
  if (!copy) return copy;
  std::memcpy(copy.append(packet.size()).data(), packet.bytes().data(), packet.size());
  copy.follow(packet);
  copy->offload = packet->offload.moved(std::ptrdiff_t{copy->begin} - packet->begin);
  return copy;
}

bool PacketPool::is_scarce(const Packet& like) const {
  const Shelf& shelf = like->capacity == small_capacity ? small_ : large_;
  return shelf.count - shelf.in_use.level() < shelf.count / 4;
}

}  // namespace smolstack
