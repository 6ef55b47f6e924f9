#include "smolstack/lab/supervisor.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lab_rows.hpp"
#include "machine_child.hpp"
#include "smolstack/control/local_socket.hpp"
#include "smolstack/control/server.hpp"
#include "smolstack/lab/log_keeper.hpp"
#include "smolstack/lab/machine_files.hpp"
#include "smolstack/lab/networks.hpp"
#include "smolstack/topology/lab_file.hpp"

namespace smolstack::lab {
namespace {

using boost::asio::posix::stream_descriptor;
using control::Json;
using control::Words;
using Result = Expected<void, Error>;

constexpr auto longest_farewell = std::chrono::milliseconds(1000);

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

/// Signals as a descriptor: asio's own handling would stay behind in every process that is forked.
int open_signals() {
  block_ending_signals();
  const sigset_t set = ending_signals();
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

class Supervisor final : public control::Commander {
 public:
  explicit Supervisor(SupervisorStart& start)
      : lab_(std::move(start.lab)),
        stage_(std::move(start.stage)),
        paths_(std::move(start.paths)),
        progress_(context_, start.progress.release()),
        signals_(context_, open_signals()),
        farewell_(context_),
        log_keeper_(context_, paths_.directory()) {}

  Result open(const std::shared_ptr<Supervisor>& self);
  void run() { context_.run(); }
  void say(const Json& news);

  std::unique_ptr<control::Running> start(std::string_view command, const Words& words,
                                          const std::shared_ptr<control::Reply>& reply) override;

 private:
  using Children = std::map<std::string, std::unique_ptr<MachineChild>, std::less<>>;
  /// A machine that somebody restarts.
  struct Restart {
    std::shared_ptr<control::Reply> reply;
    bool is_coming_up = false;  ///< the old process has ended
  };

  Result start_machine(const topology::Lab& lab, const topology::Machine& machine);
  void hear(MachineChild& child, const Json& message);
  void ended(MachineChild& child);
  void became_ready(MachineChild& child);
  void did(MachineChild& child, const Json& message);
  void all_ready();
  void all_did(const std::string& what);
  void came_up();
  void watch_up();
  void give_up(const std::string& why);

  void watch_signals();
  void take_down();
  void end_if_empty();

  void ps(control::Reply& reply);
  void info(control::Reply& reply);
  void snapshot(control::Reply& reply);
  void restart(const Words& words, const std::shared_ptr<control::Reply>& reply);
  void start_again(const std::string& name);
  void restart_failed(const std::string& name, const std::string& why);
  Expected<std::unique_ptr<topology::Lab>, std::string> reread_for(const std::string& name);

  topology::Lab lab_;
  std::string stage_;
  LabPaths paths_;
  boost::asio::io_context context_;
  stream_descriptor progress_;
  stream_descriptor signals_;
  boost::asio::steady_timer farewell_;
  LogKeeper log_keeper_;
  std::unique_ptr<control::Server> server_;
  Children children_;
  /// Descriptions that running machines refer to, of files that were read again since.
  std::map<std::string, std::unique_ptr<topology::Lab>, std::less<>> reread_;
  std::vector<std::string> problems_;
  std::map<std::string, Restart, std::less<>> restarting_;
  std::size_t waiting_for_ = 0;  ///< machines that have not done what all were told
  bool is_up_ = false;
  bool ending_ = false;
};

Result Supervisor::open(const std::shared_ptr<Supervisor>& self) {
  if (auto kept = keep_mounts_private(); !kept) return kept;
  if (auto mounted = mount_proc_and_sys(); !mounted) return mounted;
  if (auto made = make_networks(lab_); !made) return made;
  auto listener = control::LocalListener::claim(paths_.socket());
  if (!listener) return unexpected(listener.error());
  watch_signals();
  watch_up();
  for (const auto& machine : lab_.machines)
    if (auto started = start_machine(lab_, machine); !started) return started;
  server_ = std::make_unique<control::Server>(context_, self, std::move(*listener));
  if (lab_.machines.empty()) came_up();
  return {};
}

/// Whoever ran `up` may be gone; then nobody wants the lab that is not up yet.
void Supervisor::say(const Json& news) {
  if (!progress_.is_open()) return;
  const std::string line = news.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  if (::write(progress_.native_handle(), line.data(), line.size()) < 0 && !is_up_) take_down();
}

Result Supervisor::start_machine(const topology::Lab& lab, const topology::Machine& machine) {
  auto& child = children_[machine.name] = std::make_unique<MachineChild>(context_, machine);
  auto started = child->start(
      lab, paths_, [this](MachineChild& who, const Json& message) { hear(who, message); },
      [this](MachineChild& who) { ended(who); });
  if (!started) started.error().doing = "machine " + machine.name + ": " + started.error().doing;
  return started;
}

// --- Coming up -----------------------------------------------------------------------------------

void Supervisor::hear(MachineChild& child, const Json& message) {
  if (message.contains("ready")) became_ready(child);
  if (message.contains("failed")) child.failed_with(message.value("failed", ""));
  if (message.contains("done")) did(child, message);
}

void Supervisor::became_ready(MachineChild& child) {
  child.became_ready();
  if (restarting_.contains(child.machine().name)) return child.tell({{"do", "start"}});
  const auto ready = std::ranges::count_if(
      children_, [](const auto& c) { return c.second->state() == MachineState::running; });
  say({{"ready", ready}, {"of", children_.size()}});
  if (static_cast<std::size_t>(ready) == children_.size()) all_ready();
}

/// Scripts may well speak to other machines: they start when all of them are there.
void Supervisor::all_ready() {
  waiting_for_ = children_.size();
  for (const auto& [name, child] : children_) child->tell({{"do", "start"}});
}

void Supervisor::did(MachineChild& child, const Json& message) {
  const std::string what = message.value("done", "");
  const auto problems = message.value("problems", std::vector<std::string>());
  const auto restarting = restarting_.find(child.machine().name);
  if (restarting != restarting_.end()) {
    control::Reply& reply = *restarting->second.reply;
    for (const auto& problem : problems) reply.data({{"problem", problem}});
    if (what == "start") return child.tell({{"do", "stage"}, {"name", stage_}});
    reply.finish(control::exit_code::done);
    restarting_.erase(restarting);
    return;
  }
  problems_.insert(problems_.end(), problems.begin(), problems.end());
  if (waiting_for_ > 0 && --waiting_for_ == 0) all_did(what);
}

void Supervisor::all_did(const std::string& what) {
  if (what == "stage" || stage_.empty()) return came_up();
  waiting_for_ = children_.size();
  for (const auto& [name, child] : children_) child->tell({{"do", "stage"}, {"name", stage_}});
}

void Supervisor::came_up() {
  is_up_ = true;
  say({{"up", lab_.name}, {"problems", problems_}});
}

/// It ends in the middle by Ctrl-C, and in the end with a word of thanks.
void Supervisor::watch_up() {
  progress_.async_wait(stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (error) return;
                         char thanks = 0;
                         if (::read(progress_.native_handle(), &thanks, 1) != 1) take_down();
                         progress_.close();
                       });
}

/// A lab is up as a whole or not at all.
void Supervisor::give_up(const std::string& why) {
  if (ending_) return;
  say({{"failed", why}});
  take_down();
}

// --- While it runs -------------------------------------------------------------------------------

void Supervisor::ended(MachineChild& child) {
  const std::string& name = child.machine().name;
  if (ending_) return end_if_empty();
  const auto restarting = restarting_.find(name);
  if (restarting == restarting_.end()) {
    if (!is_up_) give_up("machine " + name + ": " + child.end());
    return;
  }
  if (restarting->second.is_coming_up) return restart_failed(name, child.end());
  // Not now: the child that ended is on the call stack.
  boost::asio::post(context_, [this, name] { start_again(name); });
}

void Supervisor::watch_signals() {
  signals_.async_wait(stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) take_down();
  });
}

