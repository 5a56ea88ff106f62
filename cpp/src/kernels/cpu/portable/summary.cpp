// SPDX-License-Identifier: Apache-2.0
// Summary messages out of scalars, histograms, images, sounds and tensors.
#include <algorithm>
#include <array>
#include <bit>
#include <cfloat>
#include <cmath>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/parallel_for.h"
#include "base/wire.h"
#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/tensor_proto.h"

namespace caudal::cpu {
namespace {

// Fields of Summary, Summary.Value and what is in them.
enum : int { kValue = 1 };
enum : int {
  kTag = 1,
  kSimpleValue = 2,
  kImage = 4,
  kHistogram = 5,
  kAudio = 6,
  kNodeName = 7,
  kTensor = 8,
  kMetadata = 9
};

struct Params {
  AttrMap attrs;
  std::string node_name;
};

struct SummaryCall {
  const AttrMap& attrs;
  const std::string& node_name;
  std::span<const Tensor> in;
};

/// The prepare function of a kernel whose one output is the string that `fn` returns.
template <std::string (*fn)(const SummaryCall&)>
Prepared summary_kernel(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<Params>(prepared);
  if (r.attrs != nullptr) p->attrs = *r.attrs;
  p->node_name = std::string(r.node_name);
  prepared.run_dynamic = [](const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                            RunContext&) {
    const auto& q = *static_cast<const Params*>(params);
    try {
      out[0] = Tensor::string_scalar(fn({q.attrs, q.node_name, in}));
    } catch (const std::bad_alloc&) {
      fail(Code::kResourceExhausted, "out of memory");
    } catch (const std::length_error&) {
      fail(Code::kResourceExhausted, "a size exceeds the memory");
    }
  };
  return prepared;
}

/// A Value with a tag; an empty one is the default and not written.
WireWriter tagged(std::string_view tag) {
  WireWriter value;
  if (!tag.empty()) value.bytes(kTag, tag);
  return value;
}

void add_value(WireWriter& summary, const WireWriter& value) { summary.bytes(kValue, value.out); }

const std::string& scalar_tag(const SummaryCall& c, const char* what) {
  if (c.in[0].shape().rank() != 0) invalid(what, " be scalar");
  return *c.in[0].data<std::string>();
}

std::string scalars(const SummaryCall& c) {
  const Tensor &tags = c.in[0], &values = c.in[1];
  if (!(tags.shape() == values.shape())) {
    const std::string hint =
        tags.num_elements() == 1 ? str(" (tag '", *tags.data<std::string>(), "')") : "";
    invalid("tags and values not the same shape: ", tags.shape(), " != ", values.shape(), hint);
  }
  WireWriter summary;
  with_number<false>(values.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < values.num_elements(); ++i) {
      WireWriter value = tagged(tags.data<std::string>()[i]);
      value.fixed32(kSimpleValue, std::bit_cast<std::uint32_t>(float(values.data<T>()[i])));
      add_value(summary, value);
    }
  });
  return std::move(summary.out);
}

// -- Histograms ----------------------------------------------------------------------------------

/// Buckets by upper limits: powers of 1.1 times 1e-12, mirrored at zero.
class Buckets {
 public:
  Buckets() {
    for (double v = 1e-12; v < 1e20; v *= 1.1) positive_.push_back(v);
    positive_.push_back(DBL_MAX);
    for (auto v = positive_.rbegin(); v != positive_.rend(); ++v) limits_.push_back(-*v);
    limits_.push_back(0);
    limits_.insert(limits_.end(), positive_.begin(), positive_.end());
    for (std::size_t key = 0; key < first_.size(); ++key) {
      const double low = std::bit_cast<double>(std::uint64_t(key) << kShift);
      first_[key] = std::uint16_t(std::ranges::lower_bound(positive_, low) - positive_.begin());
    }
  }

  const std::vector<double>& limits() const { return limits_; }

