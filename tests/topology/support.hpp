#pragma once
// Labs out of texts, and what was said of them.

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "smolstack/topology/lab_file.hpp"

namespace smolstack::topology {

inline std::string lines_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += to_string(finding) + '\n';
  return text;
}

inline Lab lab_of(const std::string& yaml, const std::filesystem::path& file = "l.yaml") {
  auto lab = parse_lab(yaml, file);
  if (!lab) throw std::runtime_error(lines_of(lab.error()));
  return std::move(*lab);
}

/// Every error, a line each; empty when the lab is right.
inline std::string errors_of(const std::string& yaml) {
  const auto lab = parse_lab(yaml, "l.yaml");
  return lab ? "" : lines_of(lab.error());
}

inline std::vector<std::string> warnings_of(const std::string& yaml) {
  std::vector<std::string> lines;
  for (const Finding& warning : lab_of(yaml).warnings) lines.push_back(to_string(warning));
  return lines;
}

/// A folder that is gone afterwards.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "smolstack-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the test");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace smolstack::topology
