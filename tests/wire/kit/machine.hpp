#pragma once
// The machine under test: a process of smolstack, or the Linux kernel in a network namespace of
// its own (SMOL_WIRE_TARGET=kernel). Its wires are the devices wire0, wire1, ... of the namespace
// that the test program is in.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace smolstack::test {

enum class Role { node, router };

/// An interface of the machine: wire0's is the first.
struct Link {
  std::string address;  ///< "10.0.1.1/24"
  unsigned mtu = 1500;
};

struct Wiring {
  Role role = Role::node;
  std::vector<Link> links;
  std::vector<std::string> routes{};  ///< as `ip route add` takes them, without dev
};

/// True when the kernel is under test.
bool testing_kernel();

/// Frames keep their order only as long as one processor handles them; what is started from here
/// inherits the choice.
void stay_on_one_processor();

class Machine {
 public:
  /// A machine that is starting: its wires are there and up, so that its first frame is heard.
  static std::unique_ptr<Machine> make(const Wiring& wiring);
  virtual ~Machine() = default;

  /// Runs a command in words of iproute2 on the machine: "ip route add 10.9.0.0/16 via 10.0.1.9",
  /// "ip link set eth1 down", "ip addr add ...". Its interfaces are eth0, eth1. What it prints.
  virtual std::string run(const std::string& command) = 0;
  /// Brings the machine to life, after its wires were listened to.
  virtual void start() = 0;
  virtual bool alive() = 0;
  /// Bytes of memory that it uses; of the kernel, those for fragments that wait for others.
  virtual std::size_t memory() = 0;
  /// Ends it as a user would; empty, or what was wrong with how it ended.
  virtual std::string stop() = 0;
};

inline std::string wire_name(std::size_t i) {
  return "wire" + std::to_string(i);
}

/// Runs a shell command here; a failure ends the test program and says what was printed.
std::string must_run(const std::string& command);

}  // namespace smolstack::test
