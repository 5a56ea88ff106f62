// SPDX-License-Identifier: Apache-2.0
// Images at another size, crops of boxes at a common size, projections. Interpolation is done in
// float32 whatever the pixels are, as TensorFlow does it.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/convert.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/image_pixels.h"

namespace caudal::cpu {
namespace {

// -- From a pixel of one image to its place in the other -----------------------------------------

struct Scaling {
  float scale = 1;
  bool align_corners = false, half_pixel = false;

  Scaling(const AttrMap& attrs, std::int64_t from, std::int64_t to) {
    align_corners = attrs.b("align_corners");
    const AttrValue* half = attrs.find("half_pixel_centers");
    half_pixel = half != nullptr && half->get<bool>();
    if (align_corners && half_pixel) {
      invalid("If half_pixel_centers is True, align_corners must be False.");
    }
    scale = align_corners && to > 1 ? float(from - 1) / float(to - 1) : float(from) / float(to);
  }
  float place(std::int64_t i) const {
    return half_pixel ? (float(i) + 0.5f) * scale - 0.5f : float(i) * scale;
  }
  std::int64_t nearest(std::int64_t i, std::int64_t size) const {
    const float at = (half_pixel ? float(i) + 0.5f : float(i)) * scale;
    const auto k = std::int64_t(align_corners ? std::round(at) : std::floor(at));
    return std::clamp<std::int64_t>(k, 0, size - 1);
  }
};

/// Sizes of [batch, height, width, channels].
struct Plane {
  std::int64_t n, h, w, c;
  explicit Plane(const Shape& s) : n(s[0]), h(s[1]), w(s[2]), c(s[3]) {}
  std::int64_t at(std::int64_t b, std::int64_t y, std::int64_t x) const {
    return ((b * h + y) * w + x) * c;
  }
};

void check_sizes(const Plane& in, const Plane& out) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (out.h <= 0 || out.w <= 0) invalid("output dimensions must be positive");
  if (in.h <= 0 || in.w <= 0) invalid("input image must be of non-zero size");
  if (in.h > kMost || in.w > kMost) invalid("input sizes must be between 0 and max int32");
}

std::int64_t grain_for(const Plane& out) {
  return std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, out.w * out.c * 4));
}

// -- Nearest neighbour ---------------------------------------------------------------------------

void nearest(Call& call) {
  const Plane in(call.in[0].shape()), out(call.out[0].shape());
  check_sizes(in, out);
  const Scaling rows(call.attrs, in.h, out.h), columns(call.attrs, in.w, out.w);
  const std::size_t bytes = std::size_t(in.c) * dtype_size(call.out[0].dtype());
  const auto* from = static_cast<const char*>(call.in[0].raw());
  auto* to = static_cast<char*>(call.out[0].raw());
  if (call.out[0].num_elements() == 0) return;
  std::vector<std::int64_t> x_of(std::size_t(out.w), 0);
  for (std::int64_t x = 0; x < out.w; ++x) x_of[std::size_t(x)] = columns.nearest(x, in.w);
  parallel_for(out.n * out.h, grain_for(out), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t row = (k / out.h) * in.h + rows.nearest(k % out.h, in.h);
      for (std::int64_t x = 0; x < out.w; ++x) {
        std::memcpy(to + std::size_t(k * out.w + x) * bytes,
                    from + std::size_t(row * in.w + x_of[std::size_t(x)]) * bytes, bytes);
      }
    }
  });
}

void nearest_grad(Call& call) {
  const Plane grads(call.in[0].shape()), image(call.out[0].shape());
  check_sizes(grads, image);
  const Scaling rows(call.attrs, image.h, grads.h), columns(call.attrs, image.w, grads.w);
  with_number<false>(call.out[0].dtype(), [&]<class T>(T) {
    const T* dy = call.in[0].data<T>();
    T* dx = call.out[0].data<T>();
    std::fill_n(dx, call.out[0].num_elements(), T(0));
    for (std::int64_t b = 0; b < grads.n; ++b) {
      for (std::int64_t y = 0; y < grads.h; ++y) {
        const std::int64_t to_y = rows.nearest(y, image.h);
        for (std::int64_t x = 0; x < grads.w; ++x) {
          const T* g = dy + grads.at(b, y, x);
          T* d = dx + image.at(b, to_y, columns.nearest(x, image.w));
          for (std::int64_t c = 0; c < grads.c; ++c) d[c] = add_numbers(d[c], g[c]);
        }
      }
    }
  });
}

