#include "smolstack/probe/ping_format.hpp"

#include <array>
#include <cmath>

#include <spdlog/fmt/fmt.h>

#include "smolstack/wire/icmpv4.hpp"

namespace smolstack::control {
namespace {

constexpr std::array unreachable_texts{
    "Destination Net Unreachable",
    "Destination Host Unreachable",
    "Destination Protocol Unreachable",
    "Destination Port Unreachable",
    "Frag needed and DF set",
    "Source Route Failed",
    "Destination Net Unknown",
    "Destination Host Unknown",
    "Source Host Isolated",
    "Destination Net Prohibited",
    "Destination Host Prohibited",
    "Destination Net Unreachable for Type of Service",
    "Destination Host Unreachable for Type of Service",
    "Packet filtered",
    "Precedence Violation",
    "Precedence Cutoff",
};
constexpr std::array redirect_texts{
    "Redirect Network",
    "Redirect Host",
    "Redirect Type of Service and Network",
    "Redirect Type of Service and Host",
};

std::string describe_unreachable(std::uint8_t code, std::uint32_t rest) {
  if (code >= unreachable_texts.size()) return fmt::format("Dest Unreachable, Bad Code: {}", code);
  std::string text = unreachable_texts[code];
  if (code != icmpv4_code::fragmentation_needed) return text;
  return fmt::format("{} (mtu = {})", text, rest & 0xffffu);
}

std::string describe_redirect(std::uint8_t code, std::uint32_t rest) {
  const std::string text = code < redirect_texts.size()
                               ? redirect_texts[code]
                               : fmt::format("Redirect, Bad Code: {}", code);
  return fmt::format("{}(New nexthop: {})", text, to_string(Ipv4Address(rest)));
}

std::int64_t microseconds(const Json& milliseconds) {
  return std::llround(milliseconds.get<double>() * 1000.0);
}

/// Always three digits behind the point.
std::string thousandths(const Json& milliseconds) {
  const std::int64_t us = microseconds(milliseconds);
  return fmt::format("{}.{:03}", us / 1000, us % 1000);
}

/// Three digits that mean something, as far as a microsecond.
std::string round_trip(const Json& milliseconds) {
  const std::int64_t us = microseconds(milliseconds);
  if (us >= 100000 - 50) return fmt::format("{}", (us + 500) / 1000);
  if (us >= 10000 - 5) return fmt::format("{}.{}", (us + 50) / 1000, (us + 50) % 1000 / 100);
  if (us >= 1000) return fmt::format("{}.{:02}", (us + 5) / 1000, (us + 5) % 1000 / 10);
  return thousandths(milliseconds);
}

std::string counts(const Json& event) {
  std::string text = fmt::format("{} packets transmitted, {} received",
                                 event.at("transmitted").get<std::uint64_t>(),
                                 event.at("received").get<std::uint64_t>());
  for (const char* const word : {"duplicates", "errors"})
    if (const auto count = event.value(word, std::uint64_t{0}); count > 0)
      text += fmt::format(", +{} {}", count, word);
  if (event.contains("loss"))
    text += fmt::format(", {:g}% packet loss, time {}ms",
                        static_cast<double>(event["loss"].get<float>()),
                        event.at("time").get<std::int64_t>());
  return text;
}

std::string times(const Json& event) {
  std::string text;
  if (event.contains("rtt")) {
    const Json& rtt = event["rtt"];
    text = fmt::format("rtt min/avg/max/mdev = {}/{}/{}/{} ms", thousandths(rtt["min"]),
                       thousandths(rtt["avg"]), thousandths(rtt["max"]), thousandths(rtt["mdev"]));
  }
  const auto comma = [&] { return text.empty() ? "" : ", "; };
  if (event.contains("pipe")) text += fmt::format("{}pipe {}", comma(), event["pipe"].get<int>());
  if (event.contains("ipg"))
    text += fmt::format("{}ipg/ewma {}/{} ms", comma(), thousandths(event["ipg"]),
                        thousandths(event["ewma"]));
  return text;
}

}  // namespace

std::string describe_icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
  using namespace icmpv4_type;
  switch (type) {
    case destination_unreachable: return describe_unreachable(code, rest);
    case source_quench: return "Source Quench";
    case redirect: return describe_redirect(code, rest);
    case time_exceeded:
      if (code == icmpv4_code::ttl_exceeded) return "Time to live exceeded";
      if (code == icmpv4_code::reassembly_exceeded) return "Frag reassembly time exceeded";
      return fmt::format("Time exceeded, Bad Code: {}", code);
    case parameter_problem: return fmt::format("Parameter problem: pointer = {}", rest >> 24);
    default: return fmt::format("Bad ICMP type: {}", type);
  }
}

