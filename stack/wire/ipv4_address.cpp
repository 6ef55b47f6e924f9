#include "smolstack/wire/ipv4_address.hpp"

#include <charconv>

#include "smolstack/wire/ipv4_prefix.hpp"

namespace smolstack {
namespace {

/// A decimal number without sign, blanks or needless zeros, taken off the front of `text`.
std::optional<unsigned> take_number(std::string_view& text, unsigned largest) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || value > largest) return std::nullopt;
  if (digits > 1 && text.front() == '0') return std::nullopt;  // octal to some, decimal to others
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Ipv4Address> parse_ipv4_address(std::string_view text) {
  std::uint32_t host = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && !take_char(text, '.')) return std::nullopt;
    const auto octet = take_number(text, 255);
    if (!octet) return std::nullopt;
    host = host << 8 | *octet;
  }
  if (!text.empty()) return std::nullopt;
  return Ipv4Address(host);
}

std::string to_string(Ipv4Address address) {
  const std::uint32_t a = address.host();
  return std::to_string(a >> 24) + '.' + std::to_string(a >> 16 & 255) + '.' +
         std::to_string(a >> 8 & 255) + '.' + std::to_string(a & 255);
}

std::optional<Ipv4Subnet> parse_ipv4_subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ipv4_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Ipv4Subnet{*address, 32};
  text.remove_prefix(slash + 1);
  const auto length = take_number(text, 32);
  if (!length || !text.empty()) return std::nullopt;
  return Ipv4Subnet{*address, static_cast<std::uint8_t>(*length)};
}

std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text) {
  if (text == "default") return default_prefix;
  const auto subnet = parse_ipv4_subnet(text);
  if (!subnet || subnet->prefix().network != subnet->address) return std::nullopt;
  return subnet->prefix();
}

std::string to_string(const Ipv4Subnet& subnet) {
  return to_string(subnet.address) + '/' + std::to_string(subnet.length);
}

std::string to_string(const Ipv4Prefix& prefix) {
  return to_string(prefix.network) + '/' + std::to_string(prefix.length);
}

}  // namespace smolstack
