// SPDX-License-Identifier: Apache-2.0
// The loss of connectionist temporal classification and its gradient, by the forward-backward
// recursion over labels with blanks in between. Probabilities are logarithms in double.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

struct CtcLoss {
  std::int64_t time = 0, batch = 0, classes = 0, labels = 0;
  bool collapse = false, merge = true, skip_long = false;
};

using Labels = std::vector<std::int32_t>;

std::string text(const Labels& labels) {
  std::string out;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    out += (i ? "," : "") + std::to_string(labels[i]);
  }
  return out;
}

/// The label sequences of the batch from a sparse matrix in row order.
std::vector<Labels> split(const CtcLoss& p, const std::int64_t* indices,
                          const std::int32_t* values) {
  std::vector<Labels> out(std::size_t(p.batch));
  for (std::int64_t i = 0; i < p.labels; ++i) {
    const std::int64_t row = indices[2 * i], column = indices[2 * i + 1];
    const char* bad = nullptr;
    if (row < 0 || row >= p.batch || column < 0) {
      bad = " is out of bounds";
    } else if (i > 0 && indices[2 * i - 2] == row && indices[2 * i - 1] == column) {
      bad = " is repeated";
    } else if (i > 0 && (indices[2 * i - 2] > row ||
                         (indices[2 * i - 2] == row && indices[2 * i - 1] > column))) {
      bad = " is out of order";
    }
    if (bad != nullptr) {
      invalid("label SparseTensor is not valid: indices[", i, "] = [", row, ",", column, "]", bad,
              " for a batch of ", p.batch);
    }
    out[std::size_t(row)].push_back(values[i]);
  }
  return out;
}

/// What has to be emitted: blanks at the end are cut off, neighbours merged if asked for.
Labels targets(const CtcLoss& p, std::int64_t b, const Labels& given) {
  Labels out;
  bool ended = false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (i > 0 && p.collapse && given[i] == given[i - 1]) continue;
    if (given[i] < 0) {
      invalid("All labels must be nonnegative integers, batch: ", b, " labels: ", text(given));
    }
    if (given[i] >= p.classes - 1) {
      ended = true;
      continue;
    }
    if (ended) {
      invalid("Saw a non-null label (index >= num_classes - 1) following a null label, batch: ", b,
              " num_classes: ", p.classes, " labels: ", text(given),
              " labels seen so far: ", text(out));
    }
    out.push_back(given[i]);
  }
  return out;
}

/// One sequence. y holds log probabilities [length, classes]; returns the log likelihood, and in
/// `posterior` [length, classes] the log of the weight of every class at every time.
class Alignment {
 public:
  Alignment(const Labels& labels, std::int64_t classes, std::int64_t length, bool merge)
      : blank_(std::int32_t(classes - 1)), classes_(classes), length_(length), merge_(merge) {
    path_.assign(2 * labels.size() + 1, blank_);
    for (std::size_t i = 0; i < labels.size(); ++i) path_[2 * i + 1] = labels[i];
    states_ = std::int64_t(path_.size());
  }

  double run(const double* y, double* posterior) {
    const auto size = std::size_t(checked_mul(length_, states_));
    alpha_.assign(size, kNever);
    beta_.assign(size, kNever);
    alpha(0, 0) = y[blank_];
    if (states_ > 1) alpha(0, 1) = y[path_[1]];
    for (std::int64_t t = 1; t < length_; ++t) {
      for (std::int64_t u = first(t); u < last(t); ++u) {
        double sum = stays(u) ? alpha(t - 1, u) : kNever;
        if (u > 0) sum = log_add(sum, alpha(t - 1, u - 1));
        if (u > 1 && skips(u - 2)) sum = log_add(sum, alpha(t - 1, u - 2));
        alpha(t, u) = sum + y[t * classes_ + path_[std::size_t(u)]];
      }
    }
    for (std::int64_t u = std::max<std::int64_t>(0, states_ - 2); u < states_; ++u) {
      beta(length_ - 1, u) = 0;
    }
    for (std::int64_t t = length_ - 2; t >= 0; --t) {
      const double* next = y + (t + 1) * classes_;
      auto onward = [&](std::int64_t u) { return beta(t + 1, u) + next[path_[std::size_t(u)]]; };
      for (std::int64_t u = first(t); u < last(t); ++u) {
        double sum = stays(u) ? onward(u) : kNever;
        if (u + 1 < states_) sum = log_add(sum, onward(u + 1));
        if (u + 2 < states_ && skips(u)) sum = log_add(sum, onward(u + 2));
        beta(t, u) = sum;
      }
    }
    double total = kNever;
    for (std::int64_t u = 0; u < states_; ++u) total = log_add(total, alpha(0, u) + beta(0, u));
    if (posterior == nullptr) return total;
    std::fill_n(posterior, length_ * classes_, kNever);
    for (std::int64_t t = 0; t < length_; ++t) {
      for (std::int64_t u = 0; u < states_; ++u) {
        double& sum = posterior[t * classes_ + path_[std::size_t(u)]];
        sum = log_add(sum, alpha(t, u) + beta(t, u));
      }
    }
    return total;
  }

