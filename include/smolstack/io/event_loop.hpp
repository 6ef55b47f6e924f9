#pragma once
// One thread: readiness, one deadline timer, and the stack between them.

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "smolstack/io/device.hpp"
#include "smolstack/stack.hpp"

namespace smolstack::io {

/// Something about a device that its operator should know; already limited in rate. The text does
/// not name the interface.
struct DeviceReport {
  IfIndex interface;
  std::string text;
  bool is_error;
};

struct EventLoopOptions {
  unsigned batches_per_wake = 4;             ///< then the other devices have their turn
  Duration retry = std::chrono::seconds(1);  ///< between attempts to take up a device that is gone
};

/// Drives one stack: when a device is readable its frames go in, in batches, with a budget for
/// fairness; then every interface is drained once and the one timer set anew. Asio never sees a
/// packet.
class EventLoop {
 public:
  /// The stack must outlive the loop; the devices hold packets of its pool.
  EventLoop(boost::asio::io_context& context, Stack& stack, const EventLoopOptions& options = {});
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Ties a device to an interface of the stack.
  void attach(IfIndex interface, std::unique_ptr<Device> device);
  /// Ties the mirror of an interface to it: what the kernel beside us sends by it goes to
  /// Stack::receive_from_host(). Nothing is sent to it, and its state says nothing of the wire's.
  void attach_host(IfIndex interface, std::unique_ptr<Device> device);
  /// Called after anything that may have made frames or timers outside of the loop (a command):
  /// transmits what waits and sets the timer anew.
  void flush();
  /// Sends what waits and lets go of all devices; the context runs out of work.
  void close();
  /// Monotonic time, as the stack counts it.
  static Instant now();

  void on_report(std::function<void(const DeviceReport&)> report);
  /// Called after each flush while ICMP messages wait in the stack's inbox.
  void on_icmp(std::function<void(PacketQueue)> deliver);
  /// Called before frames of any device are handed to the stack, and of a mirror also before they
  /// are read: the moment to tell the stack what has changed in the world since.
  void on_input(std::function<void()> prepare);
  /// Called before anybody looks at counters: refresh().
  void on_refresh(std::function<void()> collect);
  void refresh();
  /// Called after each flush, when its frames are on their way.
  void on_flushed(std::function<void()> then);
  /// Called after each flush for every conflict that ARP has seen since.
  void on_conflict(std::function<void(const AddressConflict&)> report);

  boost::asio::io_context& context();
  Stack& stack();

 private:
  struct State;
  std::shared_ptr<State> state_;  // handlers that are under way hold it weakly
};

}  // namespace smolstack::io
