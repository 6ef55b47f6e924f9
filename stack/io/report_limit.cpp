#include "smolstack/io/report_limit.hpp"

namespace smolstack::io {

bool is_error(ReportKind kind) {
  return kind != ReportKind::up && kind != ReportKind::back;
}

namespace {

bool counts_frames(ReportKind kind) {
  return kind == ReportKind::full || kind == ReportKind::too_long || kind == ReportKind::no_buffer;
}

const char* text_of(ReportKind kind) {
  switch (kind) {
    case ReportKind::full: return "the device takes no more frames";
    case ReportKind::down: return "the kernel's end of the device is down";
    case ReportKind::up: return "the kernel's end of the device is up again";
    case ReportKind::gone: return "the device is gone";
    case ReportKind::back: return "the device is back";
    case ReportKind::too_long: return "frames longer than the MTU allows";
    case ReportKind::no_buffer: return "all packet buffers are in use";
  }
  return "";
}

}  // namespace

std::string report_text(ReportKind kind, std::uint64_t count) {
  std::string text = text_of(kind);
  if (counts_frames(kind))
    text += ": " + std::to_string(count) + (count == 1 ? " frame dropped" : " frames dropped");
  else if (count > 1)
    text += " (" + std::to_string(count) + " times since the last report)";
  return text;
}

}  // namespace smolstack::io