// -- Weighted sums of few pixels along each axis -------------------------------------------------

/// Up to four pixels and their weights.
struct Taps {
  int count = 0;
  std::int64_t at[4];
  float weight[4];
};

Taps linear_taps(const Scaling& s, std::int64_t i, std::int64_t size) {
  const float place = s.place(i), below = std::floor(place);
  Taps t;
  t.count = 2;
  t.at[0] = std::clamp<std::int64_t>(std::int64_t(below), 0, size - 1);
  t.at[1] = std::clamp<std::int64_t>(std::int64_t(std::ceil(place)), 0, size - 1);
  t.weight[1] = place - below;
  t.weight[0] = 1 - t.weight[1];
  return t;
}

/// Cubic convolution with TensorFlow's table of 1024 steps.
class CubicTable {
 public:
  static constexpr int kSteps = 1024;
  explicit CubicTable(double a) {
    for (int i = 0; i <= kSteps; ++i) {
      float x = float(i * 1.0 / kSteps);
      near_[i] = float(((a + 2) * x - (a + 3)) * x * x + 1);
      x += 1.0f;
      far_[i] = float(((a * x - 5 * a) * x + 8 * a) * x - 4 * a);
    }
  }
  Taps taps(const Scaling& s, std::int64_t i, std::int64_t size) const {
    const float place = s.place(i);
    const float below = std::floor(place);
    const auto first = std::int64_t(below);
    const int step = int(std::clamp<long>(std::lrint((place - below) * kSteps), 0, kSteps));
    Taps t;
    t.count = 4;
    const float weights[] = {far_[step], near_[step], near_[kSteps - step], far_[kSteps - step]};
    float sum = 0;
    for (int k = 0; k < 4; ++k) {
      const std::int64_t at = first - 1 + k;
      t.at[k] = std::clamp<std::int64_t>(at, 0, size - 1);
      // With centres of pixels, what lies outside has no weight.
      t.weight[k] = s.half_pixel && at != t.at[k] ? 0.0f : weights[k];
      sum += t.weight[k];
    }
    if (s.half_pixel && std::abs(sum) >= 1000 * std::numeric_limits<float>::min()) {
      for (float& w : t.weight) w /= sum;
    }
    return t;
  }

 private:
  float near_[kSteps + 1], far_[kSteps + 1];
};
const CubicTable& cubic_table(bool half_pixel) {
  static const CubicTable keys(-0.5), old(-0.75);
  return half_pixel ? keys : old;
}

template <bool kCubic>
std::vector<Taps> all_taps(const Scaling& s, std::int64_t count, std::int64_t size) {
  std::vector<Taps> out;
  out.reserve(std::size_t(count));
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(kCubic ? cubic_table(s.half_pixel).taps(s, i, size) : linear_taps(s, i, size));
  }
  return out;
}

template <bool kCubic>
void smooth(Call& call) {
  const Plane in(call.in[0].shape()), out(call.out[0].shape());
  check_sizes(in, out);
  const Scaling rows(call.attrs, in.h, out.h), columns(call.attrs, in.w, out.w);
  if (call.out[0].num_elements() == 0) return;
  const Tensor pixels = as_floats(call.in[0]);
  const float* from = pixels.data<float>();
  float* to = call.out[0].data<float>();
  const std::vector<Taps> across = all_taps<kCubic>(columns, out.w, in.w);
  const std::vector<Taps> down = all_taps<kCubic>(rows, out.h, in.h);
  parallel_for(out.n * out.h, grain_for(out), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t b = k / out.h;
      const Taps& v = down[std::size_t(k % out.h)];
      for (std::int64_t x = 0; x < out.w; ++x) {
        const Taps& u = across[std::size_t(x)];
        float* y = to + (k * out.w + x) * out.c;
        for (std::int64_t c = 0; c < out.c; ++c) {
          float line[4];
          for (int i = 0; i < v.count; ++i) {
            const float* row = from + in.at(b, v.at[i], 0) + c;
            if constexpr (kCubic) {
              line[i] = 0;
              for (int j = 0; j < 4; ++j) line[i] += row[u.at[j] * in.c] * u.weight[j];
            } else {
              const float left = row[u.at[0] * in.c];
              line[i] = left + (row[u.at[1] * in.c] - left) * u.weight[1];
            }
          }
          if constexpr (kCubic) {
            y[c] = line[0] * v.weight[0] + line[1] * v.weight[1] + line[2] * v.weight[2] +
                   line[3] * v.weight[3];
          } else {
            y[c] = line[0] + (line[1] - line[0]) * v.weight[1];
          }
        }
      }
    }
  });
}

