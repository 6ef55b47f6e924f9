# Sourced by the tests in which a stock tool asks us and the Linux kernel the same.
#
#   needs TOOL...                  or the test is lacking them
#   common TEXT                    the text without times and other numbers that differ by chance
#   must_be_alike REGEX OURS LINUX CODE LINUX-CODE COMMAND...
#                                  but for these they are the same, and are like that
#   $fping_sweep                   the command that tells who lives in a network, in order
#   use_arping DEVICE              sets the words below for the make that is installed
#   $arping_asks  $arping_in_vain  commands, for who answers and for who does not
#   $arping_probes                 flags: whether an address is in use (RFC 5227)
#   $arping_announces  $arping_announces_by_reply
#   $arping_reply  $arping_got_one  $arping_got_none     expressions for what it says

# shellcheck disable=SC2016
fping_sweep=(bash -o pipefail -c 'fping -a -q -r 1 -t 1000 -i 2 -g "$1" | sort -V' fping_sweep)

needs() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || lacking "$tool"
  done
}

common() {
  sed -E '/^(Start: |Starting Nmap|pipe [0-9]+$)/d
    s/ *[0-9.\/]+ ?([mu]?s|[mu]sec|seconds)\>/ T/g; s/, (pipe [0-9]+|ipg\/ewma T)//g
    s/^( *[0-9]+\.\|-- [^ ]+ +[0-9.]+% +[0-9]+) .*/\1/; s/( [0-9]+\.[0-9]+)+$/ T/
    s/^HOP RTT +/HOP RTT /; s/ id=[1-9][0-9]*/ id=N/; s/(Originate|Receive|Transmit|tsrtt|status=0 port)=[0-9]+/\1=N/g' <<<"$1" | tr -d '\b'
}

must_be_alike() { # REGEX OURS LINUX CODE LINUX-CODE COMMAND...
  local regex=$1 ours=$2 linux=$3 ours_code=$4 linux_code=$5 difference
  shift 5
  assert_equal "$linux_code" "$ours_code" "exit code of: $* ($ours)"
  difference=$(diff <(common "$linux") <(common "$ours")) || die "$* differs from Linux (<): $difference"
  [[ $ours =~ $regex ]] || die "$*: no '$regex' in: $ours"
}

use_arping() {
  if arping --help 2>&1 | grep -q Habets; then
    arping_asks=(arping -i "$1" -c 1 -C 1 -W 2) arping_in_vain=(arping -i "$1" -c 1 -W 0.5)
    arping_probes=(-0) arping_announces=(-U) arping_announces_by_reply=(-U -P)
    arping_reply="42 bytes from" arping_got_one='1 packets received' arping_got_none='0 packets received'
  else
    arping_asks=(arping -I "$1" -c 1 -w 2) arping_in_vain=(arping -I "$1" -c 1 -w 1)
    arping_probes=(-D) arping_announces=(-U) arping_announces_by_reply=(-A)
    arping_reply="Unicast reply from" arping_got_one='Received 1 response' arping_got_none='Received 0 response'
  fi
}
