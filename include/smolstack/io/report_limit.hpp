#pragma once
// Reports about a device, at most one a second of each kind.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "smolstack/base/time.hpp"

namespace smolstack::io {

enum class ReportKind : std::uint8_t { full, down, up, gone, back, too_long, no_buffer };
inline constexpr std::size_t report_kinds = static_cast<std::size_t>(ReportKind::no_buffer) + 1;

/// What a report says: `count` is of frames, or how often it happened since the last of its kind.
std::string report_text(ReportKind kind, std::uint64_t count);
bool is_error(ReportKind kind);

/// Decides which reports of one device go out; what is held back is counted.
class ReportLimit {
 public:
  /// `count` more of a kind; if a report is due, how many it stands for.
  std::optional<std::uint64_t> take(ReportKind kind, std::uint64_t count, Instant now) {
    Entry& entry = entries_[static_cast<std::size_t>(kind)];
    entry.count += count;
    if (entry.last && now - *entry.last < interval) return std::nullopt;
    entry.last = now;
    return std::exchange(entry.count, 0);
  }

 private:
  static constexpr Duration interval = std::chrono::seconds(1);

  struct Entry {
    std::optional<Instant> last;
    std::uint64_t count = 0;
  };
  std::array<Entry, report_kinds> entries_{};
};

}  // namespace smolstack::io