template <bool kCubic>
void smooth_grad(Call& call) {
  const Plane grads(call.in[0].shape()), image(call.out[0].shape());
  if (image.n * image.c == 0) return;
  if (grads.h > 0 && grads.w > 0) check_sizes(image, grads);
  const DType t = call.out[0].dtype();
  const auto run = [&]<class T>(T* dx) {
    std::fill_n(dx, call.out[0].num_elements(), T(0));
    if (grads.h <= 0 || grads.w <= 0) return;
    const Scaling rows(call.attrs, image.h, grads.h), columns(call.attrs, image.w, grads.w);
    const std::vector<Taps> across = all_taps<kCubic>(columns, grads.w, image.w);
    const std::vector<Taps> down = all_taps<kCubic>(rows, grads.h, image.h);
    const float* dy = call.in[0].data<float>();
    for (std::int64_t b = 0; b < grads.n; ++b) {
      for (std::int64_t y = 0; y < grads.h; ++y) {
        const Taps& v = down[std::size_t(y)];
        for (std::int64_t x = 0; x < grads.w; ++x) {
          const Taps& u = across[std::size_t(x)];
          const float* g = dy + grads.at(b, y, x);
          for (int i = 0; i < v.count; ++i) {
            for (int j = 0; j < u.count; ++j) {
              T* d = dx + image.at(b, v.at[i], u.at[j]);
              const float weight = v.weight[i] * u.weight[j];
              for (std::int64_t c = 0; c < grads.c; ++c) d[c] += T(g[c] * weight);
            }
          }
        }
      }
    }
  };
  if (t == DType::kDouble) return run(call.out[0].data<double>());
  if (t == DType::kFloat) return run(call.out[0].data<float>());
  const Tensor sums(DType::kFloat, call.out[0].shape());
  run(sums.data<float>());
  from_floats(sums, call.out[0]);
}

// -- Means of areas ------------------------------------------------------------------------------

/// The pixels that [begin, begin + length) touches, and the lengths of their parts in it.
struct Stretch {
  std::int64_t first = 0;
  std::vector<float> parts;
  Stretch(float scale, std::int64_t i) {
    const float begin = float(i) * scale, end = float(i + 1) * scale;
    first = std::int64_t(std::floor(begin));
    const auto last = std::int64_t(std::ceil(end));
    for (std::int64_t k = first; k < last; ++k) {
      const float left = std::max(begin, float(k)), right = std::min(end, float(k + 1));
      parts.push_back(float(k) < begin && float(k + 1) > end ? scale : right - left);
    }
  }
};

void area(Call& call) {
  const Plane in(call.in[0].shape()), out(call.out[0].shape());
  check_sizes(in, out);
  const Scaling rows(call.attrs, in.h, out.h), columns(call.attrs, in.w, out.w);
  if (call.out[0].num_elements() == 0) return;
  const Tensor pixels = as_floats(call.in[0]);
  const float* from = pixels.data<float>();
  float* to = call.out[0].data<float>();
  const float scale = 1.0f / (rows.scale * columns.scale);
  std::vector<Stretch> across;
  for (std::int64_t x = 0; x < out.w; ++x) across.emplace_back(columns.scale, x);
  parallel_for(out.n * out.h, grain_for(out), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const Stretch down(rows.scale, k % out.h);
      for (std::int64_t x = 0; x < out.w; ++x) {
        const Stretch& u = across[std::size_t(x)];
        float* y = to + (k * out.w + x) * out.c;
        std::fill_n(y, out.c, 0.0f);
        for (std::size_t i = 0; i < down.parts.size(); ++i) {
          const std::int64_t row =
              std::clamp<std::int64_t>(down.first + std::int64_t(i), 0, in.h - 1);
          for (std::size_t j = 0; j < u.parts.size(); ++j) {
            const std::int64_t column =
                std::clamp<std::int64_t>(u.first + std::int64_t(j), 0, in.w - 1);
            const float weight = down.parts[i] * scale * u.parts[j];
            const float* p = from + in.at(k / out.h, row, column);
            for (std::int64_t c = 0; c < out.c; ++c) y[c] += p[c] * weight;
          }
        }
      }
    }
  });
}

