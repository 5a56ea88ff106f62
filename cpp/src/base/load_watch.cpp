// SPDX-License-Identifier: Apache-2.0
#include "base/load_watch.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace caudal {
namespace {

// In nanoseconds.
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kLook = 80 * kMs;    ///< between looks
constexpr std::int64_t kGap = 1000 * kMs;   ///< after a pause as long, counting starts anew
constexpr std::int64_t kShort = 400 * kMs;  ///< how long the first finding holds
constexpr std::int64_t kLong = 4000 * kMs;  ///< and at most, when it comes again at once
// The kernel alone causes some 40 switches a second, a busy neighbour 250.
constexpr std::int64_t kPerSecond = 160;

std::atomic<std::int64_t> next_look{0}, last_look{0}, last_count{0};
std::atomic<std::int64_t> wanted_until{0}, holds{kShort};
std::atomic<bool> suspected{false};

std::int64_t involuntary_switches() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

bool enabled() {
  static const bool on = [] {
    const char* text = std::getenv("CAUDAL_STEADY_THREADS");
    return text == nullptr || *text == '\0' || *text == '0';
  }();
  return on;
}

}  // namespace

bool cores_are_wanted() {
  constexpr auto relaxed = std::memory_order_relaxed;
  if (!enabled()) return false;
  const std::int64_t now =
      std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  std::int64_t due = next_look.load(relaxed);
  if (now >= due && next_look.compare_exchange_strong(due, now + kLook, relaxed)) {
    const std::int64_t count = involuntary_switches();
    const std::int64_t before = last_count.exchange(count, relaxed);
    const std::int64_t span = now - last_look.exchange(now, relaxed);
    const std::int64_t until = wanted_until.load(relaxed);
    const bool found =
        span < kGap && count - before >= 2 && (count - before) * 1000 * kMs > kPerSecond * span;
    const bool again = until != 0 && now < until + 3 * kLook;
    // One look may have seen the end of somebody's work; two in a row have not.
    if (found && (again || suspected.load(relaxed))) {
      // Found again soon after the last finding ended: it holds longer.
      const std::int64_t hold = again && now >= until ? std::min(kLong, 2 * holds.load(relaxed))
                                                      : (again ? holds.load(relaxed) : kShort);
      holds.store(hold, relaxed);
      wanted_until.store(now + hold, relaxed);
    }
    suspected.store(found, relaxed);
  }
  return now < wanted_until.load(relaxed);
}

}  // namespace caudal
