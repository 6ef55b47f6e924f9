#include "smolstack/io/rtnetlink.hpp"

#include <array>
#include <cerrno>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <libmnl/libmnl.h>

namespace smolstack::io {
namespace {

// Each request here is a header, a fixed part, and a few attributes; the longest are two names.
using RequestBuffer = std::array<char, 256>;
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

Expected<void, Error> Rtnetlink::set_up(unsigned ifindex, bool up) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, 0);
  ifinfomsg& link = put_link(request, ifindex);
  link.ifi_flags = up ? IFF_UP : 0;
  link.ifi_change = IFF_UP;
  return ask(request, up ? "setting the link up" : "setting the link down");
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
  return ask(request, "setting the MAC address to " + to_string(mac));
}

Expected<void, Error> Rtnetlink::set_master(unsigned ifindex, unsigned bridge) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, 0);
  put_link(request, ifindex);
  mnl_attr_put_u32(request, IFLA_MASTER, bridge);
  return ask(request, "plugging the link into its bridge");
}

Expected<void, Error> Rtnetlink::add_bridge(const std::string& name) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  put_link(request, 0);
  mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
  nlattr* const info = mnl_attr_nest_start(request, IFLA_LINKINFO);
  mnl_attr_put_strz(request, IFLA_INFO_KIND, "bridge");
  nlattr* const data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
  mnl_attr_put_u32(request, IFLA_BR_FORWARD_DELAY, 0);
  mnl_attr_put_u32(request, IFLA_BR_STP_STATE, 0);
  mnl_attr_put_u8(request, IFLA_BR_MCAST_SNOOPING, 0);
  mnl_attr_nest_end(request, data);
  mnl_attr_nest_end(request, info);
  return ask(request, "making the bridge " + name);
}

Expected<void, Error> Rtnetlink::add_veth(const std::string& name, const std::string& peer,
                                          int netns) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  put_link(request, 0);
  mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
  nlattr* const info = mnl_attr_nest_start(request, IFLA_LINKINFO);
  mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
  nlattr* const data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
  nlattr* const other = mnl_attr_nest_start(request, VETH_INFO_PEER);
  put_link(request, 0);
  mnl_attr_put_strz(request, IFLA_IFNAME, peer.c_str());
  mnl_attr_put_u32(request, IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  mnl_attr_nest_end(request, other);
  mnl_attr_nest_end(request, data);
  mnl_attr_nest_end(request, info);
  return ask(request, "making the pair " + name + " and " + peer);
}

Expected<void, Error> Rtnetlink::remove_link(unsigned ifindex) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_DELLINK, 0);
  put_link(request, ifindex);
  return ask(request, "removing the link");
}

Expected<unsigned, Error> Rtnetlink::find_link(const std::string& name) {
  alignas(nlmsghdr) RequestBuffer buffer;
  nlmsghdr* const request = start_request(buffer, RTM_GETLINK, 0);
  put_link(request, 0);
  mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
  unsigned found = 0;
  const auto keep = [](const nlmsghdr* answer, void* index) {
    const auto& link = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(answer));
    *static_cast<unsigned*>(index) = static_cast<unsigned>(link.ifi_index);
    return MNL_CB_OK;
  };
  if (auto asked = ask(request, "looking for the link " + name, keep, &found); !asked)
    return unexpected(asked.error());
  return found;
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
  const Ipv4Address broadcast = subnet.prefix().last();
  if (subnet.prefix().has_broadcast())
    mnl_attr_put(request, IFA_BROADCAST, sizeof broadcast, &broadcast);
  auto done = ask(request, "adding the address " + to_string(subnet));
  if (!done && done.error().code == std::errc::file_exists) return {};
  return done;
}

Expected<void, Error> Rtnetlink::ask(nlmsghdr* request, std::string doing, OnAnswer on_answer,
                                     void* context) {
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
    more = mnl_cb_run(answer.data(), static_cast<std::size_t>(size), sequence_, port, on_answer,
                      context);
  }
  if (more < 0) return failed(errno, std::move(doing));
  return {};
}

}  // namespace smolstack::io
