// SPDX-License-Identifier: Apache-2.0
// Choosing the first centers of clusters, and the nearest centers of each point.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/philox_numbers.h"

namespace caudal::cpu {
namespace {

PhiloxPosition start_of(const Tensor& seed) { return {std::uint64_t(scalar_int(seed)), 0, 0}; }

float squared_distance(const float* a, const float* b, std::int64_t n) {
  float sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// Samples points that lie far from those already chosen: each with a probability in proportion to
/// its squared distance to the nearest of them, the best of several tries.
void plus_plus(Call& c) {
  const std::int64_t points = c.in[0].shape()[0], width = c.in[0].shape()[1];
  const std::int64_t wanted = scalar_int(c.in[1]);
  // More tries than points cannot find better ones, and would only take time.
  const std::int64_t tries = std::min(scalar_int(c.in[3]), points);
  if (wanted <= 0) invalid("Input num_to_sample should be positive, got ", wanted);
  if (wanted > points) {
    invalid("Expected num_to_sample of ", wanted, " to be at most the number of points, ", points);
  }
  if (tries < 0) invalid("num_retries_per_sample must be non-negative, got ", tries);
  const float* x = c.in[0].data<float>();
  PhiloxNumbers numbers(start_of(c.in[2]));
  std::vector<float> nearest(std::size_t(points), std::numeric_limits<float>::infinity());
  std::vector<float> candidate(nearest.size()), best(nearest.size());
  std::vector<double> sums(nearest.size());
  auto choose = [&](std::int64_t index, std::int64_t row) {
    std::copy_n(x + index * width, width, c.out[0].data<float>() + row * width);
  };
  auto distances_with = [&](std::int64_t index, std::vector<float>& out) {
    double total = 0;
    for (std::int64_t i = 0; i < points; ++i) {
      const float d = squared_distance(x + i * width, x + index * width, width);
      out[std::size_t(i)] = std::min(nearest[std::size_t(i)], d);
      total += double(out[std::size_t(i)]);
    }
    return total;
  };
  const auto first = std::int64_t(numbers.below(std::uint64_t(points)));
  choose(first, 0);
  distances_with(first, candidate);
  nearest = candidate;
  for (std::int64_t row = 1; row < wanted; ++row) {
    std::partial_sum(nearest.begin(), nearest.end(), sums.begin(),
                     [](double a, double b) { return a + b; });
    const double total = sums.back();
    double least = std::numeric_limits<double>::infinity();
    std::int64_t chosen = 0;
    for (std::int64_t attempt = 0; attempt <= tries; ++attempt) {
      std::int64_t index = 0;
      if (total > 0 && std::isfinite(total)) {
        const double place = numbers.real() * total;
        index = std::upper_bound(sums.begin(), sums.end(), place) - sums.begin();
        index = std::min(index, points - 1);
      } else {
        index = std::int64_t(numbers.below(std::uint64_t(points)));
      }
      const double potential = distances_with(index, candidate);
      if (attempt == 0 || potential < least) {
        least = potential;
        chosen = index;
        std::swap(best, candidate);
      }
    }
    choose(chosen, row);
    std::swap(nearest, best);
  }
}

/// One Markov chain over points: it moves to the next with the ratio of their distances.
void chain(Call& c) {
  const std::int64_t n = c.in[0].num_elements();
  if (n == 0) invalid("distances must not be empty");
  const float* distances = c.in[0].data<float>();
  PhiloxNumbers numbers(start_of(c.in[1]));
  std::int64_t at = 0;
  float held = distances[0];
  for (std::int64_t i = 1; i < n; ++i) {
    const float draw = numbers.real_float();
    if (held == 0 || distances[i] / held > draw) {
      at = i;
      held = distances[i];
    }
  }
  *c.out[0].data<std::int64_t>() = at;
}

/// The k centers with the smallest squared distances, in order.
void nearest_neighbors(Call& c) {
  const std::int64_t points = c.in[0].shape()[0], width = c.in[0].shape()[1];
  const std::int64_t centers = c.in[1].shape()[0], k = c.out[0].shape()[1];
  if (scalar_int(c.in[2]) <= 0) invalid("Input k should be positive");
  if (k == 0) return;
  const float *x = c.in[0].data<float>(), *y = c.in[1].data<float>();
  auto* indices = c.out[0].data<std::int64_t>();
  float* distances = c.out[1].data<float>();
  const std::int64_t work = std::max<std::int64_t>(1, centers * std::max<std::int64_t>(width, 1));
  parallel_for(
      points, std::max<std::int64_t>(1, 32768 / work), [&](std::int64_t begin, std::int64_t end) {
        std::vector<std::pair<float, std::int64_t>> found(static_cast<std::size_t>(centers));
        for (std::int64_t i = begin; i < end; ++i) {
          for (std::int64_t j = 0; j < centers; ++j) {
            const float d = squared_distance(x + i * width, y + j * width, width);
            // NaN would break the order of the sort.
            const bool good = d == d;
            found[std::size_t(j)] = {good ? d : std::numeric_limits<float>::infinity(), j};
          }
          std::partial_sort(found.begin(), found.begin() + k, found.end());
          for (std::int64_t j = 0; j < k; ++j) {
            distances[i * k + j] = found[std::size_t(j)].first;
            indices[i * k + j] = found[std::size_t(j)].second;
          }
        }
      });
}

}  // namespace

std::span<const KernelRow> clustering_kernels() {
  static const KernelRow rows[] = {
      {"KmeansPlusPlusInitialization", "", DTypeSet::all(), bound_kernel<plus_plus>},
      {"KMC2ChainInitialization", "", DTypeSet::all(), bound_kernel<chain>},
      {"NearestNeighbors", "", DTypeSet::all(), bound_kernel<nearest_neighbors>},
  };
  return rows;
}

}  // namespace caudal::cpu
