// SPDX-License-Identifier: Apache-2.0
// Samplers of classes. A sampler draws from one stream and tells how probable a class is; what is
// counted and expected follows from that in one place.
#include <cmath>
#include <fstream>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/philox_numbers.h"

namespace caudal::cpu {
namespace {

/// A distribution over [0, range).
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual std::int64_t draw(PhiloxNumbers& numbers) const = 0;
  virtual float probability(std::int64_t value) const = 0;
  /// Called with the true classes after every draw of a batch.
  virtual void learn(const std::int64_t*, std::int64_t) {}
  std::int64_t range = 0;
};

class UniformSampler : public Sampler {
 public:
  explicit UniformSampler(std::int64_t n) { range = n; }
  std::int64_t draw(PhiloxNumbers& numbers) const override {
    return std::int64_t(numbers.below(std::uint64_t(range)));
  }
  float probability(std::int64_t) const override { return float(1.0 / double(range)); }
};

/// P(k) = log((k + 2) / (k + 1)) / log(range + 1).
class LogUniformSampler : public Sampler {
 public:
  explicit LogUniformSampler(std::int64_t n) : log_range_(std::log1p(double(n))) { range = n; }
  std::int64_t draw(PhiloxNumbers& numbers) const override {
    // Rounding may lead to `range` itself.
    return (std::int64_t(std::exp(numbers.real() * log_range_)) - 1) % range;
  }
  float probability(std::int64_t value) const override {
    return float(std::log((double(value) + 2) / (double(value) + 1)) / log_range_);
  }

 private:
  double log_range_;
};

/// Counts what it has seen, starting from one of each; draws in proportion to the counts.
class UnigramSampler : public Sampler {
 public:
  explicit UnigramSampler(std::int64_t n)
      : tree_(std::size_t(n) + 1, 0), count_(std::size_t(n), 1) {
    range = n;
    total_ = n;
    for (std::size_t i = 1; i < tree_.size(); ++i) tree_[i] = std::int32_t(i & (~i + 1));
    while (2 * top_ <= std::size_t(n)) top_ *= 2;
  }
  std::int64_t draw(PhiloxNumbers& numbers) const override {
    auto rest = std::int64_t(numbers.below(std::uint32_t(total_)));
    std::size_t at = 0;
    for (std::size_t step = top_; step > 0; step /= 2) {
      if (at + step < tree_.size() && tree_[at + step] <= rest) {
        at += step;
        rest -= tree_[at];
      }
    }
    return std::int64_t(at);
  }
  float probability(std::int64_t value) const override {
    if (value < 0 || value >= range) return 0;
    return float(count_[std::size_t(value)]) / float(total_);
  }
  void learn(const std::int64_t* values, std::int64_t n) override {
    for (std::int64_t i = 0; i < n && total_ < std::numeric_limits<std::int32_t>::max(); ++i) {
      if (values[i] < 0 || values[i] >= range) continue;
      ++count_[std::size_t(values[i])];
      ++total_;
      for (auto k = std::size_t(values[i]) + 1; k < tree_.size(); k += k & (~k + 1)) ++tree_[k];
    }
  }

 private:
  std::vector<std::int32_t> tree_;  ///< sums of counts over binary ranges
  std::vector<std::int32_t> count_;
  std::int64_t total_ = 0;
  std::size_t top_ = 1;
};

/// Draws in proportion to fixed weights, by the alias method.
class FixedUnigramSampler : public Sampler {
 public:
  explicit FixedUnigramSampler(const AttrMap& attrs) {
    range = attrs.i("range_max");
    const std::string& file = attrs.s("vocab_file");
    const auto& unigrams = attrs.at("unigrams").get<std::vector<float>>();
    if (file.empty() == unigrams.empty()) {
      invalid(file.empty() ? "Must provide either vocab_file or unigrams."
                           : "Must only provide one of vocab_file and unigrams.");
    }
    shards_ = attrs.i("num_shards");
    shard_ = attrs.i("shard");
    distortion_ = attrs.f("distortion");
    if (shard_ >= shards_) invalid("shard ", shard_, " is not in [0, ", shards_, ")");
    const std::int64_t reserved = attrs.i("num_reserved_ids");
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    if (range > kMost || reserved > kMost)
      invalid("range_max and num_reserved_ids exceed 2^31 - 1");
    if (reserved < 0 || reserved / shards_ > range) {
      invalid("num_reserved_ids ", reserved, " does not fit into range_max ", range);
    }
    for (; next_id_ < reserved; ++next_id_) {
      if (next_id_ % shards_ == shard_) weights_.push_back(0);
    }
    // Words are numbered from the count of reserved ones that this shard holds.
    next_id_ = std::int64_t(weights_.size());
    if (file.empty()) {
      for (float w : unigrams) add(w);
    } else {
      read(file);
    }
    if (std::int64_t(weights_.size()) != range) {
      invalid("range_max is ", range, ", but there are ", weights_.size(), " unigrams");
    }
    if (!(total_ > 0) || !std::isfinite(total_)) invalid("the unigrams sum to ", total_);
    make_aliases();
  }
  std::int64_t draw(PhiloxNumbers& numbers) const override {
    const float r = numbers.real_float();
    const auto at = std::size_t(numbers.below(std::uint32_t(range)));
    return r < keep_[at] ? std::int64_t(at) : alias_[at];
  }
  float probability(std::int64_t value) const override {
    if (value < 0 || value >= range) return 0;
    return weights_[std::size_t(value)] / total_;
  }

