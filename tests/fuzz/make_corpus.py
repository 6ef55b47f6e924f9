#!/usr/bin/env python3
"""Writes the seeds of the fuzz corpora: tests/fuzz/make_corpus.py

Inputs that a fuzzer found later lie beside them and stay.
"""

import struct
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"

CLIENT_MAC = bytes.fromhex("02420a010102")
ROUTER_MAC = bytes.fromhex("02420a010103")


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(int(part) for part in text.split("."))


def ipv4(payload=b"", protocol=1, source="10.1.1.2", destination="10.1.1.3", ttl=64, options=b"",
         flags_offset=0, version_ihl=None, length=None):
    header_words = 5 + len(options) // 4
    header = struct.pack(">BBHHHBBH4s4s", version_ihl or 0x40 | header_words, 0,
                         length or header_words * 4 + len(payload), 7, flags_offset, ttl,
                         protocol, 0, address(source), address(destination)) + options
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def echo(kind=8, data=b"abcdefgh"):
    message = struct.pack(">BBHHH", kind, 0, 0, 7, 1) + data
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


def udp(source=40000, destination=33434, data=b"probe", length=None):
    return struct.pack(">HHHH", source, destination, length or 8 + len(data), 0) + data


def tcp(flags=2, offset=5, options=b"", data=b""):
    return struct.pack(">HHIIBBHHH", 40000, 80, 1, 0, offset << 4, flags, 1024, 0, 0) + options + data


def arp(operation=1, sender="10.1.1.2", target="10.1.1.3", hardware=1, protocol=0x0800, lengths=(6, 4)):
    return struct.pack(">HHBBH6s4s6s4s", hardware, protocol, *lengths, operation, CLIENT_MAC,
                       address(sender), bytes(6), address(target))


def ethernet(payload, kind, to=b"\xff" * 6):
    return to + CLIENT_MAC + struct.pack(">H", kind) + payload


OPTIONS = {
    "record-route": bytes([7, 11, 4]) + bytes(8) + b"\0",
    "record-route-full": bytes([7, 7, 8]) + address("1.2.3.4") + b"\0",
    "timestamp": bytes([68, 12, 5, 0]) + bytes(8),
    "timestamp-with-address": bytes([68, 12, 5, 1]) + bytes(8),
    "timestamp-prespecified": bytes([68, 12, 5, 3]) + address("10.0.0.1") + bytes(4),
    "timestamp-overflow": bytes([68, 8, 9, 0xF0]) + bytes(4),
    "timestamp-overflow-wraps": bytes([68, 8, 9, 0xF0]) + bytes(4),
    "router-alert": bytes([148, 4, 0, 0]),
    "loose-source-route": bytes([131, 7, 4]) + address("10.9.9.9") + b"\0",
    "strict-source-route": bytes([137, 7, 4]) + address("10.9.9.9") + b"\0",
    "length-zero": bytes([7, 0, 4, 0]),
    "length-one": bytes([7, 1, 4, 0]),
    "length-past-end": bytes([7, 40, 4, 0]),
    "pointer-low": bytes([7, 7, 3]) + bytes(5),
    "no-operations": b"\1" * 40,
    "end-at-once": b"\0" * 40,
}

