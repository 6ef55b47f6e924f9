#include "smolstack/mirror/nft_batch.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <new>

#include <libmnl/libmnl.h>
#include <libnftnl/batch.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

namespace smolstack::mirror {
namespace {

constexpr std::size_t message_room = 4096;  // of one rule; ours are a tenth of it
constexpr std::uint32_t the_register = NFT_REG_1;

template <auto Free>
struct Freeing {
  template <class Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using Table = std::unique_ptr<nftnl_table, Freeing<nftnl_table_free>>;
using Chain = std::unique_ptr<nftnl_chain, Freeing<nftnl_chain_free>>;

/// What libnftnl allocates; it has no other failure.
template <class Object>
Object* allocated(Object* object) {
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};

void set(nftnl_expr* expression, std::uint16_t attribute, std::span<const std::byte> value) {
  nftnl_expr_set(expression, attribute, value.data(), static_cast<std::uint32_t>(value.size()));
}

/// Reads the kernel's answers up to the acknowledgement of message `last`; an errno, or 0.
int await(mnl_socket* socket, std::uint32_t last) {
  alignas(nlmsghdr) std::array<char, 8192> answer{};
  while (true) {
    const auto size = mnl_socket_recvfrom(socket, answer.data(), answer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    int left = static_cast<int>(size);
    const void* at = answer.data();
    for (const auto* message = static_cast<const nlmsghdr*>(at); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type != NLMSG_ERROR) continue;
      const auto* const error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
      if (error->error != 0) return -error->error;
      if (message->nlmsg_seq == last) return 0;
    }
  }
}

}  // namespace

// --- Rules ---------------------------------------------------------------------------------------

void NftRule::Free::operator()(nftnl_rule* rule) const {
  nftnl_rule_free(rule);
}

NftRule::NftRule() : rule_(allocated(nftnl_rule_alloc())) {}

NftRule& NftRule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
  nftnl_expr* const load = allocated(nftnl_expr_alloc("payload"));
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, the_register);
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, base);
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, length);
  nftnl_rule_add_expr(rule_.get(), load);
  return *this;
}

NftRule& NftRule::meta(std::uint32_t key) {
  nftnl_expr* const load = allocated(nftnl_expr_alloc("meta"));
  nftnl_expr_set_u32(load, NFTNL_EXPR_META_DREG, the_register);
  nftnl_expr_set_u32(load, NFTNL_EXPR_META_KEY, key);
  nftnl_rule_add_expr(rule_.get(), load);
  return *this;
}

