// Files that mean no good, and those that are merely too large.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/topology/document.hpp"
#include "topology/support.hpp"

namespace smolstack::topology {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}
/// "PREFIX0: , PREFIX1: , ..."
std::string keys(const std::string& prefix, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += prefix + std::to_string(i) + ": , ";
  return all;
}

TEST(LabLimits, OfTheText) {
  EXPECT_THAT(errors_of(std::string((1u << 20) + 1, '#')), HasSubstr("is longer than 1 MiB"));
  EXPECT_THAT(errors_of("a: " + repeated("[", 16) + repeated("]", 16) + "\n"),
              HasSubstr("l.yaml:1: error: nested deeper than 16 levels"));
  EXPECT_THAT(errors_of(repeated("[", 200'000)), HasSubstr("nested deeper"));
  EXPECT_THAT(errors_of(repeated("{a: ", 200'000)), HasSubstr("nested deeper"));
  EXPECT_THAT(errors_of(repeated("- ", 200'000)), HasSubstr("nested deeper"));
  EXPECT_THAT(errors_of("a: [" + repeated("1,", 100'001) + "]\n"),
              HasSubstr("more than 100,000 values"));
}

TEST(LabLimits, OfTheLab) {
  EXPECT_THAT(errors_of("nodes: { " + keys("m", 1024) + "}\n"), IsEmpty());
  EXPECT_THAT(errors_of("nodes: { " + keys("m", 1025) + "}\n"),
              HasSubstr("l.yaml:1: error: more than 1,024 machines"));
  EXPECT_THAT(errors_of("nodes: { " + keys("m", 600) + "}\nservices: { " + keys("n", 600) + "}\n"),
              HasSubstr("l.yaml:2: error: more than 1,024 machines"));
  EXPECT_THAT(errors_of("nodes: { m: }\nnetworks: { " + keys("n", 1025) + "}\n"),
              HasSubstr("more than 1,024 networks"));
  EXPECT_THAT(errors_of("nodes: { m: }\nstages: { " + keys("s", 65) + "}\n"),
              HasSubstr("more than 64 stages"));
}

TEST(LabLimits, OfLinks) {
  const std::string five = "{ networks: { " + keys("n", 5) + "} }, ";
  std::string machines;
  for (int i = 0; i < 820; ++i) machines += "m" + std::to_string(i) + ": " + five;
  EXPECT_THAT(errors_of("networks: { " + keys("n", 5) + "}\nnodes: { " + machines + "}\n"),
              HasSubstr("l.yaml:2: error: more than 4,096 interfaces"));
}

TEST(LabLimits, OfComplaints) {
  const auto lab = parse_lab("nodes: { " + keys("-m", 1000) + "}\n", "l.yaml");
  ASSERT_FALSE(lab);
  EXPECT_THAT(lab.error(), SizeIs(lab_limit::findings + 1));
  EXPECT_EQ(to_string(lab.error().back()), "l.yaml: error: and 900 more; mend these first");
  EXPECT_THAT(warnings_of("nodes: { m: { " + keys("k", 5000) + "} }\n"),
              SizeIs(lab_limit::findings));
}

TEST(LabLimits, MessagesAreShortLines) {
  const std::string errors = errors_of("nodes: { \"" + repeated("a\\n\\e", 100) + "\": }\n");
  EXPECT_LT(errors.size(), 300u);
  EXPECT_EQ(std::ranges::count(errors, '\n'), 1);
  EXPECT_EQ(std::ranges::count(errors, '\x1b'), 0);
}

TEST(LabFiles, ThatCannotBeRead) {
  const Folder folder;
  const auto error = [](const std::filesystem::path& path) {
    const auto lab = read_lab(path);
    return lab ? "" : lines_of(lab.error());
  };
  EXPECT_THAT(error(folder.path()), HasSubstr("there is no lab in this folder; write a lab.yaml"));
  EXPECT_THAT(error(folder.path() / "x.yaml"),
              HasSubstr("x.yaml: error: cannot be read: No such file or directory; name the"));
  EXPECT_THAT(error("/dev/zero"), HasSubstr("/dev/zero: error: is not a file"));
}

TEST(Documents, WhatIsOdd) {
  for (const char* const text :
       {"", "\n", "#", "---", "...", "%YAML 1.2\n---\na: b", "- a\n- b", "!!str a: b", "? a",
        "a: |\n  b\n", "\"a\": 'b'", "a: !x b", "a: &x b",
        "\xef\xbb\xbf"
        "a: b"})
    EXPECT_TRUE(parse_document(text)) << text;
  for (const char* const text : {"*a", "<<: *b", "a: *b", "{", "}", "a: b: c", "\t- a", "%TAG",
                                 "[a]: b", "~: b", "---\n---\n", "@", "`"})
    EXPECT_FALSE(parse_document(text)) << text;
}

TEST(Documents, KeysKeepTheirOrderAndLines) {
  const auto document = parse_document("b: 1\n\na:\nc:\n  - x\n");
  ASSERT_TRUE(document);
  ASSERT_THAT(document->entries, SizeIs(3));
  EXPECT_EQ(document->entries[0].key, "b");
  EXPECT_EQ(document->entries[1].line, 3);
  EXPECT_EQ(document->entries[1].value.line, 3);
  EXPECT_EQ(document->find("c")->items.at(0).line, 5);
  EXPECT_EQ(document->find("d"), nullptr);
}

}  // namespace
}  // namespace smolstack::topology
