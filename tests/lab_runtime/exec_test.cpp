#include "smolstack/lab/exec.hpp"

#include <sstream>

#include <gmock/gmock.h>

#include "lab_runtime/fake_machine.hpp"

namespace smolstack {
namespace {

using control::Json;
using lab::PrefixedLines;
using lab::Words;
using test::FakeMachine;

TEST(PrefixedLines, AreWrittenWhole) {
  std::ostringstream out;
  PrefixedLines lines("server | ", out);
  lines.add("one\ntw");
  EXPECT_EQ(out.str(), "server | one\n");
  lines.add("o\n\n");
  EXPECT_EQ(out.str(), "server | one\nserver | two\nserver | \n");
}

TEST(PrefixedLines, WithoutANewlineAtTheEndGetOne) {
  std::ostringstream out;
  PrefixedLines lines("a | ", out);
  lines.add("rest");
  lines.end();
  lines.end();
  EXPECT_EQ(out.str(), "a | rest\n");
}

TEST(PrefixedLines, KeepNoMoreThanOneLongLine) {
  std::ostringstream out;
  PrefixedLines lines("a | ", out);
  lines.add(std::string(PrefixedLines::longest, 'x'));
  EXPECT_EQ(out.str().size(), PrefixedLines::longest + 5);
}

class Exec : public test::OnMachines {
 protected:
  int exec(const Words& words, const lab::ExecOptions& options = {}) {
    return lab::exec_on({server_.target(), client_.target()}, words, options, out_, errors_);
  }

  FakeMachine server_{"server", GetParam()};
  FakeMachine client_{"c", GetParam()};
  std::ostringstream out_;
  std::ostringstream errors_;
};

INSTANTIATE_TEST_SUITE_P(Each, Exec, testing::Values(test::Users::as_here, test::Users::of_its_own),
                         test::users_name);

TEST_P(Exec, LinesOfSeveralMachinesSayWhoseTheyAre) {
  EXPECT_EQ(exec({"sh", "-c", "uname -n; echo bad >&2"}), 0);
  EXPECT_THAT(out_.str(),
              testing::AnyOf("server | server\nc      | c\n", "c      | c\nserver | server\n"));
  EXPECT_THAT(errors_.str(),
              testing::AnyOf("server | bad\nc      | bad\n", "c      | bad\nserver | bad\n"));
}

TEST_P(Exec, TheFirstFailureInTheOrderOfMachinesIsTheExitCode) {
  EXPECT_EQ(exec({"sh", "-c", "case $HOSTNAME in (server) exit 4;; (*) exit 3;; esac"}), 4);
  EXPECT_EQ(exec({"sh", "-c", "case $HOSTNAME in (server) exit 0;; (*) exit 3;; esac"}), 3);
}

TEST_P(Exec, JsonIsAnObjectForEachMachineInTheirOrder) {
  lab::ExecOptions options;
  options.json = true;
  EXPECT_EQ(exec({"sh", "-c", "uname -n; echo e >&2; exit 2"}, options), 2);
  std::istringstream lines(out_.str());
  std::string line;
  for (const char* const name : {"server", "c"}) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(
        Json::parse(line),
        (Json{
            {"node", name}, {"exit", 2}, {"stdout", std::string(name) + "\n"}, {"stderr", "e\n"}}));
  }
}

TEST_P(Exec, AMachineThatCannotBeEnteredIsNamed) {
  client_.end();
  EXPECT_EQ(lab::exec_on({server_.target(), {"gone", 999'999'999}}, {"true"}, {}, out_, errors_),
            lab::exit_code::ours);
  EXPECT_THAT(errors_.str(), testing::HasSubstr("smolstack: gone: entering gone"));
}

}  // namespace
}  // namespace smolstack
