// SPDX-License-Identifier: Apache-2.0
// Colours and contrast of images; windows of them, at given or random places.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/image_pixels.h"
#include "kernels/cpu/portable/philox_numbers.h"

namespace caudal::cpu {
namespace {

/// Runs fn(floats in, floats out) on float32 memory whatever the dtype of input 0 and output 0.
template <class F>
void in_floats(Call& call, F&& fn) {
  const Tensor in = as_floats(call.in[0]);
  if (call.out[0].dtype() == DType::kFloat) {
    return fn(in.data<float>(), call.out[0].data<float>());
  }
  const Tensor out(DType::kFloat, call.out[0].shape());
  fn(in.data<float>(), out.data<float>());
  from_floats(out, call.out[0]);
}

// -- Contrast ------------------------------------------------------------------------------------

/// (x - mean) * factor + mean, with a mean for each image and channel.
void contrast(Call& call, float low, float high) {
  const Shape& s = call.in[0].shape();
  const int rank = s.rank();
  const std::int64_t channels = s[rank - 1], pixels = s[rank - 2] * s[rank - 3];
  const std::int64_t images = size_of(s, 0, rank - 3);
  const float factor = *call.in[1].data<float>();
  if (call.out[0].num_elements() == 0) return;
  in_floats(call, [&](const float* in, float* out) {
    std::vector<double> mean(std::size_t(channels), 0.0);
    for (std::int64_t n = 0; n < images; ++n) {
      const float* x = in + n * pixels * channels;
      float* y = out + n * pixels * channels;
      std::fill(mean.begin(), mean.end(), 0.0);
      for (std::int64_t i = 0; i < pixels * channels; ++i) {
        mean[std::size_t(i % channels)] += double(x[i]);
      }
      for (double& m : mean) m /= double(pixels);
      for (std::int64_t i = 0; i < pixels * channels; ++i) {
        const auto m = float(mean[std::size_t(i % channels)]);
        const float v = (x[i] - m) * factor + m;
        y[i] = v < low ? low : v > high ? high : v;
      }
    }
  });
}
void adjust_contrast(Call& call) {
  contrast(call, -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity());
}
void adjust_contrast_within(Call& call) {
  contrast(call, *call.in[2].data<float>(), *call.in[3].data<float>());
}

// -- Colours -------------------------------------------------------------------------------------

/// hsv from rgb: hue in [0, 1).
template <class T>
void to_hsv(const T* rgb, T* hsv) {
  const T r = rgb[0], g = rgb[1], b = rgb[2];
  const T most = std::max(r, std::max(g, b)), least = std::min(r, std::min(g, b));
  const T range = most - least;
  T hue = 0;
  if (range > 0) {
    const T norm = T(1) / (T(6) * range);
    if (r == most) {
      hue = norm * (g - b);
    } else if (g == most) {
      hue = norm * (b - r) + T(2) / T(6);
    } else {
      hue = norm * (r - g) + T(4) / T(6);
    }
    if (hue < 0) hue += 1;
  }
  hsv[0] = hue;
  hsv[1] = most > 0 ? range / most : T(0);
  hsv[2] = most;
}

template <class T>
T unit(T v) {
  return std::max(T(0), std::min(T(1), v));
}

template <class T>
void to_rgb(const T* hsv, T* rgb) {
  const T sixths = hsv[0] * T(6), s = hsv[1], v = hsv[2];
  const T r = unit(std::abs(sixths - T(3)) - T(1)), g = unit(T(2) - std::abs(sixths - T(2))),
          b = unit(T(2) - std::abs(sixths - T(4)));
  const T rest = T(1) - s;
  rgb[0] = (rest + s * r) * v;
  rgb[1] = (rest + s * g) * v;
  rgb[2] = (rest + s * b) * v;
}

/// Calls fn(from, to) for every pixel of three channels.
template <class T, class F>
void for_pixels(const T* in, T* out, std::int64_t elements, F&& fn) {
  parallel_for(elements / 3, 1 << 12, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) fn(in + 3 * i, out + 3 * i);
  });
}

