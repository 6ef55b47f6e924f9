#include "smolstack/lab/surroundings.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>
#include <utility>
#include <vector>

namespace smolstack::lab {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view usual_path = "/usr/local/bin:/usr/bin:/bin";
constexpr auto kept =
    std::to_array({"TERM"sv, "COLORTERM"sv, "COLUMNS"sv, "LINES"sv, "LANG"sv, "LANGUAGE"sv, "TZ"sv,
                   "NO_COLOR"sv, "CLICOLOR"sv, "CLICOLOR_FORCE"sv, "FORCE_COLOR"sv, "LS_COLORS"sv,
                   "EDITOR"sv, "VISUAL"sv, "PAGER"sv, "LESS"sv});

bool has_directory(std::string_view path, std::string_view directory) {
  const std::string padded = ':' + std::string(path) + ':';
  return padded.find(':' + std::string(directory) + ':') != std::string::npos;
}

std::string host_name() {
  std::array<char, 65> name{};  // utsname(7): 64 bytes and a NUL
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::vector<std::string> kept_variables() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (is_kept(text.substr(0, text.find('=')))) variables.emplace_back(text);
  }
  return variables;
}

void set(const std::string& name, const std::string& value) {
  ::setenv(name.c_str(), value.c_str(), 1);
}

}  // namespace

std::string path_with_sbin(std::string_view path) {
  std::string whole(path.empty() ? usual_path : path);
  for (const auto directory : {"/usr/sbin"sv, "/sbin"sv})
    if (!has_directory(whole, directory)) whole += ":" + std::string(directory);
  return whole;
}

bool is_kept(std::string_view variable) {
  return variable.starts_with("LC_") || std::ranges::find(kept, variable) != kept.end();
}

void set_up_environment() {
  const char* const path = std::getenv("PATH");
  const std::string whole_path = path_with_sbin(path == nullptr ? "" : path);
  const auto variables = kept_variables();
  ::clearenv();
  for (const std::string& variable : variables) {
    const auto equals = variable.find('=');
    set(variable.substr(0, equals), variable.substr(equals + 1));
  }
  set("PATH", whole_path);
  // A host's /root that was bound into a machine of an ordinary user is closed to it.
  set("HOME", ::access("/root", R_OK | W_OK | X_OK) == 0 ? "/root" : "/");
  set("HOSTNAME", host_name());
  for (const char* const name : {"USER", "LOGNAME"}) set(name, "root");
  set("SHELL", ::access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh");
}

void go_to(const std::string& directory) {
  if (directory.empty() || ::chdir(directory.c_str()) != 0) (void)!::chdir("/");
}

void become_shell() {
  // Read by bash, unless its start-up files set another one, and by dash.
  set("PS1", "root@$HOSTNAME:$PWD# ");
  ::execlp("bash", "bash", nullptr);
  ::execlp("sh", "sh", nullptr);
}

}  // namespace smolstack::lab
