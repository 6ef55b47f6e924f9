#include "smolstack/topology/lab_file.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "smolstack/topology/lab_reader.hpp"

namespace smolstack::topology {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> file_names{"lab.yaml",           "lab.yml",
                                                     "docker-compose.yml", "docker-compose.yaml",
                                                     "compose.yml",        "compose.yaml"};

auto refused(const fs::path& file, std::string what, std::string mend) {
  return unexpected(std::vector<Finding>{
      {Severity::error, {file.native(), 0}, std::move(what), std::move(mend)}});
}

/// The lab is called like its folder, as far as a name may be like that.
std::string name_of_folder(const fs::path& directory) {
  std::string name = directory.filename();
  for (char& c : name)
    if (!is_name(std::string{'a', c})) c = '-';
  name.erase(0, std::min(name.find_first_not_of(".-"), name.size()));
  name.resize(std::min<std::size_t>(name.size(), 64));
  return name.empty() ? "lab" : name;
}

/// The top of the file: its parts need each other, so they are only noted at first.
struct Parts {
  const Value* networks = nullptr;
  const Value* nodes = nullptr;
  const Value* services = nullptr;
  const Value* stages = nullptr;
  const Value* tests = nullptr;
};

void read_name(Reading& reading, const Written& written, Parts&) {
  const std::string* const name = word_of(reading, written);
  if (name != nullptr && check_name(reading, "lab", *name, written.value.line))
    reading.lab.name = *name;
}
void read_offload(Reading& reading, const Written& written, Parts&) {
  reading.lab.offload = switch_of(reading, written);
}
void pass_over(Reading&, const Written&, Parts&) {}

template <const Value* Parts::*part>
void keep(Reading&, const Written& written, Parts& parts) {
  parts.*part = &written.value;
}

constexpr std::array<std::string_view, 4> engine_keys{"configs", "include", "secrets", "volumes"};
constexpr Key<Parts> keys[] = {
    {"name", read_name},
    {"offload", read_offload},
    {"version", pass_over},  // compose itself says that it means nothing
    {"networks", keep<&Parts::networks>},
    {"nodes", keep<&Parts::nodes>},
    {"services", keep<&Parts::services>},
    {"stages", keep<&Parts::stages>},
    {"tests", keep<&Parts::tests>},
};

void read_parts(Reading& reading, const Value& document) {
  Parts parts;
  read_keys(reading, {"the file", engine_keys}, document, keys, parts);
  reading.compose = parts.services != nullptr;
  if (parts.networks != nullptr) read_networks(reading, {"networks", *parts.networks});
  if (parts.nodes != nullptr) read_machines(reading, {"nodes", *parts.nodes});
  if (parts.services != nullptr) read_machines(reading, {"services", *parts.services});
  if (parts.stages != nullptr) read_stages(reading, {"stages", *parts.stages});
  if (parts.tests != nullptr) read_tests(reading, {"tests", *parts.tests});
  if (reading.compose) assign_addresses(reading);
  if (reading.lab.machines.empty() && !reading.found.has_errors())
    reading.found.error(0, "there is no machine", "describe one under `nodes`");
}

}  // namespace

Expected<std::string, std::string> read_text(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (error) return unexpected("cannot be read: " + error.message());
  if (!fs::is_regular_file(status)) return unexpected(std::string("is not a file"));
  std::ifstream file(path, std::ios::binary);
  std::string text(document_limit::bytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof())
    return unexpected("cannot be read: " + std::generic_category().message(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > document_limit::bytes) return unexpected(std::string("is longer than 1 MiB"));
  return text;
}

Expected<Lab, std::vector<Finding>> parse_lab(const std::string& text, const fs::path& file) {
  Reading reading{.lab = {},
                  .compose = false,
                  .shown_directory = file.has_parent_path() ? file.parent_path() : ".",
                  .found = FindingList(file.native())};
  std::error_code error;
  reading.lab.file = fs::absolute(file, error).lexically_normal();
  reading.lab.directory = reading.lab.file.parent_path();
  reading.lab.name = name_of_folder(reading.lab.directory);
  const auto document = parse_document(text);
  if (!document)
    reading.found.error(document.error().line, document.error().what, document.error().mend);
  else if (!document->is_map())
    reading.found.error(1, "the file is not a list of `key: value`",
                        "begin with `networks:` and `nodes:`");
  else
    read_parts(reading, *document);
  const bool failed = reading.found.has_errors();
  reading.lab.warnings = reading.found.take();
  if (failed) return unexpected(std::move(reading.lab.warnings));
  return std::move(reading.lab);
}

Expected<Lab, std::vector<Finding>> read_lab(const fs::path& path) {
  std::error_code error;
  fs::path file = path;
  if (fs::is_directory(path, error)) {
    const auto name = std::ranges::find_if(
        file_names, [&](std::string_view n) { return fs::exists(path / n, error); });
    if (name == file_names.end())
      return refused(path, "there is no lab in this folder",
                     "write a lab.yaml or a docker-compose.yml into it");
    file = path / *name;
  }
  const auto text = read_text(file);
  if (!text)
    return refused(file, text.error(), "name the folder of a lab, a lab.yaml or a compose file");
  return parse_lab(*text, file);
}

}  // namespace smolstack::topology
