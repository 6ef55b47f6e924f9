#include "smolstack/lab/test_plan.hpp"

#include <algorithm>
#include <fstream>

#include "smolstack/wire/ipv4_address.hpp"

namespace smolstack::lab {
namespace {

namespace fs = std::filesystem;
using topology::Finding;
using topology::Place;
using topology::Severity;
using topology::Test;
using Findings = std::vector<Finding>;

struct Line {
  std::string text;
  Place place;
};

std::string trimmed(const std::string& text) {
  constexpr std::string_view blank = " \t\r\v\f";
  const auto first = text.find_first_not_of(blank);
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// What a message may quote of a file that can hold anything.
std::string quoted(const std::string& text) {
  constexpr std::size_t longest = 60;
  std::string shown = text.substr(0, longest);
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return '`' + shown + (text.size() > longest ? "...`" : "`");
}

/// Whether that word could be one; a word that begins with a dash would be ping's option.
bool is_host_name(const std::string& text) {
  constexpr std::size_t longest = 253;  // RFC 1035 §2.3.4, without the root's dot
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return text.size() <= longest && text.find_first_not_of(letters) == text.npos &&
         text.front() != '-' && text.front() != '.';
}

class Matrix {
 public:
  Matrix(const topology::Lab& lab, Tests& tests)
      : lab_(lab), directory_(lab.directory / "test-data"), tests_(tests) {}

  Findings add() {
    const auto systems = read("systems.txt");
    auto targets = read("ip-addresses.txt");
    const auto names = read("dns-names.txt");
    check_systems(systems);
    check(
        targets, [](const auto& text) { return parse_ipv4_address(text).has_value(); },
        "no IPv4 address", "write one a line, as in 10.1.2.2");
    check(names, is_host_name, "no name", "write one a line, as in www.example.com");
    targets.insert(targets.end(), names.begin(), names.end());
    if (systems.empty() != targets.empty()) complain_half(systems.empty());
    if (findings_.empty()) multiply(systems, targets);
    return std::move(findings_);
  }

 private:
  void complain(const Place& place, std::string what, std::string mend) {
    if (findings_.size() < plan_limit::findings)
      findings_.push_back({Severity::error, place, std::move(what), std::move(mend)});
  }

  /// A file that is not there has no lines.
  std::vector<Line> read(const std::string& name) {
    const fs::path path = directory_ / name;
    std::error_code error;
    if (!fs::exists(path, error)) return {};
    std::ifstream file(path);
    if (!fs::is_regular_file(path, error) || !file) {
      complain({path, 0}, "cannot be read", "make it a text file");
      return {};
    }
    if (fs::file_size(path, error) > plan_limit::file) {
      complain({path, 0}, "is longer than a megabyte", "write names, one a line");
      return {};
    }
    std::vector<Line> lines;
    int number = 0;
    for (std::string text; std::getline(file, text);) {
      text = trimmed(text.substr(0, text.find('#')));
      ++number;
      if (!text.empty()) lines.push_back({text, {path, number}});
    }
    return lines;
  }

  void check_systems(const std::vector<Line>& systems) {
    for (const Line& line : systems)
      if (lab_.find_machine(line.text) == nullptr)
        complain(line.place, "there is no machine " + quoted(line.text),
                 "write the name of a machine of " + lab_.file.filename().native());
  }

  void check(const std::vector<Line>& lines, bool (*is_right)(const std::string&),
             const std::string& what, const std::string& mend) {
    for (const Line& line : lines)
      if (!is_right(line.text)) complain(line.place, quoted(line.text) + " is " + what, mend);
  }

  void complain_half(bool systems_are_missing) {
    if (systems_are_missing)
      complain({directory_ / "systems.txt", 0}, "names no machine that could ping",
               "write machines there, one a line");
    else
      complain({directory_ / "ip-addresses.txt", 0},
               "names nothing to ping, nor does dns-names.txt",
               "write addresses there, one a line");
  }

  void multiply(const std::vector<Line>& systems, const std::vector<Line>& targets) {
    // By division: the product may not fit.
    if (!targets.empty() && systems.size() > plan_limit::cases / targets.size())
      return complain({directory_, 0}, "makes more than 100000 tests", "drop some lines");
    for (const Line& system : systems)
      for (const Line& target : targets) {
        Test test;
        test.name = system.text + " to " + target.text;
        test.place = target.place;
        test.from = system.text;
        test.ping = target.text;
        tests_.push_back(std::move(test));
      }
  }

  const topology::Lab& lab_;
  const fs::path directory_;
  Tests& tests_;
  Findings findings_;
};

}  // namespace

Expected<Tests, Findings> plan_tests(const topology::Lab& lab) {
  Tests tests = lab.tests;
  if (auto findings = Matrix(lab, tests).add(); !findings.empty())
    return unexpected(std::move(findings));
  return tests;
}

Tests tests_for(const Tests& tests, std::string_view stage) {
  Tests chosen;
  std::ranges::copy_if(tests, std::back_inserter(chosen),
                       [&](const Test& test) { return !test.stage || *test.stage == stage; });
  return chosen;
}

}  // namespace smolstack::lab
