#pragma once
// What may stand where the cursor is: asked for by the completions of shells.

#include <string>
#include <vector>

#include "verbs.hpp"

namespace smolstack::tools {

/// Among the candidates: the shell's own file names.
inline constexpr const char* file_names = ":files";

/// The words that may take the place of the last one, which is what was typed of it so far (maybe
/// nothing). The verbs and flags are those of `app`, the names those of what runs now.
std::vector<std::string> candidates(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace smolstack::tools
