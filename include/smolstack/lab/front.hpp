#pragma once
// What speaks on a machine's wires: our stack, or the kernel's own.

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "smolstack/base/expected.hpp"
#include "smolstack/control/commander.hpp"
#include "smolstack/io/rtnetlink.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::lab {

/// The name of a wire's device in the lab's namespace: "client-eth0", or with the machine's number
/// ("m12-eth0") where that is longer than the kernel takes.
std::string wire_name(const topology::Lab& lab, const topology::Machine& machine,
                      const topology::Interface& interface);
/// The same for a network's bridge.
std::string bridge_name(const topology::Lab& lab, const topology::Network& network);

/// One side of a machine. The functions are called once each, in this order.
class Front {
 public:
  virtual ~Front() = default;
  /// Still in the lab's network namespace: what must be opened there.
  virtual Expected<void, Error> attach_wires() = 0;
  /// In the machine's: afterwards it has its eth0, eth1 ..., down and without addresses.
  virtual Expected<void, Error> open_interfaces(io::Rtnetlink& machine) = 0;
  /// From here on it speaks, as the namespace's links and addresses come up.
  virtual Expected<void, Error> start() = 0;

  /// Pulls or plugs the cable of an interface.
  virtual Expected<void, Error> plug(const std::string& interface, bool in) = 0;
  /// Carries out what is asked of the machine.
  virtual std::shared_ptr<control::Commander> commander() = 0;
};

/// What the fronts are made with.
struct FrontOptions {
  boost::asio::io_context& context;
  const topology::Lab& lab;
  const topology::Machine& machine;
};
std::unique_ptr<Front> make_kernel_front(const FrontOptions& options);
std::unique_ptr<Front> make_smol_front(const FrontOptions& options);

}  // namespace smolstack::lab
