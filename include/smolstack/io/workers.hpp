#pragma once
// Several workers, and what the loop sees of them.

#include <functional>
#include <memory>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/tap.hpp"
#include "smolstack/io/worker.hpp"

namespace smolstack::io {

/// The workers of a machine. They hold packets that may lie in its stack, so they are made before
/// it and go after it; stop() comes before its tables go.
class Workers {
 public:
  explicit Workers(unsigned count, const PoolSizes& each = {.small = 2048, .large = 64});
  ~Workers();

  unsigned count() const { return static_cast<unsigned>(workers_.size()); }

  /// Opens the device of an interface with a queue for each worker. What the loop gets is the same
  /// device: it finds in it what was punted, and sends by it.
  Expected<std::unique_ptr<Device>, Error> open(IfIndex interface, const TapConfig& config);
  /// Begins to forward. `is_loops(IfIndex)`: there stands something before the device of this
  /// interface, so that all its frames are the loop's business.
  void start(Stack& stack, std::function<bool(IfIndex)> is_loops);
  void stop();

  /// Tells the workers what has changed since; called after each round of the loop.
  void follow(const Stack& stack);
  /// Adds what the workers have counted since to the interfaces and counters of the stack.
  void account(Stack& stack);

 private:
  class Port;
  struct Shared;

  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::shared_ptr<Shared>> ports_;
  std::shared_ptr<const PlaneConfiguration> told_;
  std::function<bool(IfIndex)> is_loops_;
  std::uint64_t forwarded_ = 0;  ///< accounted for
};

}  // namespace smolstack::io