  /// How many limits are at most v, which is finite.
  std::size_t find(double v) const {
    const double size = std::abs(v);
    // Numbers with the same first bits lie closer together than two limits.
    std::size_t i = first_[std::bit_cast<std::uint64_t>(size) >> kShift];
    if (v < 0) {
      while (positive_[i] < size) ++i;
      return positive_.size() - i;
    }
    while (i < positive_.size() && positive_[i] <= size) ++i;
    // The last limit is the largest number: even that has a bucket.
    return std::min(positive_.size() + 1 + i, limits_.size() - 1);
  }

 private:
  static constexpr int kShift = 48;
  std::vector<double> positive_, limits_;
  std::array<std::uint16_t, 1 << 15> first_;  ///< of the positive limits, by the first bits
};

const Buckets& buckets_of_all() {
  static const Buckets buckets;
  return buckets;
}

struct Histogram {
  double min = DBL_MAX, max = -DBL_MAX, num = 0, sum = 0, sum_squares = 0;
  std::vector<std::int64_t> buckets = std::vector<std::int64_t>(buckets_of_all().limits().size());

  std::string message() const {
    WireWriter out, limits, counts;
    const auto number = [&](int field, double v) {
      if (v != 0) out.fixed64(field, std::bit_cast<std::uint64_t>(v));
    };
    const auto packed = [](WireWriter& list, double v) {
      const auto bits = std::bit_cast<std::uint64_t>(v);
      list.raw32(std::uint32_t(bits));
      list.raw32(std::uint32_t(bits >> 32));
    };
    number(1, min);
    number(2, max);
    number(3, num);
    number(4, sum);
    number(5, sum_squares);
    // Of a run of empty buckets only the last one is written.
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      while (buckets[i] == 0 && i + 1 < buckets.size() && buckets[i + 1] == 0) ++i;
      packed(limits, buckets_of_all().limits()[i]);
      packed(counts, double(buckets[i]));
    }
    out.bytes(6, limits.out);
    out.bytes(7, counts.out);
    return std::move(out.out);
  }
};

template <class T>
double as_double(T v) {
  if constexpr (std::is_arithmetic_v<T>) {
    return double(v);
  } else {
    return float(v);
  }
}

template <class T>
Histogram histogram_of(const T* values, std::int64_t n, const std::string& node_name) {
  Histogram h;
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = as_double(values[i]);
    if (!std::isfinite(v)) {
      invalid(std::isnan(v) ? "Nan" : "Infinity", " in summary histogram for: ", node_name);
    }
    h.min = std::min(h.min, v);
    h.max = std::max(h.max, v);
    h.sum += v;
    h.sum_squares += v * v;
  }
  h.num = double(n);
  std::mutex mutex;
  parallel_for(n, 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    const Buckets& all = buckets_of_all();
    std::vector<std::int64_t> counts(all.limits().size());
    for (std::int64_t i = begin; i < end; ++i) ++counts[all.find(as_double(values[i]))];
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < counts.size(); ++i) h.buckets[i] += counts[i];
  });
  return h;
}

std::string histogram(const SummaryCall& c) {
  WireWriter value = tagged(scalar_tag(c, "tags must"));
  with_number<false>(c.in[1].dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Histogram h = histogram_of<T>(c.in[1].data<T>(), c.in[1].num_elements(), c.node_name);
    value.bytes(kHistogram, h.message());
  });
  WireWriter summary;
  add_value(summary, value);
  return std::move(summary.out);
}

// -- Images --------------------------------------------------------------------------------------

using Color = std::array<std::uint8_t, 4>;

