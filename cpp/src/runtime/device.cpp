// SPDX-License-Identifier: Apache-2.0
#include "runtime/device.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <mutex>

#include "caudal/error.h"
#include "graph/op_registry.h"
#include "kernels/cpu/dispatch.h"
#include "ops/all_ops.h"

namespace caudal {
namespace {

std::string upper(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = char(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// Before anything is looked up: the registry asks for the built-in families on first use.
const bool ops_known = [] {
  set_builtin_ops(&ops::all_families);
  return true;
}();

}  // namespace

DeviceSpec parse_device(std::string_view text) {
  DeviceSpec spec;
  const std::string_view whole = text;
  const auto bad = [&] { invalid("Malformed device specification '", whole, "'"); };
  while (!text.empty()) {
    if (text[0] != '/') bad();
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find('/'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(end);
    std::size_t colon = part.find(':');
    std::string key = upper(part.substr(0, colon));
    std::string_view rest = colon == part.npos ? std::string_view() : part.substr(colon + 1);
    if (key == "JOB" || key == "REPLICA" || key == "TASK") {
      const std::string_view here = key == "JOB" ? "localhost" : "0";
      spec.remote = spec.remote || (rest != here && rest != "*");
      continue;
    }
    if (key == "DEVICE") {
      colon = rest.find(':');
      key = upper(rest.substr(0, colon));
      rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
    }
    if (key.empty()) bad();
    spec.type = key == "*" ? "" : key;
    if (!rest.empty() && rest != "*") {
      const auto r = std::from_chars(rest.data(), rest.data() + rest.size(), spec.index);
      if (r.ec != std::errc() || r.ptr != rest.data() + rest.size() || spec.index < 0) bad();
    }
  }
  return spec;
}

std::vector<Device> make_devices(int cpu_devices) {
  std::vector<Device> out;
  for (int i = 0; i < std::max(1, cpu_devices); ++i) {
    out.push_back({"CPU", i, str("/job:localhost/replica:0/task:0/device:CPU:", i)});
  }
  return out;
}

void start_up() {
  static std::once_flag once;
  std::call_once(once, [] { cpu::register_cpu_kernels(); });
}

}  // namespace caudal
