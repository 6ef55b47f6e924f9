#!/usr/bin/env bash
# A second opinion on every frame that the machine sent in the tests on the wire: does tshark find
# one that is malformed or has a wrong checksum?
#
#   second_opinion.sh FOLDER PROGRAM     the captures that the test program has left in FOLDER
#
# Captures older than PROGRAM are those of tests that are no more. Of what the machine only passed
# on (*.transit.pcap) the IPv4 header is looked at and nothing else: tests damage the rest. An ICMP
# error must quote an IPv4 header that is right; what is behind that header may be damaged or cut.
#
# First of all frames with one fault each are planted: tshark must find every one of them.
set -euo pipefail

folder=${1:?} program=${2:?}
at_once=400  # files that mergecap may have open
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  echo "second opinion: $*" >&2
  exit 1
}

lacking() {
  [[ ${SMOL_REQUIRE_DEVICES:-} != 1 ]] || die "$1 missing, and SMOL_REQUIRE_DEVICES=1"
  echo "skipped: $1 missing"
  exit 77
}

for tool in tshark mergecap capinfos text2pcap; do
  command -v "$tool" >/dev/null || lacking "$tool is"
done

# The layers that the machine makes itself, and the user's preferences do not count.
export WIRESHARK_CONFIG_DIR=$work/settings
mkdir "$WIRESHARK_CONFIG_DIR"
tshark -G protocols 2>/dev/null | cut -f3 |
  grep -vxE 'eth|ethertype|arp|ip|icmp|igmp|udp|tcp|data|frame|_ws\..*' >"$work/disabled"
mv "$work/disabled" "$WIRESHARK_CONFIG_DIR/disabled_protos"

# --- What is wrong with a frame ----------------------------------------------------------------

error='(icmp.type#1 in {3, 4, 5, 11, 12})'
# A datagram whose fragments overlap is two, of two tests, with the same identification.
own="ip.checksum.status == 0 || icmp.checksum.status#1 == 0 || ($error && !ip.src#2) ||
  (!$error && (_ws.malformed || ip.bogus_header_length || ip.bogus_ip_length ||
    (!ip.fragment.overlap && (igmp.checksum.status == 0 || udp.checksum.status == 0 ||
      udp.length.bad || tcp.checksum.status == 0 || tcp.bogus_header_length))))"
transit='ip.checksum.status#1 == 0 || !ip'

# faults CAPTURE FILTER: the numbers and descriptions of the frames that it fits.
faults() {
  tshark -n -r "$1" -Y "$2" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
    -o tcp.check_checksum:TRUE -o ip.defragment:TRUE 2>"$work/errors" ||
    die "tshark: $(cat "$work/errors")"
}

# --- Does it look? -----------------------------------------------------------------------------

link=02420a00010902420a000101
echo_reply=${link}08004500002000004000400124d40a0001010a000109000021270007000170696e67
datagram=${link}08004500001e00004000401124c60a0001010a00010900071388000a6dd86869
segment=${link}08004500002800004000400624c70a0001010a0001090050138800000000000000015014000085ee0000
arp_reply=${link}0806000108000604000202420a0001010a00010102420a0001090a000109
# Protocol unreachable, about an IGMP message whose checksum is wrong.
unreachable=${link}08004500003800004000400124bc0a0001010a0001090302e7f700000000
unreachable+=4500001c00004000400224d70a0001090a0001011100000001020304
quoting_nothing=${link}08004500001e00004000400124d60a0001010a0001090302b7fd000000004500
# Two fragments of one echo reply.
first_half=${link}08004500001c00072000400144d10a0001010a0001090000425000070001
second_half=${link}08004500001c00070001400164d00a0001010a00010970696e67706f6e67

right=("$first_half" "$second_half" "$echo_reply" "$datagram" "$segment" "$arp_reply" "$unreachable")
wrong=(
  "${echo_reply/400124d4/410124d4}"   # another TTL than the header's checksum says
  "${echo_reply/70696e67/70696e68}"   # another letter of the data
  "${datagram/6dd86869/6dd86768}"
  "${datagram/000a6dd8/00ff6dd8}"     # longer than the packet that it is in
  "${segment/50140000/50120000}"
  "${segment/08004500/08004f00}"      # a header longer than the packet
  "${arp_reply:0:60}"                 # cut off
  "${unreachable/0302e7f7/0303e7f7}"
  "${unreachable/1c000040/1c000140}"  # the quoted header
  "$quoting_nothing"
)

# capture NAME FRAME...: a file of frames in hexadecimal.
capture() {
  printf '%s\n' "${@:2}" | sed 's/../ &/g; s/^/0000/' | text2pcap -F pcap - "$work/$1" \
    2>"$work/errors" >&2 || die "text2pcap: $(cat "$work/errors")"
}

# found NAME FILTER: the numbers of the frames found.
found() { faults "$work/$1" "$2" | awk '{ printf "%s ", $1 }'; }

capture right "${right[@]}"
capture wrong "${wrong[@]}"
capture wrong_when_joined "$first_half" "${second_half/6e67706f/6f67706f}"
capture damaged_behind_the_header "${wrong[1]}" "${wrong[2]}" "${wrong[4]}" "${wrong[7]}"
[[ -z $(found right "$own") ]] ||
  die "faults are found where there are none: $(faults "$work/right" "$own")"
[[ $(found wrong "$own") == "$(seq -s ' ' ${#wrong[@]}) " ]] ||
  die "of ${#wrong[@]} planted faults these are found: $(found wrong "$own")"
[[ $(found wrong_when_joined "$own") == '2 ' ]] || die "fragments are not joined"
[[ $(found wrong "$transit") == *"1 "* ]] || die "a wrong header in transit is not found"
[[ -z $(found damaged_behind_the_header "$transit") ]] || die "contents in transit are looked at"

# --- The captures ------------------------------------------------------------------------------

# examine KIND FILTER: all captures of one kind as if they were one.
examine() {
  local files parts frames i
  mapfile -t files < <(find "$folder" -name "*.$1.pcap" -newer "$program" | sort)
  ((${#files[@]})) || lacking "captures (the tests on the wire did not run) are"
  for ((i = 0; i < ${#files[@]}; i += at_once)); do
    parts+=("$work/$1.$i")
    mergecap -a -F pcap -w "$work/$1.$i" "${files[@]:i:at_once}"
  done
  mergecap -a -F pcap -w "$work/$1" "${parts[@]}"
  faults "$work/$1" "$2" >"$work/faults"
  frames=$(capinfos -T -r -M -c "$work/$1" 2>/dev/null | cut -f2)
  echo "$1: $frames frames of ${#files[@]} captures, $(wc -l <"$work/faults") wrong"
  [[ -s $work/faults ]] || return 0
  failed=1
  # Which capture, and which frame of it.
  capinfos -T -r -M -c "${files[@]}" 2>/dev/null | awk -F'\t' '
    NR == FNR { name[NR] = $1; last[NR] = last[NR - 1] + $2; next }
    { split($0, words, " "); at = 1
      while (last[at] < words[1]) ++at
      if (shown++ < 20) print name[at] ", frame " words[1] - last[at - 1] ": " $0 }' - "$work/faults"
}

failed=0
examine own "$own"
examine transit "$transit"
exit "$failed"
