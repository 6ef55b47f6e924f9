#include <array>

#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

namespace fs = std::filesystem;

struct Build {
  const Value* context = nullptr;
  const Value* dockerfile = nullptr;
};

void read_context(Reading&, const Written& written, Build& into) {
  into.context = &written.value;
}
void read_dockerfile(Reading&, const Written& written, Build& into) {
  into.dockerfile = &written.value;
}

constexpr std::array<std::string_view, 10> engine_keys{
    "additional_contexts", "args", "cache_from", "labels", "network",
    "platforms",           "pull", "shm_size",   "tags",   "target"};
constexpr Key<Build> keys[] = {{"context", read_context}, {"dockerfile", read_dockerfile}};

/// The folder of a build; a complaint when there is none.
const std::string* folder_of(Reading& reading, const Value& value) {
  const std::string* const folder = word_of(reading, {"build", value});
  std::error_code error;
  if (folder == nullptr || fs::is_directory(reading.lab.directory / *folder, error)) return folder;
  wrong(reading, {"build", value}, "there is no such folder",
        "name one relative to " + reading.shown_directory.native());
  return nullptr;
}

Dockerfile read_image(Reading& reading, const std::string& folder, const std::string& name,
                      int line) {
  const fs::path context = (reading.lab.directory / folder).lexically_normal();
  const std::string shown = (reading.shown_directory / folder / name).lexically_normal();
  const auto text = read_text(context / name);
  if (!text) {
    reading.found.warn(line, shown + ": " + text.error(), "nothing is taken from it");
    return {};
  }
  Dockerfile image = parse_dockerfile(*text, context, shown);
  for (Finding& finding : image.findings) reading.found.add(std::move(finding));
  return image;
}

void find_start_up(const fs::path& context, Machine& machine) {
  const fs::path script = (context / "start-up.sh").lexically_normal();
  std::error_code error;
  if (!machine.start_up && fs::is_regular_file(script, error)) machine.start_up = script;
}

}  // namespace

Dockerfile read_build(Reading& reading, const Value& value, Machine& machine) {
  Build build;
  if (value.is_map())
    read_keys(reading, {"a build", engine_keys}, value, keys, build);
  else
    build.context = &value;
  if (build.context == nullptr) {
    wrong(reading, {"build", value}, "has no context", "write it as in `build: ./server`");
    return {};
  }
  const std::string* const folder = folder_of(reading, *build.context);
  const std::string* const name =
      build.dockerfile == nullptr ? nullptr : word_of(reading, {"dockerfile", *build.dockerfile});
  if (folder == nullptr) return {};
  find_start_up(reading.lab.directory / *folder, machine);
  return read_image(reading, *folder, name == nullptr ? "Dockerfile" : *name, value.line);
}

}  // namespace smolstack::topology