/// Pixels of any range as bytes. Negative values put zero at 128; a pixel that is not finite gets
/// the colour for bad ones.
template <class T>
void scale_pixels(const T* from, std::int64_t pixels, int depth, const Color& bad,
                  std::uint8_t* to) {
  float low = FLT_MAX, high = -FLT_MAX;
  const auto finite = [&](const T* pixel) {
    return std::all_of(pixel, pixel + depth, [](T v) { return std::isfinite(float(v)); });
  };
  for (std::int64_t i = 0; i < pixels; ++i) {
    const T* pixel = from + i * depth;
    if (!finite(pixel)) continue;
    for (int k = 0; k < depth; ++k) {
      low = std::min(low, float(pixel[k]));
      high = std::max(high, float(pixel[k]));
    }
  }
  constexpr float kNothing = 1e-6f;
  float scale, offset;
  if (low < 0) {
    const float largest = std::max(std::abs(low), std::abs(high));
    scale = largest < kNothing ? 0 : 127.0f / largest;
    offset = 128;
  } else {
    scale = high < kNothing ? 0 : 255.0f / high;
    offset = 0;
  }
  for (std::int64_t i = 0; i < pixels; ++i) {
    const T* pixel = from + i * depth;
    const bool good = finite(pixel);
    for (int k = 0; k < depth; ++k) {
      const float v = good ? float(pixel[k]) * scale + offset : float(bad[std::size_t(k)]);
      to[i * depth + k] = std::uint8_t(std::clamp(v, 0.0f, 255.0f));
    }
  }
}

/// A PNG file; the library of the host language packs it, as for EncodePng.
std::string png_of(const Tensor& pixels) {
  HostFunction encode;
  try {
    encode = find_host_function("caudal.image");
  } catch (const Error&) {
    fail(Code::kUnimplemented,
         "images are packed by the host language: register a host function \"caudal.image\"");
  }
  const std::vector<Tensor> files = encode(
      std::vector<Tensor>{Tensor::string_scalar("EncodePng"), pixels,
                          Tensor::string_scalar("compression"), Tensor::scalar(std::int64_t(-1))});
  if (files.size() != 1 || files[0].dtype() != DType::kString || files[0].num_elements() != 1) {
    fail(Code::kInternal, "the host function \"caudal.image\" returned no file");
  }
  return *files[0].data<std::string>();
}

std::string images(const SummaryCall& c) {
  if (c.in[0].shape().rank() != 0) invalid("Tags must be a scalar");
  const std::string& base = *c.in[0].data<std::string>();
  const Tensor& t = c.in[1];
  const Shape& s = t.shape();
  if (s.rank() != 4 || (s[3] != 1 && s[3] != 3 && s[3] != 4)) {
    invalid("Tensor must be 4-D with last dim 1, 3, or 4, not ", s);
  }
  if (s[0] > 0 && (s[1] == 0 || s[2] == 0)) {
    invalid("input tensor must have non-zero dims. Found: [", s[0], ", ", s[1], ", ", s[2], ", ",
            s[3], "].");
  }
  const int depth = int(s[3]);
  const Tensor& color = c.attrs.tensor("bad_color");
  if (color.dtype() != DType::kUint8) invalid("bad_color must be uint8, got ", color.dtype());
  if (color.shape().rank() != 1) invalid("bad_color must be a vector, got shape ", color.shape());
  if (t.dtype() != DType::kUint8 && color.num_elements() < depth) {
    invalid("expected depth <= bad_color.size, got depth = ", depth,
            ", bad_color.size = ", color.num_elements());
  }
  Color bad{};
  for (std::int64_t i = 0; i < std::min<std::int64_t>(4, color.num_elements()); ++i) {
    bad[std::size_t(i)] = color.data<std::uint8_t>()[i];
  }
  const std::int64_t most = c.attrs.i("max_images");
  const std::int64_t pixels = s[1] * s[2];
  WireWriter summary;
  for (std::int64_t k = 0; k < std::min(most, s[0]); ++k) {
    Tensor bytes(DType::kUint8, Shape{s[1], s[2], s[3]});
    auto* to = bytes.data<std::uint8_t>();
    const auto scale = [&](auto zero) {
      using T = decltype(zero);
      scale_pixels<T>(t.data<T>() + k * pixels * depth, pixels, depth, bad, to);
    };
    if (t.dtype() == DType::kUint8) {
      std::copy_n(t.data<std::uint8_t>() + k * pixels * depth, pixels * depth, to);
    } else if (t.dtype() == DType::kFloat) {
      scale(float{});
    } else if (t.dtype() == DType::kHalf) {
      scale(Half{});
    } else {
      scale(double{});
    }
    WireWriter image;
    image.number(1, std::uint64_t(s[1]));
    image.number(2, std::uint64_t(s[2]));
    image.number(3, std::uint64_t(depth));
    image.bytes(4, png_of(bytes));
    WireWriter value = tagged(most > 1 ? str(base, "/image/", k) : base + "/image");
    value.bytes(kImage, image.out);
    add_value(summary, value);
  }
  return std::move(summary.out);
}

