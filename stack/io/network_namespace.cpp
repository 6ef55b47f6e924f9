#include "smolstack/io/network_namespace.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>

#include "smolstack/io/tap.hpp"

namespace smolstack::io {
namespace {

auto enter_failed(int number, const std::string& name) {
  const std::string doing = "entering the network namespace " + name;
  if (number == EPERM) return unexpected(Error{TapError::needs_sys_admin, doing});
  if (number == ENOENT) return unexpected(Error{TapError::no_such_namespace, doing});
  return failed(number, doing);
}

bool is_plain_name(const std::string& name) {
  return name != "." && name != ".." && name.find('/') == std::string::npos;
}

}  // namespace

Expected<InNetworkNamespace, Error> InNetworkNamespace::enter(const std::string& name) {
  if (name.empty()) return InNetworkNamespace(Descriptor());
  if (!is_plain_name(name)) return enter_failed(ENOENT, name);
  Descriptor home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home) return enter_failed(errno, name);
  const Descriptor there(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!there) return enter_failed(errno, name);
  if (::setns(there.number(), CLONE_NEWNET) != 0) return enter_failed(errno, name);
  return InNetworkNamespace(std::move(home));
}

InNetworkNamespace::~InNetworkNamespace() {
  // A thread that stayed in a foreign namespace would put its next sockets there.
  if (home_ && ::setns(home_.number(), CLONE_NEWNET) != 0) std::abort();
}

}  // namespace smolstack::io
