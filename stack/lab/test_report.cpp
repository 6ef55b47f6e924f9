#include "smolstack/lab/test_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace smolstack::lab {
namespace {

using control::Json;
using topology::Expectation;
using topology::Test;

Answer wanted(Expectation expectation) {
  switch (expectation) {
    case Expectation::reply: return Answer::reply;
    case Expectation::no_reply: return Answer::no_reply;
    case Expectation::unreachable: return Answer::unreachable;
  }
  return Answer::failed;
}

std::string with_ttl(Answer answer, const std::optional<int>& ttl) {
  return std::string(to_string(answer)) + (ttl ? " with ttl=" + std::to_string(*ttl) : "");
}

std::string expected(const Test& test) {
  return with_ttl(wanted(test.expect), test.ttl);
}

/// The reply's TTL counts only where it was asked for.
std::string got(const TestResult& result) {
  return with_ttl(result.heard.answer, result.test.ttl ? result.heard.ttl : std::nullopt);
}

std::string in_seconds(double seconds, const char* format) {
  std::array<char, 40> text{};
  (void)std::snprintf(text.data(), text.size(), format, seconds);
  return text.data();
}

std::string attribute(std::string_view name, std::string_view value) {
  return ' ' + std::string(name) + "=\"" + xml_escaped(value) + '"';
}

std::string counts(const TestResults& results) {
  return attribute("tests", std::to_string(results.size())) +
         attribute("failures", std::to_string(count_failed(results)));
}

void write_case(const std::string& suite, const TestResult& result, std::ostream& out) {
  out << "    <testcase" << attribute("classname", suite) << attribute("name", result.test.name);
  if (result.passed) {
    out << "/>\n";
    return;
  }
  const std::string message = "expected " + expected(result.test) + ", got " + got(result);
  out << ">\n      <failure" << attribute("message", message) << '>'
      << xml_escaped(to_string(result.test.place) + ": " + result.test.from + " pings " +
                     result.test.ping + "\n" + result.heard.line)
      << "</failure>\n    </testcase>\n";
}

void write_suite(const std::string& lab, const TestResults& results, std::ostream& out) {
  const std::string& stage = results.front().stage;
  const std::string suite = stage.empty() ? lab : lab + '.' + stage;
  out << "  <testsuite" << attribute("name", suite) << counts(results) << ">\n";
  for (const TestResult& result : results) write_case(suite, result, out);
  out << "  </testsuite>\n";
}

std::string escaped(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&apos;";
    // As they are, an attribute's would become spaces (XML 1.0 §3.3.3).
    case '\n': return "&#10;";
    case '\t': return "&#9;";
    default: return {c >= '\0' && c < ' ' ? '?' : c};
  }
}

/// Bytes that are not UTF-8 become U+FFFD, as they do in our JSON.
std::string valid_utf8(std::string_view text) {
  const std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(quoted).get<std::string>();
}

}  // namespace

std::size_t count_failed(const TestResults& results) {
  return static_cast<std::size_t>(std::ranges::count(results, false, &TestResult::passed));
}

void write_failures(const TestResults& results, std::ostream& out) {
  for (const TestResult& result : results) {
    if (result.passed) continue;
    const Test& test = result.test;
    out << "FAILED: " << test.name << (result.stage.empty() ? "" : ", stage " + result.stage)
        << " (" << to_string(test.place) << ")\n"
        << "  " << test.from << " pings " << test.ping << '\n'
        << "  expected " << expected(test) << ", got " << got(result) << '\n'
        << "  ping said: " << result.heard.line << '\n';
  }
}

std::string summary(const TestResults& results, double seconds) {
  const auto failed = count_failed(results);
  return std::to_string(results.size() - failed) + " passed, " + std::to_string(failed) +
         " failed, " + in_seconds(seconds, "%.1f s");
}

Json to_json(const TestResult& result) {
  const Test& test = result.test;
  Json object = {{"name", test.name}};
  if (!result.stage.empty()) object["stage"] = result.stage;
  object["node"] = test.from;
  object["target"] = test.ping;
  object["expect"] = to_string(wanted(test.expect));
  if (test.ttl) object["ttl"] = *test.ttl;
  object["got"] = to_string(result.heard.answer);
  if (result.heard.ttl) object["got_ttl"] = *result.heard.ttl;
  object["passed"] = result.passed;
  object["ping"] = result.heard.line;
  object["place"] = to_string(test.place);
  return object;
}

Json summary_json(const std::string& lab, const TestResults& results, double seconds) {
  const auto failed = count_failed(results);
  return {
      {"lab", lab}, {"passed", results.size() - failed}, {"failed", failed}, {"seconds", seconds}};
}

void write_junit(const std::string& lab, const TestResults& results, double seconds,
                 std::ostream& out) {
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" << attribute("name", lab)
      << counts(results) << attribute("time", in_seconds(seconds, "%.3f")) << ">\n";
  for (auto first = results.begin(); first != results.end();) {
    const auto last = std::find_if(first, results.end(), [&](const TestResult& result) {
      return result.stage != first->stage;
    });
    write_suite(lab, {first, last}, out);
    first = last;
  }
  out << "</testsuites>\n";
}

std::string xml_escaped(std::string_view text) {
  std::string safe;
  for (const char c : valid_utf8(text)) safe += escaped(c);
  // The two characters of more than a byte that are not allowed.
  for (const std::string_view no_character : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (auto at = safe.find(no_character); at != safe.npos; at = safe.find(no_character, at))
      safe.replace(at, no_character.size(), "?");
  return safe;
}

}  // namespace smolstack::lab
