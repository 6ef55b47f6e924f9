#include "smolstack/base/quiescence.hpp"

#include <gtest/gtest.h>

namespace smolstack {
namespace {

TEST(Quiescence, WithoutReadersNothingIsHeld) {
  Quiescence readers;
  EXPECT_GE(readers.reached(), readers.advance());
}

TEST(Quiescence, AReaderHoldsWhatWasTakenAwaySinceItSpoke) {
  Quiescence readers;
  Quiescence::Reader reader(readers);
  const auto first = readers.advance();
  EXPECT_LT(readers.reached(), first);
  reader.quiescent();
  EXPECT_GE(readers.reached(), first);
  const auto second = readers.advance();
  EXPECT_GE(readers.reached(), first);
  EXPECT_LT(readers.reached(), second);
}

TEST(Quiescence, TheSlowestReaderCounts) {
  Quiescence readers;
  Quiescence::Reader quick(readers), slow(readers);
  const auto date = readers.advance();
  quick.quiescent();
  EXPECT_LT(readers.reached(), date);
  slow.quiescent();
  EXPECT_GE(readers.reached(), date);
}

TEST(Quiescence, WhoIsOfflineHoldsNothing) {
  Quiescence readers;
  Quiescence::Reader reader(readers);
  reader.offline();
  const auto date = readers.advance();
  EXPECT_GE(readers.reached(), date);
  reader.online();
  EXPECT_GE(readers.reached(), date) << "that was gone when it came back";
  EXPECT_LT(readers.reached(), readers.advance());
}

TEST(Quiescence, AReaderThatEndsMakesRoomForAnother) {
  Quiescence readers;
  for (std::size_t i = 0; i < 3 * Quiescence::max_readers; ++i) {
    const Quiescence::Reader reader(readers);
    EXPECT_LT(readers.reached(), readers.advance());
  }
  EXPECT_GE(readers.reached(), readers.advance());
}

}  // namespace
}  // namespace smolstack
