#include "smolstack/lab/test_run.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace smolstack::lab {
namespace {

using namespace std::string_view_literals;
using topology::Expectation;
using topology::Test;

/// A name server that does not answer can keep ping from beginning.
constexpr std::chrono::seconds longest_ping{20};
/// Far more than a ping of one packet has to say.
constexpr std::size_t most_output = 16u << 10;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

template <class Predicate>
std::string first_line(const std::string& output, Predicate is_it) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && is_it(line)) return line;
  return "";
}

bool is_reply(const std::string& line) {
  return contains(line, " bytes from ");
}

bool is_statistics(const std::string& line) {
  return contains(line, " packets transmitted");
}

/// "From 10.1.1.3 icmp_seq=1 Destination Host Unreachable". A redirect comes beside an answer.
bool is_icmp_error(const std::string& line) {
  return line.starts_with("From ") && contains(line, "icmp_seq=") && !contains(line, " Redirect ");
}

/// "ping: connect: Network is unreachable"
bool is_no_route(const std::string& line) {
  constexpr std::array words{"Network is unreachable"sv, "No route to host"sv};
  return line.starts_with("ping: ") &&
         std::ranges::any_of(words, [&](auto word) { return line.ends_with(word); });
}

bool cannot_send(const std::string& line) {
  return line.starts_with("ping: sendmsg: ");
}

std::optional<int> ttl_of(std::string_view line) {
  constexpr std::string_view key = " ttl=";
  const auto at = line.find(key);
  if (at == line.npos) return std::nullopt;
  int ttl = 0;
  const auto digits = line.substr(at + key.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ttl);
  return error == std::errc{} ? std::optional(ttl) : std::nullopt;
}

Heard hear_failure(const PingEnd& end) {
  if (end.exit == exit_code::timed_out) return {Answer::failed, {}, "it did not end in 20 s"};
  std::string line = first_line(end.output, [](const auto&) { return true; });
  if (line.empty()) line = "it ended with exit code " + std::to_string(end.exit) + " and no word";
  return {Answer::failed, {}, line};
}

bool is_as_expected(const Test& test, const Heard& heard) {
  switch (test.expect) {
    case Expectation::reply:
      return heard.answer == Answer::reply && (!test.ttl || test.ttl == heard.ttl);
    case Expectation::no_reply: return heard.answer == Answer::no_reply;
    case Expectation::unreachable: return heard.answer == Answer::unreachable;
  }
  return false;
}

/// The tests that can be run at all as jobs, and which test each is.
struct Jobs {
  std::vector<Job> jobs;
  std::vector<std::size_t> tests;
};

}  // namespace

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::reply: return "reply";
    case Answer::no_reply: return "no-reply";
    case Answer::unreachable: return "unreachable";
    case Answer::unresolved: return "unresolved";
    case Answer::failed: return "failed";
  }
  return "";
}

Heard hear(const Test& test, const PingEnd& end) {
  if (!end.error.empty()) return {Answer::failed, {}, end.error};
  if (end.exit == 0) {
    const std::string line = first_line(end.output, is_reply);
    return {Answer::reply, ttl_of(line), line};
  }
  for (const auto is_it : {is_icmp_error, is_no_route})
    if (const std::string line = first_line(end.output, is_it); !line.empty())
      return {Answer::unreachable, {}, line};
  const std::string about_name = "ping: " + test.ping + ": ";
  const auto is_about_name = [&](const auto& line) { return line.starts_with(about_name); };
  if (const std::string line = first_line(end.output, is_about_name); !line.empty())
    return {Answer::unresolved, {}, line};
  if (const std::string line = first_line(end.output, cannot_send); !line.empty())
    return {Answer::failed, {}, line};
  if (const std::string line = first_line(end.output, is_statistics);
      end.exit == 1 && !line.empty())
    return {Answer::no_reply, {}, line};
  return hear_failure(end);
}

TestResult judge(const Test& test, const std::string& stage, const PingEnd& end) {
  Heard heard = hear(test, end);
  const bool passed = is_as_expected(test, heard);
  return {test, stage, passed, std::move(heard)};
}

Words ping_words(const Test& test) {
  const bool is_patient = test.expect != Expectation::reply;
  // In a language that is_reply() and its like can read.
  return {"env", "LC_ALL=C", "ping", "-n", "-c", "1", "-W", is_patient ? "4" : "2", test.ping};
}

TestsRun run_tests(const Tests& tests, const std::string& stage, const TestRun& how,
                   const std::function<void(const TestResult&)>& on_result) {
  TestsRun all;
  all.results.resize(tests.size());
  const auto settle = [&](std::size_t test, const PingEnd& end) {
    on_result(all.results[test] = judge(tests[test], stage, end));
  };
  Jobs jobs;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const auto machine = how.find(tests[i].from);
    if (!machine) {
      settle(i, {exit_code::ours, "", machine.error()});
      continue;
    }
    jobs.jobs.push_back({*machine, ping_words(tests[i])});
    jobs.tests.push_back(i);
  }
  std::vector<std::string> output(jobs.jobs.size());
  const JobEvents events{[&](std::size_t job, Stream, std::string_view text) {
                           output[job].append(text.substr(0, most_output - output[job].size()));
                         },
                         [&](std::size_t job, int exit, const std::string& error) {
                           settle(jobs.tests[job], {exit, std::move(output[job]), error});
                         }};
  all.interrupted_by =
      how.run(jobs.jobs, {.at_once = how.at_once, .timeout = longest_ping}, events);
  return all;
}

}  // namespace smolstack::lab
