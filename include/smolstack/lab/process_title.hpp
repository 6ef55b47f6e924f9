#pragma once
// What `ps` and /proc/PID/cmdline call a process of a lab.

#include <string>

namespace smolstack::lab {

/// To be called once, first in main, with its own argv: finds the memory in which the kernel looks
/// for the title, and moves the environment out of it. Pointers into argv stay good until a title
/// is set.
void keep_room_for_title(char** argv);

/// The title of this process from now on, and of those it forks; cut off where the room ends.
void set_process_title(const std::string& title);

}  // namespace smolstack::lab
