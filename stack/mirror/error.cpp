#include "smolstack/mirror/error.hpp"

#include <cerrno>
#include <string>

namespace smolstack::mirror {
namespace {

struct Entry {
  MirrorError error;
  int number;  ///< the errno that comes closest
  const char* text;
};

constexpr Entry entries[] = {
    {MirrorError::no_nf_tables, EOPNOTSUPP,
     "this kernel lacks nf_tables or a part of it; as root `modprobe -a nf_tables nft_fib_netdev`, "
     "or run the machine with `stack: kernel`"},
    {MirrorError::needs_net_admin, EPERM,
     "this takes CAP_NET_ADMIN in the machine's network namespace; start it by `smolstack up`"},
    {MirrorError::no_such_link, ENODEV,
     "there is no such link in this network namespace; open the mirror before its mirror starts"},
};

class MirrorErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "mirror"; }
  std::string message(int value) const override { return entries[value - 1].text; }
  std::error_condition default_error_condition(int value) const noexcept override {
    return {entries[value - 1].number, std::generic_category()};
  }
};

}  // namespace

std::error_code make_error_code(MirrorError error) {
  static const MirrorErrorCategory category;
  return {static_cast<int>(error), category};
}

}  // namespace smolstack::mirror
