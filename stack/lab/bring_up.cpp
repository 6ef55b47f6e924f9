#include "smolstack/lab/bring_up.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "smolstack/control/command.hpp"
#include "smolstack/lab/lab_directory.hpp"
#include "smolstack/lab/namespaces.hpp"
#include "smolstack/lab/supervisor.hpp"

namespace smolstack::lab {
namespace {

using control::Json;
using io::Descriptor;

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

Expected<Pipe, Error> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(errno, "making a pipe");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

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

/// Reads what the supervisor says until it has said how it ended.
Expected<LabUp, std::string> follow(const Descriptor& progress, const OnProgress& on_progress) {
  std::string input;
  for (std::array<char, 4096> buffer;;) {
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
      if (news.contains("up")) return LabUp{news.value("problems", std::vector<std::string>())};
      on_progress(news.value("ready", std::size_t{0}), news.value("of", std::size_t{0}));
    }
  }
}

std::string cannot_claim(const topology::Lab& lab, const Error& error) {
  if (error.code != std::errc::device_or_resource_busy) return error.message();
  return "lab " + lab.name + " runs already; `smolstack down " + lab.name +
         "` ends it, `smolstack restart` reads its files anew";
}

}  // namespace

Expected<LabUp, std::string> bring_up(const topology::Lab& lab, const std::string& stage,
                                      const OnProgress& on_progress) {
  auto claim = LabClaim::take(LabPaths::of(lab.name));
  if (!claim) return unexpected(cannot_claim(lab, claim.error()));
  const LabPaths paths = claim->paths();
  auto progress = make_pipe();
  if (!progress) return unexpected(progress.error().message());
  // Not vfork, nor a thread: the keeper goes on with what it has read.
  const pid_t keeper = ::fork();
  if (keeper < 0) return unexpected(std::string("making the lab's keeper: no process to be had"));
  if (keeper == 0) {
    progress->reader.close();
    ::_exit(keep(std::move(*claim), lab, stage, std::move(progress->writer)));
  }
  progress->writer.close();
  { const LabClaim ours = std::move(*claim); }  // the lock is theirs now
  auto up = follow(progress->reader, on_progress);
  if (!up) (void)wait_until_gone(paths, 2000);
  return up;
}

}  // namespace smolstack::lab
