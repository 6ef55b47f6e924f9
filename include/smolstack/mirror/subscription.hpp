#pragma once
// The kernel's notifications about a network namespace, as they come.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "smolstack/base/expected.hpp"

struct mnl_socket;
struct nlmsghdr;

namespace smolstack::mirror {

/// Hears of links, and of the addresses, routes, settings and neighbours of IPv4, in the namespace
/// that it was opened in. Never blocks.
class Subscription {
 public:
  /// `room` is how many bytes of messages may wait; the kernel may allow less.
  static Expected<Subscription, Error> open(int room);

  /// Readable when there is something to receive.
  int descriptor() const;

  enum class Received : std::uint8_t {
    one,      ///< `on_message` has had what one read brought
    nothing,  ///< nothing waits any more
    lost,     ///< messages were lost since the last read; others may still wait
  };
  Received receive(const std::function<void(const nlmsghdr&)>& on_message);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };

  explicit Subscription(mnl_socket* socket);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::vector<char> buffer_;
};

}  // namespace smolstack::mirror
