#include "smolstack/admin/ip_words.hpp"

#include <algorithm>
#include <charconv>

namespace smolstack::control {
namespace {

std::string in_quotes(std::string_view word) {
  return '"' + std::string(word) + '"';
}

/// "10.3/16" is 10.3.0.0/16 to iproute2.
std::string with_all_four(const std::string& word) {
  const std::size_t slash = word.find('/');
  if (slash == std::string::npos) return word;
  std::string address = word.substr(0, slash);
  for (auto dots = std::ranges::count(address, '.'); dots < 3; ++dots) address += ".0";
  return address + word.substr(slash);
}

std::string words_of(std::errc code) {
  return std::make_error_code(code).message();
}

}  // namespace

bool WordReader::abbreviates(std::string_view name) const {
  return !done() && !word().empty() && name.starts_with(word());
}

bool WordReader::take(std::string_view name) {
  if (done() || word() != name) return false;
  next();
  return true;
}

bool WordReader::take_short(std::string_view name) {
  if (!abbreviates(name)) return false;
  next();
  return true;
}

Read<std::string> WordReader::value() {
  if (done()) return refuse(exit_code::usage, "Command line is not complete. Try option \"help\"");
  return words_[at_++];
}

Read<Ipv4Subnet> read_subnet(const std::string& word) {
  if (word == "default" || word == "any" || word == "all") return Ipv4Subnet{Ipv4Address(), 0};
  if (const auto subnet = parse_ipv4_subnet(with_all_four(word))) return *subnet;
  return refuse(exit_code::no,
                "Error: any valid prefix is expected rather than " + in_quotes(word) + ".");
}

Read<Ipv4Address> read_address(const std::string& word) {
  if (const auto address = parse_ipv4_address(word)) return *address;
  return refuse(exit_code::no,
                "Error: inet address is expected rather than " + in_quotes(word) + ".");
}

Read<std::uint32_t> read_number(const std::string& word, std::string_view complaint) {
  std::uint32_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end) return wrong_argument(word, complaint);
  return number;
}

Read<Interface*> read_device(InterfaceTable& interfaces, const std::string& word) {
  if (Interface* const found = interfaces.find(word)) return found;
  return refuse(exit_code::no, "Cannot find device " + in_quotes(word));
}

Read<Interface*> read_shown_device(InterfaceTable& interfaces, const std::string& word) {
  if (Interface* const found = interfaces.find(word)) return found;
  return refuse(exit_code::no, "Device " + in_quotes(word) + " does not exist.");
}

tl::unexpected<Outcome> garbage(std::string_view expected, std::string_view word) {
  return refuse(exit_code::usage, "Error: either " + in_quotes(expected) + " is duplicate, or " +
                                      in_quotes(word) + " is a garbage.");
}

tl::unexpected<Outcome> wrong_argument(std::string_view word, std::string_view why) {
  return refuse(exit_code::usage,
                "Error: argument " + in_quotes(word) + " is wrong: " + std::string(why));
}

tl::unexpected<Outcome> rtnetlink(std::errc code) {
  return refuse(exit_code::wrong, "RTNETLINK answers: " + words_of(code));
}

tl::unexpected<Outcome> rtnetlink(const Error& error) {
  return refuse(exit_code::wrong, "RTNETLINK answers: " + error.code.message());
}

tl::unexpected<Outcome> kernel_says(std::string_view text) {
  return refuse(exit_code::wrong, "Error: " + std::string(text));
}

}  // namespace smolstack::control