// -- Crops of boxes ------------------------------------------------------------------------------

/// Where row (or column) i of a crop lies in the image.
struct CropAxis {
  float low, high;
  std::int64_t size, crop;
  float ratio() const { return crop > 1 ? float(size - 1) / float(crop - 1) : 0.0f; }
  float place(std::int64_t i) const {
    const auto last = float(size - 1);
    if (crop > 1) return low * last + float(i) * ((high - low) * last / float(crop - 1));
    return 0.5f * (low + high) * last;
  }
  bool inside(float at) const { return at >= 0 && at <= float(size - 1); }
};

/// Calls fn(box, y, x, place_y, place_x) for all pixels of all crops; places outside of the image
/// are passed on.
template <class F>
void for_crops(const float* boxes, const std::int32_t* which, const Plane& crops,
               const Plane& image, F&& fn) {
  for (std::int64_t k = 0; k < crops.n; ++k) {
    if (which[k] < 0 || which[k] >= image.n) {
      fail(Code::kOutOfRange, "box_index has values outside [0, batch_size)");
    }
  }
  for (std::int64_t k = 0; k < crops.n; ++k) {
    const float* box = boxes + 4 * k;
    const CropAxis down{box[0], box[2], image.h, crops.h};
    const CropAxis across{box[1], box[3], image.w, crops.w};
    for (std::int64_t y = 0; y < crops.h; ++y) {
      for (std::int64_t x = 0; x < crops.w; ++x) {
        fn(k, y, x, down.place(y), across.place(x), down, across);
      }
    }
  }
}

/// The four pixels around a place.
struct Corners {
  std::int64_t top, bottom, left, right;
  float v, u;
  Corners(float y, float x)
      : top(std::int64_t(std::floor(y))),
        bottom(std::int64_t(std::ceil(y))),
        left(std::int64_t(std::floor(x))),
        right(std::int64_t(std::ceil(x))),
        v(y - float(top)),
        u(x - float(left)) {}
};

void check_crop_image(const Plane& image) {
  if (image.h <= 0 || image.w <= 0) invalid("image dimensions must be positive");
}

void crop_and_resize(Call& call) {
  const Plane image(call.in[0].shape()), crops(call.out[0].shape());
  check_crop_image(image);
  if (crops.h <= 0 || crops.w <= 0) invalid("crop dimensions must be positive");
  const bool nearest = call.attrs.s("method") == "nearest";
  const float outside = call.attrs.f("extrapolation_value");
  const Tensor pixels = as_floats(call.in[0]);
  const float* from = pixels.data<float>();
  const auto* which = call.in[2].data<std::int32_t>();
  float* out = call.out[0].data<float>();
  for_crops(call.in[1].data<float>(), which, crops, image,
            [&](std::int64_t k, std::int64_t y, std::int64_t x, float at_y, float at_x,
                const CropAxis& down, const CropAxis& across) {
              float* to = out + crops.at(k, y, x);
              const std::int64_t b = which[k];
              if (!down.inside(at_y) || !across.inside(at_x)) {
                std::fill_n(to, crops.c, outside);
              } else if (nearest) {
                const float* p = from + image.at(b, std::int64_t(std::round(at_y)),
                                                 std::int64_t(std::round(at_x)));
                std::copy_n(p, crops.c, to);
              } else {
                const Corners q(at_y, at_x);
                const float *tl = from + image.at(b, q.top, q.left),
                            *tr = from + image.at(b, q.top, q.right),
                            *bl = from + image.at(b, q.bottom, q.left),
                            *br = from + image.at(b, q.bottom, q.right);
                for (std::int64_t c = 0; c < crops.c; ++c) {
                  const float top = tl[c] + (tr[c] - tl[c]) * q.u;
                  const float bottom = bl[c] + (br[c] - bl[c]) * q.u;
                  to[c] = top + (bottom - top) * q.v;
                }
              }
            });
}