/// Everybody may end in good order; who does not is ended when the first process of the namespace,
/// which we are, is gone.
void Supervisor::take_down() {
  if (std::exchange(ending_, true)) return;
  for (const auto& [name, child] : children_) child->terminate();
  farewell_.expires_after(longest_farewell);
  farewell_.async_wait([this](const boost::system::error_code& error) {
    if (!error) context_.stop();
  });
  end_if_empty();
}

void Supervisor::end_if_empty() {
  const bool is_empty =
      std::ranges::all_of(children_, [](const auto& c) { return c.second->pid() == 0; });
  if (is_empty) context_.stop();
}

// --- What is asked of it -------------------------------------------------------------------------

std::unique_ptr<control::Running> Supervisor::start(std::string_view command, const Words& words,
                                                    const std::shared_ptr<control::Reply>& reply) {
  if (command == "ps") {
    ps(*reply);
  } else if (command == "info") {
    info(*reply);
  } else if (command == "down") {
    reply->finish(control::exit_code::done);
    boost::asio::post(context_, [this] { take_down(); });
  } else if (command == "snapshot") {
    snapshot(*reply);
  } else if (command == "restart") {
    restart(words, reply);
  } else {
    control::refuse_unknown(*reply, command, "down, info, ps, restart, snapshot");
  }
  return nullptr;
}

