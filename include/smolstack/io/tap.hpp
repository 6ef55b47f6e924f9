#pragma once
// TAP and TUN, the Linux devices whose other end is an interface of the kernel.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/descriptor.hpp"
#include "smolstack/io/device.hpp"
#include "smolstack/io/tap_offload.hpp"
#include "smolstack/io/uring.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"
#include "smolstack/wire/mac_address.hpp"
#include "smolstack/wire/virtio_net.hpp"

namespace smolstack::io {

/// Why a device could not be opened, where its operator can do something about it.
enum class TapError {
  bad_name = 1,
  bad_mtu,
  no_tun_file,      ///< no /dev/net/tun: the driver is not there
  tun_file_denied,  ///< /dev/net/tun may not be opened
  needs_net_admin,  ///< creating, or attaching to somebody else's, takes CAP_NET_ADMIN
  needs_sys_admin,  ///< entering another network namespace takes CAP_SYS_ADMIN
  no_such_namespace,
  busy,        ///< another process holds it
  other_kind,  ///< the name belongs to something else than such a device
};
std::error_code make_error_code(TapError error);

enum class TapKind : std::uint8_t {
  tap,  ///< Ethernet frames
  tun,  ///< IP packets
};

struct TapConfig {
  std::string name;
  TapKind kind = TapKind::tap;
  std::uint32_t mtu = 1500;
  std::string netns{};                  ///< where it is made, as `ip netns` names it; empty: here
  std::optional<Ipv4Subnet> host_ip{};  ///< an address for the kernel's end, which is brought up
  /// The link address of the kernel's end of a created one; none: the kernel's choice.
  std::optional<MacAddress> mac{};
  bool up = true;            ///< whether a created one is brought up
  bool multi_queue = false;  ///< other descriptors may be tied to it too
  /// Whether it may hand us super-frames and take them; none: offload_by_default().
  std::optional<bool> offload{};
};

/// May the kernel have an interface of this name? 1 to 15 characters, none of them a slash, a
/// colon, a percent sign or a blank.
bool is_interface_name(std::string_view name);

/// The largest MTU of such a device: the kernel counts the Ethernet header too.
constexpr std::uint32_t max_mtu_of(TapKind kind) {
  return kind == TapKind::tap ? 65521 : 65535;
}

/// A TAP or TUN device. It survives that its kernel's end is set down, moved to another namespace
/// or enslaved to a bridge; when that end is deleted it is gone until reopen().
class TapDevice final : public Device {
 public:
  /// Attaches to the persistent device of that name, or creates one that lives as long as this
  /// object; the kernel's end of a created one has our MTU and is up.
  static Expected<std::unique_ptr<TapDevice>, Error> open(const TapConfig& config);
  /// Takes over a descriptor that is tied to the device of that name already.
  static std::unique_ptr<TapDevice> adopt(const TapConfig& config, Descriptor descriptor);
  /// open() with `count` queues, each an object of its own: the kernel gives every flow to one.
  static Expected<std::vector<std::unique_ptr<TapDevice>>, Error> open_queues(TapConfig config,
                                                                              unsigned count);
  /// The same when the device is there again, after all queues were gone.
  static Expected<std::vector<std::unique_ptr<TapDevice>>, Error> reopen_queues(
      const TapConfig& config, unsigned count);
  /// Another object for the same queue. Two threads may write by one queue, one may read.
  std::unique_ptr<TapDevice> duplicate() const;

  ReceiveResult receive(PacketPool& pool, Batch& into) override;
  TransmitResult transmit(Batch& from) override;
  OffloadCapabilities offloads() const override { return offload_.capabilities; }
  int descriptor() const override;
  DeviceState state() const override { return state_; }
  bool reopen() override;
  void set_mtu(std::uint32_t mtu) override;

  /// Sends copies: the frames stay where they are.
  TransmitResult write(std::span<const Packet> frames);
  /// Whether the kernel's end believes that a cable is plugged in.
  Expected<void, Error> set_carrier(bool carrier);
  /// Whether the device was there before us.
  bool attached() const { return attached_; }

 private:
  /// Of one read or write; `full` is also a device with nothing to read.
  enum class Outcome : std::uint8_t { done, full, down };

  /// A descriptor that is tied to a device.
  struct Attachment {
    Descriptor descriptor;
    TapOffload offload;
    bool attached;  ///< the device was there before
  };

  TapDevice(const TapConfig& config, Attachment tied);
  static Expected<Attachment, Error> attach(const TapConfig& config);
  std::size_t header_size() const {
    return offload_.has_header ? sizeof(wire::VirtioNetHeader) : 0;
  }
  void receive_singly(PacketPool& pool, Batch& into, ReceiveResult& result);
  Outcome read_frame(PacketPool& pool, Batch& into, ReceiveResult& result);
  bool make_room(PacketPool& pool);
  ssize_t read_whole();
  void take(Packet& whole, std::size_t size, Batch& into, ReceiveResult& result);
  bool is_good(Packet& frame, ReceiveResult& result) const;
  bool obey_header(Packet& frame, ReceiveResult& result) const;
  std::size_t reads_at_once(const Batch& into) const;
  bool has_uring();
  bool receive_together(std::size_t count, PacketPool& pool, Batch& into, ReceiveResult& result);
  void take_from(Packet& room, std::size_t size, PacketPool& pool, Batch& into,
                 ReceiveResult& result);
  void end_burst();
  bool write_together(std::span<const Packet> frames, TransmitResult& result);
  void write_singly(std::span<const Packet> frames, TransmitResult& result);
  static void tally(Outcome outcome, TransmitResult& result);
  Outcome discard_frame(ReceiveResult& result);
  Outcome write_frame(const Packet& frame);
  const std::byte* put_header(const Packet& frame) const;
  Outcome outcome_of(ssize_t size);

  TapConfig config_;
  Descriptor descriptor_;
  TapOffload offload_;
  bool attached_;
  std::size_t longest_ = 0;  ///< frame that the MTU allows, on the wire
  std::size_t room_ = 0;     ///< for one that is read: a super-frame is longer
  DeviceState state_ = DeviceState::ready;
  std::size_t burst_ = 0;          ///< frames since there was nothing to read
  std::size_t usual_burst_ = 1;    ///< how many they were the last time
  std::size_t unproven_ = 0;       ///< how often it was taken for granted that these were all
  Packet spare_;                   ///< the next frame's, so that finding nothing costs no buffer
  Packet large_;                   ///< the same, where frames may be longer
  bool had_super_frames_ = false;  ///< the last time that something came
  bool asked_for_uring_ = false;
  std::unique_ptr<Uring>
      uring_;  ///< for many frames at once; nullptr: not needed yet, or not to be had
};

}  // namespace smolstack::io

template <>
struct std::is_error_code_enum<smolstack::io::TapError> : std::true_type {};
