// SPDX-License-Identifier: Apache-2.0
// Decoders of connectionist temporal classification: the best class at every time, and a beam of
// prefixes. The blank is the last class.
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <unordered_map>
#include <vector>

#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

using Sequence = std::vector<std::int64_t>;

/// inputs [time, batch, classes] and the lengths of the sequences, checked.
struct Batch {
  std::int64_t time, batch, classes;
  const std::int32_t* lengths;

  explicit Batch(std::span<const Tensor> in)
      : time(in[0].shape()[0]),
        batch(in[0].shape()[1]),
        classes(in[0].shape()[2]),
        lengths(in[1].data<std::int32_t>()) {
    if (time == 0) invalid("max_time is 0");
    if (classes == 0) invalid("num_classes must not be 0");
    for (std::int64_t b = 0; b < batch; ++b) {
      if (lengths[b] < 0 || lengths[b] > time) {
        fail(Code::kFailedPrecondition, "sequence_length(", b, ") <= ", time, ", but it is ",
             lengths[b]);
      }
    }
  }
};

/// The three parts of a sparse matrix with one row per sequence.
void store(const std::vector<Sequence>& rows, Tensor& indices, Tensor& values, Tensor& shape) {
  std::vector<std::int64_t> at;
  Sequence flat;
  std::int64_t longest = 0;
  for (std::size_t b = 0; b < rows.size(); ++b) {
    longest = std::max(longest, std::int64_t(rows[b].size()));
    for (std::size_t k = 0; k < rows[b].size(); ++k) {
      at.push_back(std::int64_t(b));
      at.push_back(std::int64_t(k));
      flat.push_back(rows[b][k]);
    }
  }
  indices = Tensor::of(at, Shape{std::int64_t(flat.size()), 2});
  values = Tensor::vector(flat);
  shape = Tensor::vector(std::vector<std::int64_t>{std::int64_t(rows.size()), longest});
}

struct Decoder {
  bool merge = false;
  std::int64_t width = 1, paths = 1;
};

template <class T>
void run_greedy(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                RunContext&) {
  const bool merge = static_cast<const Decoder*>(params)->merge;
  const Batch size(in);
  const T* x = in[0].data<T>();
  out[3] = Tensor(in[0].dtype(), Shape{size.batch, 1});
  std::vector<Sequence> rows(std::size_t(size.batch));
  for (std::int64_t b = 0; b < size.batch; ++b) {
    T score = 0;
    std::int64_t before = -1;
    for (std::int64_t t = 0; t < size.lengths[b]; ++t) {
      const T* row = x + (t * size.batch + b) * size.classes;
      const std::int64_t best = std::max_element(row, row + size.classes) - row;
      score -= row[best];
      if (best != size.classes - 1 && !(merge && best == before)) {
        rows[std::size_t(b)].push_back(best);
      }
      before = best;
    }
    out[3].data<T>()[b] = score;
  }
  store(rows, out[0], out[1], out[2]);
}

constexpr double kNever = -std::numeric_limits<double>::infinity();

double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == kNever ? a : a + std::log1p(std::exp(b - a));
}

/// Log probabilities of a prefix, ending in a blank or in its last label.
struct Mass {
  double total = kNever, blank = kNever, label = kNever;
};

/// A prefix, as a node of the tree of all prefixes seen.
struct Prefix {
  Prefix* parent = nullptr;
  std::int64_t label = -1;
  Mass now, before;
  std::unordered_map<std::int64_t, Prefix*> children;
  bool active() const { return now.total != kNever; }
};

class Beam {
 public:
  Beam(std::int64_t width, std::int64_t classes) : width_(std::size_t(width)), classes_(classes) {
    pool_.emplace_back();
    pool_.back().now.total = pool_.back().now.blank = 0;
    leaves_.push_back(&pool_.back());
  }

  /// Takes the logits of one time.
  template <class T>
  void step(const T* x) {
    double top = kNever, sum = 0;
    for (std::int64_t c = 0; c < classes_; ++c) top = std::max(top, double(x[c]));
    for (std::int64_t c = 0; c < classes_; ++c) sum += std::exp(double(x[c]) - top);
    const double norm = top + std::log(sum);
    const std::vector<Prefix*> branches = sorted();
    leaves_.clear();
    for (Prefix* p : branches) p->before = p->now;
    for (Prefix* p : branches) {
      if (p->parent != nullptr) {
        if (p->parent->active()) {
          p->now.label = log_add(p->now.label, way(*p->parent, p->label));
        }
        p->now.label += double(x[p->label]) - norm;
      }
      p->now.blank = p->before.total + double(x[classes_ - 1]) - norm;
      p->now.total = log_add(p->now.blank, p->now.label);
      push(p);
    }
    for (Prefix* p : branches) {
      if (!enters(p->before.total)) continue;
      for (std::int64_t c = 0; c < classes_ - 1; ++c) grow(p, c, double(x[c]) - norm);
    }
  }

