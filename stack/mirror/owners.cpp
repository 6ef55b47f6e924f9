#include "smolstack/mirror/owners.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "smolstack/stack.hpp"

namespace smolstack::mirror {

std::vector<OwnerRow> owners_rows() {
  return {
      {"ARP", "smolstack", "the kernel asks us for neighbours (ip neigh)"},
      {"ICMP echo and timestamp requests", "smolstack", "to any address of the machine"},
      {"forwarding", "smolstack", "by the routes of ip route, while ip_forward is 1"},
      {"ICMP errors about forwarding", "smolstack",
       "time exceeded, net and host unreachable, fragmentation needed, redirects"},
      {"UDP and TCP", "kernel", "its sockets; a closed port is refused by it too"},
      {"other protocols", "kernel", "its raw sockets; else protocol unreachable"},
      {"ICMP replies and errors to this machine", "kernel",
       "its sockets; redirects and the rest of what concerns routes: both"},
      {"fragments of UDP, TCP and others", "kernel", "put together for its sockets"},
      {"multicast and broadcast", "both", "never forwarded"},
      {"IGMP", "kernel", "programs join groups by its sockets; its reports go by our wires"},
      {"what a program sends", "both",
       "made by the kernel; routed, resolved and sent by smolstack"},
      {"127.0.0.0/8 and own addresses", "kernel", "programs of this machine among themselves"},
      {"IPv6", "nobody", "switched off"},
  };
}

std::vector<control::Json> owners_json(const Stack& stack) {
  std::vector<control::Json> rows;
  for (const OwnerRow& row : owners_rows())
    rows.push_back({{"packets", row.packets}, {"owner", row.owner}, {"note", row.note}});
  rows.push_back({{"from_host", stack.counters().from_host},
                  {"host_route_mismatches", stack.counters().host_route_mismatches}});
  return rows;
}

std::string format_owners(const std::vector<control::Json>& rows) {
  const auto text_of = [](const control::Json& row, const char* key) {
    return row.value(key, std::string());
  };
  std::size_t width = 0;
  for (const control::Json& row : rows) width = std::max(width, text_of(row, "packets").size());
  std::string text;
  for (const control::Json& row : rows) {
    if (row.contains("packets"))
      text += fmt::format("{:<{}}  {:<9}  {}\n", text_of(row, "packets"), width,
                          text_of(row, "owner"), text_of(row, "note"));
    else
      text += fmt::format("{} packets of programs, {} of them by another way than ours\n",
                          row.value("from_host", std::uint64_t{}),
                          row.value("host_route_mismatches", std::uint64_t{}));
  }
  return text;
}

}  // namespace smolstack::mirror
