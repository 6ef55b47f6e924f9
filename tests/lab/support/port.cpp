#include <gtest/gtest.h>

#include "lab/support/lab.hpp"

namespace smolstack::test {

void Port::sends(const Frame& frame) {
  sends(std::vector<Frame>{frame});
}

void Port::sends(const std::vector<Frame>& frames) {
  std::vector<Undone> encoded;
  for (const Frame& each : frames) encoded.emplace_back(encode(neighborhood_.addressed(each)));
  node_.lab().receive(*this, encoded);
  node_.lab().settle();
}

void Port::sends_undone(const Frame& frame, std::uint16_t gso_size) {
  node_.lab().receive(*this, {undone(neighborhood_.addressed(frame), gso_size)});
  node_.lab().settle();
}

void Port::sends_bytes(ConstBytes frame) {
  node_.lab().receive(*this, {Undone(Octets(frame.begin(), frame.end()))});
  node_.lab().settle();
}

void Port::record(Captured frame) {
  if (handler_)
    handler_(frame);
  else
    received_.push_back(std::move(frame));
}

void Port::goes_down() {
  node_.stack().set_up(interface_, false, node_.lab().now());
  node_.lab().settle();
}

void Port::comes_up() {
  node_.stack().set_up(interface_, true, node_.lab().now());
  node_.lab().settle();
}

void Port::set_mtu(std::uint32_t mtu) {
  if (const auto set = node_.stack().tables().set_mtu(interface_, mtu); !set)
    ADD_FAILURE() << "MTU " << mtu << ": " << set.error().message();
}

void Port::add_address(std::string_view subnet) {
  const auto added =
      node_.stack().add_address(interface_, parse_ipv4_subnet(subnet).value(), node_.lab().now());
  if (!added) ADD_FAILURE() << subnet << ": " << added.error().message();
  node_.lab().settle();
}

void Port::remove_address(std::string_view subnet) {
  const auto removed = node_.stack().remove_address(interface_, parse_ipv4_subnet(subnet).value());
  if (!removed) ADD_FAILURE() << subnet << ": " << removed.error().message();
}

}  // namespace smolstack::test
