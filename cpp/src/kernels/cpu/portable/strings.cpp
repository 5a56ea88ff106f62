// SPDX-License-Identifier: Apache-2.0
// Text element by element, joined and split.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "base/text_hash.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/host_call.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

const std::string* texts(const Tensor& t) { return t.data<std::string>(); }

const std::string& text_scalar(const Tensor& t, std::string_view what) {
  if (t.dtype() != DType::kString || t.shape().rank() != 0) {
    invalid(what, " must be a string scalar, got shape ", t.shape());
  }
  return *texts(t);
}

Tensor text_vector(std::vector<std::string> values) {
  Tensor t(DType::kString, Shape{std::int64_t(values.size())});
  std::ranges::move(values, t.data<std::string>());
  return t;
}

/// out[0] = f of every element of input 0.
template <class Out, class F>
void map_text(Call& c, DType dtype, F f) {
  const Tensor& in = c.in[0];
  c.out[0] = Tensor(dtype, in.shape());
  for (std::int64_t i = 0; i < in.num_elements(); ++i) c.out[0].data<Out>()[i] = f(texts(in)[i]);
}

bool is_space(char ch) { return ch == ' ' || (ch >= '\t' && ch <= '\r'); }

void run_strip(Call& c) {
  map_text<std::string>(c, DType::kString, [](const std::string& s) {
    std::size_t begin = 0, end = s.size();
    while (begin < end && is_space(s[begin])) ++begin;
    while (end > begin && is_space(s[end - 1])) --end;
    return s.substr(begin, end - begin);
  });
}

template <bool upper>
void run_case(Call& c) {
  const std::string& encoding = c.attrs.s("encoding");
  if (encoding == "utf-8") {
    c.out[0] = call_host_for(upper ? "upper" : "lower", {c.in[0]}, DType::kString, c.in[0].shape());
    return;
  }
  if (!encoding.empty()) {
    invalid("only utf8 or '' (no encoding) is currently supported, got '", encoding, "'");
  }
  map_text<std::string>(c, DType::kString, [](std::string s) {
    for (char& ch : s) {
      if (upper && ch >= 'a' && ch <= 'z') ch = char(ch - 32);
      if (!upper && ch >= 'A' && ch <= 'Z') ch = char(ch + 32);
    }
    return s;
  });
}

bool starts_character(char ch) { return (static_cast<unsigned char>(ch) & 0xC0) != 0x80; }

void run_length(Call& c) {
  const bool bytes = c.attrs.s("unit") == "BYTE";
  map_text<std::int32_t>(c, DType::kInt32, [&](const std::string& s) {
    return std::int32_t(bytes ? std::int64_t(s.size())
                              : std::ranges::count_if(s, starts_character));
  });
}

enum class Hash { kPlain, kFast, kStrong };

template <Hash kind>
void run_hash(Call& c) {
  const auto buckets = std::uint64_t(c.attrs.i("num_buckets"));
  std::uint64_t key[2] = {0, 0};
  if constexpr (kind == Hash::kStrong) {
    const std::vector<std::int64_t>& given = c.attrs.ints("key");
    if (given.size() != 2) invalid("Key must have 2 elements");
    key[0] = std::uint64_t(given[0]);
    key[1] = std::uint64_t(given[1]);
  }
  map_text<std::int64_t>(c, DType::kInt64, [&](const std::string& s) {
    const std::uint64_t h = kind == Hash::kPlain  ? murmur64(s)
                            : kind == Hash::kFast ? fingerprint64(s)
                                                  : sip_hash(s, key[0], key[1]);
    return std::int64_t(h % buckets);
  });
}

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void run_encode_base64(Call& c) {
  const bool pad = c.attrs.b("pad");
  map_text<std::string>(c, DType::kString, [&](const std::string& s) {
    std::string out;
    out.reserve((s.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < s.size(); i += 3) {
      const std::size_t n = std::min<std::size_t>(3, s.size() - i);
      std::uint32_t bits = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        bits = bits << 8 | (k < n ? static_cast<unsigned char>(s[i + k]) : 0);
      }
      for (std::size_t k = 0; k < 4; ++k) {
        if (k <= n) {
          out += kAlphabet[bits >> (18 - 6 * k) & 63];
        } else if (pad) {
          out += '=';
        }
      }
    }
    return out;
  });
}

