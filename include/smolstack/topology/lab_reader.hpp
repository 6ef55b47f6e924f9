#pragma once
// What the readers of the parts of a lab file share: the lab so far, what was found wrong, tables
// of keys, and single values. Inside the room only.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smolstack/topology/dockerfile.hpp"
#include "smolstack/topology/document.hpp"
#include "smolstack/topology/lab.hpp"

namespace smolstack::topology {

/// What is found while a file is read: bounded, and in the order of its lines.
class FindingList {
 public:
  explicit FindingList(std::string file) : file_(std::move(file)) {}

  Place at(int line) const { return {file_, line}; }
  void error(int line, std::string what, std::string mend);
  void warn(int line, std::string what, std::string mend);
  /// A key of no meaning here: one warning for all of its places.
  void ignore(int line, const std::string& what, const std::string& mend);
  void add(Finding finding);

  bool has_errors() const { return errors_ > 0; }
  std::vector<Finding> take();

 private:
  struct Ignored {
    int line = 0;
    int times = 0;
  };

  std::string file_;
  std::vector<Finding> findings_;
  std::map<std::pair<std::string, std::string>, Ignored> ignored_;
  std::size_t errors_ = 0;
  std::size_t left_out_ = 0;
};

struct Reading {
  Lab lab;
  bool compose = false;  ///< its machines are called services: a container engine's file
  std::filesystem::path shown_directory;  ///< of the file, as the user named it
  FindingList found;
};

/// A value under its key, for complaints about it: `mtu` 20.
struct Written {
  std::string_view key;
  const Value& value;
};
void wrong(Reading& reading, const Written& written, const std::string& why,
           const std::string& mend);

/// The text of a single value; a complaint and nothing for anything else.
const std::string* word_of(Reading& reading, const Written& written);
/// A whole number from..to; else a complaint that it is not `what`.
std::optional<std::uint32_t> number_of(Reading& reading, const Written& written,
                                       std::string_view what, std::uint32_t from, std::uint32_t to);
std::optional<std::uint32_t> mtu_of(Reading& reading, const Written& written);
std::optional<bool> switch_of(Reading& reading, const Written& written);
/// One of the choices: its index.
std::optional<std::size_t> choice_of(Reading& reading, const Written& written,
                                     std::span<const std::string_view> choices);
/// A host's address on `subnet`, whose length it gets; without a subnet it brings its own.
std::optional<Ipv4Subnet> host_address_of(Reading& reading, const Written& written,
                                          const std::optional<Ipv4Prefix>& subnet);
/// Complains unless the value is a map (nothing at all will do, too).
bool is_map_or_null(Reading& reading, const Written& written, std::string_view example);
/// Complains unless `name` may be the name of `what`.
bool check_name(Reading& reading, std::string_view what, const std::string& name, int line);
/// One line of at most 60 characters, for messages.
std::string shorten(const std::string& text);

/// A map in the file: what it is called, and what a container engine would take but a lab does not.
struct Level {
  std::string_view name;
  std::span<const std::string_view> engine_keys;
};
void unknown_key(Reading& reading, const Level& level, const Entry& entry,
                 std::span<const std::string_view> known);

template <class T>
struct Key {
  std::string_view word;
  void (*read)(Reading& reading, const Written& written, T& into);
};

/// Hands every entry of a map to the reader of its key. Keys beginning with `x-` are the user's
/// own.
template <class T, std::size_t count>
void read_keys(Reading& reading, const Level& level, const Value& map, const Key<T> (&keys)[count],
               T& into) {
  std::string_view words[count];
  for (std::size_t i = 0; i < count; ++i) words[i] = keys[i].word;
  for (const Entry& entry : map.entries) {
    std::size_t i = 0;
    while (i < count && words[i] != entry.key) ++i;
    if (i < count)
      keys[i].read(reading, {entry.key, entry.value}, into);
    else
      unknown_key(reading, level, entry, words);
  }
}

// The parts, in the order in which they need each other.
void read_networks(Reading& reading, const Written& written);
void read_machines(Reading& reading, const Written& written);
void read_interfaces(Reading& reading, const Written& written, Machine& machine);
/// What a machine's build context says: its Dockerfile, and a start-up script beside it.
Dockerfile read_build(Reading& reading, const Value& build, Machine& machine);
void read_stages(Reading& reading, const Written& written);
void read_tests(Reading& reading, const Written& written);
void read_impairment(Reading& reading, const Written& written, io::ImpairmentOptions& into);

/// The file's text, if it is a file of at most 1 MiB; else why it cannot be read.
Expected<std::string, std::string> read_text(const std::filesystem::path& path);

/// Gives addresses to the interfaces of a compose file that have none: as an engine does, the
/// next free from .2 on.
void assign_addresses(Reading& reading);

}  // namespace smolstack::topology
