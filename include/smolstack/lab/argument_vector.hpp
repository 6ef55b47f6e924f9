#pragma once

#include <string>
#include <vector>

namespace smolstack::lab {

/// The words as exec(2) and posix_spawn(3) want an argument or environment list: ended by a null
/// pointer. They take no const and change nothing. Valid as long as `words` are.
inline std::vector<char*> argument_vector(const std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

}  // namespace smolstack::lab
