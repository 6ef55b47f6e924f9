#include "smolstack/lab/process_title.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <unistd.h>
#include <vector>

namespace smolstack::lab {
namespace {

/// argv's strings and, behind them, those of the environment, as execve(2) laid them out.
std::span<char> room;

/// Grows `text` over the strings of the list that lie right behind it.
void take_in(std::span<char>& text, char** list) {
  for (char** each = list; each != nullptr && *each != nullptr; ++each) {
    if (!text.empty() && *each != text.data() + text.size()) return;
    text = {text.empty() ? *each : text.data(), text.size() + std::strlen(*each) + 1};
  }
}

void move_environment() {
  static auto& variables = *new std::vector<char*>;  // for as long as anybody may ask
  for (char** each = environ; *each != nullptr; ++each) variables.push_back(::strdup(*each));
  variables.push_back(nullptr);
  environ = variables.data();
}

}  // namespace

void keep_room_for_title(char** argv) {
  if (!room.empty() || environ == nullptr) return;
  take_in(room, argv);
  take_in(room, environ);
  move_environment();
}

void set_process_title(const std::string& title) {
  if (room.empty()) return;
  // proc(5): the kernel reads on into the environment where argv does not end with a NUL any more.
  std::ranges::fill(room, '\0');
  title.copy(room.data(), room.size() - 1);
}

}  // namespace smolstack::lab
