// SPDX-License-Identifier: Apache-2.0
// Boxes: those that overlap better ones are left out, and drawing into images.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <queue>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/image_pixels.h"

namespace caudal::cpu {
namespace {

// -- Suppression ---------------------------------------------------------------------------------

/// Intersection over union of two boxes; corners may come in any order.
float overlap(const float* a, const float* b) {
  const auto low = [](const float* box, int i) { return std::min(box[i], box[i + 2]); };
  const auto high = [](const float* box, int i) { return std::max(box[i], box[i + 2]); };
  const auto area = [&](const float* box) {
    return (high(box, 0) - low(box, 0)) * (high(box, 1) - low(box, 1));
  };
  const float area_a = area(a), area_b = area(b);
  if (area_a <= 0 || area_b <= 0) return 0;
  float common = 1;
  for (int i = 0; i < 2; ++i) {
    common *= std::max(std::min(high(a, i), high(b, i)) - std::max(low(a, i), low(b, i)), 0.0f);
  }
  return common / (area_a + area_b - common);
}

struct Limits {
  std::int64_t most = 0;
  float similarity = 0.5f;
  float score = -std::numeric_limits<float>::infinity();
  float sigma = 0;  ///< above 0: a score sinks with what it overlaps up to the threshold, too
};

struct Chosen {
  std::vector<std::int32_t> boxes;
  std::vector<float> scores;
};

/// Takes boxes by falling score, unless one taken before is too similar.
template <class Similarity>
Chosen suppress(const float* scores, std::int64_t stride, std::int64_t n, const Limits& limits,
                Similarity&& similarity) {
  struct Candidate {
    float score;
    std::int32_t box;
    std::size_t seen;  ///< chosen boxes that it has been compared with
  };
  const auto worse = [](const Candidate& a, const Candidate& b) {
    return a.score < b.score || (a.score == b.score && a.box > b.box);
  };
  std::vector<Candidate> start;
  for (std::int64_t i = 0; i < n; ++i) {
    if (scores[i * stride] > limits.score) {
      start.push_back({scores[i * stride], std::int32_t(i), 0});
    }
  }
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(worse)> queue(worse,
                                                                                std::move(start));
  const float falloff = limits.sigma > 0 ? -0.5f / limits.sigma : 0.0f;
  Chosen out;
  while (std::int64_t(out.boxes.size()) < limits.most && !queue.empty()) {
    Candidate next = queue.top();
    queue.pop();
    const float before = next.score;
    bool dropped = false;
    for (std::size_t j = out.boxes.size(); j > next.seen && !dropped; --j) {
      const float s = similarity(next.box, out.boxes[j - 1]);
      dropped = s > limits.similarity;
      if (dropped) break;
      next.score *= std::exp(falloff * s * s);
      if (next.score <= limits.score) break;
    }
    next.seen = out.boxes.size();
    if (dropped) continue;
    if (next.score == before) {
      out.boxes.push_back(next.box);
      out.scores.push_back(next.score);
    } else if (next.score > limits.score) {
      queue.push(next);
    }
  }
  return out;
}

float scalar_float(const Tensor& t) { return *as_floats(t).data<float>(); }

void check_similarity(float v, const char* name) {
  if (!(v >= 0 && v <= 1)) invalid(name, " must be in [0, 1]");
}

std::int64_t limit_of(const Tensor& t, const char* name) {
  const std::int64_t n = scalar_int(t);
  if (n < 0) invalid(name, " must be non-negative, got ", n);
  return n;
}

Tensor as_output(const std::vector<std::int32_t>& values) { return Tensor::vector(values); }

/// Versions 1 to 5 add inputs one after the other.
void non_max_suppression(Call& call) {
  const std::size_t inputs = call.in.size();
  const std::int64_t n = call.in[0].shape()[0];
  if (n > std::numeric_limits<std::int32_t>::max()) invalid("too many boxes");
  Limits limits;
  limits.most = limit_of(call.in[2], "max_output_size");
  limits.similarity = inputs > 3 ? scalar_float(call.in[3]) : call.attrs.f("iou_threshold");
  check_similarity(limits.similarity, "iou_threshold");
  if (inputs > 4) limits.score = scalar_float(call.in[4]);
  if (inputs > 5) limits.sigma = scalar_float(call.in[5]);
  if (!(limits.sigma >= 0)) invalid("soft_nms_sigma_ must be non-negative");
  const Tensor boxes = as_floats(call.in[0]), scores = as_floats(call.in[1]);
  const float* b = boxes.data<float>();
  Chosen chosen = suppress(scores.data<float>(), 1, n, limits, [&](std::int32_t i, std::int32_t j) {
    return overlap(b + 4 * std::int64_t(i), b + 4 * std::int64_t(j));
  });
  const auto valid = std::int32_t(chosen.boxes.size());
  const AttrValue* pad = call.attrs.find("pad_to_max_output_size");
  if (pad != nullptr && pad->get<bool>()) {
    chosen.boxes.resize(std::size_t(limits.most), 0);
    chosen.scores.resize(std::size_t(limits.most), 0.0f);
  }
  call.out[0] = as_output(chosen.boxes);
  if (call.out.size() == 2) call.out[1] = Tensor::scalar(valid);
  if (call.out.size() == 3) {
    const Tensor floats = Tensor::vector(chosen.scores);
    call.out[1] =
        call.in[1].dtype() == DType::kFloat ? floats : Tensor(call.in[1].dtype(), floats.shape());
    if (call.out[1].raw() != floats.raw()) from_floats(floats, call.out[1]);
    call.out[2] = Tensor::scalar(valid);
  }
}

void suppression_by_overlaps(Call& call) {
  const std::int64_t n = call.in[0].shape()[0];
  if (call.in[0].shape()[1] != n) invalid("overlaps must be square");
  if (n > std::numeric_limits<std::int32_t>::max()) invalid("too many boxes");
  Limits limits;
  limits.most = limit_of(call.in[2], "max_output_size");
  limits.similarity = *call.in[3].data<float>();
  limits.score = *call.in[4].data<float>();
  const float* overlaps = call.in[0].data<float>();
  call.out[0] = as_output(
      suppress(call.in[1].data<float>(), 1, n, limits, [&](std::int32_t i, std::int32_t j) {
        return overlaps[i * n + j];
      }).boxes);
}

void combined(Call& call) {
  const Shape &boxes = call.in[0].shape(), &scores = call.in[1].shape();
  const std::int64_t batch = boxes[0], n = boxes[1], sets = boxes[2], classes = scores[2];
  if (n > std::numeric_limits<std::int32_t>::max()) invalid("too many boxes");
  if (sets != 1 && sets != classes) {
    invalid("third dimension of boxes must be either 1 or equal to the third dimension of scores");
  }
  Limits limits;
  limits.most = scalar_int(call.in[2]);
  if (limits.most <= 0) invalid("max_size_per_class must be positive");
  std::int64_t total = scalar_int(call.in[3]);
  if (total <= 0) invalid("max_total_size must be > 0");
  limits.similarity = *call.in[4].data<float>();
  check_similarity(limits.similarity, "iou_threshold");
  limits.score = *call.in[5].data<float>();
  if (call.attrs.b("pad_per_class")) total = std::min(total, checked_mul(limits.most, classes));
  const bool clip = call.attrs.b("clip_boxes");

  const DType f = DType::kFloat;
  call.out[0] = Tensor(f, Shape{batch, total, 4});
  call.out[1] = Tensor(f, Shape{batch, total});
  call.out[2] = Tensor(f, Shape{batch, total});
  call.out[3] = Tensor(DType::kInt32, Shape{batch});
  for (int i = 0; i < 3; ++i) {
    std::fill_n(call.out[i].data<float>(), call.out[i].num_elements(), 0.0f);
  }
  struct Found {
    float score;
    std::int64_t kind;
    const float* box;
  };
  for (std::int64_t k = 0; k < batch; ++k) {
    std::vector<Found> found;
    for (std::int64_t c = 0; c < classes; ++c) {
      const float* all = call.in[0].data<float>() + k * n * sets * 4 + (sets == 1 ? 0 : 4 * c);
      const auto box = [&](std::int32_t i) { return all + std::int64_t(i) * sets * 4; };
      const Chosen chosen =
          suppress(call.in[1].data<float>() + k * n * classes + c, classes, n, limits,
                   [&](std::int32_t i, std::int32_t j) { return overlap(box(i), box(j)); });
      for (std::size_t i = 0; i < chosen.boxes.size(); ++i) {
        found.push_back({chosen.scores[i], c, box(chosen.boxes[i])});
      }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Found& a, const Found& b) { return a.score > b.score; });
    const std::int64_t valid = std::min<std::int64_t>(total, std::int64_t(found.size()));
    for (std::int64_t i = 0; i < valid; ++i) {
      const Found& from = found[std::size_t(i)];
      const std::int64_t at = k * total + i;
      for (int j = 0; j < 4; ++j) {
        const float v = from.box[j];
        call.out[0].data<float>()[4 * at + j] = clip ? std::max(std::min(v, 1.0f), 0.0f) : v;
      }
      call.out[1].data<float>()[at] = from.score;
      call.out[2].data<float>()[at] = float(from.kind);
    }
    call.out[3].data<std::int32_t>()[k] = std::int32_t(valid);
  }
}

// -- Drawing -------------------------------------------------------------------------------------

using Colour = std::array<float, 4>;

std::vector<Colour> palette(Call& call, std::int64_t depth) {
  std::vector<Colour> colours;
  if (call.in.size() > 2) {
    const Shape& s = call.in[2].shape();
    if (s[0] > 0 && s[1] < depth) {
      invalid("colors should have at least ", depth, " channels, got ", s[1]);
    }
    for (std::int64_t i = 0; i < s[0]; ++i) {
      Colour c{};
      for (std::int64_t k = 0; k < depth; ++k) {
        c[std::size_t(k)] = call.in[2].data<float>()[i * s[1] + k];
      }
      colours.push_back(c);
    }
  }
  if (colours.empty()) {
    colours = {{1, 1, 0, 1},     {0, 0, 1, 1},   {1, 0, 0, 1},   {0, 1, 0, 1}, {0.5, 0, 0.5, 1},
               {0.5, 0.5, 0, 1}, {0.5, 0, 0, 1}, {0, 0, 0.5, 1}, {0, 1, 1, 1}, {1, 0, 1, 1}};
  }
  if (depth == 1) {
    for (Colour& c : colours) c[0] = 1;
  }
  return colours;
}

/// A place in pixels, cut off towards zero; what is far away stays far away.
std::int64_t pixel(float at, std::int64_t size) {
  const float v = at * float(size - 1);
  constexpr float kFar = 1e15f;
  return v >= kFar || std::isnan(v) ? std::int64_t(kFar)
         : v <= -kFar               ? -std::int64_t(kFar)
                                    : std::int64_t(v);
}

void draw(Call& call) {
  const Shape &s = call.in[0].shape(), &b = call.in[1].shape();
  const std::int64_t batch = s[0], h = s[1], w = s[2], depth = s[3];
  if (depth != 1 && depth != 3 && depth != 4) {
    invalid("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)");
  }
  if (b[0] < batch) invalid("boxes of ", b[0], " images, but there are ", batch);
  const std::vector<Colour> colours = palette(call, depth);
  const DType t = call.in[0].dtype();
  const std::size_t size = dtype_size(t);
  auto* out = static_cast<char*>(call.out[0].raw());
  if (call.out[0].num_bytes() > 0 && out != call.in[0].raw()) {
    std::memcpy(out, call.in[0].raw(), call.out[0].num_bytes());
  }
  const Tensor ink(t, Shape{std::int64_t(colours.size()), 4});
  convert_elements(find_conversion(DType::kFloat, t), DType::kFloat, t, colours.data(), ink.raw(),
                   ink.num_elements());
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t i = 0; i < b[1]; ++i) {
      const float* box = call.in[1].data<float>() + (n * b[1] + i) * 4;
      const std::int64_t top = pixel(box[0], h), left = pixel(box[1], w);
      const std::int64_t bottom = pixel(box[2], h), right = pixel(box[3], w);
      if (top > bottom || left > right) continue;
      if (top >= h || bottom < 0 || left >= w || right < 0) continue;
      const char* colour =
          static_cast<const char*>(ink.raw()) + std::size_t(i) % colours.size() * 4 * size;
      const auto line = [&](std::int64_t y0, std::int64_t y1, std::int64_t x0, std::int64_t x1) {
        for (std::int64_t y = std::max<std::int64_t>(y0, 0); y <= std::min(y1, h - 1); ++y) {
          for (std::int64_t x = std::max<std::int64_t>(x0, 0); x <= std::min(x1, w - 1); ++x) {
            std::memcpy(out + std::size_t(((n * h + y) * w + x) * depth) * size, colour,
                        std::size_t(depth) * size);
          }
        }
      };
      line(top, top, left, right);
      line(bottom, bottom, left, right);
      line(top, bottom, left, left);
      line(top, bottom, right, right);
    }
  }
}

constexpr DTypeSet kFloats{DType::kFloat, DType::kHalf};

const KernelRow kRows[] = {
    {"DrawBoundingBoxes", "T", kFloats, bound_kernel<draw>},
    {"DrawBoundingBoxesV2", "T", kFloats, bound_kernel<draw>},
    {"NonMaxSuppression", "", {DType::kFloat}, dynamic_kernel<non_max_suppression>},
    {"NonMaxSuppressionV2", "T", kFloats, dynamic_kernel<non_max_suppression>},
    {"NonMaxSuppressionV3", "T", kFloats, dynamic_kernel<non_max_suppression>},
    {"NonMaxSuppressionV4", "T", kFloats, dynamic_kernel<non_max_suppression>},
    {"NonMaxSuppressionV5", "T", kFloats, dynamic_kernel<non_max_suppression>},
    {"NonMaxSuppressionWithOverlaps", "", {DType::kFloat}, dynamic_kernel<suppression_by_overlaps>},
    {"CombinedNonMaxSuppression", "", {DType::kFloat}, dynamic_kernel<combined>},
};

}  // namespace

std::span<const KernelRow> image_box_kernels() { return kRows; }

}  // namespace caudal::cpu