template <bool kToHsv>
void colours(Call& call) {
  const std::int64_t n = call.out[0].num_elements();
  if (call.out[0].dtype() == DType::kDouble) {
    return for_pixels(call.in[0].data<double>(), call.out[0].data<double>(), n,
                      kToHsv ? to_hsv<double> : to_rgb<double>);
  }
  in_floats(call, [&](const float* in, float* out) {
    for_pixels(in, out, n, kToHsv ? to_hsv<float> : to_rgb<float>);
  });
}

void adjust_hue(Call& call) {
  const float delta = *call.in[1].data<float>();
  in_floats(call, [&](const float* in, float* out) {
    for_pixels(in, out, call.out[0].num_elements(), [&](const float* x, float* y) {
      // The largest and the smallest channel stay, the hue between them turns.
      float hsv[3];
      to_hsv(x, hsv);
      const float least = std::min(x[0], std::min(x[1], x[2])), range = hsv[2] - least;
      hsv[0] += delta;
      hsv[0] -= std::floor(hsv[0]);
      hsv[1] = 1;
      hsv[2] = 1;
      to_rgb(hsv, y);
      for (int i = 0; i < 3; ++i) y[i] = y[i] * range + least;
    });
  });
}

void adjust_saturation(Call& call) {
  const float scale = *call.in[1].data<float>();
  in_floats(call, [&](const float* in, float* out) {
    for_pixels(in, out, call.out[0].num_elements(), [&](const float* x, float* y) {
      float hsv[3];
      to_hsv(x, hsv);
      hsv[1] = unit(hsv[1] * scale);
      to_rgb(hsv, y);
    });
  });
}

// -- Glimpses ------------------------------------------------------------------------------------

enum class Noise { kUniform, kGaussian, kZero };

Noise noise_of(const AttrMap& attrs) {
  const bool uniform = attrs.b("uniform_noise");
  const std::string& noise = attrs.s("noise");
  if (uniform && !noise.empty() && noise != "uniform") {
    invalid("The uniform_noise and noise could not be specified at the same time");
  }
  if (noise == "uniform" || (noise.empty() && uniform)) return Noise::kUniform;
  if (noise == "gaussian" || noise.empty()) return Noise::kGaussian;
  if (noise == "zero") return Noise::kZero;
  invalid("The noise could only be uniform, gaussian, zero, got ", noise);
}

/// Fills what a glimpse shows beyond the image with numbers like those of the image.
class NoiseFill {
 public:
  NoiseFill(Noise kind, const float* image, std::int64_t n)
      : kind_(kind), numbers_(PhiloxStream(0, 0).reserve(1)) {
    if (kind == Noise::kZero || n == 0) return;
    double sum = 0, squares = 0;
    low_ = high_ = image[0];
    for (std::int64_t i = 0; i < n; ++i) {
      low_ = std::min(low_, image[i]);
      high_ = std::max(high_, image[i]);
      sum += double(image[i]);
    }
    mean_ = float(sum / double(n));
    for (std::int64_t i = 0; i < n; ++i) squares += std::pow(double(image[i]) - mean_, 2);
    deviation_ = float(std::sqrt(squares / double(n)));
  }
  void fill(float* out, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      if (kind_ == Noise::kUniform) {
        out[i] = low_ + (high_ - low_) * numbers_.real_float();
      } else if (kind_ == Noise::kGaussian) {
        const std::uint32_t words[] = {numbers_.word(), numbers_.word()};
        float pair[2];
        CAUDAL_ISA::box_muller(words, pair);
        out[i] = std::clamp(mean_ + deviation_ * pair[0], low_, high_);
      } else {
        out[i] = 0;
      }
    }
  }

 private:
  Noise kind_;
  float low_ = 0, high_ = 0, mean_ = 0, deviation_ = 0;
  PhiloxNumbers numbers_;
};

/// Cuts off towards zero; what an int64 cannot hold lies outside of every image.
std::int64_t to_place(float v) {
  constexpr float kFar = 1e15f;
  return v > kFar || std::isnan(v) ? std::int64_t(kFar)
         : v < -kFar               ? -std::int64_t(kFar)
                                   : std::int64_t(v);
}

