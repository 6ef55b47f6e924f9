#include "smolstack/lab/start.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "smolstack/lab/argument_vector.hpp"
#include "smolstack/lab/one_user.hpp"
#include "smolstack/lab/surroundings.hpp"

// What happens, and in whose hands:
//   ours     opens the machine's process, forks the usher and reads what becomes of it
//   usher    joins the namespaces, makes the program (a child of *ours*: CLONE_PARENT), ends
//   program  is in the PID namespace too, since it was made after the joining; becomes the words

namespace smolstack::lab {
namespace {

struct Namespace {
  const char* name;
  int flag;
};
constexpr auto namespaces = std::to_array<Namespace>({{"user", CLONE_NEWUSER},
                                                      {"mnt", CLONE_NEWNS},
                                                      {"net", CLONE_NEWNET},
                                                      {"pid", CLONE_NEWPID},
                                                      {"uts", CLONE_NEWUTS},
                                                      {"ipc", CLONE_NEWIPC}});

/// From usher and program: the one's pid, or what went wrong. Short enough to be written at once.
struct Report {
  pid_t program = 0;
  int error = 0;
  std::array<char, 48> doing{};
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Expected<Pipe, Error> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(errno, "making a pipe");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Expected<Descriptor, Error> open_process(pid_t pid, const std::string& doing) {
  Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return failed(errno, doing);
  return process;
}

/// user, mnt ... of the process that are not ours too. Joining one's own user namespace is an
/// error, setns(2).
Expected<int, Error> foreign_namespaces(pid_t pid, const std::string& doing) {
  int flags = 0;
  for (const auto& [name, flag] : namespaces) {
    struct stat ours {
    }, theirs{};
    const std::string there = "/proc/" + std::to_string(pid) + "/ns/" + name;
    if (::stat(there.c_str(), &theirs) != 0) return failed(errno, doing);
    if (::stat((std::string("/proc/self/ns/") + name).c_str(), &ours) != 0)
      return failed(errno, doing);
    if (ours.st_ino != theirs.st_ino) flags |= flag;
  }
  return flags;
}

std::string working_directory() {
  std::array<char, 4096> path{};
  return ::getcwd(path.data(), path.size()) == nullptr ? "" : path.data();
}

/// execvp(3) says "permission denied" of a program that it found nowhere, if it was not let into
/// one of the directories. A name with a slash is not looked for.
bool is_in_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return true;
  const char* const path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "" : path);
  const int met = errno;
  bool found = false;
  for (std::string directory; !found && std::getline(directories, directory, ':');)
    found = ::access(directory.append("/").append(program).c_str(), F_OK) == 0;
  errno = met;
  return found;
}

/// The side of usher and program: everything here ends in exec or _exit.
class Inside {
 public:
  Inside(const Target& machine, const Words& words, const Plumbing& plumbing, int report)
      : machine_(machine), words_(words), plumbing_(plumbing), report_(report) {}

  [[noreturn]] void usher(int process, int flags) {
    const std::string directory = working_directory();
    if (::setns(process, flags) != 0) give_up("joining the namespaces");
    // A bare clone(2), since fork(2) cannot give the child to our own parent.
    const long made = ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (made < 0) give_up("starting a process");
    if (made == 0) become_program(directory);
    tell({static_cast<pid_t>(made), 0, {}});
    ::_exit(0);
  }

 private:
  [[noreturn]] void become_program(const std::string& directory) {
    become_root();
    if (plumbing_.own_group) ::setpgid(0, 0);
    // Whoever waits for us must not leave us behind when it is killed.
    ::prctl(PR_SET_PDEATHSIG, plumbing_.own_group ? SIGKILL : SIGHUP);
    if (!connect_streams()) give_up("connecting its streams");
    // Without the filter all but tcpdump and its like run well.
    if (has_one_user()) (void)pretend_to_change_users();
    go_to(directory);
    set_up_environment();
    ::sigprocmask(SIG_SETMASK, &plumbing_.signals, nullptr);
    become_words();
  }

  /// The one who joined is root only if the namespace's root is.
  void become_root() {
    if (::geteuid() == 0 && ::getegid() == 0) return;
    ::setgroups(0, nullptr);  // refused in a namespace of one user, which has no others to drop
    if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) give_up("becoming root of it");
  }

  bool connect_streams() {
    // Above 2, so that none overwrites another one's source.
    std::array<int, 3> from{plumbing_.in, plumbing_.out, plumbing_.err};
    for (int& number : from)
      if (number = ::fcntl(number, F_DUPFD_CLOEXEC, 3); number < 0) return false;
    for (int i = 0; i < 3; ++i)
      if (::dup2(from[static_cast<std::size_t>(i)], i) < 0) return false;
    return true;
  }

  [[noreturn]] void become_words() {
    if (words_.empty()) {
      become_shell();
      not_run("a shell");
    }
    const auto arguments = argument_vector(words_);
    ::execvp(arguments[0], arguments.data());
    not_run(words_.front());
  }

  [[noreturn]] void not_run(const std::string& what) {
    const bool absent = errno == ENOENT || (errno == EACCES && !is_in_path(what));
    const std::string why = absent ? "command not found" : std::strerror(errno);
    const std::string line = "smolstack: " + machine_.name + ": " + what + ": " + why + "\n";
    (void)!::write(STDERR_FILENO, line.data(), line.size());
    ::_exit(absent ? exit_code::not_found : exit_code::not_runnable);
  }

  [[noreturn]] void give_up(std::string_view doing) {
    Report report{0, errno, {}};
    doing.copy(report.doing.data(), report.doing.size() - 1);
    tell(report);
    ::_exit(exit_code::ours);
  }

  void tell(const Report& report) { (void)!::write(report_, &report, sizeof report); }

  const Target& machine_;
  const Words& words_;
  const Plumbing& plumbing_;
  int report_;
};

/// Until both have closed the pipe: the one ended, the other became another program.
Report hear(const Descriptor& pipe) {
  Report whole;
  for (;;) {
    Report report;
    const auto size = ::read(pipe.number(), &report, sizeof report);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof report) return whole;
    if (report.error == 0)
      whole.program = report.program;
    else
      whole = {whole.program, report.error, report.doing};
  }
}

void wait_for(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Expected<Program, Error> start_inside(const Target& machine, const Words& words,
                                      const Plumbing& plumbing) {
  const std::string doing = "entering " + machine.name;
  auto process = open_process(machine.pid, doing);
  if (!process) return unexpected(process.error());
  const auto flags = foreign_namespaces(machine.pid, doing);
  if (!flags) return unexpected(flags.error());
  if (*flags == 0)
    return failed(std::errc::invalid_argument,
                  doing + ", which shares every namespace with us and so is no machine of its own");
  auto pipe = make_pipe();
  if (!pipe) return unexpected(pipe.error());
  const pid_t usher = ::fork();
  if (usher < 0) return failed(errno, doing);
  if (usher == 0)
    Inside(machine, words, plumbing, pipe->write.number()).usher(process->number(), *flags);
  pipe->write.close();
  const Report report = hear(pipe->read);
  wait_for(usher);
  if (report.error != 0 || report.program == 0) {
    if (report.program != 0) wait_for(report.program);
    return failed(report.error == 0 ? ESRCH : report.error, doing + ", " + report.doing.data());
  }
  auto ended = open_process(report.program, doing);
  if (!ended) return unexpected(ended.error());
  return Program{report.program, std::move(*ended), std::move(*process)};
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace smolstack::lab
