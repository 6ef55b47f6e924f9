#pragma once
// What a program finds on a machine before it does anything: its environment, directory and shell.

#include <string>
#include <string_view>

namespace smolstack::lab {

/// "/usr/bin:/bin" becomes "/usr/bin:/bin:/usr/sbin:/sbin": `ip` and `tcpdump` live there.
std::string path_with_sbin(std::string_view path);

/// Whether a variable of ours is the user's rather than our host's: TERM, LANG, LC_*, NO_COLOR...
bool is_kept(std::string_view variable);

/// Makes this process's environment that of root on the machine where it now is: PATH, HOME,
/// HOSTNAME, USER, SHELL, and what is_kept() of ours.
void set_up_environment();

/// Goes to `directory` if the machine has it, else to /.
void go_to(const std::string& directory);

/// Becomes a shell with the machine's name in its prompt: bash, else sh. Returns only if there is
/// neither; errno says why.
void become_shell();

}  // namespace smolstack::lab
