# The benchmark itself, with rounds too short to mean anything: it forwards, counts and cleans up.
set -euo pipefail
cd "$(dirname "$0")/../.."

lacking() {
  [[ ${SMOL_REQUIRE_DEVICES:-} != 1 ]] || { echo "FAILED: $1 is missing, and SMOL_REQUIRE_DEVICES=1" >&2 && exit 1; }
  echo "SKIPPED: $1 is missing" >&2
  exit 77
}
PATH=$PATH:/usr/sbin:/sbin
user=() && [[ $(id -u) == 0 ]] || user=(--map-root-user)
unshare "${user[@]}" --net --pid --fork true 2>/dev/null || lacking "the right to make namespaces"
{ : <>/dev/net/tun; } 2>/dev/null || lacking "/dev/net/tun, readable and writable"
for program in nft ping ip; do command -v "$program" >/dev/null || lacking "$program"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
harness() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bench python3 -m harness "$@" --build "$SMOL_BUILD"; }

links() { ip -br link | cut -d' ' -f1; }
before=$(links)
harness throughput --tiny --rivals copier,smolstack --measures udp,flood,rest,idle \
  --json "$work/report.json" --svg "$work/chart.svg" | tee "$work/table"
[[ $(links) == "$before" ]] || { echo "FAILED: devices are left" >&2 && exit 1; }

python3 - "$work/report.json" <<'PYTHON'
import json
import sys

report = json.load(open(sys.argv[1]))
measures = report["throughput"]["measures"]
for rival in ("copier", "smolstack"):
    for measure in ("udp_cpu_us", "flood_rtt_us", "idle_rtt_us", "rss_kib"):
        figures = measures[measure][rival]
        assert 0 < figures["min"] <= figures["median"] <= figures["max"], (measure, rival, figures)
    assert measures["flood_lost"][rival]["max"] == 0, measures["flood_lost"]
assert measures["udp_cpu_us"]["copier"]["ratio"] == 1, measures["udp_cpu_us"]
assert report["schema"] == 1 and report["targets"], report
PYTHON

grep -q '^  smolstack .*[0-9]' "$work/table" || { echo "FAILED: no smolstack in the table" >&2 && exit 1; }
grep -q '</svg>' "$work/chart.svg" || { echo "FAILED: no chart" >&2 && exit 1; }
# Printed again from the file, it says the same.
harness report --json "$work/report.json" >"$work/again"
diff <(grep -v '^all figures' "$work/table") <(grep -v '^all figures' "$work/again")

# What is wrong is said in one line, and nothing runs.
! harness throughput --rivals nobody --json "$work/none.json" 2>"$work/error" || { echo "FAILED: a rival that is none" >&2 && exit 1; }
grep -q '^bench: no rival nobody here; there are copier smolstack' "$work/error"
[[ ! -e $work/none.json ]]
