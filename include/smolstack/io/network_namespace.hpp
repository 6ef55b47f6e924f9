#pragma once
// Other network namespaces of this machine, as `ip netns` names them.

#include <string>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/descriptor.hpp"

namespace smolstack::io {

/// While it lives, this thread is in the network namespace `name`; then it is back where it was.
/// An empty name is the namespace where the thread is already.
class InNetworkNamespace {
 public:
  static Expected<InNetworkNamespace, Error> enter(const std::string& name);
  InNetworkNamespace(InNetworkNamespace&&) noexcept = default;
  InNetworkNamespace& operator=(InNetworkNamespace&&) = delete;
  ~InNetworkNamespace();

 private:
  explicit InNetworkNamespace(Descriptor home) : home_(std::move(home)) {}

  Descriptor home_;
};

}  // namespace smolstack::io
