// SPDX-License-Identifier: Apache-2.0
// Owns: noticing that other processes want the cores.
// Called by: sessions, before a run chooses its number of threads.
// Must not know: what runs.
#pragma once

namespace caudal {

/// Whether the threads of this process have lately been made to wait for a core by other processes.
/// Threads that meet at the end of a loop then cost more than they give: each meeting may last a
/// slice of the scheduler. Costs a look at the clock; thread-safe.
bool cores_are_wanted();

}  // namespace caudal
