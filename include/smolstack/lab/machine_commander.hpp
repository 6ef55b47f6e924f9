#pragma once

#include "smolstack/lab/front.hpp"

namespace smolstack::lab {

/// What can be asked of every machine of a lab, whoever speaks on its wires:
///   link eth0 up|down     plugs the cable in, or pulls it
/// and besides what its front knows.
class LabMachineCommander final : public control::Commander {
 public:
  LabMachineCommander(std::shared_ptr<control::Commander> rest, Front& front)
      : rest_(std::move(rest)), front_(front) {}

  std::unique_ptr<control::Running> start(std::string_view command, const control::Words& words,
                                          const std::shared_ptr<control::Reply>& reply) override;
  void flush() override { rest_->flush(); }

 private:
  void link(const control::Words& words, control::Reply& reply);

  std::shared_ptr<control::Commander> rest_;
  Front& front_;
};

}  // namespace smolstack::lab
