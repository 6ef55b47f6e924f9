#pragma once
// Raw frames on a network device (packet(7)), and a file of all that was seen.

#include <fstream>
#include <optional>
#include <string>

#include "lab/support/frame.hpp"

namespace smolstack::test {

/// Sends and receives whole Ethernet frames on one device. Problems end the test program: nothing
/// can be told without it.
class PacketSocket {
 public:
  PacketSocket() = default;
  explicit PacketSocket(const std::string& device);
  PacketSocket(PacketSocket&& other) noexcept;
  PacketSocket& operator=(PacketSocket&& other) noexcept;
  ~PacketSocket();

  /// Waits for room on the wire. A frame that the far end can never take is lost on the way.
  void send(ConstBytes frame) const;
  /// A frame that has come; none when there is none by now.
  std::optional<Octets> receive() const;
  int number() const { return number_; }

 private:
  int number_ = -1;
};

/// A capture file as tcpdump writes it. Without a name it writes nothing.
class CaptureFile {
 public:
  CaptureFile() = default;
  explicit CaptureFile(const std::string& name);
  void add(ConstBytes frame);

 private:
  void write(ConstBytes bytes);

  std::ofstream file_;
};

}  // namespace smolstack::test
