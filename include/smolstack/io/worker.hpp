#pragma once
// A thread that forwards beside the loop's.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "smolstack/base/ring.hpp"
#include "smolstack/io/descriptor.hpp"
#include "smolstack/io/device.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::io {

/// What an interface's queues counted of it since the worker began. One thread writes, others read.
struct QueueCounters {
  std::atomic<std::uint64_t> rx_packets{0};
  std::atomic<std::uint64_t> rx_bytes{0};
  std::atomic<std::uint64_t> tx_packets{0};
  std::atomic<std::uint64_t> tx_bytes{0};
  std::atomic<std::uint64_t> too_long{0};
  std::atomic<std::uint64_t> malformed{0};  ///< the device's header: parse_virtio_net()
  std::atomic<std::uint64_t> unknown{0};    ///< super-frames of another protocol
  std::atomic<std::uint64_t> no_buffer{0};
  std::atomic<std::uint64_t> full{0};
  std::atomic<std::uint64_t> down{0};
  std::atomic<std::uint64_t> not_punted{0};
};

/// Between a worker and the loop, for one interface: what the worker leaves to the long way.
struct PuntLane {
  static constexpr std::size_t frames = 1024;

  Ring<PacketBuffer*> punted{frames};
  QueueCounters counted;
  std::atomic<bool> gone{false};  ///< the device of the queue was deleted
};

/// What of a machine's configuration a worker must know. The loop's thread makes a new one when
/// something has changed; it never changes itself.
struct PlaneConfiguration {
  struct Link {
    LinkType link = LinkType::ethernet;
    MacAddress mac{};
    std::uint32_t mtu = 0;
    bool up = false;
    bool running = false;
    bool forwarding = false;
    /// Something stands before the device that only the loop knows of (io/impairment_device.hpp).
    bool all_by_loop = false;
    ReversePath rp_filter = ReversePath::off;
    std::vector<Ipv4Subnet> addresses{};
    friend bool operator==(const Link&, const Link&) = default;
  };
  bool forwarding = false;
  MultipathHash multipath_hash = MultipathHash::addresses;
  std::vector<Link> links{};  ///< by interface, the first is `lo`
  friend bool operator==(const PlaneConfiguration&, const PlaneConfiguration&) = default;
};

/// Forwards plain frames (transit/transit.hpp) between queues of its own, with its own packets,
/// interfaces and counters; of the machine's tables it only reads. All other frames it punts: they
/// go to the loop's thread and are its pool's again when that is done with them.
///
/// A flow stays in order: as long as the loop has frames of it, later ones wait here until it is
/// done with those, unless it has to do them too and none waits before them. Flows are told apart
/// by a hash of their addresses, so now and then another one keeps it company.
class Worker {
 public:
  /// `number` counts from 0, and is what the loop's packets are told apart by.
  Worker(unsigned number, const PoolSizes& pool);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // --- The loop's thread ---

  /// A queue of an interface's device, and where to leave what is not plain; `wake` is an eventfd
  /// that the loop listens to. Also while the worker runs: instead of a queue that is gone.
  void attach(IfIndex interface, std::unique_ptr<Device> queue, PuntLane& lane, int wake);
  void configure(std::shared_ptr<const PlaneConfiguration> configuration);
  /// The stack must outlive the thread, which looks at its tables only.
  void start(Stack& stack);
  /// The loop has given packets back: what waited for that can go on.
  void resume();
  /// Ends the thread; its packets may still be the loop's. Idempotent.
  void stop();

  std::uint64_t forwarded() const { return forwarded_.load(std::memory_order_relaxed); }

 private:
  static constexpr unsigned buckets = 256;

  struct Queue {
    IfIndex interface = IfIndex::none;
    std::unique_ptr<Device> device{};
    PuntLane* lane = nullptr;
    int wake = -1;
    bool must_wake = false;
  };
  /// What the loop's thread has for us.
  struct Mail {
    std::shared_ptr<const PlaneConfiguration> configuration{};
    std::vector<Queue> queues{};
  };

  void run(Stack& stack);
  void hear_call();
  void read_mail();
  void accept(Queue queue);
  void follow(const PlaneConfiguration& configuration);
  // A batch.
  void receive(Queue& queue, Plane& plane);
  void handle(Queue& queue, Plane& plane);
  std::size_t carry_in_order(Plane& plane, Interface& in, std::span<Packet> frames, Instant now);
  bool may_pass(const Interface& in) const { return forwarding_ && in.forwarding && in.running; }
  void keep_order(Queue& queue, Plane& plane, Packet frame, Instant now);
  bool must_wait(const Interface& in, Plane& plane, const Packet& frame, Instant now);
  void park(Queue& queue, Packet frame);
  void reclaim();
  void release_parked(Plane& plane);
  void release(Plane& plane, Packet frame, Instant now);
  Queue& queue_of(IfIndex interface);
  void punt(Queue& queue, Packet frame);
  void transmit();
  void transmit(Queue& queue);
  // What the loop sees.
  void leave(Queue& queue);
  void publish_counters();
  void wake_loop();

  unsigned number_;
  PacketPool pool_;
  InterfaceTable interfaces_;
  StackCounters counters_;
  std::vector<Queue> queues_;
  bool forwarding_ = false;
  MultipathHash multipath_hash_ = MultipathHash::addresses;
  Batch batch_;
  Carrier carrier_;
  std::array<std::uint32_t, buckets> lent_{};  ///< frames of these flows that the loop has
  std::uint32_t lent_in_all_ = 0;
  PacketQueue parked_;                              ///< frames in transit of such flows, in order
  std::array<std::uint32_t, buckets> parked_of_{};  ///< how many of which flow
  Descriptor poll_;

  std::atomic<std::uint64_t> forwarded_{0};
  std::mutex mail_mutex_;
  Mail mail_;
  std::atomic<bool> has_mail_{false};
  std::atomic<bool> is_parking_{false};
  std::atomic<bool> stopping_{false};
  Descriptor called_;  ///< eventfd: mail, or the end
  std::thread thread_;
};

}  // namespace smolstack::io