void glimpse(Call& call) {
  const Shape &in = call.in[0].shape(), &out = call.out[0].shape();
  const std::int64_t h = in[1], w = in[2], c = in[3], rows = out[1], columns = out[2];
  const bool centered = call.attrs.b("centered"), normalized = call.attrs.b("normalized");
  const Noise kind = noise_of(call.attrs);
  const float* x = call.in[0].data<float>();
  const float* offsets = call.in[2].data<float>();
  float* y = call.out[0].data<float>();
  if (call.out[0].num_elements() == 0) return;
  const auto start = [&](float at, std::int64_t size, std::int64_t window) {
    if (normalized) at *= float(size);
    if (centered) at = at / 2.0f + float(size) / 2.0f;
    return to_place(at - float(window) / 2.0f);
  };
  for (std::int64_t n = 0; n < in[0]; ++n) {
    const std::int64_t top = start(offsets[2 * n], h, rows);
    const std::int64_t left = start(offsets[2 * n + 1], w, columns);
    const float* image = x + n * h * w * c;
    float* to = y + n * rows * columns * c;
    const std::int64_t first = std::max<std::int64_t>(left, 0);
    const std::int64_t last = std::min(left + columns, w);
    if (top < 0 || left < 0 || top + rows > h || left + columns > w) {
      NoiseFill(kind, image, h * w * c).fill(to, rows * columns * c);
    }
    if (first >= last) continue;
    for (std::int64_t i = std::max<std::int64_t>(top, 0); i < std::min(top + rows, h); ++i) {
      std::memcpy(to + ((i - top) * columns + first - left) * c, image + (i * w + first) * c,
                  std::size_t((last - first) * c) * sizeof(float));
    }
  }
}

// -- Random windows ------------------------------------------------------------------------------

struct Drawing {
  std::shared_ptr<PhiloxStream> stream;
  AttrMap attrs;
  std::vector<std::pair<DType, Shape>> in, out;
};

std::shared_ptr<PhiloxStream> stream_for(const KernelRequest& r) {
  const std::int64_t seed = r.attrs->i("seed"), seed2 = r.attrs->i("seed2");
  if (r.node_state == nullptr) return std::make_shared<PhiloxStream>(seed, seed2);
  if (!*r.node_state) *r.node_state = std::make_shared<PhiloxStream>(seed, seed2);
  return std::static_pointer_cast<PhiloxStream>(*r.node_state);
}

/// As bound_kernel, with the stream of the node.
template <void (*fn)(Call&, PhiloxStream&)>
Prepared drawing_kernel(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<Drawing>(prepared);
  p->stream = stream_for(r);
  p->attrs = *r.attrs;
  for (const ValueInfo& v : r.inputs) p->in.emplace_back(v.dtype, v.shape);
  for (const ValueInfo& v : r.outputs) p->out.emplace_back(v.dtype, v.shape);
  prepared.run = [](const void* params, void* const* in, void* const* out, void*,
                    RunContext& context) {
    const auto& q = *static_cast<const Drawing*>(params);
    std::vector<Tensor> from(q.in.size()), to(q.out.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      from[i] = Tensor(q.in[i].first, q.in[i].second, in[i], nullptr);
    }
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = Tensor(q.out[i].first, q.out[i].second, out[i], nullptr);
    }
    Call call{q.attrs, from, to, context};
    fn(call, *q.stream);
  };
  return prepared;
}

void random_crop(Call& call, PhiloxStream& stream) {
  const Shape& in = call.in[0].shape();
  const auto* size = call.in[1].data<std::int64_t>();
  const std::int64_t h = size[0], w = size[1];
  if (h < 0 || w < 0 || in[0] < h || in[1] < w) {
    invalid("[height, width] must be at most [", in[0], ", ", in[1], "], got [", h, ", ", w, "]");
  }
  PhiloxNumbers numbers(stream.reserve(1));
  const auto place = [&](std::int64_t from, std::int64_t to) {
    return to < from ? std::int64_t(numbers.word()) % (from - to + 1) : 0;
  };
  const std::int64_t top = place(in[0], h), left = place(in[1], w);
  const std::size_t pixel = std::size_t(in[2]) * dtype_size(call.in[0].dtype());
  for (std::int64_t y = 0; y < h && pixel > 0; ++y) {
    std::memcpy(
        static_cast<char*>(call.out[0].raw()) + std::size_t(y * w) * pixel,
        static_cast<const char*>(call.in[0].raw()) + std::size_t((top + y) * in[1] + left) * pixel,
        std::size_t(w) * pixel);
  }
}