 private:
  void add(float weight) {
    if (next_id_++ % shards_ != shard_) return;
    const float w = std::pow(weight, distortion_);
    if (!(w >= 0)) invalid("unigrams must not be negative, got ", weight);
    total_ += w;
    weights_.push_back(w);
  }
  void read(const std::string& path) {
    std::ifstream in(path);
    if (!in) fail(Code::kNotFound, path, "; No such file or directory");
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.empty()) continue;
      const std::string field = line.substr(line.find_last_of(',') + 1);
      char* end = nullptr;
      const float w = std::strtof(field.c_str(), &end);
      while (*end == ' ' || *end == '\t') ++end;
      if (end == field.c_str() || *end != '\0') invalid("Wrong vocabulary format at line: ", line);
      add(w);
    }
  }
  /// Every slot keeps a share and gives the rest to another class; the order in which slots are
  /// paired decides what a seed draws.
  void make_aliases() {
    const std::size_t n = weights_.size();
    double sum = 0;
    for (float w : weights_) sum += w;
    std::vector<double> share(n);
    std::vector<std::size_t> above, below;
    keep_.assign(n, 1);
    alias_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      alias_[i] = std::int64_t(i);
      share[i] = double(weights_[i] * float(n)) / sum;
      (share[i] < 1 ? below : above).push_back(i);
    }
    while (!above.empty() && !below.empty()) {
      const std::size_t small = below.back(), large = above.back();
      below.pop_back();
      above.pop_back();
      alias_[small] = std::int64_t(large);
      keep_[small] = float(share[small]);
      share[large] -= 1 - share[small];
      (share[large] < 1 ? below : above).push_back(large);
    }
  }

  std::int64_t shards_ = 1, shard_ = 0, next_id_ = 0;
  float distortion_ = 1, total_ = 0;
  std::vector<float> weights_, keep_;
  std::vector<std::int64_t> alias_;
};

/// What a node keeps between runs.
struct SamplerState {
  std::unique_ptr<Sampler> sampler;
  PhiloxStream stream;
  std::mutex mutex;

  explicit SamplerState(const AttrMap& attrs) : stream(attrs.i("seed"), attrs.i("seed2")) {}
};

struct SamplerParams {
  std::shared_ptr<SamplerState> state;
  std::int64_t sampled = 0, classes = 0;
  bool unique = false;
};

float expected_count(float p, std::int64_t sampled, std::int64_t tries) {
  if (tries == sampled) return p * float(sampled);
  return -std::expm1(float(tries) * std::log1p(-p));
}

void run_sampler(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const SamplerParams*>(raw);
  const auto* classes = static_cast<const std::int64_t*>(in[0]);
  auto* samples = static_cast<std::int64_t*>(out[0]);
  auto* true_counts = static_cast<float*>(out[1]);
  auto* sampled_counts = static_cast<float*>(out[2]);
  Sampler& sampler = *p.state->sampler;
  std::lock_guard lock(p.state->mutex);
  if (p.unique && p.sampled > sampler.range) invalid("Sampler's range is too small.");
  constexpr std::uint64_t kBlocksPerSample = 512;
  PhiloxNumbers numbers(p.state->stream.reserve(std::uint64_t(p.sampled) * kBlocksPerSample));
  std::int64_t tries = p.sampled;
  if (p.unique) {
    tries = 0;
    std::unordered_set<std::int64_t> seen;
    seen.reserve(std::size_t(2 * p.sampled));
    for (std::int64_t i = 0; i < p.sampled; ++tries) {
      if (tries == std::numeric_limits<std::int32_t>::max()) {
        invalid("too few classes have a probability for ", p.sampled, " unique samples");
      }
      const std::int64_t value = sampler.draw(numbers);
      if (seen.insert(value).second) samples[i++] = value;
    }
  } else {
    for (std::int64_t i = 0; i < p.sampled; ++i) samples[i] = sampler.draw(numbers);
  }
  for (std::int64_t i = 0; i < p.sampled; ++i) {
    sampled_counts[i] = expected_count(sampler.probability(samples[i]), p.sampled, tries);
  }
  for (std::int64_t i = 0; i < p.classes; ++i) {
    true_counts[i] = expected_count(sampler.probability(classes[i]), p.sampled, tries);
  }
  sampler.learn(classes, p.classes);
}

