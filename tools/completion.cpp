// `completion`: what shells run to complete our words.

#include <cstdio>
#include <map>
#include <memory>
#include <string_view>

#include "smolstack/control/command.hpp"
#include "verbs.hpp"

namespace smolstack::tools {
namespace {

// Each asks `smolstack __complete WORD...` with the words up to the cursor. Colons break words in
// bash: what it completes begins behind the last one.
constexpr std::string_view bash = R"(# source <(smolstack completion bash)
_smolstack() {
  local line=${COMP_LINE:0:COMP_POINT} current program i
  local -a words found
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  program=${words[0]}
  [[ ${program##*/} == hopon ]] && program=smolstack && words=(smolstack hop "${words[@]:1}")
  current=${words[${#words[@]}-1]}
  mapfile -t found < <("$program" __complete "${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  for i in "${found[@]}"; do
    if [[ $i == :files ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
    elif [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
      COMPREPLY+=("${i#"${current%"${current##*:}"}"}")
    else
      COMPREPLY+=("$i")
    fi
  done
  ((${#COMPREPLY[@]} < 2)) || mapfile -t COMPREPLY < <(printf '%s\n' "${COMPREPLY[@]}" | sort -u)
}
complete -F _smolstack smolstack hopon
)";

constexpr std::string_view zsh = R"(#compdef smolstack hopon
# source <(smolstack completion zsh), or as the file _smolstack in a directory of $fpath
_smolstack() {
  local program=$words[1]
  local -a before found
  before=("${(@)words[2,CURRENT]}")
  [[ ${program:t} == hopon ]] && program=smolstack && before=(hop "${before[@]}")
  found=("${(@f)$("$program" __complete "${before[@]}" 2>/dev/null)}")
  if (( ${found[(Ie):files]} )); then
    found=("${(@)found:#:files}")
    _files
  fi
  found=("${(@)found:#}")
  (( $#found )) && compadd -- "${found[@]}"
}
if [[ $funcstack[1] == _smolstack ]]; then _smolstack "$@"; else compdef _smolstack smolstack hopon; fi
)";

constexpr std::string_view fish = R"(# smolstack completion fish | source
function __smolstack_complete
  set -l words (commandline -opc)
  set -l program $words[1]
  set -e words[1]
  if test (basename $program) = hopon
    set program smolstack
    set -p words hop
  end
  $program __complete $words (commandline -ct | string collect --allow-empty) 2>/dev/null
end
complete -c smolstack -c hopon -f -a '(__smolstack_complete | string match -v :files)'
complete -c smolstack -c hopon -n '__smolstack_complete | string match -q :files' -F
)";

int print_script(const std::string& shell) {
  static const std::map<std::string_view, std::string_view> scripts{
      {"bash", bash}, {"zsh", zsh}, {"fish", fish}};
  const auto found = scripts.find(shell);
  if (found == scripts.end())
    return complain("completion: there are scripts for bash, zsh and fish, none for `" + shell +
                    "`");
  std::fwrite(found->second.data(), 1, found->second.size(), stdout);
  return control::exit_code::done;
}

}  // namespace

void add_completion_verb(CLI::App& app, Action& action) {
  CLI::App* const verb = app.add_subcommand(
      "completion", "prints the script with which a shell completes these verbs and their names");
  const auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "bash, zsh or fish")->required();
  verb->footer("For bash, in ~/.bashrc: source <(smolstack completion bash)");
  verb->callback([&action, shell] { action = [shell] { return print_script(*shell); }; });
}

}  // namespace smolstack::tools
