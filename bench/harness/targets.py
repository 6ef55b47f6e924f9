"""What the figures ought to be, and whether they are. Nothing here touches the system."""

from .figures import ratio

OURS = ("smolstack-offload", "smolstack")


def of(measures, key, name, base, what, sign, limit):
    """A target for the ratio of one rival to another; none where one of them is missing."""
    rivals = measures.get(key, {})
    if name not in rivals or base not in rivals:
        return []
    value = ratio(rivals[name]["rounds"], rivals[base]["rounds"])
    return [] if value is None else [judge(f"{what}, {name} to {base}", value, sign, limit)]


def judge(what, value, sign, limit):
    met = value <= limit if sign == "<=" else value >= limit
    return {"what": what, "is": value, "sign": sign, "limit": limit, "met": met}


def throughput_targets(measures):
    found = []
    for ours in OURS:
        copier = ours.replace("smolstack", "copier")
        found += of(measures, "udp_cpu_us", ours, copier, "64-byte UDP, CPU", "<=", 1.05)
        user = measures.get("udp_user_us", {}).get(ours)
        if user:
            found.append(judge(f"64-byte UDP, user us a packet, {ours}", user["median"], "<=", 0.12))
        found += of(measures, "udp_pps", ours, copier, "64-byte UDP, packets a second", ">=", 0.95)
        found += of(measures, "flood_rtt_us", ours, copier, "ping -f, average", "<=", 1.05)
    found += of(measures, "udp_pps", "smolstack", "lwip", "64-byte UDP, packets a second", ">=", 1.0)
    offload = "smolstack-offload"
    found += of(measures, "tcp1_bps", offload, "copier-offload", "TCP, one stream", ">=", 0.95)
    found += of(measures, "tcp4_bps", offload, "copier-offload", "TCP, four streams", ">=", 0.90)
    found += of(measures, "tcp1_bps", offload, "kernel", "TCP, one stream", ">=", 0.9)
    found += of(measures, "tcp1_bps", "smolstack", "copier", "TCP, one stream", ">=", 0.97)
    return found


# Nanoseconds: for a packet, a lookup, a build, an update.
LIMITS = {"forward/64/64/16": 15, "forward/64/64/1000000": 25, "build/1000000": 1e9, "update/1000000": 1000}
AT_MOST_THE_RIVALS = (("lookup/", "/1000000", "rte_fib"), ("checksum/", "/1500", "rte_raw_cksum"))


def memory_targets(groups):
    found = []
    for group, rivals in groups.items():
        ours = rivals.get("ours")
        if ours and group in LIMITS:
            found.append(judge(f"{group}, ns", ours["median"], "<=", LIMITS[group]))
        for start, end, rival in AT_MOST_THE_RIVALS:
            medians = [rivals[name]["median"] for name in rivals if name.startswith(rival)]
            if ours and medians and group.startswith(start) and group.endswith(end):
                found.append(judge(f"{group}, ours to {rival}", ours["median"] / min(medians), "<=", 1.0))
    return found
