#pragma once
// The flags of `node` and `router`, in the order they were written: --ip belongs to the --tap
// before it.

#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "smolstack/node/node_config.hpp"

namespace smolstack::tools {

/// One flag as it was written.
struct Flag {
  std::string word;  ///< without its dashes
  std::string value;
};

class NodeFlags {
 public:
  explicit NodeFlags(bool is_router) : is_router_(is_router) {}

  /// Adds the flags to the verb; the parser then fills this in.
  void declare(CLI::App& verb);
  /// What the file, if there is one, and the flags over it come to. Validated.
  Expected<control::NodeConfig, control::Complaint> read() const;

  bool has_file() const { return !file_.empty(); }

 private:
  void declare_flag(CLI::App& verb, const std::string& word, const std::string& value,
                    const std::string& help);

  std::vector<Flag> flags_;
  std::string file_;
  bool is_router_;
};

}  // namespace smolstack::tools