void run_decode_base64(Call& c) {
  map_text<std::string>(c, DType::kString, [](const std::string& s) {
    std::size_t n = s.size();
    if (n % 4 == 0) {
      for (int k = 0; k < 2 && n > 0 && s[n - 1] == '='; ++k) --n;
    }
    if (n % 4 == 1) invalid("Base64 string length cannot be 1 modulo 4");
    std::string out;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t value = kAlphabet.find(s[i]);
      if (value == std::string_view::npos) invalid("Invalid character found in base64.");
      bits = bits << 6 | std::uint32_t(value);
      if (i % 4 != 0) out += char(bits >> (6 - 2 * (i % 4)) & 0xFF);
    }
    return out;
  });
}

/// Where characters of UTF-8 begin, and the end.
std::vector<std::size_t> character_starts(const std::string& s) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (i == 0 || starts_character(s[i])) starts.push_back(i);
  }
  starts.push_back(s.size());
  return starts;
}

void run_substr(Call& c) {
  const Tensor& in = c.in[0];
  if (!(c.in[1].shape() == c.in[2].shape())) {
    invalid("pos and len must have the same shape, got ", c.in[1].shape(), " and ",
            c.in[2].shape());
  }
  const Shape &a = in.shape(), &b = c.in[1].shape();
  const int rank = std::max(a.rank(), b.rank());
  Shape shape;
  std::int64_t step_a[kMaxRank] = {}, step_b[kMaxRank] = {};
  for (int d = 0; d < rank; ++d) {
    const int da = d - (rank - a.rank()), db = d - (rank - b.rank());
    const std::int64_t x = da < 0 ? 1 : a[da], y = db < 0 ? 1 : b[db];
    if (x != y && x != 1 && y != 1) {
      invalid("input, pos and len must broadcast, got shapes ", a, " and ", b);
    }
    shape.append(x == 1 ? y : x);
  }
  auto steps = [&](const Shape& s, std::int64_t* out) {
    std::int64_t stride = 1;
    for (int d = s.rank(); d-- > 0; stride *= s[d]) {
      out[d + rank - s.rank()] = s[d] == 1 ? 0 : stride;
    }
  };
  steps(a, step_a);
  steps(b, step_b);
  const Dims pos = c.in[1].as_int64s(), len = c.in[2].as_int64s();
  const bool bytes = c.attrs.s("unit") == "BYTE";
  c.out[0] = Tensor(DType::kString, shape);
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    std::int64_t rest = i, at_a = 0, at_b = 0;
    for (int d = rank; d-- > 0; rest /= shape[d]) {
      at_a += rest % shape[d] * step_a[d];
      at_b += rest % shape[d] * step_b[d];
    }
    const std::string& s = texts(in)[at_a];
    const std::vector<std::size_t> starts =
        bytes ? std::vector<std::size_t>() : character_starts(s);
    const auto size = std::int64_t(bytes ? s.size() : starts.size() - 1);
    std::int64_t begin = pos[std::size_t(at_b)];
    if (begin < -size || begin > size) {
      invalid("pos ", begin, " out of range for string ", "b'", s, "' at index ", i);
    }
    if (begin < 0) begin += size;
    const std::int64_t wanted = len[std::size_t(at_b)];
    const std::int64_t end = wanted < 0 || wanted > size - begin ? size : begin + wanted;
    c.out[0].data<std::string>()[i] =
        bytes ? s.substr(std::size_t(begin), std::size_t(end - begin))
              : s.substr(starts[std::size_t(begin)],
                         starts[std::size_t(end)] - starts[std::size_t(begin)]);
  }
}