std::string PingFormat::start_of(const Json& event) {
  hostname_ = event.at("hostname").get<std::string>();
  quiet_ = event.value("quiet", false);
  flood_ = event.value("flood", false);
  std::string text =
      fmt::format("PING {} ({}) ", hostname_, event.at("destination").get<std::string>());
  if (event.contains("source"))
    text += fmt::format("from {} {}: ", event["source"].get<std::string>(),
                        event.value("dev", std::string()));
  const auto bytes = event.at("bytes").get<std::size_t>();
  return text + fmt::format("{}({}) bytes of data.\n", bytes, bytes + 28);
}

std::string PingFormat::reply(const Json& event) const {
  if (flood_) return "\b \b";
  std::string text =
      fmt::format("{} bytes from {}: icmp_seq={} ttl={}", event.at("bytes").get<std::size_t>(),
                  event.at("from").get<std::string>(), event.at("icmp_seq").get<int>(),
                  event.at("ttl").get<int>());
  if (event.contains("truncated")) return text + " (truncated)\n";
  if (event.contains("time")) text += " time=" + round_trip(event["time"]) + " ms";
  if (event.contains("duplicate")) text += " (DUP!)";
  if (event.contains("wrong_byte")) {
    const Json& wrong = event["wrong_byte"];
    text += fmt::format("\nwrong data byte #{} should be 0x{:x} but was 0x{:x}",
                        wrong.at("at").get<std::size_t>(), wrong.at("sent").get<unsigned>(),
                        wrong.at("received").get<unsigned>());
  }
  return text + "\n";
}

std::string PingFormat::error(const Json& event) const {
  if (flood_) return "\bE";
  // Advice stands behind a colon, errors do not: iputils hears of them in two ways.
  const bool advice = event.at("event") == "redirect";
  return fmt::format(
      "From {}{} icmp_seq={} {}\n", event.at("from").get<std::string>(), advice ? ":" : "",
      event.at("icmp_seq").get<int>(),
      describe_icmp(event.at("type").get<std::uint8_t>(), event.at("code").get<std::uint8_t>(),
                    event.at("rest").get<std::uint32_t>()));
}

std::string PingFormat::statistics(const Json& event) const {
  return fmt::format("\n--- {} ping statistics ---\n{}\n{}\n", hostname_, counts(event),
                     times(event));
}

StreamText PingFormat::text_of(const Json& event) {
  const std::string what = event.value("event", std::string());
  if (what == "start")
    return {start_of(event),
            event.contains("broadcast") ? "WARNING: pinging broadcast address\n" : ""};
  if (what == "end") return {statistics(event)};
  if (quiet_) return {};
  if (what == "sent") return {"."};
  if (what == "reply") return {reply(event)};
  if (what == "error" || what == "redirect") return {error(event)};
  if (flood_) return {"E"};
  if (what == "local_error")
    return {{},
            fmt::format("ping: local error: message too long, mtu={}\n",
                        event.at("mtu").get<std::uint32_t>())};
  if (what == "send_failed")
    return {{}, "ping: sendmsg: " + event.at("text").get<std::string>() + "\n"};
  return {};
}

}  // namespace smolstack::control
