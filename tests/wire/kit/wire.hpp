#pragma once
// The wires of the machine under test, with the test at their other ends.
//
// Nothing is left to luck or to the clock: received() first sends each wire an ARP probe (RFC 5227
// §2.1.1; it changes nothing) and waits for its answer. What the machine had to say about earlier
// frames has then been said.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/support/frame.hpp"
#include "lab/support/neighborhood.hpp"
#include "wire/kit/machine.hpp"
#include "wire/kit/packet_socket.hpp"

namespace smolstack::test {

class Bench;

/// One interface of the machine, seen from its wire. The words are those of the in-memory lab.
class Wire {
 public:
  Wire(Bench& bench, const Link& link, std::size_t i);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// A neighbour lives on this wire: its ARP is answered at once and not recorded.
  void has_neighbor(Address address, Mac mac = {}) { neighborhood_.add(address, mac); }
  void loses_neighbor(Address address) { neighborhood_.remove(address); }

  /// The frame goes to the machine. Without an Ethernet layer it comes from the neighbour that its
  /// source names (or the first one there is), to the machine.
  void sends(const Frame& frame);
  void sends(const std::vector<Frame>& frames);
  /// Bytes as they are, 14 at least.
  void sends_bytes(ConstBytes frame) { socket_.send(frame); }

  /// What came since the start or forget(), oldest first, when all that was sent is dealt with.
  const std::vector<Captured>& received();
  bool silent() { return received().empty(); }
  /// Deals with what was sent, and forgets what came.
  void forget();
  /// Waits until a frame like this one has come, since the start or forget(); false: none within
  /// that time. For what the machine does of its own accord, later.
  bool hears(const Frame& expected, Duration within = std::chrono::seconds(3));
  /// The machine's probes and announcements of its own address are recorded too (they are not at
  /// first: it sends them as it starts).
  void record_announcements() { announcements_ = true; }

  MacAddress mac() const { return interface_.mac; }
  Ipv4Address address() const { return interface_.addresses.front().subnet.address; }
  /// What is right for this interface; a test that changes the machine changes it too.
  Interface& interface() { return interface_; }

 private:
  friend class Bench;
  void take(Octets frame);
  bool is_fence(const Frame& frame) const;
  bool is_announcement(const Frame& frame) const;

  Bench& bench_;
  Interface interface_;
  Neighborhood neighborhood_{interface_};
  PacketSocket socket_;
  CaptureFile own_frames_;
  CaptureFile transit_;  ///< what the machine passed on: others answer for its contents
  std::vector<Captured> received_;
  std::size_t fences_sent_ = 0;
  std::size_t fence_passed_ = 0;
  bool announcements_ = false;
};

/// The machine with all its wires.
class Bench {
 public:
  /// The machine runs and answers when this returns.
  explicit Bench(const Wiring& wiring);

  Wire& wire(std::size_t i) { return *wires_.at(i); }
  Machine& machine() { return *machine_; }

  /// Until the machine has dealt with all that was sent, and has our answers to what it asked.
  void settle();
  /// Takes in what comes, for that long or until `done`; false: the time is over.
  bool listen(Duration within, const std::function<bool()>& done);
  /// Takes a step again and again, with a pause between, until it says that it is done; false: the
  /// time is over.
  bool repeat(Duration pause, Duration within, const std::function<bool()>& step);

 private:
  friend class Wire;
  /// One probe through this wire; false: no answer within reason.
  bool fence(Wire& wire);
  void take_all();
  void judge(const Wire& wire, const Octets& frame) const;
  bool is_own(Ipv4Address address) const;

  std::vector<std::unique_ptr<Wire>> wires_;
  std::unique_ptr<Machine> machine_;
  bool answered_ = false;  ///< an ARP question of the machine's, since settle() last looked
};

}  // namespace smolstack::test
