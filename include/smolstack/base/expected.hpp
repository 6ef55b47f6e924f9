#pragma once
// Results that may be errors. Control and start-up fail with an Error; the data path fails with a
// DropReason (stats/drop_reason.hpp).

#include <string>
#include <system_error>
#include <utility>

#include <tl/expected.hpp>

namespace smolstack {

/// A value, or why there is none. Only what std::expected spells alike is used of it, so that
/// the move to C++23 is this line.
template <class T, class E>
using Expected = tl::expected<T, E>;

template <class E>
auto unexpected(E error) {
  return tl::unexpected<E>(std::move(error));
}

/// What failed outside the data path: the code, and what was being done, in words.
struct Error {
  std::error_code code;
  std::string doing;

  /// "opening tap0: Operation not permitted"
  std::string message() const { return doing + ": " + code.message(); }
};

/// An Error for an errno value.
inline auto failed(int number, std::string doing) {
  return unexpected(Error{std::error_code(number, std::generic_category()), std::move(doing)});
}
inline auto failed(std::errc code, std::string doing) {
  return unexpected(Error{std::make_error_code(code), std::move(doing)});
}

}  // namespace smolstack
