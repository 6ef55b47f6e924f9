#include "smolstack/topology/document.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace smolstack::topology {
namespace {

/// Thrown and caught in this file only: yaml-cpp reports its own errors in the same way.
struct Refused {
  SyntaxFault fault;
};

int line_of(const YAML::Mark& mark) {
  return mark.is_null() ? 1 : mark.line + 1;
}

Value make(ValueKind kind, int line) {
  Value value;
  value.kind = kind;
  value.line = line;
  return value;
}

/// Builds the tree from yaml-cpp's events: its own tree would have been built, aliases and all,
/// before anybody could refuse it.
class Builder : public YAML::EventHandler {
 public:
  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true))
      throw Refused{
          {line_of(mark), "a second document begins here", "keep one and drop the `---`"}};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    add(make(ValueKind::null, line_of(mark)));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{{line_of(mark), "aliases are not taken here", "write the value out"}};
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    Value value = make(ValueKind::scalar, line_of(mark));
    value.text = text;
    add(std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(ValueKind::list, line_of(mark));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(ValueKind::map, line_of(mark));
  }
  void OnMapEnd() override {
    refuse_twins(open_.back().value);
    close();
  }

 private:
  struct Open {
    Value value;
    std::optional<Value> key;  ///< of a map: read, and waiting for its value
  };

  void open(ValueKind kind, int line) {
    if (open_.size() == document_limit::depth)
      throw Refused{{line, "nested deeper than 16 levels", "a lab needs six"}};
    open_.push_back({make(kind, line), {}});
  }

  void close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(value));
  }

  void add(Value value) {
    if (++count_ > document_limit::values)
      throw Refused{{value.line, "more than 100,000 values", "split the lab"}};
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.is_list()) {
      open_.back().value.items.push_back(std::move(value));
    } else {
      add_to_map(open_.back(), std::move(value));
    }
  }

  static void add_to_map(Open& map, Value value) {
    if (map.key) {
      if (value.is_null()) value.line = map.key->line;  // yaml-cpp marks what follows it
      map.value.entries.push_back({std::move(map.key->text), map.key->line, std::move(value)});
      map.key.reset();
    } else if (value.is_scalar() && !value.text.empty()) {
      map.key = std::move(value);
    } else {
      throw Refused{{value.line, "a key must be a word", "write it as in `key: value`"}};
    }
  }

  static void refuse_twins(const Value& map) {
    std::vector<const Entry*> sorted;
    for (const Entry& entry : map.entries) sorted.push_back(&entry);
    std::ranges::sort(sorted, {}, [](const Entry* e) { return std::pair(e->key, e->line); });
    const auto twin = std::ranges::adjacent_find(sorted, {}, &Entry::key);
    if (twin == sorted.end()) return;
    throw Refused{{(*std::next(twin))->line, "`" + (*twin)->key + "` is there twice",
                   "keep one; the other is in line " + std::to_string((*twin)->line)}};
  }

  Value root_;
  std::vector<Open> open_;
  std::size_t count_ = 0;
  bool started_ = false;
};

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto entry = std::ranges::find(entries, key, &Entry::key);
  return entry == entries.end() ? nullptr : &entry->value;
}

Expected<Value, SyntaxFault> parse_document(const std::string& text) {
  if (text.size() > document_limit::bytes)
    return unexpected(SyntaxFault{0, "is longer than 1 MiB", "a lab needs a few lines a machine"});
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Builder builder;
    while (parser.HandleNextDocument(builder)) continue;
    return builder.take();
  } catch (const Refused& refused) {
    return unexpected(refused.fault);
  } catch (const YAML::Exception& error) {
    return unexpected(SyntaxFault{line_of(error.mark), "is not YAML: " + error.msg,
                                  "look at the indentation, brackets and quotes around here"});
  }
}

}  // namespace smolstack::topology