# head byte: which (3 bits), 0x08 offsets by 32, 0x10 lengths by 8, 0x20 more, 0x40 options
REASSEMBLY = {
    "in-order": [(0x20, 0, 8, 1), (0x00, 1, 5, 2)],
    "reversed": [(0x00, 1, 5, 2), (0x20, 0, 8, 1)],
    "overlap": [(0x20, 0, 16, 1), (0x20, 1, 16, 2), (0x00, 3, 8, 3)],
    "duplicate": [(0x20, 0, 8, 1), (0x20, 0, 8, 1), (0x00, 1, 8, 1)],
    "two-ends": [(0x00, 2, 8, 1), (0x00, 4, 8, 1), (0x20, 0, 16, 1)],
    "behind-the-end": [(0x00, 2, 8, 1), (0x20, 4, 8, 1)],
    "ping-of-death": [(0x28, 0, 8, 1), (0x18, 255, 255, 1)],
    "tiny": [(0x20, n, 8, n) for n in range(60)] + [(0x00, 60, 1, 9)],
    # 65,515 bytes of data would fit behind a header of 20 bytes, but fragment zero's has 60.
    "long-header-first": [(0x70, 0, 224, 1)] + [(0x38, n, 32, 2) for n in range(7, 255)]
                         + [(0x08, 255, 235, 3)],
    "many": [(0x20 | which, 0, 8, 1) for which in range(8)],
    "times-out": [(0x20, 0, 8, 1), (0x00, 0, 61, 0xFF), (0x00, 1, 8, 1)],
    "large": [(0x38, n, 32, n) for n in range(0, 8)] + [(0x18, 8, 200, 9)],
}

TEXTS = ["10.1.1.2", "10.1.1.2/24", "10.1.1.0/24", "default", "0.0.0.0/0", "255.255.255.255",
         "010.1.1.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", " 1.2.3.4", "1.2.3.4/33", "1.2.3.4/",
         "1.2.3.4/-1", "02:42:0a:01:01:02", "02:42:0A:01:01:02", "02-42-0a-01-01-02", "2:42:a:1:1:2",
         "", "0x0a.1.1.1", "1.2.3.4/024", "10.1.1.2/99999999999"]

# Indices of stack_fuzz.cpp's addresses: 0 and 1 are ours, 2 and 3 neighbours, 4 and 5 broadcasts,
# 6 and 7 beyond, 8 up special. `to` 1 is the interface's own MAC.


def stack_arp(on, operation, station, sender, target, to=1):
    return bytes([on << 7 | 1, operation - 1, station, sender, target, to])


