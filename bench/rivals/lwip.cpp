#include "lwip.hpp"

#include <algorithm>
#include <bit>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

namespace smolstack::lwip {
namespace {

constexpr std::size_t buffers = 256;

struct Pool {
  Pool() {
    for (const auto& buffer : all) free.push_back(buffer.get());
  }

  std::vector<std::unique_ptr<Buffer>> all = [] {
    std::vector<std::unique_ptr<Buffer>> made(buffers);
    std::ranges::generate(made, [] { return std::make_unique<Buffer>(); });
    return made;
  }();
  std::vector<Buffer*> free;
};

Pool& pool() {
  static Pool made;
  return made;
}

/// What lwIP calls when the last reference goes.
void take_back(pbuf* header) {
  // The pbuf is the first member of pbuf_custom, and that one of Buffer.
  void* const buffer = header;
  give_back(static_cast<Buffer*>(buffer));
}

ip4_addr_t in_wire_order(std::uint32_t host) {
  return {swap_if_little(host)};
}

err_t set_up(netif* added) {
  added->name[0] = 'e';
  added->name[1] = 'n';
  added->mtu = 1500;
  added->hwaddr_len = ETH_HWADDR_LEN;
  added->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
  added->output = etharp_output;
  return ERR_OK;
}

}  // namespace

void start() {
  lwip_init();
}
void advance() {
  sys_check_timeouts();
}

int milliseconds_to_timer() {
  return static_cast<int>(sys_timeouts_sleeptime());
}

Buffer* take_buffer() {
  std::vector<Buffer*>& free = pool().free;
  if (free.empty()) return nullptr;
  Buffer* const buffer = free.back();
  free.pop_back();
  buffer->header.custom_free_function = take_back;
  return buffer;
}

void give_back(Buffer* buffer) {
  pool().free.push_back(buffer);
}

void receive(netif& on, Buffer* buffer, std::size_t size) {
  const auto length = static_cast<u16_t>(size);
  pbuf* const frame = pbuf_alloced_custom(PBUF_RAW, length, PBUF_RAM, &buffer->header,
                                          buffer->bytes.data(), sizeof buffer->bytes);
  if (on.input(frame, &on) != ERR_OK) pbuf_free(frame);
}

void add_interface(netif& added, Ipv4Subnet address, netif_linkoutput_fn transmit, void* state) {
  const ip4_addr_t ip = in_wire_order(address.address.host());
  const ip4_addr_t mask = in_wire_order(Ipv4Prefix::mask_of(address.length));
  const ip4_addr_t none{};
  netif_add(&added, &ip, &mask, &none, state, set_up, ethernet_input);
  const auto mac = std::bit_cast<std::array<u8_t, ETH_HWADDR_LEN>>(default_mac(address.address));
  std::ranges::copy(mac, added.hwaddr);
  added.linkoutput = transmit;
  netif_set_up(&added);
  netif_set_link_up(&added);
}

}  // namespace smolstack::lwip
