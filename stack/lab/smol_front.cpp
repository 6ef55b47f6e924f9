#include "smolstack/lab/front.hpp"

namespace smolstack::lab {
namespace {

/// Until a namespace can be kept in step with our stack, this says so.
class SmolFront final : public Front {
 public:
  Expected<void, Error> attach_wires() override {
    return failed(std::errc::function_not_supported, "starting a machine with `stack: smol`");
  }
  Expected<void, Error> open_interfaces(io::Rtnetlink&) override { return attach_wires(); }
  Expected<void, Error> start() override { return attach_wires(); }
  Expected<void, Error> plug(const std::string&, bool) override { return attach_wires(); }
  std::shared_ptr<control::Commander> commander() override { return nullptr; }
};

}  // namespace

std::unique_ptr<Front> make_smol_front(const FrontOptions&) {
  return std::make_unique<SmolFront>();
}

}  // namespace smolstack::lab
