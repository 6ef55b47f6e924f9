#include "smolstack/probe/traceroute_format.hpp"

#include <spdlog/fmt/fmt.h>

namespace smolstack::control {

std::string TracerouteFormat::text_of(const Json& event) {
  const std::string what = event.value("event", std::string());
  if (what == "probe") return probe(event);
  if (what != "start") return {};
  started_ = true;
  return fmt::format("traceroute to {} ({}), {} hops max, {} byte packets",
                     event.at("hostname").get<std::string>(),
                     event.at("destination").get<std::string>(), event.at("hops").get<int>(),
                     event.at("bytes").get<int>());
}

/// A new line for a new hop, the address where it is another than before.
std::string TracerouteFormat::probe(const Json& event) {
  std::string text;
  const int ttl = event.at("ttl").get<int>();
  if (ttl != ttl_) {
    text = fmt::format("\n{:2} ", ttl);
    ttl_ = ttl;
    from_.clear();
  }
  if (event.contains("lost")) return text + " *";
  const auto from = event.at("from").get<std::string>();
  if (from != from_) text += ' ' + from;
  from_ = from;
  text += fmt::format("  {:.3f} ms", event.at("rtt").get<double>());
  if (event.contains("note")) text += ' ' + event["note"].get<std::string>();
  return text;
}

}  // namespace smolstack::control
