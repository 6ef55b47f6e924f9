#include "smolstack/control/local_socket.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <boost/asio/local/stream_protocol.hpp>

namespace smolstack::control {
namespace {

namespace fs = std::filesystem;
using Endpoint = boost::asio::local::stream_protocol::endpoint;

constexpr int backlog = 64;
// unix(7): sun_path has 108 bytes with its NUL.
constexpr std::size_t longest_path = 107;

Expected<void, Error> check_length(const fs::path& path) {
  if (path.native().size() <= longest_path) return {};
  return failed(std::errc::filename_too_long,
                "socket " + path.native() + " (the limit is 107 bytes)");
}

Expected<Descriptor, Error> make_socket() {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed(errno, "making a Unix socket");
  return socket;
}

Expected<Descriptor, Error> open_directory(const fs::path& path) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return failed(errno, "opening directory " + directory.native());
  return opened;
}

/// Keeps two processes from taking the same path at once. Only in a directory of our own: in
/// another one a stranger could hold the lock for ever.
void lock_own_directory(int directory) {
  struct stat status {};
  if (::fstat(directory, &status) == 0 && status.st_uid == ::geteuid())
    (void)::flock(directory, LOCK_EX);
}

Error in_use(const fs::path& path, const std::optional<Peer>& owner) {
  std::string who = "control socket " + path.native();
  if (owner && owner->pid != 0) who += " belongs to process " + std::to_string(owner->pid);
  return {std::make_error_code(std::errc::address_in_use), who};
}

/// Makes way at the path, or says why that may not be.
Expected<void, Error> clear_path(int directory, const fs::path& path) {
  struct stat status {};
  const std::string name = path.filename();
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return failed(errno, "looking at " + path.native());
  }
  if (!S_ISSOCK(status.st_mode))
    return failed(std::errc::file_exists, path.native() + " is not a socket");
  if (status.st_uid != ::geteuid())
    return failed(std::errc::permission_denied, path.native() + " belongs to another user");
  const auto living = connect_local(path);
  if (living) return unexpected(in_use(path, peer_of(living->number())));
  if (living.error().code != std::errc::connection_refused) return unexpected(in_use(path, {}));
  if (::unlinkat(directory, name.c_str(), 0) != 0)
    return failed(errno, "removing the stale socket " + path.native());
  return {};
}

Expected<Descriptor, Error> listen_at(const fs::path& path) {
  auto socket = make_socket();
  if (!socket) return socket;
  const Endpoint endpoint(path.native());
  // The path gets the mode of the socket: it is never open to others, not for a moment.
  if (::fchmod(socket->number(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(socket->number(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(socket->number(), backlog) != 0)
    return failed(errno, "listening at " + path.native());
  return socket;
}

ino_t inode_at(int directory, const fs::path& path) {
  struct stat status {};
  const std::string name = path.filename();
  const bool found = ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  return found ? status.st_ino : 0;
}

}  // namespace

std::optional<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return Peer{credentials.pid, credentials.uid};
}

Expected<Descriptor, Error> connect_local(const fs::path& path) {
  if (auto fits = check_length(path); !fits) return unexpected(fits.error());
  auto socket = make_socket();
  if (!socket) return socket;
  const Endpoint endpoint(path.native());
  const auto size = static_cast<socklen_t>(endpoint.size());
  if (::connect(socket->number(), endpoint.data(), size) != 0)
    return failed(errno, "connecting to " + path.native());
  return socket;
}

Expected<LocalListener, Error> LocalListener::claim(const fs::path& path) {
  if (auto fits = check_length(path); !fits) return unexpected(fits.error());
  auto directory = open_directory(path);
  if (!directory) return unexpected(directory.error());
  lock_own_directory(directory->number());
  if (auto clear = clear_path(directory->number(), path); !clear) return unexpected(clear.error());
  auto socket = listen_at(path);
  (void)::flock(directory->number(), LOCK_UN);
  if (!socket) return unexpected(socket.error());
  return LocalListener(std::move(*directory), std::move(*socket), path);
}

LocalListener::LocalListener(Descriptor directory, Descriptor socket, fs::path path)
    : directory_(std::move(directory)), socket_(std::move(socket)), path_(std::move(path)) {
  inode_ = inode_at(directory_.number(), path_);
}

LocalListener::~LocalListener() {
  // Somebody may have put another file there since; only our own goes.
  if (directory_ && inode_at(directory_.number(), path_) == inode_)
    ::unlinkat(directory_.number(), path_.filename().c_str(), 0);
}

}  // namespace smolstack::control