void run_reduce_join(Call& c) {
  const Tensor& in = c.in[0];
  const Shape& shape = in.shape();
  const int rank = shape.rank();
  const std::string& separator = c.attrs.s("separator");
  if (c.in[1].shape().rank() > 1) invalid("reduction_indices must be a scalar or a vector");
  std::vector<int> axes;
  std::vector<bool> joined(std::size_t(rank), false);
  for (const std::int64_t axis : c.in[1].as_int64s()) {
    if (axis < -rank || axis >= rank) {
      invalid("Invalid reduction dimension ", axis, " for input with ", rank, " dimension(s)");
    }
    const int d = int(axis < 0 ? axis + rank : axis);
    if (joined[std::size_t(d)]) invalid("Duplicate reduction dimension ", axis);
    joined[std::size_t(d)] = true;
    axes.push_back(d);
  }
  std::vector<std::int64_t> strides(std::size_t(rank), 1);
  for (int d = rank - 1; d-- > 0;) {
    strides[std::size_t(d)] = strides[std::size_t(d) + 1] * shape[d + 1];
  }
  Shape out;
  std::vector<int> kept;
  for (int d = 0; d < rank; ++d) {
    if (!joined[std::size_t(d)]) {
      out.append(shape[d]);
      kept.push_back(d);
    } else if (c.attrs.b("keep_dims")) {
      out.append(1);
    }
  }
  c.out[0] = Tensor(DType::kString, out);
  std::int64_t count = 1;
  for (const int d : axes) count *= shape[d];
  for (std::int64_t i = 0; i < out.num_elements(); ++i) {
    std::int64_t rest = i, base = 0;
    for (std::size_t k = kept.size(); k-- > 0; rest /= shape[kept[k]]) {
      base += rest % shape[kept[k]] * strides[std::size_t(kept[k])];
    }
    std::string& text = c.out[0].data<std::string>()[i];
    for (std::int64_t j = 0; j < count; ++j) {
      std::int64_t left = j, at = base;
      for (const int axis : axes) {  // the axis named first runs fastest
        at += left % shape[axis] * strides[std::size_t(axis)];
        left /= shape[axis];
      }
      if (j > 0) text += separator;
      text += texts(in)[at];
    }
  }
}

void run_segment_join(Call& c) {
  const Tensor &in = c.in[0], &ids = c.in[1];
  check_rank(c.in[2], 0, "num_segments");
  const std::int64_t segments = c.in[2].as_int64s()[0];
  if (segments < 0) invalid("Number of segments must be non-negative, got ", segments);
  const int head = ids.shape().rank();
  check_row_count(segments);
  Shape out{segments};
  bool fits = head <= in.shape().rank();
  for (int d = 0; fits && d < head; ++d) fits = in.shape()[d] == ids.shape()[d];
  if (!fits) {
    invalid("segment_ids of shape ", ids.shape(), " must begin the shape of the input, ",
            in.shape());
  }
  std::int64_t row = 1;
  for (int d = head; d < in.shape().rank(); ++d) {
    out.append(in.shape()[d]);
    row *= in.shape()[d];
  }
  c.out[0] = Tensor(DType::kString, Shape(out.dims()));
  std::vector<char> used(std::size_t(segments), 0);
  const Dims at = ids.as_int64s();
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0) continue;
    if (at[i] >= segments) {
      invalid("segment_ids[", i, "] = ", at[i], " is out of range [0, ", segments, ")");
    }
    for (std::int64_t k = 0; k < row; ++k) {
      std::string& text = c.out[0].data<std::string>()[at[i] * row + k];
      if (used[std::size_t(at[i])]) text += c.attrs.s("separator");
      text += texts(in)[std::int64_t(i) * row + k];
    }
    used[std::size_t(at[i])] = 1;
  }
}

using Pieces = std::vector<std::vector<std::string>>;

/// The pieces of each text as a sparse matrix.
void set_pieces(Call& c, Pieces pieces) {
  Dims indices;
  std::vector<std::string> values;
  std::int64_t widest = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    widest = std::max(widest, std::int64_t(pieces[i].size()));
    for (std::size_t k = 0; k < pieces[i].size(); ++k) {
      indices.push_back(std::int64_t(i));
      indices.push_back(std::int64_t(k));
      values.push_back(std::move(pieces[i][k]));
    }
  }
  c.out[0] = int64_matrix(indices, std::int64_t(values.size()), 2);
  c.out[1] = text_vector(std::move(values));
  c.out[2] = int64_vector({std::int64_t(pieces.size()), widest});
}

