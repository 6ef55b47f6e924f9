#include "smolstack/topology/dockerfile.hpp"

#include <algorithm>
#include <fnmatch.h>
#include <optional>
#include <sstream>
#include <string_view>

#include <nlohmann/json.hpp>

namespace smolstack::topology {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::size_t most_copies = 1000;
constexpr int most_looked_at = 10'000;

struct Instruction {
  std::string name;  ///< in capitals
  std::string rest;
  int line = 0;
};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Takes a line that belongs to the instruction before it, or begins one.
void add_line(std::vector<Instruction>& instructions, bool continues, const std::string& line,
              int number) {
  if (continues) {
    instructions.back().rest += ' ' + line;
    return;
  }
  const std::size_t gap = std::min(line.find_first_of(" \t"), line.size());
  std::string name = line.substr(0, gap);
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  instructions.push_back({std::move(name), trimmed(line.substr(gap)), number});
}

std::vector<Instruction> instructions_of(const std::string& text) {
  std::vector<Instruction> instructions;
  std::istringstream lines(text);
  bool continues = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line = trimmed(line);
    if (line.empty() || line.front() == '#') continue;
    const bool more = line.back() == '\\';
    if (more) line.pop_back();
    add_line(instructions, continues && !instructions.empty(), line, number);
    continues = more;
  }
  return instructions;
}

/// The exec form: a JSON list of words.
std::optional<Words> exec_form(const std::string& text) {
  if (text.empty() || text.front() != '[' || text.size() > 65536) return {};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return {};
  Words words;
  for (const auto& word : json) {
    if (!word.is_string()) return {};
    words.push_back(word.get<std::string>());
  }
  return words;
}

Words words_or_shell(const std::string& text) {
  if (auto words = exec_form(text)) return std::move(*words);
  return {"sh", "-c", text};
}

Words split(const std::string& text) {
  Words words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return false;
  const fs::path root = fs::canonical(folder, error);
  return !error &&
         std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
}

class Copier {
 public:
  Copier(const fs::path& context, std::string shown, Dockerfile& into)
      : context_(context), shown_(std::move(shown)), into_(into) {}

  void set_work_directory(const std::string& directory) {
    work_directory_ = (work_directory_ / directory).lexically_normal();
  }
  void forget() { work_directory_ = "/"; }

  void copy(const Instruction& instruction) {
    std::string rest = instruction.rest;
    while (rest.starts_with("--")) {
      if (rest.starts_with("--from=")) return;  // out of another image: there is none here
      rest = trimmed(rest.substr(std::min(rest.find_first_of(" \t"), rest.size())));
    }
    const Words words = exec_form(rest).value_or(split(rest));
    if (words.size() < 2)
      return complain(instruction.line, instruction.name + ": needs a source and a destination",
                      "write it as in COPY start-up.sh /start-up.sh");
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
      copy_one(words[i], words.back(), words.size() > 2, instruction.line);
  }

 private:
  void complain(int line, std::string what, std::string mend) {
    if (into_.findings.size() < most_copies)
      into_.findings.push_back({Severity::error, {shown_, line}, std::move(what), std::move(mend)});
  }

  void copy_one(const std::string& source, const std::string& destination, bool into_folder,
                int line) {
    if (source.find("://") != std::string::npos) return;  // ADD of something far away
    const auto sources = matches(source);
    if (sources.empty())
      return complain(line, "there is no `" + source + "` in the build context",
                      "put it into " + context_.native());
    for (const fs::path& path : sources)
      add(path, target(path, destination, into_folder || sources.size() > 1), line);
  }

  /// The files that a source means: itself, or what its wildcards match.
  std::vector<fs::path> matches(const std::string& source) const {
    const fs::path path = (context_ / fs::path(source).relative_path()).lexically_normal();
    std::error_code error;
    if (source.find_first_of("*?[") == std::string::npos)
      return fs::exists(path, error) ? std::vector{path} : std::vector<fs::path>{};
    std::vector<fs::path> found;
    int looked_at = 0;
    for (const auto& entry : fs::directory_iterator(path.parent_path(), error)) {
      if (++looked_at > most_looked_at) break;
      if (::fnmatch(path.filename().c_str(), entry.path().filename().c_str(), 0) == 0)
        found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }

  std::string target(const fs::path& source, const std::string& destination,
                     bool into_folder) const {
    fs::path path = (work_directory_ / destination).lexically_normal();
    std::error_code error;
    if (fs::is_directory(source, error)) return path.native();
    if (into_folder || destination.ends_with('/') || destination.ends_with('.'))
      path /= source.filename();
    return path.native();
  }

  void add(const fs::path& source, std::string destination, int line) {
    if (into_.copies.size() >= most_copies)
      return complain(line, "copies more than 1,000 files", "copy a folder instead");
    if (!is_inside(source, context_) || leads_out(source))
      return complain(line, "`" + source.filename().native() + "` leads out of the build context",
                      "copy the file itself into " + context_.native());
    into_.copies.emplace_back(source, std::move(destination));
  }

  /// Whether something in a folder is a link to the world outside, or the folder has no end.
  bool leads_out(const fs::path& source) const {
    std::error_code error;
    if (!fs::is_directory(source, error)) return false;
    int looked_at = 0;
    for (auto entry = fs::recursive_directory_iterator(source, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (++looked_at > most_looked_at) return true;
      if (entry->is_symlink(error) && !is_inside(entry->path(), context_)) return true;
    }
    return static_cast<bool>(error);
  }

  fs::path context_;
  std::string shown_;
  Dockerfile& into_;
  fs::path work_directory_ = "/";
};

}  // namespace

Dockerfile parse_dockerfile(const std::string& text, const fs::path& context,
                            const std::string& shown) {
  Dockerfile result;
  Copier copier(context, shown, result);
  for (const Instruction& instruction : instructions_of(text)) {
    if (instruction.name == "FROM") {  // the last stage is the image
      result = {};
      copier.forget();
    } else if (instruction.name == "CMD") {
      result.command = words_or_shell(instruction.rest);
    } else if (instruction.name == "ENTRYPOINT") {
      result.entrypoint = words_or_shell(instruction.rest);
    } else if (instruction.name == "WORKDIR") {
      copier.set_work_directory(instruction.rest);
    } else if (instruction.name == "COPY" || instruction.name == "ADD") {
      copier.copy(instruction);
    }
  }
  return result;
}

}  // namespace smolstack::topology
