#include "smolstack/control/client.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace smolstack::control {
namespace {

sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

std::string running_names() {
  std::string names;
  for (const auto& machine : running_machines())
    names +=
        (names.empty() ? "" : ", ") + (machine.lab.empty() ? "" : machine.lab + "/") + machine.name;
  return names;
}

Outcome broken(const Error& error) {
  return {exit_code::wrong, error.message()};
}

}  // namespace

Outcome not_running(std::string_view machine, const Error& why) {
  const bool is_path = machine.find('/') != std::string_view::npos;
  const bool absent =
      why.code == std::errc::no_such_file_or_directory || why.code == std::errc::connection_refused;
  if (is_path || !absent) return {exit_code::wrong, why.message()};
  const std::string names = running_names();
  const std::string others =
      names.empty() ? "nor is any other in " + run_directory().native() +
                          "; start one with: smolstack node --tap NAME --ip ADDRESS/LENGTH"
                    : "running are: " + names;
  return {exit_code::wrong, "no machine \"" + std::string(machine) + "\" is running; " + others};
}

Outcome ambiguous(std::string_view machine, const std::vector<ControlSocket>& sockets) {
  const std::string name(machine);
  std::string labs;
  for (const ControlSocket& socket : sockets) labs += (labs.empty() ? "" : ", ") + socket.lab;
  return {exit_code::wrong, "\"" + name + "\" is a machine of several labs: " + labs + "; say " +
                                sockets.front().lab + "/" + name + ", or set SMOLSTACK_LAB"};
}

Interrupts::Interrupts() {
  const sigset_t set = end_signals();
  blocked_ = ::sigprocmask(SIG_BLOCK, &set, nullptr) == 0;
  descriptor_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupts::~Interrupts() {
  restore();
}

void Interrupts::take() {
  signalfd_siginfo signal{};
  if (::read(descriptor_.number(), &signal, sizeof signal) == sizeof signal) restore();
}

void Interrupts::restore() {
  if (!std::exchange(blocked_, false)) return;
  const sigset_t set = end_signals();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

Expected<Client, Outcome> Client::connect(std::string_view machine) {
  const auto sockets = control_sockets(machine);
  if (sockets.size() > 1) return unexpected(ambiguous(machine, sockets));
  auto socket = connect_local(sockets.front().path);
  if (!socket) return unexpected(not_running(machine, socket.error()));
  // From here on it may block: all waiting is done by poll.
  const int flags = ::fcntl(socket->number(), F_GETFL);
  ::fcntl(socket->number(), F_SETFL, flags & ~O_NONBLOCK);
  return Client(std::move(*socket));
}

Outcome Client::run(std::string_view command, const Words& words, const OnData& on_data,
                    Interrupts* interrupts) {
  stopped_ = false;
  // A server that turned us away closed already; what it said is still to be read.
  const auto sent = send_line({{"command", command}, {"words", words}});
  for (;;) {
    const auto line = next_line(interrupts);
    if (!line) return broken(sent ? line.error() : sent.error());
    const Json answer = Json::parse(*line, nullptr, false);
    if (!answer.is_object()) return {exit_code::wrong, "the machine's answer is no JSON object"};
    if (const auto data = answer.find("data"); data != answer.end()) on_data(*data);
    if (const auto exit = answer.find("exit"); exit != answer.end() && exit->is_number_integer())
      return Outcome{exit->get<int>(), answer.value("error", std::string())};
  }
}

Expected<void, Error> Client::send_line(const Json& line) {
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  for (std::size_t done = 0; done < text.size();) {
    const auto sent =
        ::send(socket_.number(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return failed(errno, "asking the machine");
    done += static_cast<std::size_t>(sent);
  }
  return {};
}

Expected<bool, Error> Client::wait(Interrupts* interrupts) {
  const bool listens = interrupts != nullptr && !stopped_;
  std::array<pollfd, 2> ready{
      {{socket_.number(), POLLIN, 0}, {listens ? interrupts->descriptor() : -1, POLLIN, 0}}};
  if (::poll(ready.data(), ready.size(), -1) < 0) {
    if (errno == EINTR) return false;
    return failed(errno, "waiting for the machine's answer");
  }
  if (ready[1].revents != 0) {
    interrupts->take();
    stopped_ = true;
    if (auto sent = send_line({{"stop", true}}); !sent) return unexpected(sent.error());
  }
  return ready[0].revents != 0;
}

Expected<std::string, Error> Client::next_line(Interrupts* interrupts) {
  for (;;) {
    if (const auto end = input_.find('\n'); end != std::string::npos) {
      std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      return line;
    }
    const auto readable = wait(interrupts);
    if (!readable) return unexpected(readable.error());
    if (!*readable) continue;
    std::array<char, 65536> buffer;
    const auto size = ::read(socket_.number(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(errno, "reading the machine's answer");
    if (size == 0) return failed(std::errc::connection_reset, "the machine went away");
    input_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace smolstack::control