void run_split(Call& c) {
  check_rank(c.in[0], 1, "input");
  const std::string& delimiters = text_scalar(c.in[1], "delimiter");
  const bool skip_empty = c.attrs.b("skip_empty");
  Pieces pieces(std::size_t(c.in[0].num_elements()));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string& s = texts(c.in[0])[i];
    auto take = [&](std::string piece) {
      if (!skip_empty || !piece.empty()) pieces[i].push_back(std::move(piece));
    };
    if (delimiters.empty()) {
      for (const char ch : s) take(std::string(1, ch));
      continue;
    }
    std::size_t begin = 0;
    while (!s.empty()) {
      const std::size_t end = s.find_first_of(delimiters, begin);
      take(s.substr(begin, end - begin));
      if (end == std::string::npos) break;
      begin = end + 1;
    }
  }
  set_pieces(c, std::move(pieces));
}

void run_split_v2(Call& c) {
  check_rank(c.in[0], 1, "input");
  const std::string& separator = text_scalar(c.in[1], "sep");
  const std::int64_t most = c.attrs.i("maxsplit");
  Pieces pieces(std::size_t(c.in[0].num_elements()));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string& s = texts(c.in[0])[i];
    std::vector<std::string>& out = pieces[i];
    auto may_split = [&] { return most < 0 || std::int64_t(out.size()) < most; };
    std::size_t at = 0;
    if (!separator.empty()) {
      while (true) {
        const std::size_t end = may_split() ? s.find(separator, at) : std::string::npos;
        out.push_back(s.substr(at, end - at));
        if (end == std::string::npos) break;
        at = end + separator.size();
      }
      continue;
    }
    if (most == 0) {
      out.push_back(s);
      continue;
    }
    auto skip_spaces = [&] {
      while (at < s.size() && is_space(s[at])) ++at;
    };
    for (skip_spaces(); at < s.size(); skip_spaces()) {
      std::size_t end = at;
      while (may_split() && end < s.size() && !is_space(s[end])) ++end;
      if (end > at) out.push_back(s.substr(at, end - at));
      at = end;
      if (may_split()) continue;
      skip_spaces();  // the rest is one piece, even when nothing is left
      out.push_back(s.substr(at));
      break;
    }
  }
  set_pieces(c, std::move(pieces));
}

/// n tokens from `data` between pads, joined.
struct NGram {
  std::string left, right, separator;

  std::string join(const std::string* data, std::int64_t pads_left, std::int64_t tokens,
                   std::int64_t pads_right) const {
    std::string out;
    bool first = true;
    auto add = [&](const std::string& s) {
      if (!first) out += separator;
      out += s;
      first = false;
    };
    for (std::int64_t i = 0; i < pads_left; ++i) add(left);
    for (std::int64_t i = 0; i < tokens; ++i) add(data[i]);
    for (std::int64_t i = 0; i < pads_right; ++i) add(right);
    return out;
  }
};

void run_ngrams(Call& c) {
  check_rank(c.in[0], 1, "data");
  check_rank(c.in[1], 1, "data_splits");
  const NGram gram{c.attrs.s("left_pad"), c.attrs.s("right_pad"), c.attrs.s("separator")};
  const std::vector<std::int64_t>& widths = c.attrs.ints("ngram_widths");
  const std::int64_t wanted_pad = c.attrs.i("pad_width");
  constexpr std::int64_t kWidest = 1 << 20;
  for (const std::int64_t w : widths) {
    if (w < 1 || w > kWidest) invalid("ngram_widths must be in [1, ", kWidest, "], got ", w);
  }
  if (wanted_pad < -1 || wanted_pad > kWidest) invalid("pad_width must be in [-1, ", kWidest, "]");
  Dims splits = c.in[1].as_int64s();
  const std::int64_t size = c.in[0].num_elements();
  if (!splits.empty() && splits[0] != 0) invalid("First split value must be 0, got ", splits[0]);
  for (std::size_t i = 1; i < splits.size(); ++i) {
    if (splits[i] < splits[i - 1] || splits[i] > size) {
      invalid("Invalid split value ", splits[i], ", must be in [", splits[i - 1], ", ", size, "]");
    }
  }
  if (!splits.empty() && splits.back() != size) {
    invalid("Last split value must be data size. Expected ", size, ", got ", splits.back());
  }
  std::vector<std::string> out;
  Dims out_splits(splits.empty() ? 0 : 1, 0);
  for (std::size_t i = 1; i < splits.size(); ++i) {
    const std::string* data = texts(c.in[0]) + splits[i - 1];
    const std::int64_t n = splits[i] - splits[i - 1];
    const std::size_t before = out.size();
    for (const std::int64_t width : widths) {
      const std::int64_t pad = std::min(wanted_pad < 0 ? width - 1 : wanted_pad, width - 1);
      const std::int64_t count = std::max<std::int64_t>(0, n + 2 * pad - width + 1);
      for (std::int64_t k = 0; k < count; ++k) {
        const std::int64_t left = std::max<std::int64_t>(0, pad - k);
        const std::int64_t right = std::max<std::int64_t>(0, pad - (count - (k + 1)));
        out.push_back(gram.join(data + std::max<std::int64_t>(0, k - pad), left,
                                width - left - right, right));
      }
    }
    if (c.attrs.b("preserve_short_sequences") && out.size() == before && n > 0) {
      const std::int64_t pad = std::max<std::int64_t>(wanted_pad, 0);
      out.push_back(gram.join(data, pad, n, pad));
    }
    out_splits.push_back(std::int64_t(out.size()));
  }
  c.out[0] = text_vector(std::move(out));
  c.out[1] = Tensor(c.in[1].dtype(), c.in[1].shape());
  with_index(c.in[1].dtype(), [&]<class I>(I) {
    std::ranges::transform(out_splits, c.out[1].data<I>(), [](std::int64_t v) { return I(v); });
  });
}

