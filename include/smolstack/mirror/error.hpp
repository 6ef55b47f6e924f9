#pragma once
// Why a machine's namespace cannot be kept in step, where its operator can do something about it.

#include <system_error>

namespace smolstack::mirror {

enum class MirrorError {
  no_nf_tables = 1,  ///< the kernel has no nf_tables, or not the parts of it that are needed
  needs_net_admin,   ///< changing the namespace takes CAP_NET_ADMIN in it
  no_such_link,      ///< a mirror is not in this namespace
};
std::error_code make_error_code(MirrorError error);

}  // namespace smolstack::mirror

template <>
struct std::is_error_code_enum<smolstack::mirror::MirrorError> : std::true_type {};
