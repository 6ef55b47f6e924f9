#include "wire/kit/machine.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/support/frame.hpp"
#include "smolstack/lab/argument_vector.hpp"
#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack::test {
namespace {

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "wire: %s\n", what.c_str());
  std::_Exit(2);
}

/// Runs a shell command; its status, and what it printed.
std::pair<int, std::string> shell(const std::string& command) {
  std::string text;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) give_up("no shell for: " + command);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  return {::pclose(pipe), text};
}

std::string mac_of(const Link& link) {
  return to_string(default_mac(parse_ipv4_subnet(link.address).value().address));
}

/// A process that dies with this one.
template <class Body>
pid_t fork_child(Body body) {
  const pid_t pid = ::fork();
  if (pid < 0) give_up(std::string("making a process: ") + std::strerror(errno));
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  body();
  ::_exit(127);
}

/// The next test's machine wants the names. Some may have gone with a namespace.
void remove_wires(const Wiring& wiring) {
  for (std::size_t i = 0; i < wiring.links.size(); ++i) (void)shell("ip link del " + wire_name(i));
}

class Process {
 public:
  explicit Process(pid_t pid) : pid_(pid) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { end_by(SIGKILL); }

  pid_t pid() const { return pid_; }
  bool alive() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return !ended_;
  }
  int end_by(int signal) {
    if (ended_) return status_;
    ::kill(pid_, signal);
    ::waitpid(pid_, &status_, 0);
    ended_ = true;
    return status_;
  }

 private:
  pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
};

// --- smolstack ---------------------------------------------------------------------------------

/// The program under test, as ctest names it.
std::string program() {
  const char* const path = std::getenv("SMOLSTACK");
  if (path == nullptr || ::access(path, X_OK) != 0)
    give_up("$SMOLSTACK must be the program under test");
  return path;
}

class SmolMachine : public Machine {
 public:
  explicit SmolMachine(const Wiring& wiring) : wiring_(wiring), program_(program()) {
    for (std::size_t i = 0; i < wiring.links.size(); ++i) {
      const std::string wire = wire_name(i);
      must_run("ip tuntap add dev " + wire + " mode tap && ip link set " + wire +
               " txqueuelen 20000 mtu " + std::to_string(wiring.links[i].mtu) + " up");
    }
  }

  ~SmolMachine() override { remove_wires(wiring_); }

  void start() override {
    const auto words = command_line();
    const auto arguments = lab::argument_vector(words);
    process_.emplace(fork_child([&] { ::execv(arguments[0], arguments.data()); }));
  }
  bool alive() override { return process_ && process_->alive(); }
  // proc(5): the second number is what lies in memory, in pages.
  std::size_t memory() override {
    std::ifstream file("/proc/" + std::to_string(process_->pid()) + "/statm");
    std::size_t pages = 0;
    file >> pages >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  }
  std::string run(const std::string& command) override {
    const auto verb_end = command.find(' ');
    return must_run(program_ + " " + command.substr(0, verb_end) + " " + socket() +
                    command.substr(verb_end));
  }
  std::string stop() override {
    const int status = process_->end_by(SIGTERM);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFSIGNALED(status)) return "it died of signal " + std::to_string(WTERMSIG(status));
    return "it ended with exit code " + std::to_string(WEXITSTATUS(status));
  }

 private:
  static std::string socket() { return "/run/machine.control"; }
  std::vector<std::string> command_line() const {
    std::vector<std::string> words{program_, wiring_.role == Role::router ? "router" : "node"};
    const auto add = [&](std::initializer_list<std::string> more) {
      words.insert(words.end(), more);
    };
    add({"--name", "machine", "--control", socket(), "--log-level", "warning"});
    for (const std::string& route : wiring_.routes) add({"--route", route});
    for (std::size_t i = 0; i < wiring_.links.size(); ++i)
      add({"--tap", wire_name(i), "--ifname", "eth" + std::to_string(i), "--ip",
           wiring_.links[i].address, "--mtu", std::to_string(wiring_.links[i].mtu)});
    return words;
  }
  Wiring wiring_;
  std::string program_;
  std::optional<Process> process_;
};

// --- the kernel --------------------------------------------------------------------------------

/// A process that holds a network namespace until it is killed; it is there when this returns.
pid_t hold_namespace() {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) give_up("making a pipe");
  const pid_t pid = fork_child([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    (void)!::write(pipe[1], "", 1);
    for (;;) ::pause();
  });
  ::close(pipe[1]);
  char ready = 0;
  if (::read(pipe[0], &ready, 1) != 1) give_up("making a network namespace");
  ::close(pipe[0]);
  return pid;
}

class KernelMachine : public Machine {
 public:
  explicit KernelMachine(const Wiring& wiring) : wiring_(wiring), process_(hold_namespace()) {
    run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    for (std::size_t i = 0; i < wiring.links.size(); ++i) {
      const std::string mtu = " mtu " + std::to_string(wiring.links[i].mtu);
      must_run("ip link add " + wire_name(i) + mtu + " type veth peer name eth" +
               std::to_string(i) + mtu + " address " + mac_of(wiring.links[i]) + " netns " +
               std::to_string(process_.pid()) + " && ip link set " + wire_name(i) + " up");
    }
  }

  ~KernelMachine() override { remove_wires(wiring_); }

  // Limits of rate are left to the tests that are about them: the kernel lets through one error a
  // second for each destination.
  void start() override {
    const std::string forward = wiring_.role == Role::router ? "1" : "0";
    run("sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv4.ip_forward=" + forward);
    run("ip link set lo up");
    for (std::size_t i = 0; i < wiring_.links.size(); ++i) {
      const std::string device = " dev eth" + std::to_string(i);
      run("ip addr add " + wiring_.links[i].address + " brd +" + device);
      run("ip link set" + device + " up");
      // News of a neighbour count at once, not only a second after the last.
      run("sysctl -qw net.ipv4.neigh.eth" + std::to_string(i) + ".locktime=0");
    }
    for (const std::string& route : wiring_.routes) run("ip route add " + route);
  }
  bool alive() override { return process_.alive(); }
  std::size_t memory() override {
    const std::string text = run("cat /proc/net/sockstat");  // "FRAG: inuse 0 memory 0"
    const auto at = text.find("memory ", text.find("FRAG:"));
    return std::stoul(text.substr(at + std::string_view("memory ").size()));
  }
  std::string run(const std::string& command) override {
    return must_run("nsenter -n -t " + std::to_string(process_.pid()) + " " + command);
  }
  std::string stop() override {
    process_.end_by(SIGKILL);
    return {};
  }

 private:
  Wiring wiring_;
  Process process_;
};

}  // namespace

bool testing_kernel() {
  const char* const target = std::getenv("SMOL_WIRE_TARGET");
  return target != nullptr && std::string(target) == "kernel";
}

void stay_on_one_processor() {
  cpu_set_t all;
  CPU_ZERO(&all);
  if (::sched_getaffinity(0, sizeof all, &all) != 0) return;
  auto which = static_cast<int>(::getpid()) % CPU_COUNT(&all);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all) || which-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)::sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

std::unique_ptr<Machine> Machine::make(const Wiring& wiring) {
  if (testing_kernel()) return std::make_unique<KernelMachine>(wiring);
  return std::make_unique<SmolMachine>(wiring);
}

std::string must_run(const std::string& command) {
  const auto [status, text] = shell(command);
  if (status != 0) give_up(command + ": " + text);
  return text;
}

}  // namespace smolstack::test