void Supervisor::ps(control::Reply& reply) {
  for (const auto& machine : lab_.machines)
    if (const auto child = children_.find(machine.name); child != children_.end())
      reply.data(row_of(*child->second));
  reply.finish(control::exit_code::done);
}

void Supervisor::info(control::Reply& reply) {
  const bool stays = is_up_ && !ending_ && !progress_.is_open();
  reply.data({{"lab", lab_.name}, {"file", lab_.file.native()}, {"stage", stage_}, {"up", stays}});
  reply.finish(control::exit_code::done);
}

void Supervisor::snapshot(control::Reply& reply) {
  const auto rows = own_snapshot(lab_);
  if (!rows) return reply.fail(control::exit_code::wrong, rows.error().message());
  for (const auto& row : *rows) reply.data(row);
  reply.finish(control::exit_code::done);
}

void Supervisor::restart(const Words& words, const std::shared_ptr<control::Reply>& reply) {
  if (words.size() != 1) return reply->fail(control::exit_code::wrong, "restart takes one machine");
  if (!children_.contains(words[0]))
    return reply->fail(control::exit_code::no, "lab " + lab_.name + " has no machine " + words[0]);
  if (restarting_.contains(words[0]))
    return reply->fail(control::exit_code::no, words[0] + " is being restarted already");
  if (!is_up_ || ending_)
    return reply->fail(control::exit_code::no, "lab " + lab_.name + " is not up");
  restarting_[words[0]] = {reply};
  MachineChild& child = *children_[words[0]];
  if (child.pid() == 0) return start_again(words[0]);
  child.terminate();
}

void Supervisor::start_again(const std::string& name) {
  if (ending_) return restart_failed(name, "the lab ends");
  restarting_[name].is_coming_up = true;
  auto lab = reread_for(name);
  if (!lab) return restart_failed(name, lab.error());
  // The old process's description goes with it, and not before.
  const auto old = std::exchange(reread_[name], std::move(*lab));
  const topology::Lab& now = *reread_[name];
  if (auto started = start_machine(now, *now.find_machine(name)); !started)
    restart_failed(name, started.error().message());
}

void Supervisor::restart_failed(const std::string& name, const std::string& why) {
  restarting_[name].reply->fail(control::exit_code::wrong, "machine " + name + ": " + why);
  restarting_.erase(name);
}

/// The file is read anew: the machine comes back as it says now. Networks stay as they are.
Expected<std::unique_ptr<topology::Lab>, std::string> Supervisor::reread_for(
    const std::string& name) {
  auto read = topology::read_lab(lab_.file);
  if (!read)
    return unexpected("the lab file has mistakes now; see: smolstack check " + lab_.file.native());
  const topology::Machine* const machine = read->find_machine(name);
  if (machine == nullptr) return unexpected(std::string("is not in the lab file any more"));
  for (const auto& interface : machine->interfaces)
    if (lab_.find_network(interface.network) == nullptr)
      return unexpected("network " + interface.network + " is new; restart the whole lab");
  return std::make_unique<topology::Lab>(std::move(*read));
}

}  // namespace

void block_ending_signals() {
  const sigset_t set = ending_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

int run_supervisor(SupervisorStart start) {
  const auto supervisor = std::make_shared<Supervisor>(start);
  if (const auto opened = supervisor->open(supervisor); !opened) {
    supervisor->say({{"failed", opened.error().message()}});
    return 2;
  }
  supervisor->run();
  return 0;
}

}  // namespace smolstack::lab
