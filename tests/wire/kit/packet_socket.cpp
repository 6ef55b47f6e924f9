#include "wire/kit/packet_socket.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "smolstack/base/big_endian.hpp"

namespace smolstack::test {
namespace {

constexpr std::size_t longest_frame = 65536 + 14;
constexpr int receive_buffer = 64 << 20;
constexpr int most_tries = 50;  // a millisecond apart, while the wire's queue is full

[[noreturn]] void give_up(const std::string& doing) {
  std::fprintf(stderr, "wire: %s: %s\n", doing.c_str(), std::strerror(errno));
  std::_Exit(2);
}

void set(int socket, int level, int option, int value) {
  if (::setsockopt(socket, level, option, &value, sizeof value) != 0)
    give_up("setting up a socket");
}

void bind_to(int socket, const std::string& device) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = std::bit_cast<std::uint16_t>(Big<std::uint16_t>(ETH_P_ALL));
  address.sll_ifindex = static_cast<int>(::if_nametoindex(device.c_str()));
  if (::bind(socket, static_cast<const sockaddr*>(static_cast<const void*>(&address)),
             sizeof address) != 0)
    give_up("binding to " + device);
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = address.sll_ifindex;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  if (::setsockopt(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) !=
      0)
    give_up("listening to all of " + device);
}

}  // namespace

PacketSocket::PacketSocket(const std::string& device)
    : number_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  if (number_ < 0) give_up("opening a packet socket");
  set(number_, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  set(number_, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  // What the system allows may be little; whoever administrates the namespace may have more.
  (void)::setsockopt(number_, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer);
  bind_to(number_, device);
}

PacketSocket::PacketSocket(PacketSocket&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}

PacketSocket& PacketSocket::operator=(PacketSocket&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

PacketSocket::~PacketSocket() {
  if (number_ >= 0) ::close(number_);
}

void PacketSocket::send(ConstBytes frame) const {
  for (int tries = 0; ::send(number_, frame.data(), frame.size(), 0) < 0; ++tries) {
    if (errno != ENOBUFS && errno != EAGAIN) give_up("sending a frame");
    if (tries == most_tries) return;  // it is longer than the far end takes: lost on the wire
    (void)::poll(nullptr, 0, 1);
  }
}

std::optional<Octets> PacketSocket::receive() const {
  static std::array<std::byte, longest_frame> buffer;
  const auto length = ::recv(number_, buffer.data(), buffer.size(), 0);
  if (length < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
    give_up("receiving a frame");
  if (length < 0) return std::nullopt;
  return Octets(buffer.begin(), buffer.begin() + length);
}

// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html: 24 bytes, then records.
CaptureFile::CaptureFile(const std::string& name) : file_(name, std::ios::binary) {
  if (!file_) give_up("writing " + name);
  const std::array<std::uint32_t, 6> header{0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
  write(std::as_bytes(std::span(header)));
}

void CaptureFile::add(ConstBytes frame) {
  if (!file_.is_open()) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto length = static_cast<std::uint32_t>(frame.size());
  const std::array<std::uint32_t, 4> record{static_cast<std::uint32_t>(now.tv_sec),
                                            static_cast<std::uint32_t>(now.tv_nsec / 1000), length,
                                            length};
  write(std::as_bytes(std::span(record)));
  write(frame);
}

void CaptureFile::write(ConstBytes bytes) {
  for (const std::byte each : bytes) file_.put(std::to_integer<char>(each));
}

}  // namespace smolstack::test
