#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fstream>
#include <optional>
#include <tuple>

#include "smolstack/mirror/namespace_reading.hpp"
#include "smolstack/wire/ipv4.hpp"

// The rows of /proc/net/tcp and its like (proc(5)):
//
//   sl  local_address rem_address   st ...
//   0: 0100007F:0035 00000000:0000 0A ...
//
// Ports are numbers; addresses are 32-bit words as they lie in this machine's memory.

namespace smolstack::mirror {
namespace {

constexpr std::size_t most_bytes = 1 << 20;  // some 7,000 sockets
constexpr std::string_view tcp_listen = "0A";
constexpr std::string_view udp_without_peer = "07";

template <class Number>
std::optional<Number> parse_hex(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A word of memory in hexadecimal as the number that it is in network order.
std::optional<std::uint32_t> parse_word(std::string_view text) {
  const auto word = text.size() == 8 ? parse_hex<std::uint32_t>(text) : std::nullopt;
  if (!word) return std::nullopt;
  return swap_if_little(*word);
}

/// The IPv4 address at which the socket is reached: its own, that in ::ffff:a.b.c.d, or any for ::.
std::optional<Ipv4Address> address_of(std::string_view text) {
  constexpr std::size_t word = 8;
  if (text.size() == word) {
    const auto address = parse_word(text);
    return address ? std::optional(Ipv4Address(*address)) : std::nullopt;
  }
  if (text.size() != 4 * word) return std::nullopt;
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto each = parse_word(text.substr(i * word, word));
    if (!each) return std::nullopt;
    words[i] = *each;
  }
  if (words == std::array<std::uint32_t, 4>{}) return Ipv4Address();
  if (words[0] == 0 && words[1] == 0 && words[2] == 0xffffu) return Ipv4Address(words[3]);
  return std::nullopt;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::optional<ListeningPort> port_of(std::string_view line, std::uint8_t protocol) {
  (void)next_word(line);  // the number of the row
  const std::string_view local = next_word(line);
  (void)next_word(line);  // the peer
  if (next_word(line) != (protocol == ip_protocol::tcp ? tcp_listen : udp_without_peer))
    return std::nullopt;
  const std::size_t colon = local.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = address_of(local.substr(0, colon));
  const auto port = parse_hex<std::uint16_t>(local.substr(colon + 1));
  if (!address || !port || *port == 0) return std::nullopt;
  return ListeningPort{protocol, *address, *port};
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(most_bytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

}  // namespace

std::vector<ListeningPort> parse_ports(std::string_view text, std::uint8_t protocol) {
  std::vector<ListeningPort> ports;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (const auto port = port_of(line, protocol)) ports.push_back(*port);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return ports;
}

std::vector<ListeningPort> listening_ports(const std::filesystem::path& directory) {
  std::vector<ListeningPort> all;
  for (const auto& [file, protocol] : {std::pair{"tcp", ip_protocol::tcp},
                                       {"tcp6", ip_protocol::tcp},
                                       {"udp", ip_protocol::udp},
                                       {"udp6", ip_protocol::udp}}) {
    const auto ports = parse_ports(read_text(directory / file), protocol);
    all.insert(all.end(), ports.begin(), ports.end());
  }
  std::ranges::sort(
      all, {}, [](const ListeningPort& p) { return std::tuple(p.protocol, p.port, p.address); });
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace smolstack::mirror
