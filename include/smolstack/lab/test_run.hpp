#pragma once
// The tests of a lab, run: stock pings on its machines, and what their words mean.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "smolstack/lab/run_many.hpp"
#include "smolstack/lab/test_plan.hpp"

namespace smolstack::lab {

/// How a ping of one packet ended.
struct PingEnd {
  int exit = 0;
  std::string output;  ///< of both its streams
  std::string error;   ///< why there is no exit code of its own; usually empty
};

enum class Answer : std::uint8_t {
  reply,
  no_reply,
  unreachable,  ///< an ICMP error, or the send failed at once for want of a route
  unresolved,   ///< nobody knows an address for the name
  failed,       ///< ping could not be run, or did not do its work
};
std::string_view to_string(Answer answer);  ///< as lab files have it: "no-reply"

struct Heard {
  Answer answer = Answer::failed;
  std::optional<int> ttl;  ///< of the reply
  std::string line;        ///< of ping's, the one that says it
};
Heard hear(const topology::Test& test, const PingEnd& end);

struct TestResult {
  topology::Test test;
  std::string stage;  ///< in which it was run; empty: none
  bool passed = false;
  Heard heard;
};
TestResult judge(const topology::Test& test, const std::string& stage, const PingEnd& end);

/// The ping that finds it out. It waits longer where a reply is not what is wanted: a host that
/// does not answer ARP is unreachable after three seconds, not before.
Words ping_words(const topology::Test& test);

struct TestRun {
  std::size_t at_once = 1;
  /// The machine of that name, or why there is none.
  std::function<Expected<Target, std::string>(const std::string& machine)> find;
  std::function<int(const std::vector<Job>&, const RunMany&, const JobEvents&)> run = run_many;
};

struct TestsRun {
  std::vector<TestResult> results;  ///< in the order of the tests
  int interrupted_by = 0;           ///< a signal: then the results mean nothing
};

/// Runs the tests; `on_result` hears of each as it ends.
TestsRun run_tests(const Tests& tests, const std::string& stage, const TestRun& how,
                   const std::function<void(const TestResult&)>& on_result);

}  // namespace smolstack::lab