void crop_grad_image(Call& call) {
  const Plane crops(call.in[0].shape()), image(call.out[0].shape());
  check_crop_image(image);
  const bool nearest = call.attrs.s("method") == "nearest";
  const float* dy = call.in[0].data<float>();
  const auto* which = call.in[2].data<std::int32_t>();
  const auto run = [&]<class T>(T* dx) {
    std::fill_n(dx, call.out[0].num_elements(), T(0));
    for_crops(call.in[1].data<float>(), which, crops, image,
              [&](std::int64_t k, std::int64_t y, std::int64_t x, float at_y, float at_x,
                  const CropAxis& down, const CropAxis& across) {
                if (!down.inside(at_y) || !across.inside(at_x)) return;
                const float* g = dy + crops.at(k, y, x);
                const std::int64_t b = which[k];
                const auto give = [&](std::int64_t row, std::int64_t column, float weight) {
                  T* d = dx + image.at(b, row, column);
                  for (std::int64_t c = 0; c < crops.c; ++c) d[c] += T(g[c] * weight);
                };
                if (nearest) {
                  return give(std::int64_t(std::round(at_y)), std::int64_t(std::round(at_x)), 1);
                }
                const Corners q(at_y, at_x);
                give(q.top, q.left, (1 - q.v) * (1 - q.u));
                give(q.top, q.right, (1 - q.v) * q.u);
                give(q.bottom, q.left, q.v * (1 - q.u));
                give(q.bottom, q.right, q.v * q.u);
              });
  };
  const DType t = call.out[0].dtype();
  if (t == DType::kDouble) return run(call.out[0].data<double>());
  if (t == DType::kFloat) return run(call.out[0].data<float>());
  const Tensor sums(DType::kFloat, call.out[0].shape());
  run(sums.data<float>());
  from_floats(sums, call.out[0]);
}

void crop_grad_boxes(Call& call) {
  const Plane crops(call.in[0].shape()), image(call.in[1].shape());
  check_crop_image(image);
  const Tensor pixels = as_floats(call.in[1]);
  const float *from = pixels.data<float>(), *dy = call.in[0].data<float>();
  const auto* which = call.in[3].data<std::int32_t>();
  float* out = call.out[0].data<float>();
  std::fill_n(out, call.out[0].num_elements(), 0.0f);
  for_crops(call.in[2].data<float>(), which, crops, image,
            [&](std::int64_t k, std::int64_t y, std::int64_t x, float at_y, float at_x,
                const CropAxis& down, const CropAxis& across) {
              if (!down.inside(at_y) || !across.inside(at_x)) return;
              const Corners q(at_y, at_x);
              const std::int64_t b = which[k];
              const float *tl = from + image.at(b, q.top, q.left),
                          *tr = from + image.at(b, q.top, q.right),
                          *bl = from + image.at(b, q.bottom, q.left),
                          *br = from + image.at(b, q.bottom, q.right);
              const float* g = dy + crops.at(k, y, x);
              float* box = out + 4 * k;
              for (std::int64_t c = 0; c < crops.c; ++c) {
                const float gy = g[c] * ((1 - q.u) * (bl[c] - tl[c]) + q.u * (br[c] - tr[c]));
                const float gx = g[c] * ((1 - q.v) * (tr[c] - tl[c]) + q.v * (br[c] - bl[c]));
                const auto share = [&](int low, const CropAxis& a, std::int64_t i, float grad) {
                  const auto last = float(a.size - 1);
                  const float high = a.crop > 1 ? float(i) * a.ratio() : 0.5f * last;
                  box[low] += grad * (last - high);
                  box[low + 2] += grad * high;
                };
                share(0, down, y, gy);
                share(1, across, x, gx);
              }
            });
}

// -- Projections ---------------------------------------------------------------------------------