struct Rectangle {
  std::int64_t left = 0, top = 0, right = 0, bottom = 0;
  float area() const { return float((right - left) * (bottom - top)); }
  Rectangle common(const Rectangle& o) const {
    const Rectangle r{std::max(left, o.left), std::max(top, o.top), std::min(right, o.right),
                      std::min(bottom, o.bottom)};
    return r.left > r.right || r.top > r.bottom ? Rectangle{} : r;
  }
};

/// A window of the wanted aspect ratio and area somewhere in the image; false when the draw gave
/// none.
bool draw_window(std::int64_t width, std::int64_t height, float least, float most, float aspect,
                 PhiloxNumbers& numbers, Rectangle& window) {
  if (most <= 0 || aspect <= 0 || least > most) return false;
  const float smallest = least * float(width) * float(height);
  const float largest = most * float(width) * float(height);
  const auto width_for = [&](std::int64_t rows) {
    return std::int64_t(std::lrint(float(rows) * aspect));
  };
  std::int64_t rows = std::lrint(std::sqrt(smallest / aspect));
  std::int64_t rows_limit = std::lrint(std::sqrt(largest / aspect));
  if (width_for(rows_limit) > width) {
    rows_limit = std::int64_t((double(width) + 0.5 - 1e-7) / double(aspect));
    if (width_for(rows_limit) > width) --rows_limit;
  }
  rows_limit = std::min(rows_limit, height);
  rows = std::min(rows, rows_limit);
  if (rows < rows_limit) rows += numbers.below(std::uint32_t(rows_limit - rows + 1));
  std::int64_t columns = width_for(rows);
  auto area = float(columns * rows);
  if (area < smallest) {
    ++rows;
    columns = width_for(rows);
    area = float(columns * rows);
  }
  if (area > largest) {
    --rows;
    columns = width_for(rows);
    area = float(columns * rows);
  }
  if (area < smallest || area > largest || columns > width || rows > height || columns <= 0 ||
      rows <= 0) {
    return false;
  }
  window.top = rows < height ? numbers.below(std::uint32_t(height - rows)) : 0;
  window.left = columns < width ? numbers.below(std::uint32_t(width - columns)) : 0;
  window.right = window.left + columns;
  window.bottom = window.top + rows;
  return true;
}

const std::vector<float>& range_attr(const AttrMap& attrs, const char* name, float most) {
  const auto& range = attrs.at(name).get<std::vector<float>>();
  if (range.size() != 2) invalid(name, " field must specify 2 dimensions");
  if (!(range[0] > 0 && range[1] > 0 && range[1] <= most)) {
    invalid(name, " must be positive", most < 2 ? " and at most 1" : "", ", got [", range[0], ", ",
            range[1], "]");
  }
  return range;
}

