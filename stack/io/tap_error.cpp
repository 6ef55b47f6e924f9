#include <cerrno>

#include "smolstack/io/tap.hpp"

namespace smolstack::io {
namespace {

struct TapErrorEntry {
  TapError error;
  int number;  ///< the errno that comes closest
  const char* text;
};

constexpr TapErrorEntry entries[] = {
    {TapError::bad_name, EINVAL,
     "an interface name has 1 to 15 characters, without '/', ':', '%' and blanks"},
    {TapError::bad_mtu, EINVAL, "an MTU is 68 to 65535, and at most 65521 for a TAP"},
    {TapError::no_tun_file, ENODEV, "the kernel's TUN driver is not there"},
    {TapError::tun_file_denied, EACCES, "no permission to open it"},
    {TapError::needs_net_admin, EPERM, "this takes CAP_NET_ADMIN"},
    {TapError::needs_sys_admin, EPERM, "this takes CAP_SYS_ADMIN"},
    {TapError::no_such_namespace, ENOENT, "there is no network namespace of that name"},
    {TapError::busy, EBUSY, "it is already in use"},
    {TapError::other_kind, EINVAL, "the name belongs to a device of another kind"},
};

const TapErrorEntry& entry_of(int value) {
  return entries[value - 1];
}

class TapErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tap"; }
  std::string message(int value) const override { return entry_of(value).text; }
  std::error_condition default_error_condition(int value) const noexcept override {
    return {entry_of(value).number, std::generic_category()};
  }
};

}  // namespace

std::error_code make_error_code(TapError error) {
  static const TapErrorCategory category;
  return {static_cast<int>(error), category};
}

}  // namespace smolstack::io
