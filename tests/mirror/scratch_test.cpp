#include "device/namespace.hpp"
#include "smolstack/mirror/namespace_reading.hpp"
#include "smolstack/mirror/owners.hpp"
#include "smolstack/io/tap.hpp"
namespace smolstack::mirror { namespace {
class Scratch : public io::InNamespace {};
TEST_F(Scratch, A) {
  io::TapConfig c; c.name="eth0"; c.mac = parse_mac_address("02:42:0a:01:01:02"); c.up=false;
  auto t = io::TapDevice::open(c); ASSERT_TRUE(t) << t.error().message();
  std::vector<OwnedLink> l{{"eth0", *c.mac}};
  for (int i=0;i<2;++i) { auto r = set_owner_rules(l); ASSERT_TRUE(r) << r.error().message(); }
  io::shell("nft list ruleset; ip link");
  io::shell("ip addr add 10.0.0.1/24 dev eth0; ip addr add 10.0.0.5/24 dev eth0; ip link set eth0 up; ip route add default via 10.0.0.9; ip route add blackhole 10.3.0.0/16; python3 -c 'import socket,time; s=socket.socket(); s.bind((\"0.0.0.0\",80)); s.listen(); time.sleep(2)' & sleep 0.3");
  auto links=read_links(); ASSERT_TRUE(links) << links.error().message();
  for (auto& r: *links) std::printf("%u %s %s %u %d %d\n", r.ifindex, r.name.c_str(), to_string(r.mac).c_str(), r.mtu, r.up, r.carrier);
  auto as=read_addresses(); ASSERT_TRUE(as);
  for (auto& r: *as) std::printf("%u %s\n", r.ifindex, to_string(r.subnet).c_str());
  auto rs=read_routes(); ASSERT_TRUE(rs);
  for (auto& r: *rs) std::printf("%s via %s dev %u proto %s kind %s\n", to_string(r.route.prefix).c_str(), to_string(r.route.gateway).c_str(), r.ifindex, to_string(r.route.protocol).c_str(), std::string(to_string(r.route.kind)).c_str());
  auto ns=read_netconf(); ASSERT_TRUE(ns);
  for (auto& r: *ns) std::printf("%d fwd %d rp %d\n", r.ifindex, r.forwarding.value_or(9), r.rp_filter.value_or(9));
  for (auto& p: listening_ports()) std::printf("%d %s %d\n", p.protocol, to_string(p.address).c_str(), p.port);
}
}}
