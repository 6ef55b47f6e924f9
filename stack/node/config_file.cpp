#include "smolstack/node/config_file.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace smolstack::control {
namespace {

constexpr std::size_t max_bytes = 1u << 20;
constexpr int max_depth = 16;

/// Thrown and caught in this file only: yaml-cpp reports its own errors in the same way.
struct Refused {
  std::string where;
  std::string text;
};

/// Looks at a document before a tree is built of it: aliases and depth cost memory there.
class Inspector : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not taken here; write the value out");
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void enter(const YAML::Mark& mark) {
    if (++depth_ > max_depth) throw YAML::ParserException(mark, "nested deeper than 16 levels");
  }
  int depth_ = 0;
};

class Reader {
 public:
  Reader(std::string file, NodeConfig& node) : file_(std::move(file)), node_(node) {}

  void read_document(const YAML::Node& document) {
    for_each_entry(document, "the file", [this](const std::string& key, const YAML::Node& value) {
      if (key == "interfaces") return read_interfaces(value);
      if (key == "routes") return read_routes(value);
      const auto words = node_words();
      const auto word = std::ranges::find(words, key, &NodeWord::word);
      if (word == words.end() || key == "route")
        refuse(value, "unknown key `" + key + "`; " + known_node_keys());
      const std::string where = at(value) + key;
      check(where, scalar(value, key), word->set(node_, {where, scalar(value, key)}));
    });
  }

 private:
  std::string at(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return file_ + ':' + std::to_string(mark.is_null() ? 1 : mark.line + 1) + ": ";
  }
  [[noreturn]] void refuse(const YAML::Node& node, const std::string& text) const {
    throw Refused{at(node), text};
  }
  template <class Done>
  static void check(const std::string& where, const std::string& value, const Done& done) {
    if (!done) throw Refused{where + ' ' + value + ": ", done.error()};
  }

  static std::string known_node_keys() {
    std::string keys = "there are interfaces, routes";
    for (const NodeWord& word : node_words())
      if (word.word != "route") keys += ", " + std::string(word.word);
    return keys;
  }
  static std::string known_interface_keys() {
    std::string keys = "there are tap, tun";
    for (const InterfaceWord& word : interface_words()) keys += ", " + std::string(word.word);
    return keys;
  }

  std::string scalar(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar()) refuse(node, key + ": is not a single value");
    return node.Scalar();
  }

  template <class Visit>
  void for_each_entry(const YAML::Node& map, const std::string& what, Visit&& visit) const {
    if (!map.IsMap()) refuse(map, what + " is not a list of `key: value`");
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) refuse(entry.first, "a key must be a word");
      const std::string key = entry.first.Scalar();
      if (!seen.insert(key).second) refuse(entry.first, "`" + key + "` is there twice");
      visit(key, entry.second);
    }
  }

  /// A list, or one value that stands for a list of it alone.
  template <class Visit>
  void for_each_value(const YAML::Node& node, const std::string& key, Visit&& visit) const {
    if (!node.IsSequence()) return visit(node, scalar(node, key));
    for (const auto& value : node) visit(value, scalar(value, key));
  }

  void read_routes(const YAML::Node& routes) {
    for_each_value(routes, "routes", [this](const YAML::Node& node, const std::string& text) {
      node_.routes.push_back({at(node) + "route", text});
    });
  }

  void read_interfaces(const YAML::Node& interfaces) {
    if (!interfaces.IsSequence())
      refuse(interfaces, "interfaces: is not a list, as in - { tap: t0, ip: 10.1.1.2/24 }");
    for (const auto& interface : interfaces) read_interface(interface);
  }

  InterfaceConfig& open_interface(const YAML::Node& map) {
    const YAML::Node tap = map["tap"];
    const YAML::Node tun = map["tun"];
    if (tap.IsDefined() == tun.IsDefined())
      refuse(map, "an interface needs either `tap: NAME` or `tun: NAME`");
    const YAML::Node& device = tap.IsDefined() ? tap : tun;
    const DeviceKind kind = tap.IsDefined() ? DeviceKind::tap : DeviceKind::tun;
    const WrittenWord written{at(device) + (tap.IsDefined() ? "tap" : "tun"),
                              scalar(device, "tap")};
    const auto added = add_interface(node_, kind, written);
    check(written.where, written.text, added);
    return **added;
  }

  void read_interface(const YAML::Node& map) {
    if (!map.IsMap()) refuse(map, "an interface is a map, as in { tap: t0, ip: 10.1.1.2/24 }");
    InterfaceConfig& interface = open_interface(map);
    for_each_entry(map, "an interface", [&](const std::string& key, const YAML::Node& value) {
      if (key != "tap" && key != "tun") read_interface_word(interface, key, value);
    });
  }

  void read_interface_word(InterfaceConfig& interface, const std::string& key,
                           const YAML::Node& value) {
    const auto words = interface_words();
    const auto word = std::ranges::find(words, key, &InterfaceWord::word);
    if (word == words.end()) refuse(value, "unknown key `" + key + "`; " + known_interface_keys());
    const auto set = [&](const YAML::Node& node, const std::string& text) {
      check(at(node) + key, text, word->set(interface, text));
    };
    if (key == "ip" || key == "join") return for_each_value(value, key, set);
    set(value, scalar(value, key));
  }

  std::string file_;
  NodeConfig& node_;
};

void inspect(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Inspector inspector;
  parser.HandleNextDocument(inspector);
}

}  // namespace

Expected<NodeConfig, Complaint> parse_config(const std::string& text, const std::string& file,
                                             NodeConfig node) {
  if (text.size() > max_bytes)
    return unexpected(Complaint(file + ": is longer than 1 MiB; a machine needs a few lines"));
  try {
    inspect(text);
    const YAML::Node document = YAML::Load(text);
    Reader(file, node).read_document(document);
    return node;
  } catch (const Refused& refused) {
    return unexpected(Complaint(refused.where + refused.text));
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return unexpected(Complaint(file + ':' + std::to_string(line) + ": " + error.msg));
  }
}

Expected<NodeConfig, Complaint> read_config_file(const std::filesystem::path& path,
                                                 NodeConfig node) {
  std::ifstream file(path, std::ios::binary);
  std::string text(max_bytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) {
    const std::error_code why(errno, std::generic_category());
    return unexpected(Complaint(path.native() + ": cannot be read: " + why.message() +
                                "; --config takes a YAML file"));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_config(text, path.native(), std::move(node));
}

}  // namespace smolstack::control