// -- Sounds --------------------------------------------------------------------------------------

/// A WAV file of 16 bits a sample; samples in [-1, 1), beyond is cut off.
std::string wav_of(const float* samples, std::int64_t frames, std::int64_t channels,
                   std::uint32_t rate) {
  const std::int64_t data_bytes = checked_mul(checked_mul(frames, channels), 2);
  if (data_bytes > std::int64_t(UINT32_MAX) - 36) {
    invalid("Provided channels and frames cannot be encoded in a WAV file: ", channels, " and ",
            frames);
  }
  WireWriter out;
  const auto raw16 = [&](std::uint32_t v) {
    out.out += char(v & 0xFF);
    out.out += char(v >> 8 & 0xFF);
  };
  out.out.reserve(std::size_t(44 + data_bytes));
  out.out += "RIFF";
  out.raw32(std::uint32_t(36 + data_bytes));
  out.out += "WAVEfmt ";
  out.raw32(16);
  raw16(1);  // samples as they are
  raw16(std::uint32_t(channels));
  out.raw32(rate);
  out.raw32(std::uint32_t(std::uint64_t(rate) * std::uint64_t(channels) * 2));
  raw16(std::uint32_t(channels * 2));
  raw16(16);
  out.out += "data";
  out.raw32(std::uint32_t(data_bytes));
  for (std::int64_t i = 0; i < frames * channels; ++i) {
    const float v = std::isnan(samples[i]) ? 0.0f : samples[i] * 32768.0f;
    raw16(std::uint32_t(std::int32_t(std::round(std::clamp(v, -32768.0f, 32767.0f)))));
  }
  return std::move(out.out);
}

std::string sounds(const SummaryCall& c, float rate) {
  const std::string& base = scalar_tag(c, "Tag must");
  const Tensor& t = c.in[1];
  const Shape& s = t.shape();
  if (s.rank() != 2 && s.rank() != 3) invalid("Tensor must be 3-D or 2-D, got: ", s);
  if (!(rate > 0)) invalid("sample_rate must be > 0");
  if (!(rate < 4294967296.0f)) {
    invalid("sample_rate must be in (0, 2^32), got: ", std::int64_t(std::min(rate, 9e18f)));
  }
  const std::int64_t frames = s[1], channels = s.rank() == 2 ? 1 : s[2];
  const std::int64_t most = c.attrs.i("max_outputs");
  WireWriter summary;
  for (std::int64_t k = 0; k < std::min(most, s[0]); ++k) {
    if (frames == 0 || channels == 0) invalid("audio is null");
    if (channels >= 1 << 16) invalid("num_channels must be in (0, 2^16), got: ", channels);
    const auto whole = std::max<std::uint32_t>(1, std::uint32_t(std::llrint(rate)));
    WireWriter audio;
    audio.fixed32(1, std::bit_cast<std::uint32_t>(rate));
    audio.number(2, std::uint64_t(channels));
    audio.number(3, std::uint64_t(frames));
    audio.bytes(4, wav_of(t.data<float>() + k * frames * channels, frames, channels, whole));
    audio.bytes(5, "audio/wav");
    WireWriter value = tagged(most > 1 ? str(base, "/audio/", k) : base + "/audio");
    value.bytes(kAudio, audio.out);
    add_value(summary, value);
  }
  return std::move(summary.out);
}

std::string sounds_of_attr(const SummaryCall& c) { return sounds(c, c.attrs.f("sample_rate")); }