NftRule& NftRule::destination_type() {
  nftnl_expr* const load = allocated(nftnl_expr_alloc("fib"));
  nftnl_expr_set_u32(load, NFTNL_EXPR_FIB_DREG, the_register);
  nftnl_expr_set_u32(load, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
  nftnl_expr_set_u32(load, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
  nftnl_rule_add_expr(rule_.get(), load);
  return *this;
}

NftRule& NftRule::is(std::span<const std::byte> value) {
  return compare(NFT_CMP_EQ, value);
}

NftRule& NftRule::is_not(std::span<const std::byte> value) {
  return compare(NFT_CMP_NEQ, value);
}

NftRule& NftRule::is_at_least(std::span<const std::byte> value) {
  return compare(NFT_CMP_GTE, value);
}

NftRule& NftRule::is_outside(std::span<const std::byte> low, std::span<const std::byte> high) {
  nftnl_expr* const range = allocated(nftnl_expr_alloc("range"));
  nftnl_expr_set_u32(range, NFTNL_EXPR_RANGE_SREG, the_register);
  nftnl_expr_set_u32(range, NFTNL_EXPR_RANGE_OP, NFT_RANGE_NEQ);
  set(range, NFTNL_EXPR_RANGE_FROM_DATA, low);
  set(range, NFTNL_EXPR_RANGE_TO_DATA, high);
  nftnl_rule_add_expr(rule_.get(), range);
  return *this;
}

NftRule& NftRule::compare(std::uint32_t operation, std::span<const std::byte> value) {
  nftnl_expr* const test = allocated(nftnl_expr_alloc("cmp"));
  nftnl_expr_set_u32(test, NFTNL_EXPR_CMP_SREG, the_register);
  nftnl_expr_set_u32(test, NFTNL_EXPR_CMP_OP, operation);
  set(test, NFTNL_EXPR_CMP_DATA, value);
  nftnl_rule_add_expr(rule_.get(), test);
  return *this;
}

NftRule& NftRule::masked(std::span<const std::byte> mask) {
  constexpr std::array<std::byte, 16> nothing{};
  nftnl_expr* const mask_off = allocated(nftnl_expr_alloc("bitwise"));
  nftnl_expr_set_u32(mask_off, NFTNL_EXPR_BITWISE_SREG, the_register);
  nftnl_expr_set_u32(mask_off, NFTNL_EXPR_BITWISE_DREG, the_register);
  nftnl_expr_set_u32(mask_off, NFTNL_EXPR_BITWISE_LEN, static_cast<std::uint32_t>(mask.size()));
  set(mask_off, NFTNL_EXPR_BITWISE_MASK, mask);
  set(mask_off, NFTNL_EXPR_BITWISE_XOR, std::span(nothing).first(mask.size()));
  nftnl_rule_add_expr(rule_.get(), mask_off);
  return *this;
}

NftRule& NftRule::accept() {
  return verdict(NF_ACCEPT);
}

NftRule& NftRule::drop() {
  return verdict(NF_DROP);
}

NftRule& NftRule::verdict(std::uint32_t verdict) {
  nftnl_expr* const end = allocated(nftnl_expr_alloc("immediate"));
  nftnl_expr_set_u32(end, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(end, NFTNL_EXPR_IMM_VERDICT, verdict);
  nftnl_rule_add_expr(rule_.get(), end);
  return *this;
}

// --- The batch -----------------------------------------------------------------------------------

NftBatch::NftBatch() : room_(message_room) {
  void* const begin = room_.data();
  finish(nftnl_batch_begin(static_cast<char*>(begin), ++sequence_));
}

nlmsghdr* NftBatch::start(std::uint16_t type, std::uint16_t family, std::uint16_t flags) {
  void* const begin = room_.data();
  return nftnl_nlmsg_build_hdr(static_cast<char*>(begin), type, family, flags, ++sequence_);
}

void NftBatch::finish(const nlmsghdr* message) {
  last_ = bytes_.size();
  bytes_.insert(bytes_.end(), room_.begin(), room_.begin() + message->nlmsg_len);
}

void NftBatch::table_message(std::uint16_t type, std::uint16_t family, std::string_view table) {
  const Table made(allocated(nftnl_table_alloc()));
  nftnl_table_set_str(made.get(), NFTNL_TABLE_NAME, std::string(table).c_str());
  nlmsghdr* const message = start(type, family, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
  nftnl_table_nlmsg_build_payload(message, made.get());
  finish(message);
}

void NftBatch::renew_table(std::uint16_t family, std::string_view table) {
  remove_table(family, table);
  table_message(NFT_MSG_NEWTABLE, family, table);
}

// Only a table that is there can go; so it is made first.
void NftBatch::remove_table(std::uint16_t family, std::string_view table) {
  table_message(NFT_MSG_NEWTABLE, family, table);
  table_message(NFT_MSG_DELTABLE, family, table);
}

void NftBatch::add_chain(std::uint16_t family, std::string_view table, std::string_view chain,
                         const NftHook& hook) {
  const Chain made(allocated(nftnl_chain_alloc()));
  nftnl_chain_set_str(made.get(), NFTNL_CHAIN_TABLE, std::string(table).c_str());
  nftnl_chain_set_str(made.get(), NFTNL_CHAIN_NAME, std::string(chain).c_str());
  nftnl_chain_set_str(made.get(), NFTNL_CHAIN_TYPE, "filter");
  nftnl_chain_set_u32(made.get(), NFTNL_CHAIN_HOOKNUM, hook.number);
  nftnl_chain_set_s32(made.get(), NFTNL_CHAIN_PRIO, 0);
  nftnl_chain_set_u32(made.get(), NFTNL_CHAIN_POLICY, hook.accepts ? NF_ACCEPT : NF_DROP);
  if (!hook.device.empty()) nftnl_chain_set_str(made.get(), NFTNL_CHAIN_DEV, hook.device.c_str());
  nlmsghdr* const message = start(NFT_MSG_NEWCHAIN, family, NLM_F_CREATE);
  nftnl_chain_nlmsg_build_payload(message, made.get());
  finish(message);
}

void NftBatch::add_rule(std::uint16_t family, std::string_view table, std::string_view chain,
                        const NftRule& rule) {
  nftnl_rule_set_str(rule.rule_.get(), NFTNL_RULE_TABLE, std::string(table).c_str());
  nftnl_rule_set_str(rule.rule_.get(), NFTNL_RULE_CHAIN, std::string(chain).c_str());
  nlmsghdr* const message = start(NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND);
  nftnl_rule_nlmsg_build_payload(message, rule.rule_.get());
  finish(message);
}

/// Has the kernel say that it has come to the last message, which ends a batch without faults.
void NftBatch::acknowledge_last() {
  nlmsghdr header{};
  std::byte* const at = bytes_.data() + last_;
  std::memcpy(&header, at, sizeof header);
  header.nlmsg_flags |= NLM_F_ACK;
  std::memcpy(at, &header, sizeof header);
}

// The kernel answers for each message that failed, and for those that ask it to. Failures of the
// batch as a whole come before those.
Expected<void, Error> NftBatch::commit(std::string doing) {
  const std::unique_ptr<mnl_socket, CloseSocket> socket(
      mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!socket) return failed(errno, std::move(doing));
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    return failed(errno, std::move(doing));
  acknowledge_last();
  const std::uint32_t last = sequence_;
  void* const begin = room_.data();
  finish(nftnl_batch_end(static_cast<char*>(begin), ++sequence_));
  if (mnl_socket_sendto(socket.get(), bytes_.data(), bytes_.size()) < 0)
    return failed(errno, std::move(doing));
  if (const int number = await(socket.get(), last); number != 0)
    return failed(number, std::move(doing));
  return {};
}

}  // namespace smolstack::mirror
