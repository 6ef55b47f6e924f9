#include "smolstack/io/rtnetlink.hpp"

#include <array>
#include <cerrno>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <libmnl/libmnl.h>

namespace smolstack::io {
namespace {

// Each request here is a header, a fixed part and a few attributes of four to ten bytes.
using RequestBuffer = std::array<char, 128>;
using AnswerBuffer = std::array<char, 8192>;

nlmsghdr* start_request(RequestBuffer& buffer, std::uint16_t type, int flags) {
  nlmsghdr* const request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  return request;
}

ifinfomsg& put_link(nlmsghdr* request, unsigned ifindex) {
  auto& link = *static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  link.ifi_family = AF_UNSPEC;
  link.ifi_index = static_cast<int>(ifindex);
  return link;
}

}  // namespace

void Rtnetlink::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Expected<Rtnetlink, Error> Rtnetlink::open() {
  Rtnetlink opened(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!opened.socket_) return failed(errno, "opening a netlink socket");
  if (mnl_socket_bind(opened.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    return failed(errno, "binding a netlink socket");
  return opened;
}

Expected<void, Error> Rtnetlink::set_up(unsigned ifindex) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, 0);
  ifinfomsg& link = put_link(request, ifindex);
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  return ask(request, "setting the link up");
}

Expected<void, Error> Rtnetlink::set_mtu(unsigned ifindex, std::uint32_t mtu) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, 0);
  put_link(request, ifindex);
  mnl_attr_put_u32(request, IFLA_MTU, mtu);
  return ask(request, "setting the MTU to " + std::to_string(mtu));
}

Expected<void, Error> Rtnetlink::set_mac(unsigned ifindex, const MacAddress& mac) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, 0);
  put_link(request, ifindex);
  mnl_attr_put(request, IFLA_ADDRESS, sizeof mac, &mac);
  return ask(request, "setting the link address to " + to_string(mac));
}

Expected<void, Error> Rtnetlink::set_neighbor_probes(unsigned ifindex,
                                                     const NeighborProbes& probes) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_SETNEIGHTBL, NLM_F_REPLACE);
  auto& table = *static_cast<ndtmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ndtmsg)));
  table.ndtm_family = AF_INET;
  mnl_attr_put_strz(request, NDTA_NAME, "arp_cache");
  nlattr* const parameters = mnl_attr_nest_start(request, NDTA_PARMS);
  mnl_attr_put_u32(request, NDTPA_IFINDEX, ifindex);
  mnl_attr_put_u32(request, NDTPA_APP_PROBES, probes.application);
  mnl_attr_put_u32(request, NDTPA_UCAST_PROBES, probes.unicast);
  mnl_attr_put_u32(request, NDTPA_MCAST_PROBES, probes.multicast);
  mnl_attr_nest_end(request, parameters);
  return ask(request, "choosing who resolves neighbours");
}

Expected<void, Error> Rtnetlink::add_address(unsigned ifindex, const Ipv4Subnet& subnet) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  auto& address = *static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifaddrmsg)));
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = subnet.length;
  address.ifa_scope = RT_SCOPE_UNIVERSE;
  address.ifa_index = ifindex;
  mnl_attr_put(request, IFA_LOCAL, sizeof subnet.address, &subnet.address);
  mnl_attr_put(request, IFA_ADDRESS, sizeof subnet.address, &subnet.address);
  auto done = ask(request, "adding the address " + to_string(subnet));
  if (!done && done.error().code == std::errc::file_exists) return {};
  return done;
}

Expected<void, Error> Rtnetlink::ask(nlmsghdr* request, std::string doing) {
  request->nlmsg_seq = ++sequence_;
  const unsigned port = mnl_socket_get_portid(socket_.get());
  if (mnl_socket_sendto(socket_.get(), request, request->nlmsg_len) < 0)
    return failed(errno, std::move(doing));
  int more = MNL_CB_OK;
  while (more == MNL_CB_OK) {
    alignas(nlmsghdr) AnswerBuffer answer;
    const auto size = mnl_socket_recvfrom(socket_.get(), answer.data(), answer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(errno, std::move(doing));
    more = mnl_cb_run(answer.data(), static_cast<std::size_t>(size), sequence_, port, nullptr,
                      nullptr);
  }
  if (more < 0) return failed(errno, std::move(doing));
  return {};
}

}  // namespace smolstack::io
