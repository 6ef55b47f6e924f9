#pragma once
// What a lab takes from a Dockerfile: which files it copies, and what it starts. Packages and all
// else are the host's own here.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "smolstack/topology/finding.hpp"

namespace smolstack::topology {

struct Dockerfile {
  std::vector<std::string> entrypoint;  ///< words; the shell form is `sh -c TEXT`
  std::vector<std::string> command;
  /// From (on this host, inside the build context) to (on the machine). A folder means what is in
  /// it; a destination with a slash at its end is a folder.
  std::vector<std::pair<std::filesystem::path, std::string>> copies;
  std::vector<Finding> findings;
};

/// The last stage of a Dockerfile. `shown` is what findings call it. Nothing outside `context` is
/// ever named by `copies`, also not through symbolic links.
Dockerfile parse_dockerfile(const std::string& text, const std::filesystem::path& context,
                            const std::string& shown);

}  // namespace smolstack::topology
