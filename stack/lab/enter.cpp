#include "smolstack/lab/enter.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <poll.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace smolstack::lab {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A program that was told to end has so long to do it.
constexpr milliseconds grace{2000};
/// The machine of a program that was killed with it ends at most so much later.
constexpr milliseconds machines_end{250};

/// While it lives, these signals wait to be taken rather than strike.
class Signals {
 public:
  Signals() {
    sigemptyset(&taken_);
    for (const int signal : {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP}) sigaddset(&taken_, signal);
    ::sigprocmask(SIG_BLOCK, &taken_, &before_);
  }
  ~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  const sigset_t& before() const { return before_; }

  /// The next one; its number is 0 when none came by then.
  siginfo_t take(const std::optional<Clock::time_point>& until) const {
    siginfo_t info{};
    if (!until) {
      ::sigwaitinfo(&taken_, &info);
      return info;
    }
    const auto left = std::max(Clock::duration(0), *until - Clock::now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec wait{seconds.count(), (left - seconds).count()};
    if (::sigtimedwait(&taken_, &info, &wait) < 0) info.si_signo = 0;
    return info;
  }

 private:
  sigset_t taken_{};
  sigset_t before_{};
};

/// Our terminal: lent to the program, taken back in the state in which it was.
class Terminal {
 public:
  Terminal() : ours_(::tcgetpgrp(STDIN_FILENO) == ::getpgrp()) {
    if (ours_) ours_ = ::tcgetattr(STDIN_FILENO, &state_) == 0;
  }

  bool is_ours() const { return ours_; }
  /// The terminal's jobs are process groups; a shell puts itself into one of its own.
  void give_to(pid_t program) const {
    if (ours_ && ::getpgid(program) != ::getpgrp()) give(::getpgid(program));
  }
  void take_back(bool restore_state) const {
    if (!ours_) return;
    if (::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) give(::getpgrp());
    if (restore_state) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &state_);
  }

 private:
  /// From the background this brings SIGTTOU, unless it is blocked.
  static void give(pid_t group) {
    sigset_t tty_output, before;
    sigemptyset(&tty_output);
    sigaddset(&tty_output, SIGTTOU);
    ::sigprocmask(SIG_BLOCK, &tty_output, &before);
    ::tcsetpgrp(STDIN_FILENO, group);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
  }

  bool ours_;
  termios state_{};
};

/// Waits for one program, and handles what comes meanwhile.
class Watch {
 public:
  Watch(const Program& program, bool own_group, const Signals& signals, const Terminal& terminal)
      : program_(program), own_group_(own_group), signals_(signals), terminal_(terminal) {}

  /// The exit code.
  int until_end(const std::optional<milliseconds>& timeout) {
    if (timeout) until_ = Clock::now() + *timeout;
    for (;;) {
      const siginfo_t info = signals_.take(until_);
      if (info.si_signo == 0 && until_ && Clock::now() >= *until_) time_is_up();
      if (info.si_signo == SIGCHLD) {
        if (look()) return timed_out_ ? exit_code::timed_out : exit_code_of(status_);
      } else if (info.si_signo != 0) {
        hand_on(info);
      }
    }
  }

  bool was_killed() const { return WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL; }
  bool ended_by_signal() const { return WIFSIGNALED(status_); }

 private:
  void signal(int number) const { ::kill(own_group_ ? -program_.pid : program_.pid, number); }

  void time_is_up() {
    signal(timed_out_ ? SIGKILL : SIGTERM);
    until_ = Clock::now() + grace;
    timed_out_ = true;
  }

  /// What the terminal sent to the group, the program got as we did.
  void hand_on(const siginfo_t& info) const {
    if (own_group_ || info.si_code != SI_KERNEL) signal(info.si_signo);
  }

  /// True: it has ended.
  bool look() {
    for (;;) {
      const pid_t changed = ::waitpid(program_.pid, &status_, WNOHANG | WUNTRACED);
      if (changed < 0 && errno == EINTR) continue;
      if (changed != program_.pid) return false;
      if (!WIFSTOPPED(status_)) return true;
      stop_too();
    }
  }

  /// `suspend` in a shell there suspends us here. Of Ctrl-Z we get a SIGTSTP of our own.
  void stop_too() const {
    const bool shares_group = ::getpgid(program_.pid) == ::getpgrp();
    if (!terminal_.is_ours() || (shares_group && WSTOPSIG(status_) == SIGTSTP)) return;
    terminal_.take_back(false);
    ::raise(SIGSTOP);
    terminal_.give_to(program_.pid);
    signal(SIGCONT);
  }

  const Program& program_;
  bool own_group_;
  const Signals& signals_;
  const Terminal& terminal_;
  std::optional<Clock::time_point> until_;
  bool timed_out_ = false;
  int status_ = 0;
};

bool becomes_readable(const Descriptor& descriptor, milliseconds within) {
  pollfd ready{descriptor.number(), POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(within.count())) == 1;
}

std::string what_runs(const Words& words) {
  return words.empty() ? "a shell" : "`" + words.front() + "`";
}

}  // namespace

Expected<int, Error> enter_and_run(const Enter& how) {
  const Terminal terminal;
  const Signals signals;
  const bool own_group = !terminal.is_ours();
  const Plumbing plumbing{.own_group = own_group, .signals = signals.before()};
  const auto program = start_inside(how.machine, how.words, plumbing);
  if (!program) return unexpected(program.error());
  Watch watch(*program, own_group, signals, terminal);
  const int exit = watch.until_end(how.timeout);
  terminal.take_back(watch.ended_by_signal());
  if (watch.was_killed() && becomes_readable(program->machine_ended, machines_end))
    return failed(ESRCH, how.machine.name + " ended while " + what_runs(how.words) + " ran on it");
  return exit;
}

}  // namespace smolstack::lab
