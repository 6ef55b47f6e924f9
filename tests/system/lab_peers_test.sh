#!/usr/bin/env bash
# On the machines of every lab that comes with the project the stock tools say what they say in the
# same lab with `stack: kernel`: the Linux kernel on every machine.
. "$(dirname "$0")/lab_support.sh"
. "$(dirname "$0")/alike_support.sh"

needs ping arping tracepath traceroute mtr fping nmap jq
use_arping eth0

# way_of LAB: a host, its neighbour, a router on the way or nobody, the far end, the hops in between, a
# network to sweep, and who lives there. (A lab that is not here fails.)
way_of() {
  case $1 in
    first-network) way=(alice 10.1.1.3 "" 10.1.1.3 "" 10.1.1.0/28 "10.1.1.2 10.1.1.3") ;;
    smol-internet) way=(client 10.1.1.3 router 10.1.2.2 10.1.1.3 10.1.1.0/24 "10.1.1.2 10.1.1.3") ;;
    chonk)
      way=(student 10.1.0.1 r2 192.168.7.10 "10.1.0.1 10.100.0.2 10.100.0.10 10.100.0.18"
        192.168.7.0/28 "192.168.7.1 192.168.7.10")
      ;;
    # The third hop answers by the other side of the ring, and with the address it has there.
    ring) way=(hn 10.1.0.1 south 10.3.0.10 "10.1.0.1 10.100.12.2 10.100.34.1" 10.3.0.0/28 "10.3.0.1 10.3.0.10") ;;
    *) die "no way is known in the lab $1" ;;
  esac
}

# with_kernels LAB: the same lab, LAB-linux, with the Linux kernel on each machine
with_kernels() {
  local file=$labs/$1-linux/lab.yaml machines
  mkdir "$labs/$1-linux"
  sed -E 's/^(    )networks:/\1stack: kernel\n\1networks:/; s/\{ networks:/{ stack: kernel, networks:/
    s/^name: .*/&-linux/' "$labs/$1/lab.yaml" >"$file"
  smol up "$labs/$1-linux" --stage final -q
  machines=$(smol ps --lab "$1-linux" --json)
  jq -e 'length > 1 and all(.stack == "kernel")' <<<"$machines" >/dev/null || die "not all of it are kernels: $machines"
  # Nothing is held back that we would say.
  smol exec --lab "$1-linux" --all -- sysctl -qw net.ipv4.icmp_ratelimit=0
}

# ask LAB MACHINE COMMAND...: its words and its exit code land in $work/LAB.said and $work/LAB.code
ask() {
  local lab=$1 machine=$2 status=0
  shift 2
  smol exec --lab "$lab" --timeout 60 "$machine" -- "$@" >"$work/$lab.said" 2>&1 </dev/null || status=$?
  echo "$status" >"$work/$lab.code"
}

# alike REGEX MACHINE COMMAND...: the same in $lab and its kernels, and like that; then all goes on
alike() {
  local regex=$1 machine=$2 asking _
  shift 2
  # A busy machine makes Linux lose something, too: then there is nothing to compare with.
  for _ in 1 2 3; do
    ask "$lab-linux" "$machine" "$@" &
    asking=$!
    ask "$lab" "$machine" "$@"
    wait "$asking"
    [[ ! $(cat "$work/$lab-linux.said") =~ $regex ]] || break
  done
  must_be_alike "$regex" "$(cat "$work/$lab.said")" "$(cat "$work/$lab-linux.said")" \
    "$(cat "$work/$lab.code")" "$(cat "$work/$lab-linux.code")" "$lab, $machine:" "$@"
  all_alive "$*"
}

processes() { smol ps --lab "$lab" --json | jq -c '[.[] | {node, state, stack, pid}]'; }
all_alive() {
  assert_equal "$at_first" "$(processes)" "the machines of $lab after '$1'"
  run smol exec --lab "$lab" "$host" -- ping -n -q -c 1 -W 2 "$far"
  assert_equal 0 "$code" "$lab, after '$1': ping from $host to $far"
}

