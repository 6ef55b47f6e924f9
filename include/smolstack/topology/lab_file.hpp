#pragma once
// Lab files and docker-compose files: text in, Lab out, or everything that is wrong with it. The
// keys are listed in docs/lab-file.md.

#include <filesystem>
#include <string>
#include <vector>

#include "smolstack/base/expected.hpp"
#include "smolstack/topology/finding.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::topology {

namespace lab_limit {
inline constexpr std::size_t machines = 1024;
inline constexpr std::size_t networks = 1024;
inline constexpr std::size_t links = 4096;
inline constexpr std::size_t stages = 64;
inline constexpr std::size_t findings = 100;  ///< the others are only counted
}  // namespace lab_limit

/// Reads a lab from its folder (lab.yaml, else a compose file), a lab file or a compose file. All
/// errors are collected, in the order of their lines; warnings come with the Lab.
Expected<Lab, std::vector<Finding>> read_lab(const std::filesystem::path& path);

/// The same for a text. `file` is where it would lie: its folder is where scripts and Dockerfiles
/// are looked for, and findings name it as it is given.
Expected<Lab, std::vector<Finding>> parse_lab(const std::string& text,
                                              const std::filesystem::path& file);

}  // namespace smolstack::topology