def stack_ipv4(on, source, destination, payload, protocol=0, ttl=None, options=b"", fragment=None,
               to=1):
    # Selectors 8 to 15 are IPv4 frames; from 12 on they carry a flags-and-offset word.
    what = on << 7 | 8 | (0x10 if options else 0) | (0x40 if ttl is not None else 0)
    what |= 4 if fragment is not None else 0
    script = bytes([what])
    script += bytes([len(options) // 4 - 1]) if options else b""
    script += bytes([len(payload)])
    script += bytes([ttl]) if ttl is not None else b""
    script += struct.pack(">H", fragment) if fragment is not None else b""
    return script + bytes([1, protocol, source, destination]) + options + payload + bytes([to])


def stack_time(seconds):
    return bytes([4, seconds])


def stack_undone(on, source, destination, payload, protocol, gso_size):
    # An odd selector: a byte with an eighth of the segment size stands behind the frame's station.
    script = bytearray(stack_ipv4(on, source, destination, payload, protocol) + bytes([gso_size // 8]))
    script[0] |= 1
    return bytes(script)


MEET = stack_arp(0, 1, 0, 2, 0) + stack_arp(1, 1, 1, 3, 1)
STACK = {
    "ping": MEET + stack_ipv4(0, 2, 0, echo()),
    "ping-far-side": MEET + stack_ipv4(0, 2, 1, echo()),
    "forward": MEET + stack_ipv4(0, 2, 3, echo()) + stack_ipv4(1, 3, 2, echo(0)),
    "forward-unresolved": stack_ipv4(0, 2, 3, echo()) + stack_time(5),
    "ttl-one": MEET + stack_ipv4(0, 2, 3, echo(), ttl=1),
    "no-route": MEET + stack_ipv4(0, 2, 7, echo()),
    "record-route": MEET + stack_ipv4(0, 2, 3, echo(), options=OPTIONS["record-route"]),
    "bad-option": MEET + stack_ipv4(0, 2, 3, echo(), options=OPTIONS["pointer-low"]),
    "udp-closed": MEET + stack_ipv4(0, 2, 0, udp(), protocol=2),
    "tcp-closed": MEET + stack_ipv4(0, 2, 0, tcp(), protocol=1),
    "fragments": MEET + stack_ipv4(0, 2, 0, echo(data=b"x" * 8), fragment=0x2000)
                 + stack_ipv4(0, 2, 0, b"y" * 8, fragment=2) + stack_time(61),
    "fragment-timeout": MEET + stack_ipv4(0, 2, 0, echo(), fragment=0x2000) + stack_time(90),
    "link-flaps": MEET + bytes([5, 0]) + stack_ipv4(0, 2, 3, echo()) + bytes([5, 0x80])
                  + stack_arp(0, 1, 0, 2, 0) + stack_ipv4(0, 2, 3, echo()),
    "small-mtu": MEET + bytes([0x85, 4, 0, 68]) + stack_ipv4(0, 2, 3, echo(data=b"z" * 100)),
    "mtu-and-df": MEET + bytes([0x85, 4, 0, 68]) + stack_ipv4(0, 2, 3, echo(data=b"z" * 100), fragment=0x4000),
    "redirect-owed": MEET + bytes([6, 6, 7, 24, 0, 2]) + stack_ipv4(0, 2, 7, echo()),
    "own-datagram": MEET + bytes([7, 200, 2, 0]) + bytes([7, 4, 8, 0]) + stack_time(4),
    "loopback": bytes([7, 4, 0, 0]) + bytes([7, 4, 12, 0]),
    "arp-conflict": stack_arp(0, 1, 0, 0, 0) + stack_time(11) + stack_arp(0, 1, 0, 0, 0),
    "raw": bytes([0, 20]) + ethernet(arp(), 0x0806)[:20],
    "broadcast-ping": stack_ipv4(0, 2, 4, echo(), to=8) + stack_ipv4(0, 2, 10, echo(), to=8),
    "super-frame": MEET + stack_undone(0, 2, 3, tcp(0x10, data=b"t" * 100), 1, 32)
                   + stack_undone(1, 3, 2, udp(data=b"u" * 100), 2, 40),
    "unfinished": MEET + stack_undone(0, 2, 3, tcp(0x10), 1, 0) + stack_undone(0, 2, 0, udp(), 2, 0),
    "super-frame-small-mtu": MEET + bytes([0x85, 4, 0, 68])
                             + stack_undone(0, 2, 3, tcp(0x10, data=b"t" * 100), 1, 64),
    "new-address": bytes([5, 2, 6, 24]) + stack_time(3) + bytes([5, 3, 6, 24]) + stack_time(3),
}


# Steps of igmp_fuzz.cpp: join, leave, time, MTU, link, datagram. A datagram's first byte is 1 for the
# Router Alert, 2 for TTL 1, 4 for its group as the destination, 0x80 for a checksum left as it is.


def igmp_hears(message, how=3):
    return bytes([5, how, len(message)]) + message


def igmp(kind, code=0, group="0.0.0.0", rest=b""):
    return struct.pack(">BBH4s", kind, code, 0, address(group)) + rest


def igmp_query3(code=10, group="0.0.0.0", sources=(), count=None):
    rest = struct.pack(">BBH", 2, 125, len(sources) if count is None else count)
    return igmp(0x11, code, group, rest + b"".join(map(address, sources)))


IGMP_JOIN, IGMP_LEAVE, IGMP_LATER, IGMP_LINK = b"\0\0", b"\1\0", b"\2\x27\x10", b"\4"
IGMP_SOURCES = ["10.7.0.1", "10.7.0.2", "10.7.0.3"]
IGMP = {
    "join-and-leave": IGMP_JOIN + IGMP_LATER + IGMP_LEAVE + IGMP_LATER,
    "full": IGMP_JOIN + b"\0\1\1\0\0\0\0\2" + IGMP_LATER,
    "query-v1": IGMP_JOIN + igmp_hears(igmp(0x11), 2) + IGMP_LATER + IGMP_LEAVE,
    "query-v2": IGMP_JOIN + igmp_hears(igmp(0x11, 100)) + IGMP_LATER + IGMP_LEAVE,
    "query-v2-group": IGMP_JOIN + igmp_hears(igmp(0x11, 10, "239.1.2.3"), 7) + IGMP_LATER,
    "query-v3": IGMP_JOIN + igmp_hears(igmp_query3()) + IGMP_LATER,
    "query-v3-sources": IGMP_JOIN + igmp_hears(igmp_query3(255, "239.1.2.3", IGMP_SOURCES)) * 2
                        + b"\3\0" + IGMP_LATER * 9,
    "query-v3-sources-many": IGMP_JOIN + igmp_hears(igmp_query3(10, "239.1.2.3", IGMP_SOURCES * 3))
                             + igmp_hears(igmp_query3(10, "239.1.2.3", ["10.7.0.4", "10.7.0.5"]))
                             + IGMP_LATER,
    "query-v3-count": IGMP_JOIN + igmp_hears(igmp_query3(10, "239.1.2.3", IGMP_SOURCES, 4)),
    "query-no-group": igmp_hears(igmp(0x11, 10, "10.1.1.9")),
    "query-odd-length": igmp_hears(igmp(0x11, 10, rest=b"\2\0")),
    "query-untrusted": IGMP_JOIN + igmp_hears(igmp_query3(), 0) + igmp_hears(igmp_query3(), 7),
    "report-suppresses": IGMP_JOIN + igmp_hears(igmp(0x11, 100))
                         + igmp_hears(igmp(0x16, 0, "239.1.2.3"), 7) + IGMP_LATER,
    "report-v3": igmp_hears(igmp(0x22, 0, "0.0.0.1", bytes([4, 0, 0, 0]) + address("239.1.2.3"))),
    "short": igmp_hears(b"\x11\0\0"), "checksum": igmp_hears(igmp(0x11), 0x83),
    "link-flaps": IGMP_JOIN + IGMP_LINK + igmp_hears(igmp_query3()) + IGMP_LINK + IGMP_LATER,
}


# A byte for how the frame begins (1: with IP), then struct virtio_net_hdr, then the frame.


def virtio(frame, flags=1, gso_type=0, hdr_len=0, gso_size=0, start=34, offset=16, begins=0):
    return bytes([begins]) + struct.pack("=BBHHHH", flags, gso_type, hdr_len, gso_size, start,
                                         offset) + frame


TSO = ethernet(ipv4(tcp(0x10, data=b"data" * 100), 6), 0x0800)
USO = ethernet(ipv4(udp(data=b"data" * 100), 17), 0x0800)
VLAN = ethernet(struct.pack(">HH", 7, 0x0800) + ipv4(tcp(0x10, data=b"data" * 100), 6), 0x8100)
VIRTIO_NET = {
    "plain": virtio(TSO, flags=0), "valid": virtio(TSO, flags=2),
    "checksum": virtio(TSO), "checksum-udp": virtio(USO, offset=6),
    "checksum-elsewhere": virtio(TSO, offset=4), "checksum-outside": virtio(TSO, start=65535, offset=65535),
    "tso": virtio(TSO, gso_type=1, hdr_len=54, gso_size=100), "tso-ecn": virtio(TSO, gso_type=0x81, gso_size=100),
    "tso-short": virtio(TSO, gso_type=1, gso_size=8), "tso-one": virtio(TSO, gso_type=1, gso_size=400),
    "tso-tagged": virtio(VLAN, gso_type=1, gso_size=100, start=38),
    "tso-syn": virtio(ethernet(ipv4(tcp(0x12, data=b"data" * 9), 6), 0x0800), gso_type=1, gso_size=9),
    "tso-urgent": virtio(ethernet(ipv4(tcp(0x30, data=b"data" * 9), 6), 0x0800), gso_type=1, gso_size=9),
    "uso": virtio(USO, gso_type=5, hdr_len=42, gso_size=100, offset=6),
    "uso-many": virtio(USO, gso_type=5, gso_size=1, offset=6),
    "without-ethernet": virtio(TSO[14:], gso_type=1, gso_size=100, start=20, begins=1),
    "ipv6": virtio(ethernet(bytes([0x60]) + bytes(60), 0x86DD), start=54, offset=6),
    "ipv6-gso": virtio(ethernet(bytes([0x60]) + bytes(60), 0x86DD), gso_type=4, gso_size=9),
    "fragment": virtio(ethernet(ipv4(tcp(data=b"data" * 9), 6, flags_offset=0x2000), 0x0800)),
    "short": virtio(TSO[:33]), "nothing": virtio(b""),
}


def seeds():
    yield "arp", {
        "request": ethernet(arp(), 0x0806), "reply": ethernet(arp(2), 0x0806, ROUTER_MAC),
        "padded": ethernet(arp() + bytes(18), 0x0806), "short": ethernet(arp()[:27], 0x0806),
        "operation": ethernet(arp(3), 0x0806), "hardware": ethernet(arp(hardware=6), 0x0806),
        "lengths": ethernet(arp(lengths=(0, 255)), 0x0806), "runt": b"\xff" * 13,
        "not-arp": ethernet(ipv4(echo()), 0x0800),
    }
    yield "ipv4", {
        "echo": ipv4(echo()), "padded": ipv4(echo()) + bytes(18), "short": ipv4()[:19],
        "version": ipv4(version_ihl=0x65), "header-short": ipv4(version_ihl=0x44),
        "header-long": ipv4(version_ihl=0x4F), "length-short": ipv4(length=19),
        "length-long": ipv4(length=60000), "fragment": ipv4(b"x" * 8, flags_offset=0x2001),
        **{f"option-{name}": ipv4(echo(), options=value) for name, value in OPTIONS.items()},
    }
    yield "icmp", {
        name: bytes([kind, code, 0, 0, 0, 0]) + datagram for name, kind, code, datagram in [
            ("about-udp", 3, 3, ipv4(udp(), 17)), ("about-long", 11, 0, ipv4(b"x" * 1400, 17)),
            ("about-echo", 3, 1, ipv4(echo())), ("about-error", 3, 1, ipv4(echo(kind=3))),
            ("about-fragment", 3, 1, ipv4(b"x" * 8, 17, flags_offset=3)),
            ("about-options", 12, 0, ipv4(echo(), options=OPTIONS["no-operations"])),
            ("about-broadcast", 3, 1, ipv4(udp(), 17, destination="255.255.255.255")),
            ("about-empty", 3, 2, ipv4(b"", 99)), ("about-icmp-cut", 3, 1, ipv4(b""))]}
    yield "transport", {
        "udp": b"\3" + udp(), "udp-no-checksum": b"\1" + udp(), "udp-length": b"\3" + udp(length=7),
        "udp-long": b"\3" + udp(length=999), "udp-short": b"\1" + udp()[:7],
        "udp-length-zero": b"\3" + udp(length=0) + b"",
        "tcp-syn": b"\2" + tcp(), "tcp-ack": b"\2" + tcp(0x10, data=b"data"),
        "tcp-reset": b"\2" + tcp(4), "tcp-offset-low": b"\2" + tcp(offset=4),
        "tcp-offset-high": b"\2" + tcp(offset=15), "tcp-short": b"\0" + tcp()[:19],
        "tcp-options": b"\2" + tcp(offset=6, options=bytes([2, 4, 5, 180])),
        "tcp-christmas": b"\2" + tcp(0x3F),
    }
    yield "reassembly", {name: b"".join(map(bytes, script)) for name, script in REASSEMBLY.items()}
    yield "igmp", IGMP
    yield "virtio_net", VIRTIO_NET
    yield "text", {f"{number:02}": text.encode() for number, text in enumerate(TEXTS)}
    yield "stack", STACK


def main():
    for target, inputs in seeds():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