 private:
  double& alpha(std::int64_t t, std::int64_t u) { return alpha_[std::size_t(t * states_ + u)]; }
  double& beta(std::int64_t t, std::int64_t u) { return beta_[std::size_t(t * states_ + u)]; }
  /// States that can still end, and that can have been reached.
  std::int64_t first(std::int64_t t) const {
    return std::max<std::int64_t>(0, states_ - 2 * (length_ - t));
  }
  std::int64_t last(std::int64_t t) const { return std::min(states_, 2 * (t + 1)); }
  bool stays(std::int64_t u) const { return merge_ || path_[std::size_t(u)] == blank_; }
  /// Whether state u may be followed by u + 2, without the blank between.
  bool skips(std::int64_t u) const {
    const std::int32_t a = path_[std::size_t(u)], b = path_[std::size_t(u) + 2];
    return a != blank_ && !(merge_ && a == b);
  }

  std::int32_t blank_;
  std::int64_t classes_, length_, states_ = 0;
  bool merge_;
  Labels path_;
  std::vector<double> alpha_, beta_;
};

template <class T>
void run_loss(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const CtcLoss*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* lengths = static_cast<const std::int32_t*>(in[3]);
  auto* loss = static_cast<T*>(out[0]);
  auto* gradient = static_cast<T*>(out[1]);
  if (p.time == 0) invalid("max_time or first dimension of input cannot be 0.");
  if (p.batch == 0) invalid("batch_size must not be 0");
  if (p.classes == 0) invalid("num_classes must not be 0");
  for (std::int64_t b = 0; b < p.batch; ++b) {
    if (lengths[b] < 0) invalid("sequence_length(", b, ") < 0");
    if (lengths[b] > p.time) invalid("sequence_length(", b, ") <= ", p.time);
  }
  const std::vector<Labels> all =
      split(p, static_cast<const std::int64_t*>(in[1]), static_cast<const std::int32_t*>(in[2]));
  std::vector<Labels> wanted;
  for (std::int64_t b = 0; b < p.batch; ++b) {
    const Labels& given = all[std::size_t(b)];
    wanted.push_back(targets(p, b, given));
    if (!p.skip_long && lengths[b] != 0 && std::int64_t(given.size()) > lengths[b]) {
      invalid("Not enough time for target transition sequence (required: ", given.size(),
              ", available: ", lengths[b], ")", b,
              "You can turn this error into a warning by using the flag "
              "ignore_longer_outputs_than_inputs");
    }
  }
  std::fill_n(gradient, p.time * p.batch * p.classes, T(0));
  std::fill_n(loss, p.batch, T(0));
  const std::int64_t work = std::max<std::int64_t>(1, p.time * (p.classes + 64));
  parallel_for(
      p.batch, std::max<std::int64_t>(1, (1 << 13) / work),
      [&](std::int64_t begin, std::int64_t end) {
        std::vector<double> y, posterior;
        for (std::int64_t b = begin; b < end; ++b) {
          const std::int64_t length = lengths[b];
          const Labels& labels = wanted[std::size_t(b)];
          if (length == 0 || (p.skip_long && std::int64_t(labels.size()) > length)) continue;
          y.resize(std::size_t(length * p.classes));
          posterior.resize(y.size());
          for (std::int64_t t = 0; t < length; ++t) {
            const T* row = x + (t * p.batch + b) * p.classes;
            double top = kNever, sum = 0;
            for (std::int64_t c = 0; c < p.classes; ++c) top = std::max(top, double(row[c]));
            for (std::int64_t c = 0; c < p.classes; ++c) sum += std::exp(double(row[c]) - top);
            const double norm = top + std::log(sum);
            for (std::int64_t c = 0; c < p.classes; ++c) {
              y[std::size_t(t * p.classes + c)] = double(row[c]) - norm;
            }
          }
          const double total =
              Alignment(labels, p.classes, length, p.merge).run(y.data(), posterior.data());
          loss[b] = T(-total);
          for (std::int64_t t = 0; t < length; ++t) {
            T* row = gradient + (t * p.batch + b) * p.classes;
            for (std::int64_t c = 0; c < p.classes; ++c) {
              const auto at = std::size_t(t * p.classes + c);
              row[c] = T(std::exp(y[at]) - (total == kNever ? 0 : std::exp(posterior[at] - total)));
            }
          }
        }
      });
}

Prepared prepare_loss(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<CtcLoss>(out);
  const Shape& x = r.inputs[0].shape;
  p->time = x[0];
  p->batch = x[1];
  p->classes = x[2];
  p->labels = r.inputs[2].shape[0];
  p->collapse = r.attrs->b("preprocess_collapse_repeated");
  p->merge = r.attrs->b("ctc_merge_repeated");
  p->skip_long = r.attrs->b("ignore_longer_outputs_than_inputs");
  out.run = r.inputs[0].dtype == DType::kDouble ? run_loss<double> : run_loss<float>;
  return out;
}

const KernelRow kRows[] = {
    {"CTCLoss", "T", {DType::kFloat, DType::kDouble}, prepare_loss},
};

}  // namespace

std::span<const KernelRow> ctc_loss_kernels() { return kRows; }

}  // namespace caudal::cpu