std::string sounds_of_input(const SummaryCall& c) {
  if (c.in[2].num_elements() != 1) {
    invalid("sample_rate must be a scalar, got shape ", c.in[2].shape());
  }
  return sounds(c, *c.in[2].data<float>());
}

// -- Tensors and merging -------------------------------------------------------------------------

std::string named_tensor(const SummaryCall& c) {
  WireWriter value, summary;
  if (!c.node_name.empty()) value.bytes(kNodeName, c.node_name);
  value.bytes(kTensor, to_proto(c.in[0]));
  add_value(summary, value);
  return std::move(summary.out);
}

/// The fields of a message up to where it is malformed.
std::string readable_part(std::string_view bytes) {
  WireReader r(bytes);
  WireWriter out;
  while (r.next()) {
    switch (r.type()) {
      case WireReader::kVarint:
        out.number(r.field(), r.number());
        break;
      case WireReader::kFixed32:
        out.fixed32(r.field(), std::uint32_t(r.number()));
        break;
      case WireReader::kFixed64:
        out.fixed64(r.field(), r.number());
        break;
      default:
        out.bytes(r.field(), r.bytes());
    }
  }
  return std::move(out.out);
}

std::string tagged_tensor(const SummaryCall& c) {
  WireWriter value = tagged(scalar_tag(c, "tag must"));
  if (c.in[2].shape().rank() != 0) invalid("serialized_summary_metadata must be scalar");
  value.bytes(kTensor, to_proto(c.in[1]));
  value.bytes(kMetadata, readable_part(*c.in[2].data<std::string>()));
  WireWriter summary;
  add_value(summary, value);
  return std::move(summary.out);
}

[[noreturn]] void unreadable() { invalid("Could not parse one of the summary inputs"); }

/// The tag of a Value; throws for bytes that are none.
std::string_view tag_of(std::string_view bytes) {
  std::string_view tag;
  WireReader r(bytes);
  while (r.next()) {
    if (r.type() != WireReader::kBytes) continue;
    if (r.field() == kTag) tag = r.bytes();
    if (r.field() == kImage || r.field() == kHistogram || r.field() == kAudio ||
        r.field() == kTensor || r.field() == kMetadata) {
      WireReader inner(r.bytes());
      while (inner.next()) {
      }
      if (!inner.ok()) unreadable();
    }
  }
  if (!r.ok()) unreadable();
  return tag;
}

std::string merged(const SummaryCall& c) {
  std::set<std::string_view> tags;
  WireWriter summary;
  for (const Tensor& t : c.in) {
    for (std::int64_t i = 0; i < t.num_elements(); ++i) {
      WireReader r(t.data<std::string>()[i]);
      while (r.next()) {
        if (r.field() != kValue || r.type() != WireReader::kBytes) continue;
        const std::string_view tag = tag_of(r.bytes());
        if (!tag.empty() && !tags.insert(tag).second) {
          invalid("Duplicate tag ", tag, " found in summary inputs");
        }
        summary.bytes(kValue, r.bytes());
      }
      if (!r.ok()) unreadable();
    }
  }
  return std::move(summary.out);
}

const KernelRow kRows[] = {
    {"ScalarSummary", "T", kRealTypes, summary_kernel<scalars>},
    {"HistogramSummary", "T", kRealTypes, summary_kernel<histogram>},
    {"ImageSummary", "T", DTypeSet{DType::kUint8, DType::kFloat, DType::kHalf, DType::kDouble},
     summary_kernel<images>},
    {"AudioSummary", "", DTypeSet::all(), summary_kernel<sounds_of_attr>},
    {"AudioSummaryV2", "", DTypeSet::all(), summary_kernel<sounds_of_input>},
    {"TensorSummary", "T", DTypeSet::all(), summary_kernel<named_tensor>},
    {"TensorSummaryV2", "T", DTypeSet::all(), summary_kernel<tagged_tensor>},
    {"MergeSummary", "", DTypeSet::all(), summary_kernel<merged>},
};

}  // namespace

std::span<const KernelRow> summary_kernels() { return kRows; }

}  // namespace caudal::cpu
