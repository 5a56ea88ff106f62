// SPDX-License-Identifier: Apache-2.0
// Owns: device names and their parsing, the devices of a session, one-time start-up of the tables.
// Called by: session, placement.
// Must not know: plans.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caudal {

/// A device string taken apart; empty type or index -1 mean "any".
struct DeviceSpec {
  std::string type;  ///< upper case: "CPU", "GPU"
  int index = -1;
  bool remote = false;  ///< names a job or task that is not this process
};

/// Accepts "", "/cpu:0", "/device:GPU:1", "/job:localhost/replica:0/task:0/device:CPU:0", "/gpu:*".
/// Throws InvalidArgument for what is none of these.
DeviceSpec parse_device(std::string_view text);

struct Device {
  std::string type;
  int index;
  std::string name;  ///< full name
};

std::vector<Device> make_devices(int cpu_devices);

/// Registers the built-in ops and kernels; cheap when done already. Throws Unavailable on
/// processors that no kernel was built for.
void start_up();

}  // namespace caudal
