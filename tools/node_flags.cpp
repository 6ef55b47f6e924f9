#include "node_flags.hpp"

#include <algorithm>
#include <set>

#include "smolstack/node/config_file.hpp"

namespace smolstack::tools {
namespace {

using control::Complaint;
using control::InterfaceConfig;
using control::NodeConfig;
using Result = Expected<void, Complaint>;

/// Applies flags to a configuration. What a file said of a word gives way to the flags' first
/// mention of it; further mentions add to it.
class FlagReader {
 public:
  explicit FlagReader(NodeConfig& node) : node_(node) {
    for (const InterfaceConfig& interface : node.interfaces) of_file_.insert(interface.device);
  }

  Result apply(const Flag& flag) {
    const auto done = set(flag);
    if (done) return {};
    return unexpected(Complaint("--" + flag.word + ' ' + flag.value + ": " + done.error()));
  }

 private:
  Result set(const Flag& flag) {
    if (flag.word == "tap") return open(control::DeviceKind::tap, flag);
    if (flag.word == "tun") return open(control::DeviceKind::tun, flag);
    const auto interface_words = control::interface_words();
    const auto word = std::ranges::find(interface_words, flag.word, &control::InterfaceWord::word);
    if (word != interface_words.end()) return set_of_interface(*word, flag);
    return set_of_node(flag);
  }

  Result open(control::DeviceKind kind, const Flag& flag) {
    if (of_file_.erase(flag.value) > 0) {
      current_ = flag.value;
      if (node_.find(current_)->kind == kind) return {};
      return unexpected(Complaint("is of the other kind in the file; write it as there"));
    }
    const auto added = control::add_interface(node_, kind, {"--" + flag.word, flag.value});
    if (!added) return unexpected(added.error());
    current_ = flag.value;
    return {};
  }

  Result set_of_interface(const control::InterfaceWord& word, const Flag& flag) {
    InterfaceConfig* const interface = node_.find(current_);
    if (interface == nullptr)
      return unexpected(Complaint("belongs to no interface; write it behind its --tap or --tun"));
    if (flag.word == "ip" && replaced_.insert("ip of " + current_).second && has_file_address())
      interface->addresses.clear();
    if (flag.word == "join" && replaced_.insert("join of " + current_).second)
      interface->groups.clear();
    return word.set(*interface, flag.value);
  }

  Result set_of_node(const Flag& flag) {
    const auto words = control::node_words();
    const auto word = std::ranges::find(words, flag.word, &control::NodeWord::word);
    const bool is_first = replaced_.insert(flag.word).second;
    if (is_first && flag.word == "route") node_.routes.clear();
    if (is_first && flag.word == "gateway") node_.gateway.reset();
    return word->set(node_, {"--" + flag.word, flag.value});
  }

  bool has_file_address() { return !node_.find(current_)->addresses.empty(); }

  NodeConfig& node_;
  std::set<std::string> of_file_;   ///< devices that the flags have not named yet
  std::set<std::string> replaced_;  ///< words of the file that have given way
  std::string current_;
};

}  // namespace

void NodeFlags::declare_flag(CLI::App& verb, const std::string& word, const std::string& value,
                             const std::string& help) {
  const auto keep = [this, word](const std::string& text) { flags_.push_back({word, text}); };
  // Called for each mention as it is read: the order is the meaning.
  verb.add_option_function<std::string>("--" + word, keep, help)
      ->type_name(value)
      ->trigger_on_parse()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->allow_extra_args(false);
}

void NodeFlags::declare(CLI::App& verb) {
  declare_flag(verb, "tap", "NAME", "opens an Ethernet interface; what follows belongs to it:");
  declare_flag(verb, "tun", "NAME", "the same without Ethernet");
  for (const auto& word : control::interface_words())
    declare_flag(verb, std::string(word.word), std::string(word.value),
                 "  " + std::string(word.help));
  for (const auto& word : control::node_words())
    declare_flag(verb, std::string(word.word), std::string(word.value), std::string(word.help));
  verb.add_flag_callback(
          "--no-offload",
          [this] {
            flags_.push_back({"offload", "off"});
          },
          "the same as --offload off")
      ->trigger_on_parse();
  verb.add_option("--config", file_, "a YAML file with the same words; flags go before it")
      ->type_name("FILE");
}

Expected<NodeConfig, Complaint> NodeFlags::read() const {
  NodeConfig node;
  node.forwarding = is_router_;
  if (has_file()) {
    auto read = control::read_config_file(file_, node);
    if (!read) return read;
    node = std::move(*read);
  }
  FlagReader reader(node);
  for (const Flag& flag : flags_)
    if (const auto done = reader.apply(flag); !done) return unexpected(done.error());
  if (const auto good = control::validate(node); !good) return unexpected(good.error());
  return node;
}

}  // namespace smolstack::tools
