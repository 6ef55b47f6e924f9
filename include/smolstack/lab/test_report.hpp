#pragma once
// What became of the tests of a lab: for people, for programs, and for those that read JUnit's XML.

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/lab/test_run.hpp"

namespace smolstack::lab {

using TestResults = std::vector<TestResult>;

std::size_t count_failed(const TestResults& results);

/// Of each that failed: what it is and where it stands, what was expected, what came, and ping's
/// line for it.
void write_failures(const TestResults& results, std::ostream& out);

/// "12 passed, 1 failed, 0.8 s"
std::string summary(const TestResults& results, double seconds);

/// {"name", "stage", "node", "target", "expect", "ttl", "got", "got_ttl", "passed", "ping",
/// "place"}; without what there is none of.
control::Json to_json(const TestResult& result);
/// {"lab", "passed", "failed", "seconds"}
control::Json summary_json(const std::string& lab, const TestResults& results, double seconds);

/// A <testsuites> with one <testsuite> for each stage, in the order of the results.
void write_junit(const std::string& lab, const TestResults& results, double seconds,
                 std::ostream& out);

/// `text` as it may stand in XML, also in an attribute. Characters that XML 1.0 §2.2 does not allow
/// become `?`.
std::string xml_escaped(std::string_view text);

}  // namespace smolstack::lab
