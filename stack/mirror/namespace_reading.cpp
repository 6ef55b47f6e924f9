#include "smolstack/mirror/namespace_reading.hpp"

#include <array>
#include <cerrno>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <memory>

#include <libmnl/libmnl.h>

namespace smolstack::mirror {
namespace {

constexpr int most_attempts = 8;  // of a table that changes while it is read

struct CloseSocket {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

/// A request for a whole table: a header, a fixed part of at most 16 bytes, one attribute.
using RequestBuffer = std::array<char, 64>;
using AnswerBuffer = std::array<char, 32768>;  // the kernel fills no more at once

nlmsghdr* start_dump(RequestBuffer& buffer, std::uint16_t type) {
  nlmsghdr* const request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request->nlmsg_seq = 1;
  return request;
}

template <class Fixed>
Fixed& put_fixed(nlmsghdr* request) {
  return *static_cast<Fixed*>(mnl_nlmsg_put_extra_header(request, sizeof(Fixed)));
}

Socket open_socket() {
  Socket socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return nullptr;
  // The kernel then filters by what the request says; an old one that cannot sends all.
  int on = 1;
  (void)mnl_socket_setsockopt(socket.get(), NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return socket;
}

/// Asks once; 0, or an errno: EINTR when the table changed meanwhile.
int ask_once(const nlmsghdr* request, mnl_cb_t each, void* into) {
  const Socket socket = open_socket();
  if (!socket) return errno;
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return errno;
  const unsigned port = mnl_socket_get_portid(socket.get());
  alignas(nlmsghdr) AnswerBuffer answer;
  for (int more = MNL_CB_OK; more == MNL_CB_OK;) {
    const auto size = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    more = mnl_cb_run(answer.data(), static_cast<std::size_t>(size), 1, port, each, into);
    if (more < 0) return errno;
  }
  return 0;
}

template <class Row, std::optional<Row> (*parse)(const nlmsghdr&)>
Expected<std::vector<Row>, Error> dump(const nlmsghdr* request, const char* what) {
  std::vector<Row> rows;
  const auto keep = [](const nlmsghdr* message, void* into) {
    if (auto row = parse(*message))
      static_cast<std::vector<Row>*>(into)->push_back(std::move(*row));
    return MNL_CB_OK;
  };
  int number = EINTR;
  for (int i = 0; i < most_attempts && number == EINTR; ++i) {
    rows.clear();
    number = ask_once(request, keep, &rows);
  }
  if (number != 0) return failed(number, std::string("reading the namespace's ") + what);
  return rows;
}

}  // namespace

Expected<std::vector<LinkRow>, Error> read_links() {
  alignas(nlmsghdr) RequestBuffer buffer{};
  nlmsghdr* const request = start_dump(buffer, RTM_GETLINK);
  put_fixed<ifinfomsg>(request).ifi_family = AF_UNSPEC;
  return dump<LinkRow, parse_link>(request, "links");
}

Expected<std::vector<AddressRow>, Error> read_addresses() {
  alignas(nlmsghdr) RequestBuffer buffer{};
  nlmsghdr* const request = start_dump(buffer, RTM_GETADDR);
  put_fixed<ifaddrmsg>(request).ifa_family = AF_INET;
  return dump<AddressRow, parse_address>(request, "addresses");
}

Expected<std::vector<RouteRow>, Error> read_routes() {
  alignas(nlmsghdr) RequestBuffer buffer{};
  nlmsghdr* const request = start_dump(buffer, RTM_GETROUTE);
  put_fixed<rtmsg>(request).rtm_family = AF_INET;
  mnl_attr_put_u32(request, RTA_TABLE, main_table);
  auto rows = dump<RouteRow, parse_route>(request, "routes");
  // A table that nobody has put anything into yet is not there.
  if (!rows && rows.error().code == std::errc::no_such_file_or_directory) return {};
  if (rows) std::erase_if(*rows, [](const RouteRow& row) { return row.table != main_table; });
  return rows;
}

Expected<std::vector<NetconfRow>, Error> read_netconf() {
  alignas(nlmsghdr) RequestBuffer buffer{};
  nlmsghdr* const request = start_dump(buffer, RTM_GETNETCONF);
  put_fixed<netconfmsg>(request).ncm_family = AF_INET;
  return dump<NetconfRow, parse_netconf>(request, "settings");
}

Expected<std::vector<NeighborRow>, Error> read_neighbors() {
  alignas(nlmsghdr) RequestBuffer buffer{};
  nlmsghdr* const request = start_dump(buffer, RTM_GETNEIGH);
  put_fixed<ndmsg>(request).ndm_family = AF_INET;
  return dump<NeighborRow, parse_neighbor>(request, "neighbours");
}

}  // namespace smolstack::mirror
