#include "smolstack/lab/run_many.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <list>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace smolstack::lab {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A program that was told to end has so long to do it.
constexpr milliseconds grace{2000};
/// The machine of a program that was killed with it ends at most so much later.
constexpr milliseconds machines_end{250};

/// Signals of the terminal and of whoever wants us to end, as a descriptor.
class Signals {
 public:
  Signals() {
    sigset_t taken;
    sigemptyset(&taken);
    for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) sigaddset(&taken, signal);
    ::sigprocmask(SIG_BLOCK, &taken, &before_);
    descriptor_ = Descriptor(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  const sigset_t& before() const { return before_; }
  int descriptor() const { return descriptor_.number(); }
  /// The signal that came, or 0.
  int take() const {
    signalfd_siginfo info{};
    const bool came = ::read(descriptor_.number(), &info, sizeof info) == sizeof info;
    return came ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  sigset_t before_{};
  Descriptor descriptor_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Expected<Pipe, Error> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(errno, "making a pipe");
  // Ours does not block; the program's does, as programs expect.
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

struct Running {
  std::size_t job = 0;
  Program program;
  Descriptor out;
  Descriptor err;
  std::optional<Clock::time_point> until;
  bool timed_out = false;

  void signal(int number) const { ::kill(-program.pid, number); }
};

Expected<Running, Error> start(std::size_t number, const Job& job, const sigset_t& signals) {
  auto out = make_pipe(), err = make_pipe();
  if (!out || !err) return unexpected(out ? err.error() : out.error());
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing) return failed(errno, "opening /dev/null");
  auto program = start_inside(job.machine, job.words,
                              {.in = nothing.number(),
                               .out = out->write.number(),
                               .err = err->write.number(),
                               .own_group = true,
                               .signals = signals});
  if (!program) return unexpected(program.error());
  return Running{number, std::move(*program), std::move(out->read), std::move(err->read), {}};
}

class Loop {
 public:
  Loop(const std::vector<Job>& jobs, const RunMany& how, const JobEvents& events)
      : jobs_(jobs), how_(how), events_(events) {}

  int run() {
    for (;;) {
      start_more();
      if (running_.empty()) return interrupted_by_;
      wait();
      if (const int signal = signals_.take(); signal != 0) hand_on(signal);
      running_.remove_if([this](Running& each) { return serve(each); });
    }
  }

 private:
  void start_more() {
    for (; next_ < jobs_.size() && running_.size() < std::max<std::size_t>(how_.at_once, 1);
         ++next_)
      start_one(next_);
  }

  void start_one(std::size_t number) {
    if (interrupted_by_ != 0)
      return events_.on_end(number, exit_code::ours, "interrupted before it began");
    auto started = start(number, jobs_[number], signals_.before());
    if (!started) return events_.on_end(number, exit_code::ours, started.error().message());
    if (how_.timeout) started->until = Clock::now() + *how_.timeout;
    running_.push_back(std::move(*started));
  }

  void wait() const {
    std::vector<pollfd> ready{{signals_.descriptor(), POLLIN, 0}};
    for (const Running& each : running_)
      for (const Descriptor* from : {&each.program.ended, &each.out, &each.err})
        ready.push_back({from->number(), POLLIN, 0});
    (void)::poll(ready.data(), ready.size(), longest_wait());
  }

  /// In milliseconds, rounded up; -1: for ever.
  int longest_wait() const {
    std::optional<Clock::time_point> first;
    for (const Running& each : running_)
      if (each.until && (!first || *each.until < *first)) first = each.until;
    if (!first) return -1;
    const auto left = std::chrono::ceil<milliseconds>(*first - Clock::now());
    return static_cast<int>(std::clamp<long>(left.count(), 0, 60'000));
  }

  void hand_on(int signal) {
    if (interrupted_by_ == 0) interrupted_by_ = signal;
    for (const Running& each : running_) each.signal(signal);
  }

  /// True: it has ended. What it wrote before lies in the pipes then; children of its own that
  /// live on are not waited for.
  bool serve(Running& each) {
    int status = 0;
    const bool ended = ::waitpid(each.program.pid, &status, WNOHANG) == each.program.pid;
    drain(each, each.out, Stream::out, ended);
    drain(each, each.err, Stream::err, ended);
    if (ended) finish(each, status);
    if (!ended && each.until && Clock::now() >= *each.until) time_is_up(each);
    return ended;
  }

  /// One piece, so that nobody who writes without end keeps us from the others; all there is, up to
  /// what a pipe can hold, when it has ended.
  void drain(const Running& each, Descriptor& from, Stream stream, bool everything) {
    std::array<char, 65536> buffer;
    constexpr int most_pieces = 16;  // a pipe of a megabyte, pipe(7)
    for (int piece = 0; from && (piece == 0 || everything) && piece < most_pieces; ++piece) {
      const auto size = ::read(from.number(), buffer.data(), buffer.size());
      if (size > 0)
        events_.on_output(each.job, stream, {buffer.data(), static_cast<std::size_t>(size)});
      else if (size == 0)
        from.close();
      else if (errno != EINTR)
        return;
    }
  }

  void time_is_up(Running& each) {
    each.signal(each.timed_out ? SIGKILL : SIGTERM);
    each.timed_out = true;
    each.until = Clock::now() + grace;
  }

  void finish(const Running& each, int status) {
    if (each.timed_out) return events_.on_end(each.job, exit_code::timed_out, "");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && machine_ended(each))
      return events_.on_end(each.job, exit_code::ours, "the machine ended while it ran");
    events_.on_end(each.job, exit_code_of(status), "");
  }

  static bool machine_ended(const Running& each) {
    pollfd ready{each.program.machine_ended.number(), POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(machines_end.count())) == 1;
  }

  const std::vector<Job>& jobs_;
  const RunMany& how_;
  const JobEvents& events_;
  const Signals signals_;
  std::list<Running> running_;
  std::size_t next_ = 0;
  int interrupted_by_ = 0;
};

}  // namespace

int run_many(const std::vector<Job>& jobs, const RunMany& how, const JobEvents& events) {
  return Loop(jobs, how, events).run();
}

}  // namespace smolstack::lab
