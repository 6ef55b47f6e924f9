#include "smolstack/lab/running_lab.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "smolstack/control/client.hpp"

namespace smolstack::lab {
namespace {

using control::Json;
using control::Outcome;
using io::Descriptor;
namespace exit_code = control::exit_code;

/// A lab takes its leave in a moment; one that hangs is ended by its supervisor after a second.
constexpr int longest_farewell_ms = 5000;
/// A lab that is just coming up cannot be asked yet.
constexpr std::chrono::seconds longest_try{10};
constexpr int try_again_ms = 20;

/// A process of its own session, so that Ctrl-C does not reach it, and without our output, so that
/// nobody waits for its end who reads ours.
void step_aside(const Descriptor& alive) {
  ::setsid();
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::dup2(null.number(), standard);
  close_all_but({alive.number()});
}

int guard(const LabPaths& paths, const Descriptor& alive) {
  step_aside(alive);
  char released = 0;
  ssize_t size = 0;
  while ((size = ::read(alive.number(), &released, 1)) < 0 && errno == EINTR) continue;
  if (size == 1) return exit_code::done;
  const auto end = std::chrono::steady_clock::now() + longest_try;
  while (is_running(paths)) {
    if (take_down(paths).exit == exit_code::done) return exit_code::done;
    if (std::chrono::steady_clock::now() >= end) return exit_code::no;
    (void)::poll(nullptr, 0, try_again_ms);
  }
  return exit_code::done;
}

}  // namespace

Expected<RunningLab, Outcome> info_of(const LabPaths& paths) {
  auto client = control::Client::connect(paths.socket().native());
  if (!client) return unexpected(client.error());
  Json info;
  Outcome told = client->run("info", {}, [&](const Json& row) { info = row; });
  if (told.exit != exit_code::done) return unexpected(told);
  if (!info.is_object())
    return unexpected(
        Outcome{exit_code::wrong, "lab " + paths.name() + " does not say what it is"});
  return RunningLab{info.value("file", ""), info.value("stage", "")};
}

Outcome take_down(const LabPaths& paths) {
  auto client = control::Client::connect(paths.socket().native());
  if (!client) return client.error();
  Outcome told = client->run("down", {}, [](const Json&) {});
  if (told.exit != exit_code::done) return told;
  if (wait_until_gone(paths, longest_farewell_ms)) return {};
  return {exit_code::wrong, "lab " + paths.name() + " does not end; see " + paths.log().native()};
}

Expected<LabGuard, Error> LabGuard::set(const LabPaths& paths) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(errno, "making a pipe");
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  auto child = fork_into(0, [&] { return guard(paths, reader); });
  if (!child) return unexpected(child.error());
  return LabGuard(std::move(writer), std::move(*child));
}

LabGuard::~LabGuard() {
  alive_.close();
  if (guard_.pid > 0 && guard_.pidfd) (void)reap(guard_);
}

void LabGuard::release() {
  (void)!::write(alive_.number(), "-", 1);
}

}  // namespace smolstack::lab
