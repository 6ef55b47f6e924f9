#include "smolstack/admin/ip_command.hpp"

#include <array>
#include <span>

namespace smolstack::control {
namespace {

struct ObjectName {
  std::string_view name;
  IpObject object;
};
struct VerbName {
  std::string_view name;
  IpVerb verb;
};

// In iproute2's order: of several words that an abbreviation may mean, the first one is meant.
constexpr auto objects = std::to_array<ObjectName>({{"address", IpObject::address},
                                                    {"maddress", IpObject::group},
                                                    {"route", IpObject::route},
                                                    {"neighbor", IpObject::neighbor},
                                                    {"neighbour", IpObject::neighbor},
                                                    {"link", IpObject::link}});
constexpr auto address_verbs = std::to_array<VerbName>({{"add", IpVerb::add},
                                                        {"change", IpVerb::change},
                                                        {"chg", IpVerb::change},
                                                        {"replace", IpVerb::replace},
                                                        {"delete", IpVerb::remove},
                                                        {"show", IpVerb::show},
                                                        {"lst", IpVerb::show},
                                                        {"list", IpVerb::show},
                                                        {"flush", IpVerb::flush}});
constexpr auto neighbor_verbs = std::to_array<VerbName>({{"add", IpVerb::add},
                                                         {"change", IpVerb::change},
                                                         {"chg", IpVerb::change},
                                                         {"replace", IpVerb::replace},
                                                         {"delete", IpVerb::remove},
                                                         {"get", IpVerb::get},
                                                         {"show", IpVerb::show},
                                                         {"lst", IpVerb::show},
                                                         {"list", IpVerb::show},
                                                         {"flush", IpVerb::flush}});
constexpr auto route_verbs = std::to_array<VerbName>({{"list", IpVerb::show},
                                                      {"show", IpVerb::show},
                                                      {"lst", IpVerb::show},
                                                      {"get", IpVerb::get},
                                                      {"add", IpVerb::add},
                                                      {"change", IpVerb::change},
                                                      {"chg", IpVerb::change},
                                                      {"replace", IpVerb::replace},
                                                      {"append", IpVerb::append},
                                                      {"delete", IpVerb::remove},
                                                      {"flush", IpVerb::flush}});
constexpr auto link_verbs = std::to_array<VerbName>({{"set", IpVerb::set},
                                                     {"change", IpVerb::set},
                                                     {"show", IpVerb::show},
                                                     {"lst", IpVerb::show},
                                                     {"list", IpVerb::show}});

constexpr auto group_verbs = std::to_array<VerbName>({{"add", IpVerb::add},
                                                      {"delete", IpVerb::remove},
                                                      {"show", IpVerb::show},
                                                      {"lst", IpVerb::show},
                                                      {"list", IpVerb::show}});

std::span<const VerbName> verbs_of(IpObject object) {
  switch (object) {
    case IpObject::address: return address_verbs;
    case IpObject::group: return group_verbs;
    case IpObject::neighbor: return neighbor_verbs;
    case IpObject::route: return route_verbs;
    case IpObject::link: return link_verbs;
  }
  return {};
}

/// The name that iproute2 uses when it speaks of an object.
std::string_view help_name(IpObject object) {
  switch (object) {
    case IpObject::address: return "address";
    case IpObject::group: return "maddr";
    case IpObject::neighbor: return "neigh";
    case IpObject::route: return "route";
    case IpObject::link: return "link";
  }
  return "?";
}

bool take_option(IpOptions& options, std::string_view word) {
  if (word == "-j" || word == "-json" || word == "--json")
    options.json = true;
  else if (word == "-p" || word == "-pretty")
    options.pretty = true;
  else if (word == "-br" || word == "-brief")
    options.brief = true;
  else if (word == "-o" || word == "-oneline")
    options.oneline = true;
  else if (word == "-s" || word == "-stats" || word == "-statistics")
    options.statistics = true;
  else if (word == "-4")
    options.inet_only = true;
  else
    return false;
  return true;
}

Read<IpObject> parse_object(WordReader& words) {
  const Outcome usage{exit_code::usage,
                      "Usage: ip [ -4 | -br | -j | -o | -p | -s ] { address | link | maddress | "
                      "neighbor | route } { COMMAND | help }"};
  if (words.done() || words.abbreviates("help")) return unexpected(usage);
  for (const auto& [name, object] : objects)
    if (words.take_short(name)) return object;
  return refuse(exit_code::no, "Object \"" + words.word() + "\" is unknown, try \"ip help\".");
}

/// Where our words mean something else than Linux's they are explained.
constexpr std::string_view group_usage =
    "Usage: ip maddr [ add | del ] GROUP dev IF\n"
    "       ip maddr show [ dev IF ]\n"
    "GROUP is an IPv4 multicast group, to be joined or left; Linux's own takes a link-layer "
    "address here";

std::string usage_of(IpObject object) {
  if (object == IpObject::group) return std::string(group_usage);
  std::string text = "Usage: ip " + std::string(help_name(object)) + " {";
  for (const auto& [name, verb] : verbs_of(object))
    if (name != "lst" && name != "chg") text += " " + std::string(name);
  return text + " } ...";
}

Read<IpVerb> parse_verb(WordReader& words, IpObject object) {
  if (words.done()) return IpVerb::show;
  for (const auto& [name, verb] : verbs_of(object))
    if (words.take_short(name)) return verb;
  if (words.word() == "help") return refuse(exit_code::usage, usage_of(object));
  return refuse(exit_code::usage, "Command \"" + words.word() + "\" is unknown, try \"ip " +
                                      std::string(help_name(object)) + " help\".");
}

IpAnswer run(Machine& machine, const IpRequest& request, WordReader words) {
  switch (request.object) {
    case IpObject::address: return ip_address(machine, request, words);
    case IpObject::group: return ip_group(machine, request, words);
    case IpObject::link: return ip_link(machine, request, words);
    case IpObject::neighbor: return ip_neighbor(machine, request, words);
    case IpObject::route: return ip_route(machine, request, words);
  }
  return Rows();
}

}  // namespace

Read<IpRequest> parse_ip(const Words& words) {
  IpRequest request;
  WordReader reader(words);
  for (; !reader.done() && reader.word().starts_with('-'); reader.next())
    if (!take_option(request.options, reader.word()))
      return refuse(exit_code::usage,
                    "Option \"" + reader.word() + "\" is unknown, try \"ip -help\".");
  const auto object = parse_object(reader);
  if (!object) return unexpected(object.error());
  request.object = *object;
  const auto verb = parse_verb(reader, *object);
  if (!verb) return unexpected(verb.error());
  request.verb = *verb;
  request.rest = reader.at();
  return request;
}

std::unique_ptr<Running> ip_handler(Machine& machine, const Words& words,
                                    const std::shared_ptr<Reply>& reply) {
  const auto request = parse_ip(words);
  const auto answer = request ? run(machine, *request, WordReader(words, request->rest))
                              : IpAnswer(unexpected(request.error()));
  if (!answer)
    reply->fail(answer.error().exit, answer.error().error);
  else if (*answer)
    reply->rows(*answer, exit_code::done);
  else
    reply->finish(exit_code::done);
  return nullptr;
}

}  // namespace smolstack::control
