# What bash completes, with the script that it gets and with machines that run.
. "$(dirname "$0")/support.sh"

PATH=$(dirname "$SMOLSTACK"):$PATH
start_node client node --tap tap-client --ip 10.1.1.2/24
start_node server node --tap tap-server --ip 10.1.1.3/24
mkdir -p "$work/here/labs/ring" "$work/here/solo"
touch "$work/here/labs/ring/lab.yaml" "$work/here/solo/docker-compose.yml" "$work/here/notes"

# completes LINE: what comes for the word at its end, one a line
completes() {
  (
    cd "$work/here"
    eval "$(smol completion bash)"
    COMP_LINE=$1 COMP_POINT=${#1}
    _smolstack
    printf '%s\n' "${COMPREPLY[@]}" | sort
  )
}
assert_completes() { assert_equal "$2" "$(completes "$1" | paste -sd ' ')" "completion of '$1'"; }

assert_completes "smolstack trac" "traceroute"
assert_completes "smolstack ping c" "client"
assert_completes "smolstack ping " "client server"
assert_completes "smolstack exec client,s" "client,server"
assert_completes "smolstack exec --ti" "--timeout"
assert_completes "smolstack node --gate" "--gateway"
assert_completes "smolstack node --jo" "--join"
assert_completes "smolstack impair client --del" "--delay"
assert_completes "smolstack bench f" "fib forward"
assert_completes "smolstack bench --q" "--quick"
assert_completes "smolstack completion " "bash fish zsh"
assert_completes "smolstack link client:eth0 d" "down"
assert_completes "hopon se" "server"
assert_completes "smolstack up lab" "labs labs/ring"
assert_completes "smolstack up s" "solo"
assert_completes "smolstack exec client -- no" "notes"
assert_completes "smolstack no-such-verb x" ""
assert_contains "$(completes "smolstack ")" '^doctor$' "all verbs"
assert_lacks "$(completes "smolstack ")" '__complete' "all verbs"

bash -n <(smol completion bash) || die "the script for bash is none"
! command -v zsh >/dev/null || zsh -n <(smol completion zsh) || die "the script for zsh is none"
! command -v fish >/dev/null || smol completion fish | fish -n || die "the script for fish is none"
run smol completion tcsh
assert_equal 2 "$code" "a shell that we do not know"