  /// Prefixes by falling probability.
  std::vector<Prefix*> sorted() const {
    std::vector<Prefix*> out = leaves_;
    std::stable_sort(out.begin(), out.end(), likelier);
    return out;
  }

 private:
  static bool likelier(const Prefix* a, const Prefix* b) { return a->now.total > b->now.total; }
  /// Probability before this time of what label `c` may follow: a repeated label needs a blank.
  static double way(const Prefix& p, std::int64_t c) {
    return c == p.label ? p.before.blank : p.before.total;
  }
  bool enters(double total) const {
    return total > kNever && (leaves_.size() < width_ || total > leaves_.front()->now.total);
  }
  void push(Prefix* p) {
    leaves_.push_back(p);
    std::push_heap(leaves_.begin(), leaves_.end(), likelier);  // the least likely in front
  }
  void grow(Prefix* p, std::int64_t c, double log_p) {
    const auto found = p->children.find(c);
    if (found != p->children.end() && found->second->active()) return;
    const double mass = log_p + way(*p, c);
    if (!enters(mass)) {
      if (found != p->children.end()) found->second->now = found->second->before = Mass();
      return;
    }
    if (leaves_.size() == width_) {
      std::pop_heap(leaves_.begin(), leaves_.end(), likelier);
      leaves_.back()->now = Mass();
      leaves_.pop_back();
    }
    Prefix* child = nullptr;
    if (found != p->children.end()) {
      child = found->second;
    } else {
      pool_.emplace_back();
      child = &pool_.back();
      child->parent = p;
      child->label = c;
      p->children.emplace(c, child);
    }
    child->now = {mass, kNever, mass};
    push(child);
  }

  std::size_t width_;
  std::int64_t classes_;
  std::deque<Prefix> pool_;
  std::vector<Prefix*> leaves_;
};

template <class T>
void run_beam(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const auto& d = *static_cast<const Decoder*>(params);
  const Batch size(in);
  const T* x = in[0].data<T>();
  const auto paths = std::size_t(d.paths);
  if (d.paths > d.width) invalid("requested more paths than the beam width.");
  std::vector<std::vector<Sequence>> rows(paths, std::vector<Sequence>(std::size_t(size.batch)));
  out[3 * paths] = Tensor(in[0].dtype(), Shape{size.batch, d.paths});
  for (std::int64_t b = 0; b < size.batch; ++b) {
    Beam beam(d.width, size.classes);
    for (std::int64_t t = 0; t < size.lengths[b]; ++t) {
      beam.step(x + (t * size.batch + b) * size.classes);
    }
    const std::vector<Prefix*> best = beam.sorted();
    if (best.size() < paths) invalid("Less leaves in the beam search than requested.");
    for (std::size_t k = 0; k < paths; ++k) {
      Sequence& row = rows[k][std::size_t(b)];
      std::int64_t after = -1;
      for (const Prefix* p = best[k]; p->parent != nullptr; p = p->parent) {
        if (!d.merge || p->label != after) row.push_back(p->label);
        after = p->label;
      }
      std::reverse(row.begin(), row.end());
      out[3 * paths].data<T>()[std::size_t(b) * paths + k] = T(best[k]->now.total);
    }
  }
  for (std::size_t k = 0; k < paths; ++k) {
    store(rows[k], out[k], out[paths + k], out[2 * paths + k]);
  }
}

template <bool kBeam>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  auto* d = make_params<Decoder>(out);
  d->merge = r.attrs->b("merge_repeated");
  const bool wide = r.inputs[0].dtype == DType::kDouble;
  if (kBeam) {
    d->width = r.attrs->i("beam_width");
    d->paths = r.attrs->i("top_paths");
    out.run_dynamic = wide ? run_beam<double> : run_beam<float>;
  } else {
    out.run_dynamic = wide ? run_greedy<double> : run_greedy<float>;
  }
  return out;
}

constexpr DTypeSet kReals{DType::kFloat, DType::kDouble};
const KernelRow kRows[] = {
    {"CTCGreedyDecoder", "T", kReals, prepare<false>},
    {"CTCBeamSearchDecoder", "T", kReals, prepare<true>},
};

}  // namespace

std::span<const KernelRow> ctc_decoder_kernels() { return kRows; }

}  // namespace caudal::cpu