play() {
  local lab=$1 way host near router far hops sweep living hop traced=$'\n' reported="" tracepathed="" number=0 machine at_first
  way_of "$lab"
  host=${way[0]} near=${way[1]} router=${way[2]} far=${way[3]} hops=${way[4]} sweep=${way[5]} living=${way[6]}
  for hop in $hops $far; do
    number=$((number + 1))
    traced+=" $number  $hop [^*]*"
    reported+="$number\.\|-- $hop +0\.0% +2 .*"
    tracepathed+=" $number:  $hop .*"
  done
  smol up "$labs/$lab" --stage final -q
  with_kernels "$lab"
  at_first=$(processes)
  assert_contains "$at_first" '"stack":"smol"' "the machines of $lab"
  for machine in "$lab" "$lab-linux"; do
    wait_for 5 smol exec --lab "$machine" "$host" -- ping -n -c 1 -W 1 "$far"
  done

  alike " bytes from $far: .* 2 received, 0% packet loss" "$host" ping -n -c 2 -i 0.2 -W 2 "$far"
  alike "1480 bytes from $far: .* 1 received" "$host" ping -n -M do -c 1 -W 2 -s 1472 "$far"
  alike "message too long, mtu=1500" "$host" ping -n -M do -c 1 -W 2 -s 1473 "$far"
  alike "20008 bytes from $far: .* 1 received" "$host" ping -n -M dont -c 1 -W 2 -s 20000 "$far"
  [[ -z $router ]] || alike "From $near icmp_seq=1 Time to live exceeded" "$host" ping -n -t 1 -c 1 -W 2 "$far"
  alike "$arping_reply .*$near.*$arping_got_one" "$host" "${arping_asks[@]}" "$near"
  alike "$arping_got_one" "$host" "${arping_asks[@]}" "${arping_probes[@]}" "$near"
  alike "$arping_got_none" "$host" "${arping_in_vain[@]}" "${near%.*}.77"
  alike "pmtu 1500.*$tracepathed reached.*Resume: pmtu 1500 hops $number back $number" "$host" tracepath -n "$far"
  for method in "" -I "-T -p 80"; do
    # shellcheck disable=SC2086
    alike "$traced\$" "$host" traceroute -n -q 1 -N 1 -w 3 $method "$far"
  done
  for method in "" --udp --tcp; do
    # shellcheck disable=SC2086
    alike "$reported" "$host" mtr --report --no-dns --report-cycles 2 --interval 0.3 --gracetime 3 $method "$far"
  done
  alike "^${living// /$'\n'}\$" "$host" "${fping_sweep[@]}" "$sweep"
  alike "MAC Address: 02:42:.*1 host up" "$host" nmap -n -sn -PR "$near"
  alike "30 closed tcp ports \(reset\)" "$host" nmap -n -Pn --disable-arp-ping -sS -p 1-30 "$far"
  alike "30 closed tcp ports \(conn-refused\)" "$host" nmap -n -Pn --disable-arp-ping -sT -p 1-30 "$far"
  alike "53/udp +closed.*161/udp +closed" "$host" nmap -n -Pn --disable-arp-ping -sU -p 53,123,161 "$far"
  alike "1 +open +icmp.*99 +closed" "$host" nmap -n -Pn --disable-arp-ping -sO -p 1,6,17,50,99 "$far"
  # The same from a router, of which the last hops are left.
  if [[ -n $router ]]; then
    alike " bytes from $far: .* 2 received, 0% packet loss" "$router" ping -n -c 2 -i 0.2 -W 2 "$far"
    alike "  $far [^*]*\$" "$router" traceroute -n -q 1 -N 1 -w 3 "$far"
    alike "26 closed tcp ports" "$router" nmap -n -Pn --disable-arp-ping -sS -p 1-26 "$far"
  fi
  smol down "$lab" -q
  smol down "$lab-linux" -q
}

# All labs at the same time: tools mostly wait.
playing=()
for directory in "$labs"/*/; do
  play "$(basename "$directory")" &
  playing+=($!)
done
((${#playing[@]} >= 4)) || die "labs are missing"
failed=0
for player in "${playing[@]}"; do wait "$player" || failed=1; done
assert_equal 0 "$failed" "tools in the labs"
assert_nothing_left
