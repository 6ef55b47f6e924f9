#include "smolstack/admin/stats_command.hpp"

#include "smolstack/stack.hpp"

namespace smolstack::control {
namespace {

Json drops_of(const DropCounters& drops, bool all) {
  Json list = Json::array();
  for (const auto& entry : drop_reason_entries) {
    const std::uint64_t count = drops[entry.reason];
    if (count == 0 && !all) continue;
    list.push_back({{"reason", entry.word}, {"count", count}, {"text", entry.sentence}});
  }
  return list;
}

Json offloads_of(const OffloadCapabilities& offloads) {
  Json list = Json::array();
  if (offloads.checksum) list.push_back("checksum");
  if (offloads.tso4) list.push_back("tso4");
  if (offloads.uso4) list.push_back("uso4");
  return list;
}

Json interface_row(const Interface& interface, bool all) {
  const auto& count = interface.counters;
  const auto& drops = interface.drops;
  return {{"ifname", interface.name},
          {"rx",
           {{"packets", count.rx_packets},
            {"bytes", count.rx_bytes},
            {"multicast", count.rx_multicast},
            {"errors", drops.total(DropKind::malformed)}}},
          {"tx",
           {{"packets", count.tx_packets}, {"bytes", count.tx_bytes}, {"errors", count.tx_errors}}},
          {"offloads", offloads_of(interface.offloads)},
          {"drops", drops_of(drops, all)}};
}

Json counters_of(const StackCounters& count) {
  return {{"forwarded", count.forwarded},
          {"delivered", count.delivered},
          {"originated", count.originated},
          {"fragments_created", count.fragments_created},
          {"segments_created", count.segments_created},
          {"fragments_received", count.fragments_received},
          {"reassembled", count.reassembled},
          {"arp_requests_sent", count.arp_requests_sent},
          {"arp_replies_sent", count.arp_replies_sent},
          {"arp_requests_limited", count.arp_requests_limited},
          {"echo_replies_sent", count.echo_replies_sent},
          {"icmp_errors_sent", count.icmp_errors_sent},
          {"icmp_errors_limited", count.icmp_errors_limited},
          {"redirects_sent", count.redirects_sent},
          {"redirects_obeyed", count.redirects_obeyed},
          {"igmp_queries_received", count.igmp_queries_received},
          {"igmp_reports_sent", count.igmp_reports_sent},
          {"from_host", count.from_host},
          {"host_route_mismatches", count.host_route_mismatches}};
}

Json level_of(const HighWater& mark) {
  return {{"now", mark.level()}, {"highest", mark.highest()}};
}

Json levels_of(const Stack& stack) {
  return {{"neighbours", level_of(stack.arp().cache().size())},
          {"packets_waiting_for_neighbours", level_of(stack.arp().cache().waiting())},
          {"reassembly_datagrams", level_of(stack.reassembly().datagrams())},
          {"reassembly_bytes", level_of(stack.reassembly().bytes())},
          {"small_buffers", level_of(stack.pool().small_in_use())},
          {"large_buffers", level_of(stack.pool().large_in_use())}};
}

/// The interfaces one after the other, then the stack.
class StatsRows {
 public:
  StatsRows(const Stack& stack, bool all) : stack_(stack), all_(all) {}

  std::optional<Json> operator()() {
    const InterfaceTable& interfaces = stack_.interfaces();
    if (at_ > interfaces.size()) return {};
    if (at_++ == interfaces.size())
      return Json{{"stack", counters_of(stack_.counters())}, {"levels", levels_of(stack_)}};
    return interface_row(interfaces[static_cast<IfIndex>(at_)], all_);
  }

 private:
  const Stack& stack_;
  bool all_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Running> stats_handler(Machine& machine, const Words& words,
                                       const std::shared_ptr<Reply>& reply) {
  bool all = false;
  for (const std::string& word : words) {
    if (word == "-a" || word == "--all") {
      all = true;
    } else if (word != "-j") {
      reply->fail(exit_code::wrong, "stats: unknown word \"" + word + "\"; known are -a and -j");
      return nullptr;
    }
  }
  reply->rows(StatsRows(machine.stack, all), exit_code::done);
  return nullptr;
}

}  // namespace smolstack::control
