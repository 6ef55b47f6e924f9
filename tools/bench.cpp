// `bench`: how fast this build is on this machine, in memory. It needs no rival and no right.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "smolstack/control/command.hpp"
#include "smolstack/measure/forward_course.hpp"
#include "smolstack/measure/stopwatch.hpp"
#include "smolstack/wire/checksum.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

using control::Json;
using measure::Effort;
using measure::ForwardCourse;
using measure::Timing;

struct Options {
  std::vector<std::string> parts;
  bool quick = false;
  bool json = false;
};

struct Row {
  std::string name;
  Timing timing;
};

using Rows = std::vector<Row>;

void add_forward(const ForwardCourse::Shape& shape, const Effort& effort, Rows& rows) {
  ForwardCourse course(shape);
  const std::string name = "forward, " + std::to_string(shape.bytes) + " bytes, batch " +
                           std::to_string(shape.batch) + ", " + std::to_string(shape.routes) +
                           (shape.routes == 1 ? " route" : " routes");
  bool is_whole = true;
  const auto work = [&] {
    course.renew();
    is_whole = course.forward() && is_whole;
  };
  rows.push_back({name, measure::time_of(work, shape.batch, effort)});
  if (!is_whole) throw std::runtime_error("bench: frames were lost on the way through memory");
}

/// What the measurement itself does to each frame; it is in the figures of `forward`.
void add_renewal(const Effort& effort, Rows& rows) {
  ForwardCourse course({64, 64, 16});
  const auto work = [&] {
    course.renew();
    measure::keep(course.frames().data());
  };
  rows.push_back({"  of it to make the frames anew", measure::time_of(work, 64, effort)});
}

void bench_forward(const Options& options, const Effort& effort, Rows& rows) {
  add_forward({64, 1, 16}, effort, rows);
  add_forward({64, 64, 16}, effort, rows);
  add_forward({1500, 64, 16}, effort, rows);
  add_forward({64, 64, options.quick ? 10'000u : 1'000'000u}, effort, rows);
  add_renewal(effort, rows);
}

void bench_fib(const Options& options, const Effort& effort, Rows& rows) {
  for (const std::size_t routes : {1'000u, options.quick ? 10'000u : 1'000'000u}) {
    ForwardCourse course({64, 1, routes});
    const Ipv4Fib& fib = course.fib();
    const auto work = [&] { measure::keep(fib.lookup(course.next_destination())); };
    rows.push_back(
        {"fib lookup, " + std::to_string(routes) + " routes", measure::time_of(work, 1, effort)});
  }
}

void bench_checksum(const Options& /*options*/, const Effort& effort, Rows& rows) {
  for (const std::size_t size : {20u, 64u, 576u, 1500u, 9000u, 65535u}) {
    std::vector<std::byte> bytes(size, std::byte{0x5a});
    const auto work = [&] {
      measure::keep(bytes.front());
      measure::keep(internet_checksum(bytes));
    };
    rows.push_back(
        {"checksum, " + std::to_string(size) + " bytes", measure::time_of(work, 1, effort)});
  }
}

struct Part {
  const char* name;
  void (*run)(const Options&, const Effort&, Rows&);
};
constexpr Part all_parts[] = {
    {"forward", bench_forward}, {"fib", bench_fib}, {"checksum", bench_checksum}};

bool is_wanted(const Options& options, const std::string& part) {
  return options.parts.empty() || std::ranges::find(options.parts, part) != options.parts.end();
}

void print_text(const Rows& rows) {
  std::printf("%-48s %10s %10s %10s\n", "CPU time in nanoseconds, of one packet or call", "min",
              "median", "max");
  for (const Row& row : rows)
    std::printf("%-48s %10.1f %10.1f %10.1f\n", row.name.c_str(), row.timing.min, row.timing.median,
                row.timing.max);
}

void print_json(const Rows& rows) {
  Json all = Json::array();
  for (const Row& row : rows)
    all.push_back({{"name", row.name.substr(row.name.find_first_not_of(' '))},
                   {"ns", row.timing.median},
                   {"min_ns", row.timing.min},
                   {"max_ns", row.timing.max}});
  std::printf("%s\n", Json{{"benchmarks", all}}.dump().c_str());
}

int run_bench(const Options& options) {
  const Effort effort = options.quick ? Effort{std::chrono::milliseconds(2), 3} : Effort{};
  Rows rows;
  for (const Part& part : all_parts)
    if (is_wanted(options, part.name)) part.run(options, effort, rows);
  options.json ? print_json(rows) : print_text(rows);
  return control::exit_code::done;
}

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const Part& part : all_parts) names.emplace_back(part.name);
  return names;
}

}  // namespace

void add_bench_verb(CLI::App& app, Action& action) {
  CLI::App* const verb =
      app.add_subcommand("bench", "measures this build in memory: no device, no rights");
  const auto options = std::make_shared<Options>();
  verb->add_option("part", options->parts, "forward, fib or checksum; all, unless named")
      ->check(CLI::IsMember(part_names()));
  verb->add_flag("--quick", options->quick, "shorter runs and a smaller table: a look, no result");
  verb->add_flag("--json", options->json, "one object");
  verb->footer("Beside its rivals: scripts/bench, in the source tree.");
  verb->callback([&action, options] { action = [options] { return run_bench(*options); }; });
}

}  // namespace smolstack::tools
