#include "smolstack/lab/bring_up.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "smolstack/control/client.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/lab/namespaces.hpp"
#include "smolstack/lab/process_title.hpp"
#include "smolstack/lab/supervisor.hpp"

namespace smolstack::lab {
namespace {

using control::Json;
using io::Descriptor;
using Clock = std::chrono::steady_clock;

/// A lab that does not come up has so long to go.
constexpr int longest_farewell_ms = 5000;

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

Expected<Pipe, Error> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(errno, "making a pipe");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Between `up` and the lab, so that each notices when the other has gone.
Expected<Pipe, Error> make_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return failed(errno, "making a pair of sockets");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// While it lives, the signals that end `up` can be read instead: half a lab has to go first.
class Interrupts {
 public:
  Interrupts() {
    sigset_t taken;
    sigemptyset(&taken);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
      if (!is_ignored(signal)) sigaddset(&taken, signal);
    ::sigprocmask(SIG_BLOCK, &taken, &before_);
    signals_ = Descriptor(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  /// One that came strikes now.
  ~Interrupts() {
    if (came_ != 0) (void)::raise(came_);
    let_strike();
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// As nohup(1) has it. signalfd(2) would be told all the same.
  static bool is_ignored(int signal) {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
  }
  void let_strike() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  /// Waits for it to be readable; false: a signal came first.
  bool wait_for(const Descriptor& news) {
    pollfd ready[] = {{signals_.number(), POLLIN, 0}, {news.number(), POLLIN, 0}};
    (void)::poll(ready, 2, -1);
    signalfd_siginfo info{};
    if (::read(signals_.number(), &info, sizeof info) == sizeof info)
      came_ = static_cast<int>(info.ssi_signo);
    return came_ == 0;
  }

 private:
  sigset_t before_{};
  Descriptor signals_;
  int came_ = 0;
};

void write_line(int to, const Json& line) {
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  (void)!::write(to, text.data(), text.size());
}

/// Away from the terminal; what goes wrong later is in the lab's log.
void detach(const LabPaths& paths) {
  ::setsid();
  ::umask(0077);
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const Descriptor log(
      ::open(paths.log().c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  ::dup2(null.number(), STDIN_FILENO);
  ::dup2(log ? log.number() : null.number(), STDOUT_FILENO);
  ::dup2(log ? log.number() : null.number(), STDERR_FILENO);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
}

/// The supervisor, before it is one: who it is there depends on its keeper. Both remove the
/// directory in the end, as each may have been killed.
int supervise(SupervisorStart start, LabClaim& claim, const Descriptor& go) {
  set_process_title("smolstack: " + start.lab.name);
  // A signal that came before anybody listens would be lost: we are the first process here.
  block_ending_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  char mapped = 0;
  if (::read(go.number(), &mapped, 1) != 1) return 2;  // the keeper has gone
  const int exit = run_supervisor(std::move(start));
  claim.remove();
  return exit;
}

/// Root needs no user namespace, unless a container withholds the rest from it.
Expected<Child, Error> fork_supervisor(const std::function<int()>& body, bool& has_users) {
  constexpr int inside = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC;
  has_users = ::geteuid() != 0;
  if (!has_users) {
    auto child = fork_into(inside, body);
    if (child || child.error().code != std::errc::operation_not_permitted) return child;
    has_users = true;
  }
  return fork_into(inside | CLONE_NEWUSER, body);
}

std::string why_no_namespaces(const Error& error) {
  return error.message() + "; `smolstack doctor` says what is in the way and what mends it";
}

/// The keeper. Returns its exit code.
int keep(LabClaim claim, const topology::Lab& lab, const std::string& stage, Descriptor progress) {
  set_process_title("smolstack: keeper of " + lab.name);
  detach(claim.paths());
  close_all_but({claim.lock(), progress.number()});
  auto go = make_pipe();
  const int told = progress.number();
  bool has_users = false;
  Expected<Child, Error> child = unexpected(Error{});
  if (go)
    child = fork_supervisor(
        [&] {
          go->writer.close();
          return supervise({lab, stage, claim.paths(), std::move(progress)}, claim, go->reader);
        },
        has_users);
  Expected<void, Error> ready;
  if (!go || !child)
    ready = unexpected(go ? child.error() : go.error());
  else if (has_users)
    ready = map_users(child->pid);
  if (!ready) {
    write_line(told, {{"failed", why_no_namespaces(ready.error())}});
    go->writer.close();
  } else {
    (void)!::write(go->writer.number(), "+", 1);
  }
  progress.close();
  if (child) (void)reap(*child);
  claim.remove();
  return 0;
}

/// Reads what the supervisor says until it has said how it ended. A lab that nobody has thanked for
/// coming up goes again.
Expected<LabUp, std::string> follow(const Descriptor& progress, Interrupts& interrupts,
                                    const OnProgress& on_progress) {
  std::string input;
  for (std::array<char, 4096> buffer;;) {
    if (!interrupts.wait_for(progress)) return unexpected(std::string("interrupted"));
    const auto size = ::read(progress.number(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0)
      return unexpected(std::string("the lab's first process ended before the lab was up"));
    input.append(buffer.data(), static_cast<std::size_t>(size));
    for (auto end = input.find('\n'); end != input.npos; end = input.find('\n')) {
      const Json news = Json::parse(input.substr(0, end), nullptr, false);
      input.erase(0, end + 1);
      if (!news.is_object()) continue;
      if (news.contains("failed")) return unexpected(news.value("failed", std::string()));
      if (news.contains("up")) {
        (void)!::write(progress.number(), "+", 1);
        return LabUp{news.value("problems", std::vector<std::string>())};
      }
      on_progress(news.value("ready", std::size_t{0}), news.value("of", std::size_t{0}));
    }
  }
}

std::string cannot_claim(const topology::Lab& lab, const Error& error) {
  if (error.code != std::errc::device_or_resource_busy) return error.message();
  return "lab " + lab.name + " runs already; `smolstack down " + lab.name +
         "` ends it, `smolstack restart` reads its files anew";
}

/// Is it up, and stays so?
bool is_up(const LabPaths& paths) {
  auto client = control::Client::connect(paths.socket().native());
  if (!client) return false;
  bool up = false;
  (void)client->run("info", {}, [&](const Json& row) { up = row.value("up", false); });
  return up;
}

/// A lab that is just coming up or ending, as after the death of its keeper, is waited for.
Expected<LabClaim, Error> claim_lab(const LabPaths& paths) {
  const auto end = Clock::now() + std::chrono::milliseconds(longest_farewell_ms);
  for (;;) {
    auto claim = LabClaim::take(paths);
    if (claim || claim.error().code != std::errc::device_or_resource_busy) return claim;
    if (is_up(paths) || Clock::now() >= end) return claim;
  }
}

}  // namespace

Expected<LabUp, std::string> bring_up(const topology::Lab& lab, const std::string& stage,
                                      const OnProgress& on_progress) {
  auto claim = claim_lab(LabPaths::of(lab.name));
  if (!claim) return unexpected(cannot_claim(lab, claim.error()));
  const LabPaths paths = claim->paths();
  auto progress = make_socket_pair();
  if (!progress) return unexpected(progress.error().message());
  Interrupts interrupts;
  // Not vfork, nor a thread: the keeper goes on with what it has read.
  const pid_t keeper = ::fork();
  if (keeper < 0) return unexpected(std::string("making the lab's keeper: no process to be had"));
  if (keeper == 0) {
    interrupts.let_strike();
    progress->reader.close();
    ::_exit(keep(std::move(*claim), lab, stage, std::move(progress->writer)));
  }
  progress->writer.close();
  { const LabClaim ours = std::move(*claim); }  // the lock is theirs now
  auto up = follow(progress->reader, interrupts, on_progress);
  if (up) return up;
  progress->reader.close();
  (void)wait_until_gone(paths, longest_farewell_ms);
  // If its processes were killed, nobody has cleared up.
  if (auto dead = LabClaim::take(paths)) dead->remove();
  return up;
}

}  // namespace smolstack::lab
