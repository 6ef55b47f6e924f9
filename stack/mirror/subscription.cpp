#include "smolstack/mirror/subscription.hpp"

#include <array>
#include <cerrno>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

namespace smolstack::mirror {
namespace {

constexpr std::size_t longest_read = 32768;
constexpr std::array groups{RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_NEIGH,
                            RTNLGRP_IPV4_NETCONF};

void set_room(int descriptor, int bytes) {
  // More than the machine's limit takes a privilege; without it the limit must do.
  if (::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0) return;
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

}  // namespace

void Subscription::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Subscription::Subscription(mnl_socket* socket) : socket_(socket), buffer_(longest_read) {}

Expected<Subscription, Error> Subscription::open(int room) {
  const std::string doing = "listening to the changes of the network namespace";
  Subscription opened(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!opened.socket_) return failed(errno, doing);
  set_room(opened.descriptor(), room);
  if (mnl_socket_bind(opened.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) return failed(errno, doing);
  for (int group : groups)
    if (mnl_socket_setsockopt(opened.socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) <
        0)
      return failed(errno, doing);
  return opened;
}

int Subscription::descriptor() const {
  return mnl_socket_get_fd(socket_.get());
}

Subscription::Received Subscription::receive(
    const std::function<void(const nlmsghdr&)>& on_message) {
  const auto size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
  if (size < 0) {
    const bool is_loss = errno == ENOBUFS || errno == ENOSPC;  // ENOSPC: longer than the buffer
    return is_loss ? Received::lost : Received::nothing;
  }
  int left = static_cast<int>(size);
  const void* at = buffer_.data();
  for (const auto* message = static_cast<const nlmsghdr*>(at); mnl_nlmsg_ok(message, left);
       message = mnl_nlmsg_next(message, &left))
    on_message(*message);
  return Received::one;
}

}  // namespace smolstack::mirror
