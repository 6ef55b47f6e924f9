#include "machine_child.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smolstack/lab/process_title.hpp"

namespace smolstack::lab {
namespace {

using boost::asio::posix::stream_descriptor;
using io::Descriptor;

constexpr std::size_t longest_packet = 64u << 10;

struct Channel {
  Descriptor ours;
  Descriptor theirs;
};

Expected<Channel, Error> make_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return failed(errno, "making the machine's channel");
  return Channel{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The log is the machine's stderr, and that of everything it starts.
void write_to_log(const std::filesystem::path& path) {
  const Descriptor log(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!log) return;
  ::dup2(log.number(), STDERR_FILENO);
  ::dup2(log.number(), STDOUT_FILENO);
}

/// What a child inherits of its supervisor and must not have.
void forget_supervisor(int channel) {
  close_all_but({channel});
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
}

}  // namespace

MachineChild::MachineChild(boost::asio::io_context& context, const topology::Machine& machine)
    : pidfd_(context), channel_(context), machine_(machine) {}

Expected<void, Error> MachineChild::start(const topology::Lab& lab, const LabPaths& paths,
                                          OnMessage on_message, OnEnd on_end) {
  auto channel = make_channel();
  if (!channel) return unexpected(channel.error());
  const int theirs = channel->theirs.number();
  auto child = fork_into(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC, [&] {
    forget_supervisor(theirs);
    set_process_title("smolstack: " + machine_.name);
    write_to_log(paths.log_of(machine_.name));
    return run_machine({lab, machine_, paths, std::move(channel->theirs)});
  });
  if (!child) return unexpected(child.error());
  child_ = std::move(*child);
  since_ = std::chrono::steady_clock::now();
  on_message_ = std::move(on_message);
  on_end_ = std::move(on_end);
  pidfd_.assign(::fcntl(child_.pidfd.number(), F_DUPFD_CLOEXEC, 0));
  channel_.assign(channel->ours.release());
  wait_for_end();
  wait_for_message();
  return {};
}

void MachineChild::wait_for_end() {
  pidfd_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    const std::string how = reap(child_);
    end_ = failure_.empty() ? how : failure_;
    state_ = MachineState::dead;
    child_.pid = 0;
    pidfd_.close();
    on_end_(*this);
  });
}

void MachineChild::wait_for_message() {
  channel_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    std::array<char, longest_packet> packet;
    const auto size = ::recv(channel_.native_handle(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (size == 0) return channel_.close();
    wait_for_message();
    if (size < 0) return;
    const auto message =
        control::Json::parse(packet.begin(), packet.begin() + size, nullptr, false);
    if (message.is_object()) on_message_(*this, message);
  });
}

void MachineChild::tell(const control::Json& order) {
  const std::string text = order.dump();
  (void)::send(channel_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void MachineChild::terminate() {
  if (child_.pid == 0) return;
  (void)::kill(child_.pid, SIGTERM);
  tell({{"do", "end"}});  // if it does not hear signals yet
}

void MachineChild::kill() {
  if (child_.pid != 0) (void)::kill(child_.pid, SIGKILL);
}

std::chrono::seconds MachineChild::uptime() const {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() -
                                                          since_);
}

}  // namespace smolstack::lab
