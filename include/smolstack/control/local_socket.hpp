#pragma once
// Unix sockets by path: claiming one, and reaching the one who has it.

#include <filesystem>
#include <optional>
#include <sys/types.h>

#include "smolstack/base/expected.hpp"
#include "smolstack/io/descriptor.hpp"

namespace smolstack::control {

using io::Descriptor;

/// Who holds the other end of a Unix socket (SO_PEERCRED). `pid` is 0 when it lives in a PID
/// namespace that we cannot see.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
};

std::optional<Peer> peer_of(int socket);
/// Connects without waiting: who listens has an empty place, or it is an error.
Expected<Descriptor, Error> connect_local(const std::filesystem::path& path);

/// A listening Unix socket of mode 0600, whose path goes when it goes.
class LocalListener {
 public:
  /// Takes the path. A socket that a killed process left there is replaced; address_in_use, with
  /// the owner's pid in the text, when somebody listens. Nothing is unlinked that is not a socket
  /// of our own.
  static Expected<LocalListener, Error> claim(const std::filesystem::path& path);

  LocalListener(LocalListener&&) noexcept = default;
  LocalListener& operator=(LocalListener&&) = delete;
  ~LocalListener();

  int descriptor() const { return socket_.number(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  LocalListener(Descriptor directory, Descriptor socket, std::filesystem::path path);

  Descriptor directory_;
  Descriptor socket_;
  std::filesystem::path path_;
  ino_t inode_ = 0;
};

}  // namespace smolstack::control
