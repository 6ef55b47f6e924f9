#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smolstack/io/impairment.hpp"

namespace smolstack::io {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

ImpairmentOptions read(std::string_view text) {
  const auto options = parse_impairment(text);
  EXPECT_TRUE(options) << text << ": " << options.error();
  return options.value_or(ImpairmentOptions());
}

std::string complaint(std::string_view key, std::string_view value) {
  ImpairmentOptions options;
  const auto read = parse_impairment_word(options, key, value);
  EXPECT_EQ(options, ImpairmentOptions()) << key << ' ' << value;
  return read ? "" : read.error();
}

TEST(ImpairmentWords, ReadsTimesInEachUnit) {
  EXPECT_EQ(read("delay 50ms").delay, 50ms);
  EXPECT_EQ(read("delay 300us").delay, 300us);
  EXPECT_EQ(read("delay 2s jitter 1.5ms").jitter, 1500us);
  EXPECT_EQ(read("delay 0").delay, 0ms);
  EXPECT_EQ(read("delay 3600s").delay, 1h);
}

TEST(ImpairmentWords, ReadsSharesWithAndWithoutTheSign) {
  EXPECT_DOUBLE_EQ(read("loss 1%").loss, 0.01);
  EXPECT_DOUBLE_EQ(read("loss 1").loss, 0.01);
  EXPECT_DOUBLE_EQ(read("duplicate 0.5%").duplicate, 0.005);
  EXPECT_DOUBLE_EQ(read("delay 1ms reorder 25%").reorder, 0.25);
  EXPECT_DOUBLE_EQ(read("corrupt 100%").corrupt, 1.0);
}

TEST(ImpairmentWords, ReadsRatesInBits) {
  EXPECT_EQ(read("rate 9600bit").rate, 9600u);
  EXPECT_EQ(read("rate 64kbit").rate, 64'000u);
  EXPECT_EQ(read("rate 1.5mbit").rate, 1'500'000u);
  EXPECT_EQ(read("rate 10gbit").rate, 10'000'000'000u);
  EXPECT_EQ(read("rate 0").rate, 0u);
}

TEST(ImpairmentWords, ReadsLimitAndSeed) {
  EXPECT_EQ(read("limit 1").limit, 1u);
  EXPECT_EQ(read("seed 18446744073709551615").seed, 18446744073709551615u);
}

TEST(ImpairmentWords, OffIsNone) {
  EXPECT_TRUE(read("off").is_off());
  EXPECT_TRUE(read("").is_off());
}

TEST(ImpairmentWords, SayWhatWouldBeRight) {
  struct Case {
    const char* key;
    const char* value;
    const char* said;
  };
  for (const auto& [key, value, said] : {
           Case{"delay", "50", "write 50us, 50ms or 50s"},
           Case{"delay", "fast", "as in 50ms"},
           Case{"delay", "-5ms", "as in 50ms"},
           Case{"delay", "5min", "us, ms and s"},
           Case{"delay", "3601s", "at most 3600s"},
           Case{"delay", "inf", "as in 50ms"},
           Case{"delay", "nan", "as in 50ms"},
           Case{"delay", "", "as in 50ms"},
           Case{"jitter", "1e400s", "as in 50ms"},
           Case{"loss", "101%", "0% to 100%"},
           Case{"loss", "-1%", "0% to 100%"},
           Case{"loss", "1%%", "0% to 100%"},
           Case{"reorder", "half", "0% to 100%"},
           Case{"rate", "10mbps", "bits or bytes"},
           Case{"rate", "10", "write 10kbit, 10mbit"},
           Case{"rate", "10mb", "bit, kbit, mbit, gbit and tbit"},
           Case{"rate", "1bit", "1kbit to 1tbit"},
           Case{"rate", "2tbit", "1kbit to 1tbit"},
           Case{"limit", "0", "1 to 65536"},
           Case{"limit", "65537", "1 to 65536"},
           Case{"limit", "1.5", "1 to 65536"},
           Case{"seed", "-1", "0 to 2^64-1"},
       })
    EXPECT_THAT(complaint(key, value),
                AllOf(StartsWith(std::string(key) + ' ' + value + ": "), HasSubstr(said)));
  EXPECT_THAT(complaint("dealy", "5ms"),
              AllOf(HasSubstr("`dealy`"), HasSubstr("delay, jitter, loss, duplicate, reorder")));
}

TEST(ImpairmentWords, AValueThatIsMissingIsNamed) {
  EXPECT_THAT(parse_impairment("delay 5ms loss").error(), StartsWith("loss: needs a value"));
}

TEST(ImpairmentWords, OnlyADelayCanBeOvertaken) {
  EXPECT_THAT(parse_impairment("reorder 25%").error(), HasSubstr("needs a delay"));
}

TEST(ImpairmentWords, WritesWhatItReads) {
  for (const char* const text :
       {"off", "delay 50ms", "delay 1.5ms jitter 300us", "loss 0.1%", "loss 7%", "loss 33.3333%",
        "delay 2s loss 100% duplicate 0.5% reorder 25% corrupt 0.01% rate 10mbit limit 50 seed 7",
        "rate 1.544mbit", "rate 1.001kbit", "jitter 1us", "rate 1tbit"}) {
    EXPECT_EQ(to_string(read(text)), text);
  }
}

TEST(ImpairmentWords, EachHasItsHelp) {
  for (const ImpairmentWord& word : impairment_words()) {
    EXPECT_FALSE(word.value.empty()) << word.word;
    EXPECT_FALSE(word.help.empty()) << word.word;
  }
  EXPECT_EQ(impairment_words().size(), 9u);
}

}  // namespace
}  // namespace smolstack::io
