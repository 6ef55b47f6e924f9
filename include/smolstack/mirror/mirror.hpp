#pragma once
// A machine's namespace kept in step with our stack, both ways: one process that runs inside it.

#include <cstdint>
#include <memory>
#include <vector>

#include "smolstack/io/event_loop.hpp"
#include "smolstack/mirror/links.hpp"
#include "smolstack/mirror/sysctls.hpp"

namespace smolstack::mirror {

struct MirrorOptions {
  /// Written by start(), in this order, before anything else is looked at.
  std::vector<SysctlValue> sysctls;
  int room = 4 << 20;  ///< bytes of notifications that may wait
};

struct MirrorCounters {
  std::uint64_t resyncs = 0;        ///< everything was read anew because notifications were lost
  std::uint64_t failed_reads = 0;   ///< of the namespace; tried again at the next occasion
  std::uint64_t failed_pushes = 0;  ///< neighbours that the kernel would not take
};

/// Makes the loop's stack follow the links, addresses, routes and settings of the network namespace
/// that this process is in, answers the kernel's questions about neighbours, and sees to it that
/// each kind of packet has one owner. The stack is made with StackOptions::host_sockets, its wires
/// are attached behind a Tee, and the mirrors are links of the namespace that are not up yet.
class Mirror {
 public:
  /// The loop must outlive it; it takes the loop's hooks on_input and on_flushed.
  Mirror(io::EventLoop& loop, std::vector<MirrorLink> mirrors, MirrorOptions options = {});
  ~Mirror();
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  /// Switches IPv6 off, takes the neighbours over, puts the owner rules in, reads the namespace and
  /// listens from then on. The mirrors may be brought up after it.
  Expected<void, Error> start();
  MirrorCounters counters() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // handlers that are under way hold it weakly
};

}  // namespace smolstack::mirror