void project(Call& call) {
  const Plane in(call.in[0].shape()), out(call.out[0].shape());
  if (call.out[0].num_elements() == 0) return;
  const bool nearest = call.attrs.s("interpolation") == "NEAREST";
  const bool shared = call.in[1].shape()[0] == 1;
  const float* transforms = call.in[1].data<float>();
  const std::size_t bytes = std::size_t(in.c) * dtype_size(call.in[0].dtype());
  const Tensor pixels = nearest ? call.in[0] : as_floats(call.in[0]);
  const Tensor sums = nearest ? call.out[0]
                      : call.out[0].dtype() == DType::kFloat
                          ? call.out[0]
                          : Tensor(DType::kFloat, call.out[0].shape());
  std::memset(sums.raw(), 0, sums.num_bytes());
  const auto within = [&](float y, float x) {
    return y >= 0 && y < float(in.h) && x >= 0 && x < float(in.w);
  };
  parallel_for(out.n * out.h, grain_for(out), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t b = k / out.h;
      const float* t = transforms + (shared ? 0 : 8 * b);
      const auto y = float(k % out.h);
      for (std::int64_t i = 0; i < out.w; ++i) {
        const auto x = float(i);
        const float depth = t[6] * x + t[7] * y + 1.0f;
        if (depth == 0) continue;
        const float at_x = (t[0] * x + t[1] * y + t[2]) / depth;
        const float at_y = (t[3] * x + t[4] * y + t[5]) / depth;
        const std::int64_t to = k * out.w + i;
        if (nearest) {
          const float row = std::round(at_y), column = std::round(at_x);
          if (!within(row, column)) continue;
          const std::int64_t place = (b * in.h + std::int64_t(row)) * in.w + std::int64_t(column);
          std::memcpy(static_cast<char*>(sums.raw()) + std::size_t(to) * bytes,
                      static_cast<const char*>(pixels.raw()) + std::size_t(place) * bytes, bytes);
          continue;
        }
        const float top = std::floor(at_y), left = std::floor(at_x);
        if (!(top >= -1 && top < float(in.h) && left >= -1 && left < float(in.w))) continue;
        const float v = at_y - top, u = at_x - left;
        float* sum = sums.data<float>() + to * out.c;
        const auto take = [&](float row, float column, float weight) {
          if (!within(row, column)) return;
          const float* p = pixels.data<float>() + in.at(b, std::int64_t(row), std::int64_t(column));
          for (std::int64_t c = 0; c < in.c; ++c) sum[c] += weight * p[c];
        };
        take(top, left, (1 - v) * (1 - u));
        take(top, left + 1, (1 - v) * u);
        take(top + 1, left, v * (1 - u));
        take(top + 1, left + 1, v * u);
      }
    }
  });
  if (sums.raw() != call.out[0].raw()) from_floats(sums, call.out[0]);
}

constexpr DTypeSet kPixels{DType::kUint8, DType::kInt8,  DType::kUint16,
                           DType::kInt16, DType::kInt32, DType::kInt64,
                           DType::kHalf,  DType::kFloat, DType::kDouble};
constexpr DTypeSet kFloats{DType::kHalf, DType::kBfloat16, DType::kFloat, DType::kDouble};
constexpr DTypeSet kProjected{DType::kUint8, DType::kInt32, DType::kInt64,
                              DType::kHalf,  DType::kFloat, DType::kDouble};

const KernelRow kRows[] = {
    {"ResizeNearestNeighbor", "T", kPixels, bound_kernel<nearest>},
    {"ResizeNearestNeighborGrad", "T",
     DTypeSet{DType::kUint8, DType::kInt8, DType::kInt32, DType::kHalf, DType::kFloat,
              DType::kDouble},
     bound_kernel<nearest_grad>},
    {"ResizeBilinear", "T", kPixels | DTypeSet{DType::kBfloat16}, bound_kernel<smooth<false>>},
    {"ResizeBilinearGrad", "T", kFloats, bound_kernel<smooth_grad<false>>},
    {"ResizeBicubic", "T", kPixels, bound_kernel<smooth<true>>},
    {"ResizeBicubicGrad", "T", DTypeSet{DType::kFloat, DType::kDouble},
     bound_kernel<smooth_grad<true>>},
    {"ResizeArea", "T", kPixels, bound_kernel<area>},
    {"CropAndResize", "T", kPixels, bound_kernel<crop_and_resize>},
    {"CropAndResizeGradImage", "T", DTypeSet{DType::kHalf, DType::kFloat, DType::kDouble},
     bound_kernel<crop_grad_image>},
    {"CropAndResizeGradBoxes", "T", kPixels, bound_kernel<crop_grad_boxes>},
    {"ImageProjectiveTransform", "dtype", kProjected, bound_kernel<project>},
    {"ImageProjectiveTransformV2", "dtype", kProjected, bound_kernel<project>},
};

}  // namespace

std::span<const KernelRow> image_resize_kernels() { return kRows; }

}  // namespace caudal::cpu
