#include "smolstack/lab/test_report.hpp"

#include <sstream>

#include <gmock/gmock.h>

namespace smolstack {
namespace {

using lab::Answer;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

lab::TestResult passed(const std::string& stage = "") {
  lab::TestResult result;
  result.test.name = "client reaches server";
  result.test.place = {"lab.yaml", 12};
  result.test.from = "client";
  result.test.ping = "10.1.2.2";
  result.stage = stage;
  result.passed = true;
  result.heard = {Answer::reply, 63, "64 bytes from 10.1.2.2: icmp_seq=1 ttl=63 time=0.1 ms"};
  return result;
}

lab::TestResult failed(const std::string& stage = "") {
  auto result = passed(stage);
  result.passed = false;
  result.heard = {Answer::unreachable, {}, "ping: connect: Network is unreachable"};
  return result;
}

std::string failures_of(const lab::TestResults& results) {
  std::ostringstream out;
  lab::write_failures(results, out);
  return out.str();
}

std::string junit_of(const lab::TestResults& results) {
  std::ostringstream out;
  lab::write_junit("smol-internet", results, 0.84, out);
  return out.str();
}

TEST(Failures, SayWhatWasExpectedWhatCameAndWhatPingSaid) {
  EXPECT_EQ(failures_of({passed(), failed("final")}),
            "FAILED: client reaches server, stage final (lab.yaml:12)\n"
            "  client pings 10.1.2.2\n"
            "  expected reply, got unreachable\n"
            "  ping said: ping: connect: Network is unreachable\n");
}

TEST(Failures, SayNothingOfTestsThatPassed) {
  EXPECT_THAT(failures_of({passed()}), IsEmpty());
}

TEST(Failures, NameBothTtls) {
  auto result = passed();
  result.test.ttl = 64;
  result.passed = false;
  EXPECT_THAT(failures_of({result}),
              HasSubstr("expected reply with ttl=64, got reply with ttl=63"));
}

TEST(Summary, Counts) {
  EXPECT_EQ(lab::summary({passed(), passed(), failed()}, 0.84), "2 passed, 1 failed, 0.8 s");
}

TEST(Json, HasWhatThereIs) {
  EXPECT_EQ(lab::to_json(failed("final")),
            control::Json::parse(R"({"name": "client reaches server", "stage": "final",
              "node": "client", "target": "10.1.2.2", "expect": "reply", "got": "unreachable",
              "passed": false, "ping": "ping: connect: Network is unreachable",
              "place": "lab.yaml:12"})"));
}

TEST(Junit, HasASuiteForEachStage) {
  const auto xml = junit_of({passed("init"), passed("final"), failed("final")});
  EXPECT_THAT(xml, HasSubstr(R"(<testsuites name="smol-internet" tests="3" failures="1")"));
  EXPECT_THAT(xml, HasSubstr(R"(<testsuite name="smol-internet.init" tests="1" failures="0">)"));
  EXPECT_THAT(xml, HasSubstr(R"(<testsuite name="smol-internet.final" tests="2" failures="1">)"));
}

TEST(Junit, SaysWhyATestFailed) {
  const auto xml = junit_of({failed()});
  EXPECT_THAT(xml, HasSubstr(R"(<failure message="expected reply, got unreachable">)"));
  EXPECT_THAT(xml, HasSubstr("Network is unreachable</failure>"));
}

TEST(Junit, EscapesWhatPeopleCallTheirTests) {
  auto result = passed();
  result.test.name = "a <b> & \"c\"";
  EXPECT_THAT(junit_of({result}), HasSubstr("name=\"a &lt;b&gt; &amp; &quot;c&quot;\""));
}

TEST(XmlEscaped, KeepsLetters) {
  EXPECT_EQ(lab::xml_escaped("Zoë → 10.1.2.2"), "Zoë → 10.1.2.2");
}

TEST(XmlEscaped, LetsNothingThroughThatXmlForbids) {
  EXPECT_EQ(lab::xml_escaped(std::string_view("\x1b[0m\0", 5)), "?[0m?");
  EXPECT_EQ(lab::xml_escaped("\xff"), "\xEF\xBF\xBD");
  EXPECT_EQ(lab::xml_escaped("\xEF\xBF\xBF!"), "?!");
}

}  // namespace
}  // namespace smolstack
