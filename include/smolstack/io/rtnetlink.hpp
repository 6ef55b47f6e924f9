#pragma once
// What is asked of the kernel about its own end of a device (rtnetlink(7)).

#include <cstdint>
#include <memory>
#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

struct mnl_socket;
struct nlmsghdr;

namespace smolstack::io {

/// A conversation with the kernel about the links of the network namespace it was opened in. Each
/// request waits for the kernel's answer.
class Rtnetlink {
 public:
  static Expected<Rtnetlink, Error> open();

  Expected<void, Error> set_up(unsigned ifindex);
  Expected<void, Error> set_mtu(unsigned ifindex, std::uint32_t mtu);
  /// An address that is there already is no error.
  Expected<void, Error> add_address(unsigned ifindex, const Ipv4Subnet& subnet);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };

  explicit Rtnetlink(mnl_socket* socket) : socket_(socket) {}
  Expected<void, Error> ask(nlmsghdr* request, std::string doing);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace smolstack::io