void run_regex_full_match(Call& c) {
  c.out[0] = call_host_for("regex_full_match", {c.in[0], c.in[1]}, DType::kBool, c.in[0].shape());
}
void run_static_regex_full_match(Call& c) {
  c.out[0] =
      call_host_for("regex_full_match", {c.in[0], Tensor::string_scalar(c.attrs.s("pattern"))},
                    DType::kBool, c.in[0].shape());
}
void replace(Call& c, Tensor pattern, Tensor rewrite) {
  c.out[0] = call_host_for("regex_replace",
                           {c.in[0], std::move(pattern), std::move(rewrite),
                            Tensor::scalar(c.attrs.b("replace_global"))},
                           DType::kString, c.in[0].shape());
}
void run_regex_replace(Call& c) { replace(c, c.in[1], c.in[2]); }
void run_static_regex_replace(Call& c) {
  replace(c, Tensor::string_scalar(c.attrs.s("pattern")),
          Tensor::string_scalar(c.attrs.s("rewrite")));
}

}  // namespace

std::span<const KernelRow> string_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"StringStrip", "", kAny, dynamic_kernel<run_strip>},
      {"StringLower", "", kAny, dynamic_kernel<run_case<false>>},
      {"StringUpper", "", kAny, dynamic_kernel<run_case<true>>},
      {"StringLength", "", kAny, dynamic_kernel<run_length>},
      {"StringToHashBucket", "", kAny, dynamic_kernel<run_hash<Hash::kPlain>>},
      {"StringToHashBucketFast", "", kAny, dynamic_kernel<run_hash<Hash::kFast>>},
      {"StringToHashBucketStrong", "", kAny, dynamic_kernel<run_hash<Hash::kStrong>>},
      {"EncodeBase64", "", kAny, dynamic_kernel<run_encode_base64>},
      {"DecodeBase64", "", kAny, dynamic_kernel<run_decode_base64>},
      {"Substr", "", kAny, dynamic_kernel<run_substr>},
      {"ReduceJoin", "", kAny, dynamic_kernel<run_reduce_join>},
      {"UnsortedSegmentJoin", "", kAny, dynamic_kernel<run_segment_join>},
      {"StringSplit", "", kAny, dynamic_kernel<run_split>},
      {"StringSplitV2", "", kAny, dynamic_kernel<run_split_v2>},
      {"StringNGrams", "", kAny, dynamic_kernel<run_ngrams>},
      {"RegexFullMatch", "", kAny, dynamic_kernel<run_regex_full_match>},
      {"StaticRegexFullMatch", "", kAny, dynamic_kernel<run_static_regex_full_match>},
      {"RegexReplace", "", kAny, dynamic_kernel<run_regex_replace>},
      {"StaticRegexReplace", "", kAny, dynamic_kernel<run_static_regex_replace>},
  };
  return rows;
}

}  // namespace caudal::cpu