void distorted_box(Call& call, PhiloxStream& stream) {
  const AttrMap& attrs = call.attrs;
  const auto& aspects = range_attr(attrs, "aspect_ratio_range", INFINITY);
  const auto& areas = range_attr(attrs, "area_range", 1.0f);
  const std::int64_t attempts = attrs.i("max_attempts");
  if (attempts <= 0) invalid("max_attempts must be positive, got ", attempts);
  if (attempts > std::numeric_limits<std::int32_t>::max()) invalid("max_attempts is too large");
  const float covered =
      call.in.size() > 2 ? *call.in[2].data<float>() : attrs.f("min_object_covered");
  if (!(covered >= 0)) invalid("Min object covered must be non-negative: ", covered);
  const Tensor sizes(DType::kInt64, Shape{3});
  convert_elements(find_conversion(call.in[0].dtype(), DType::kInt64), call.in[0].dtype(),
                   DType::kInt64, call.in[0].raw(), sizes.raw(), 3);
  const std::int64_t height = sizes.data<std::int64_t>()[0];
  const std::int64_t width = sizes.data<std::int64_t>()[1];
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (height <= 0 || height > kMost) invalid("Image height must be positive, got ", height);
  if (width <= 0 || width > kMost) invalid("Image width must be positive, got ", width);
  const Rectangle whole{0, 0, width, height};

  std::vector<Rectangle> objects;
  const float* box = call.in[1].data<float>();
  for (std::int64_t i = 0; i < call.in[1].num_elements() / 4; ++i, box += 4) {
    for (int k = 0; k < 4; ++k) {
      if (!(box[k] >= 0 && box[k] <= 1)) {
        invalid("All bounding box coordinates must be in [0.0, 1.0]: ", box[k]);
      }
    }
    if (!(box[1] < box[3])) {
      invalid("x_min of bounding box must be less than x_max: ", box[1], " >= ", box[3]);
    }
    if (!(box[0] < box[2])) {
      invalid("y_min of bounding box must be less than y_max: ", box[0], " >= ", box[2]);
    }
    objects.push_back({std::int64_t(box[1] * float(width)), std::int64_t(box[0] * float(height)),
                       std::int64_t(box[3] * float(width)), std::int64_t(box[2] * float(height))});
  }
  if (objects.empty()) {
    if (!attrs.b("use_image_if_no_bounding_boxes")) {
      invalid(
          "No bounding boxes provided as input. One must enable "
          "use_image_if_no_bounding_boxes if you wish to not provide any bounding boxes.");
    }
    objects.push_back(whole);
  }

  PhiloxNumbers numbers(stream.reserve(std::uint64_t(attempts)));
  Rectangle window = whole;
  for (std::int64_t i = 0; i < attempts; ++i) {
    const float aspect = numbers.real_float() * (aspects[1] - aspects[0]) + aspects[0];
    Rectangle drawn;
    if (!draw_window(width, height, areas[0], areas[1], aspect, numbers, drawn)) continue;
    const bool good =
        drawn.area() >= 1 && std::any_of(objects.begin(), objects.end(), [&](const Rectangle& o) {
          return o.area() >= 1 && drawn.common(o).area() / o.area() >= covered;
        });
    if (!good) continue;
    window = drawn;
    break;
  }
  const std::int64_t begin[] = {window.top, window.left, 0};
  const std::int64_t size[] = {window.bottom - window.top, window.right - window.left, -1};
  const DType t = call.out[0].dtype();
  const ConvertFn narrow = find_conversion(DType::kInt64, t);
  convert_elements(narrow, DType::kInt64, t, begin, call.out[0].raw(), 3);
  convert_elements(narrow, DType::kInt64, t, size, call.out[1].raw(), 3);
  float* place = call.out[2].data<float>();
  place[0] = float(window.top) / float(height);
  place[1] = float(window.left) / float(width);
  place[2] = float(window.bottom) / float(height);
  place[3] = float(window.right) / float(width);
}

constexpr DTypeSet kSizes{DType::kUint8, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64};
constexpr DTypeSet kNumbers = kSizes | DTypeSet{DType::kFloat, DType::kDouble};
constexpr DTypeSet kFloat{DType::kFloat, DType::kHalf};
constexpr DTypeSet kFloats{DType::kFloat, DType::kDouble, DType::kHalf, DType::kBfloat16};

const KernelRow kRows[] = {
    {"AdjustContrast", "T", kNumbers, bound_kernel<adjust_contrast_within>},
    {"AdjustContrastv2", "T", kFloat, bound_kernel<adjust_contrast>},
    {"AdjustHue", "T", kFloat, bound_kernel<adjust_hue>},
    {"AdjustSaturation", "T", kFloat, bound_kernel<adjust_saturation>},
    {"RGBToHSV", "T", kFloats, bound_kernel<colours<true>>},
    {"HSVToRGB", "T", kFloats, bound_kernel<colours<false>>},
    {"ExtractGlimpse", "", {DType::kFloat}, bound_kernel<glimpse>},
    {"RandomCrop", "T", kNumbers, drawing_kernel<random_crop>},
    {"SampleDistortedBoundingBox", "T", kSizes, drawing_kernel<distorted_box>},
    {"SampleDistortedBoundingBoxV2", "T", kSizes, drawing_kernel<distorted_box>},
};

}  // namespace

std::span<const KernelRow> image_colour_kernels() { return kRows; }

}  // namespace caudal::cpu
