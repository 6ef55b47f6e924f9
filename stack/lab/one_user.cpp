#include "smolstack/lab/one_user.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace smolstack::lab {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t architecture = 0;
#endif

constexpr std::array<std::uint32_t, 7> calls{SYS_setuid,   SYS_setgid,   SYS_setgroups,
                                             SYS_setreuid, SYS_setregid, SYS_setresuid,
                                             SYS_setresgid};

sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

sock_filter answer(std::uint32_t verdict) {
  return {BPF_RET | BPF_K, 0, 0, verdict};
}

/// Goes on at the next instruction, but for this many that are left out.
sock_filter when_equal(std::uint32_t value, std::size_t skip_if, std::size_t skip_else = 0) {
  return {BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(skip_if),
          static_cast<std::uint8_t>(skip_else), value};
}

/// load architecture; another one: allow; load number; one of `calls`: success; allow; success.
auto make_filter() {
  std::array<sock_filter, calls.size() + 5> filter{};
  const std::size_t allow = filter.size() - 2;
  filter[0] = load(offsetof(seccomp_data, arch));
  filter[1] = when_equal(architecture, 0, allow - 2);
  filter[2] = load(offsetof(seccomp_data, nr));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::size_t at = 3 + i;
    filter[at] = when_equal(calls[i], allow + 1 - (at + 1));
  }
  filter[allow] = answer(SECCOMP_RET_ALLOW);
  filter[allow + 1] = answer(SECCOMP_RET_ERRNO);  // with the error 0: success
  return filter;
}

}  // namespace

bool has_one_user(std::istream& uid_map) {
  std::uint64_t users = 0;
  for (std::uint64_t inside = 0, outside = 0, length = 0; uid_map >> inside >> outside >> length;)
    users += length;
  return users == 1;
}

bool has_one_user() {
  std::ifstream map("/proc/self/uid_map");
  return has_one_user(map);
}

Expected<void, Error> pretend_to_change_users() {
  const std::string doing = "installing the filter for a user namespace of one user";
  if (architecture == 0) return failed(std::errc::not_supported, doing);
  auto filter = make_filter();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    return failed(errno, doing);
  return {};
}

}  // namespace smolstack::lab
