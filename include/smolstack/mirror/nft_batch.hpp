#pragma once
// nftables as messages: tables, chains and rules that take effect together (nft(8), libnftnl).

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smolstack/base/expected.hpp"

struct nftnl_rule;
struct nlmsghdr;

namespace smolstack::mirror {

/// Where a chain is tied in; one that is tied nowhere is only jumped to.
struct NftHook {
  std::uint32_t number;  ///< NF_INET_FORWARD ... of its family
  std::string device{};  ///< netdev family: whose packets
  bool accepts = true;   ///< what becomes of a packet that no rule decides about
};

/// A rule that is being written: conditions from left to right, then the verdict.
class NftRule {
 public:
  NftRule();

  /// The packet's bytes: `base` is NFT_PAYLOAD_LL_HEADER and its like.
  NftRule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
  /// What the kernel knows of the packet: NFT_META_OIF and its like. A packet without it fails.
  NftRule& meta(std::uint32_t key);
  /// What the routing tables say of the destination: RTN_LOCAL and its like.
  NftRule& destination_type();
  /// Of the value that was loaded last only these bits count. At most 16 bytes.
  NftRule& masked(std::span<const std::byte> mask);
  /// The value that was loaded last is, or is not, this one.
  NftRule& is(std::span<const std::byte> value);
  NftRule& is_not(std::span<const std::byte> value);
  /// It is at least this one, compared byte by byte.
  NftRule& is_at_least(std::span<const std::byte> value);
  /// It lies outside of these two, compared byte by byte.
  NftRule& is_outside(std::span<const std::byte> low, std::span<const std::byte> high);
  NftRule& accept();
  NftRule& drop();

 private:
  friend class NftBatch;
  struct Free {
    void operator()(nftnl_rule* rule) const;
  };
  NftRule& compare(std::uint32_t operation, std::span<const std::byte> value);
  NftRule& verdict(std::uint32_t verdict);

  std::unique_ptr<nftnl_rule, Free> rule_;
};

/// Changes that the kernel makes all at once, or not at all.
class NftBatch {
 public:
  NftBatch();

  /// A table of that family and name, empty: what it held before goes.
  void renew_table(std::uint16_t family, std::string_view table);
  /// A table that goes, if it is there.
  void remove_table(std::uint16_t family, std::string_view table);
  void add_chain(std::uint16_t family, std::string_view table, std::string_view chain,
                 const NftHook& hook);
  void add_rule(std::uint16_t family, std::string_view table, std::string_view chain,
                const NftRule& rule);
  /// Hands it to the kernel, in the namespace that this thread is in. `doing` begins the error.
  Expected<void, Error> commit(std::string doing);

 private:
  nlmsghdr* start(std::uint16_t type, std::uint16_t family, std::uint16_t flags);
  void finish(const nlmsghdr* message);
  void acknowledge_last();
  void table_message(std::uint16_t type, std::uint16_t family, std::string_view table);

  std::vector<std::byte> bytes_;  // the finished messages, one after the other
  std::vector<std::byte> room_;   // of the message that is being written
  std::size_t last_ = 0;          // where in `bytes_` the last message begins
  std::uint32_t sequence_ = 0;
};

}  // namespace smolstack::mirror
