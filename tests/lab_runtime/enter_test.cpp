#include "smolstack/lab/enter.hpp"

#include <array>
#include <chrono>

#include <gmock/gmock.h>

#include "lab_runtime/fake_machine.hpp"
#include "smolstack/lab/exec.hpp"
#include "smolstack/lab/run_many.hpp"

namespace smolstack {
namespace {

using namespace std::chrono_literals;
using lab::Words;
using test::FakeMachine;
using test::OnMachines;
using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(Each, OnMachines,
                         testing::Values(test::Users::as_here, test::Users::of_its_own),
                         test::users_name);

Words shell(const std::string& text) {
  return {"sh", "-c", text};
}

int exit_of(const FakeMachine& machine, const Words& words) {
  const auto exit = lab::enter_and_run({machine.target(), words, {}});
  EXPECT_TRUE(exit.has_value()) << exit.error().message();
  return exit.value_or(-1);
}

/// What it writes to stdout, and how it ends.
struct Said {
  std::string out;
  std::string err;
  int exit = -1;
  std::string error;
};

Said said(const FakeMachine& machine, const Words& words, const lab::RunMany& how = {}) {
  Said all;
  lab::run_many({{machine.target(), words}}, how,
                {[&](std::size_t, lab::Stream stream, std::string_view text) {
                   (stream == lab::Stream::out ? all.out : all.err) += text;
                 },
                 [&](std::size_t, int exit, const std::string& error) {
                   all.exit = exit;
                   all.error = error;
                 }});
  return all;
}

std::string inode(const std::string& name) {
  std::array<char, 64> link{};
  const auto size = ::readlink(("/proc/self/ns/" + name).c_str(), link.data(), link.size());
  return {link.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

TEST_P(OnMachines, ExitCodesAreTheProgramsOwn) {
  const FakeMachine machine("server", GetParam());
  EXPECT_EQ(exit_of(machine, {"true"}), 0);
  EXPECT_EQ(exit_of(machine, shell("exit 7")), 7);
  EXPECT_EQ(exit_of(machine, shell("kill -TERM $$")), 128 + SIGTERM);
}

TEST_P(OnMachines, ExitCodesAreAShellsWhereNothingRan) {
  const FakeMachine machine("server", GetParam());
  const Said absent = said(machine, {"no-such-program"});
  EXPECT_EQ(absent.exit, 127);
  EXPECT_EQ(absent.err, "smolstack: server: no-such-program: command not found\n");
  const Said directory = said(machine, {"/proc"});
  EXPECT_EQ(directory.exit, 126);
  EXPECT_EQ(directory.err, "smolstack: server: /proc: Permission denied\n");
}

TEST_P(OnMachines, AProgramLivesInEveryNamespaceOfTheMachine) {
  const FakeMachine machine("server", GetParam());
  for (const char* const name : {"net", "mnt", "pid", "uts"}) {
    const std::string there = said(machine, {"readlink", std::string("/proc/self/ns/") + name}).out;
    const std::string first = said(machine, {"readlink", std::string("/proc/1/ns/") + name}).out;
    EXPECT_EQ(there, first) << name;
    EXPECT_NE(there, inode(name) + "\n") << name;
  }
}

TEST_P(OnMachines, AProgramIsRootOnTheMachineByItsName) {
  const FakeMachine machine("server", GetParam());
  EXPECT_EQ(said(machine, shell("id -u; id -g; uname -n; echo $HOSTNAME $USER")).out,
            "0\n0\nserver\nserver root\n");
}

TEST_P(OnMachines, ItFindsTheAdministratorsPrograms) {
  const FakeMachine machine("server", GetParam());
  ::setenv("SMOLSTACK_SECRET", "of our host", 1);
  const std::string out = said(machine, shell("echo $PATH; echo \"[$SMOLSTACK_SECRET]\"")).out;
  EXPECT_THAT(out, HasSubstr("/usr/sbin"));
  EXPECT_THAT(out, HasSubstr("[]"));
}

TEST_P(OnMachines, TheWorkingDirectoryIsKeptWhereThereIsOne) {
  const FakeMachine machine("server", GetParam());
  const FakeMachine bare("bare", GetParam());
  ASSERT_EQ(said(bare, shell("mount -t tmpfs none /mnt")).exit, 0);
  ASSERT_EQ(::chdir("/usr"), 0);
  EXPECT_EQ(said(machine, {"pwd"}).out, "/usr\n");
  ASSERT_EQ(::chdir("/proc/self/task"), 0);  // our process has no number there
  EXPECT_EQ(said(machine, {"pwd"}).out, "/\n");
  ASSERT_EQ(::chdir("/"), 0);
}

TEST_P(OnMachines, WhenItsTimeIsUpAProgramIsEndedWithItsChildren) {
  const FakeMachine machine("server", GetParam());
  const auto exit = lab::enter_and_run({machine.target(), {"sleep", "100"}, 20ms});
  EXPECT_EQ(exit.value_or(-1), lab::exit_code::timed_out);
  lab::RunMany how;
  how.timeout = 20ms;
  EXPECT_EQ(said(machine, shell("sleep 101 & wait"), how).exit, lab::exit_code::timed_out);
  EXPECT_EQ(said(machine, shell("ps ax | grep -c '[s]leep 10'")).out, "0\n");
}

TEST_P(OnMachines, AMachineThatIsGoneSaysSo) {
  FakeMachine machine("server", GetParam());
  const lab::Target target = machine.target();
  machine.end();
  const auto exit = lab::enter_and_run({target, {"true"}, {}});
  ASSERT_FALSE(exit.has_value());
  EXPECT_THAT(exit.error().message(), HasSubstr("entering server"));
}

TEST_P(OnMachines, AMachineThatEndsMeanwhileSaysSo) {
  const FakeMachine machine("server", GetParam());
  // The first process of a PID namespace cannot be killed from within: it is from here.
  const Words words = shell("echo runs; sleep 100");
  Said all;
  lab::run_many({{machine.target(), words}}, {},
                {[&](std::size_t, lab::Stream, std::string_view) { machine.kill(); },
                 [&](std::size_t, int exit, const std::string& error) {
                   all.exit = exit;
                   all.error = error;
                 }});
  EXPECT_EQ(all.exit, lab::exit_code::ours);
  EXPECT_EQ(all.error, "the machine ended while it ran");
}

TEST_P(OnMachines, AProgramThatLeavesChildrenBehindIsNotWaitedFor) {
  const FakeMachine machine("server", GetParam());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(said(machine, shell("sleep 60 & echo done")).out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
}

TEST_P(OnMachines, AllThatItWroteArrivesBeforeItsEnd) {
  const FakeMachine machine("server", GetParam());
  const Said all = said(machine, shell("head -c 3000000 /dev/zero; echo end >&2"));
  EXPECT_EQ(all.out.size(), 3'000'000u);
  EXPECT_EQ(all.err, "end\n");
}

TEST_P(OnMachines, ProgramsThatChangeUsersRunWhereThereIsOneUser) {
  const FakeMachine machine("server", GetParam());
  const Said all = said(machine, {"perl", "-e", "$) = '1 1'; $> = 1; print \"$!\\n\""});
  EXPECT_EQ(all.out, "\n");
}

TEST_P(OnMachines, NoMoreThanAskedForRunAtOnce) {
  const FakeMachine machine("server", GetParam());
  std::vector<lab::Job> jobs(6, {machine.target(), shell("echo +; read nothing")});
  std::size_t running = 0, most = 0, ended = 0;
  lab::RunMany how;
  how.at_once = 2;
  lab::run_many(
      jobs, how,
      {[&](std::size_t, lab::Stream, std::string_view) { most = std::max(most, ++running); },
       [&](std::size_t, int, const std::string&) {
         --running;
         ++ended;
       }});
  EXPECT_EQ(ended, jobs.size());
  EXPECT_LE(most, 2u);
}

TEST(Enter, AProcessThatSharesAllOurNamespacesIsNoMachine) {
  const auto exit = lab::enter_and_run({{"node", ::getpid()}, {"true"}, {}});
  ASSERT_FALSE(exit.has_value());
  EXPECT_THAT(exit.error().message(), HasSubstr("shares every namespace with us"));
}

}  // namespace
}  // namespace smolstack
