#include "smolstack/lab/command_runner.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "smolstack/lab/argument_vector.hpp"

namespace smolstack::lab {
namespace {

constexpr std::size_t longest_output = 600;
constexpr int deepest_family = 8;

off_t log_size() {
  struct stat status {};
  return ::fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
}

/// What was written to our log from `began` on, its end if it is long.
std::string log_since(off_t began) {
  const off_t end = log_size();
  const off_t from = std::max(began, end - static_cast<off_t>(longest_output));
  std::string text(static_cast<std::size_t>(std::max<off_t>(end - from, 0)), '\0');
  const std::string path = "/proc/self/fd/" + std::to_string(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const auto size = ::pread(file, text.data(), text.size(), from);
  ::close(file);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

/// posix_spawn's two objects, for a program of a session of its own with nothing blocked.
class SpawnRules {
 public:
  explicit SpawnRules(const std::filesystem::path& directory) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, STDERR_FILENO, STDOUT_FILENO);
    ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnRules() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnRules(const SpawnRules&) = delete;
  SpawnRules& operator=(const SpawnRules&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

pid_t first_child_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream children("/proc/" + number + "/task/" + number + "/children");
  pid_t child = 0;
  return children >> child ? child : 0;
}

std::string program_of(pid_t pid) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return name;
}

}  // namespace

CommandRunner::CommandRunner(boost::asio::io_context& context, std::vector<std::string> environment,
                             std::filesystem::path directory)
    : signals_(context, SIGCHLD),
      environment_(std::move(environment)),
      directory_(std::move(directory)) {
  wait_for_child();
}

pid_t CommandRunner::start(const std::vector<std::string>& words, OnEnd on_end) {
  const SpawnRules rules(directory_);
  const auto argv = argument_vector(words);
  const auto environment = argument_vector(environment_);
  const off_t log_began = log_size();
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv[0], rules.actions(), rules.attributes(), argv.data(),
                                   environment.data());
  if (error != 0) {
    on_end({127, words.front() + ": " + std::generic_category().message(error)});
    return 0;
  }
  jobs_.emplace(pid, Job{std::move(on_end), log_began});
  return pid;
}

void CommandRunner::wait_for_child() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    wait_for_child();
    reap_all();
  });
}

void CommandRunner::reap_all() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) end(pid, status);
}

void CommandRunner::end(pid_t pid, int status) {
  const auto job = jobs_.extract(pid);
  if (job.empty()) return;  // somebody's orphan
  const int exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  job.mapped().on_end({exit, log_since(job.mapped().log_began)});
}

bool has_settled(pid_t pid) {
  for (int depth = 0; pid != 0 && depth < deepest_family; ++depth) {
    const std::string name = program_of(pid);
    if (name == "sleep" || name == "tail") return true;
    pid = first_child_of(pid);
  }
  return false;
}

}  // namespace smolstack::lab
