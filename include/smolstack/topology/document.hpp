#pragma once
// A YAML document as a tree of our own: every value and key with its line, maps in the order
// written. Hostile documents end here, before anything large is built of them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"

namespace smolstack::topology {

enum class ValueKind : std::uint8_t { null, scalar, list, map };

struct Entry;

struct Value {
  ValueKind kind = ValueKind::null;
  int line = 0;
  std::string text;            ///< of a scalar
  std::vector<Value> items;    ///< of a list
  std::vector<Entry> entries;  ///< of a map; no key twice

  bool is_null() const { return kind == ValueKind::null; }
  bool is_scalar() const { return kind == ValueKind::scalar; }
  bool is_list() const { return kind == ValueKind::list; }
  bool is_map() const { return kind == ValueKind::map; }
  /// The value of a key of this map; null when there is none.
  const Value* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  int line = 0;
  Value value;
};

namespace document_limit {
inline constexpr std::size_t bytes = 1u << 20;
inline constexpr int depth = 16;
inline constexpr std::size_t values = 100'000;
}  // namespace document_limit

struct SyntaxFault {
  int line = 0;
  std::string what;
  std::string mend;
};

/// One document; an empty text is null. Refuses aliases, keys that are there twice or are no
/// words, a second document, and whatever goes beyond the limits.
Expected<Value, SyntaxFault> parse_document(const std::string& text);

}  // namespace smolstack::topology
