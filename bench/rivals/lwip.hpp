#pragma once
// lwIP from the library that Debian packages, without a thread of its own: interfaces, and buffers
// that it hands on without a copy.
//
// How the library was built cannot be changed here: malloc for its pools, a mutex around each
// reference count, IPv6 beside IPv4. What an application may choose is chosen for speed.

#include <array>
#include <cstddef>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <memory>
#include <vector>

#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack::lwip {

/// A frame of up to 1514 bytes, laid out so that lwIP can put another Ethernet header before the
/// datagram in place: the bytes follow the pbuf.
struct Buffer {
  pbuf_custom header{};
  std::array<std::byte, 1514> bytes{};
};

/// Starts the stack; once, before all else.
void start();
/// Its timers (ARP ages and the like), as far as they are due.
void advance();
/// How long until the next one is.
int milliseconds_to_timer();

/// A free buffer. It comes back by itself when lwIP lets go of it; nullptr: all are in use.
Buffer* take_buffer();
/// Gives back one that was never handed to lwIP.
void give_back(Buffer* buffer);
/// Hands a frame of so many bytes to the interface's Ethernet input.
void receive(netif& on, Buffer* buffer, std::size_t size);

/// Adds an Ethernet interface with this address and the link address that smolstack would give it.
/// `transmit` gets each frame that goes out, in one piece, and `state` is netif::state.
void add_interface(netif& added, Ipv4Subnet address, netif_linkoutput_fn transmit, void* state);

}  // namespace smolstack::lwip
