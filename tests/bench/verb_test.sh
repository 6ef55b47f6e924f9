# The words and the JSON of `smolstack bench`.
set -euo pipefail
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

text=$("$SMOLSTACK" bench --quick)
for row in 'forward, 64 bytes, batch 64, 16 routes' '  of it to make the frames anew' \
  'fib lookup, 1000 routes' 'checksum, 1500 bytes'; do
  grep -qE "^$row +[0-9.]+ +[0-9.]+ +[0-9.]+$" <<<"$text" || fail "no row '$row' in: $text"
done

"$SMOLSTACK" bench checksum fib --quick --json | python3 -c '
import json, sys
rows = json.load(sys.stdin)["benchmarks"]
names = [row["name"] for row in rows]
assert names[-1] == "checksum, 65535 bytes" and names[0] == "fib lookup, 1000 routes", names
assert all(0 < row["min_ns"] <= row["ns"] <= row["max_ns"] for row in rows), rows
times = {row["name"]: row["ns"] for row in rows}
assert times["checksum, 65535 bytes"] > times["checksum, 20 bytes"], times
' || fail "the JSON"

code=0
said=$("$SMOLSTACK" bench nonsense 2>&1) || code=$?
[[ $code == 2 && $said == *"see smolstack bench --help" ]] || fail "a part that is none: exit $code, $said"