/// All classes in order, each expected once.
void run_all(const void* raw, void* const*, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const SamplerParams*>(raw);
  for (std::int64_t i = 0; i < p.sampled; ++i) {
    static_cast<std::int64_t*>(out[0])[i] = i;
    static_cast<float*>(out[2])[i] = 1;
  }
  for (std::int64_t i = 0; i < p.classes; ++i) static_cast<float*>(out[1])[i] = 1;
}

SamplerParams* make_sampler_params(Prepared& out, const KernelRequest& r) {
  auto* p = make_params<SamplerParams>(out);
  p->sampled = r.attrs->i("num_sampled");
  p->classes = r.inputs[0].shape.num_elements();
  p->unique = r.attrs->b("unique");
  if (p->sampled > (std::int64_t{1} << 40)) invalid("num_sampled is too large: ", p->sampled);
  return p;
}

template <class S>
std::unique_ptr<Sampler> make_sampler(const AttrMap& attrs) {
  if constexpr (std::is_same_v<S, FixedUnigramSampler>) {
    return std::make_unique<S>(attrs);
  } else {
    const std::int64_t range = attrs.i("range_max");
    if (std::is_same_v<S, UnigramSampler> && range >= std::numeric_limits<std::int32_t>::max()) {
      invalid("range_max of a learning sampler must be below 2^31 - 1, but is ", range);
    }
    return std::make_unique<S>(range);
  }
}

template <class S>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  SamplerParams* p = make_sampler_params(out, r);
  auto made = [&] {
    auto state = std::make_shared<SamplerState>(*r.attrs);
    state->sampler = make_sampler<S>(*r.attrs);
    return state;
  };
  if (r.node_state == nullptr) {
    p->state = made();
  } else {
    if (!*r.node_state) *r.node_state = made();
    p->state = std::static_pointer_cast<SamplerState>(*r.node_state);
  }
  out.run = run_sampler;
  return out;
}

Prepared prepare_all(const KernelRequest& r) {
  Prepared out;
  make_sampler_params(out, r);
  out.run = run_all;
  return out;
}

/// Which true classes are among the samples: (row, position among the samples).
void run_hits(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const std::int64_t rows = in[0].shape()[0], width = in[0].shape()[1];
  const auto* classes = in[0].data<std::int64_t>();
  const auto* samples = in[1].data<std::int64_t>();
  std::unordered_map<std::int64_t, std::int64_t> position;
  position.reserve(std::size_t(2 * in[1].num_elements()));
  for (std::int64_t i = 0; i < in[1].num_elements(); ++i) position[samples[i]] = i;
  std::vector<std::int32_t> indices;
  std::vector<std::int64_t> ids;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t k = 0; k < width; ++k) {
      const auto found = position.find(classes[row * width + k]);
      if (found == position.end()) continue;
      indices.push_back(std::int32_t(row));
      ids.push_back(found->second);
    }
  }
  out[0] = Tensor::vector(indices);
  out[1] = Tensor::vector(ids);
  out[2] = Tensor::vector(std::vector<float>(ids.size(), -std::numeric_limits<float>::max()));
}

Prepared prepare_hits(const KernelRequest&) {
  Prepared out;
  out.run_dynamic = run_hits;
  return out;
}

const KernelRow kRows[] = {
    {"UniformCandidateSampler", "", DTypeSet::all(), prepare<UniformSampler>},
    {"LogUniformCandidateSampler", "", DTypeSet::all(), prepare<LogUniformSampler>},
    {"LearnedUnigramCandidateSampler", "", DTypeSet::all(), prepare<UnigramSampler>},
    {"ThreadUnsafeUnigramCandidateSampler", "", DTypeSet::all(), prepare<UnigramSampler>},
    {"FixedUnigramCandidateSampler", "", DTypeSet::all(), prepare<FixedUnigramSampler>},
    {"AllCandidateSampler", "", DTypeSet::all(), prepare_all},
    {"ComputeAccidentalHits", "", DTypeSet::all(), prepare_hits},
};

}  // namespace

std::span<const KernelRow> candidate_sampling_kernels() { return kRows; }

}  // namespace caudal::cpu
