// SPDX-License-Identifier: Apache-2.0
// Update rules of optimizers. A rule is a struct with the constants of one run and `step`, which
// updates one element; the dense and the sparse kernel loop over it in one pass through memory.
#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/families.h"

// Without inlining the loop of update() would hold its element in memory and stay scalar.
#define CAUDAL_INLINE __attribute__((always_inline))

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr std::int64_t kGrain = 16384;

/// Scalar inputs by their position in the dense op, and the op's bool attrs.
template <class T>
class Scalars {
 public:
  Scalars(void* const* in, int after_grad, bool flag) : flag_(flag), in_(in), after_(after_grad) {}
  /// Input i, which comes before the gradient.
  T before(int i) const { return *static_cast<const T*>(in_[i]); }
  /// Input i of the dense op, which comes behind the gradient: sparse ops have the indices between.
  template <class U = T>
  U after(int i) const {
    return *static_cast<const U*>(in_[i + after_]);
  }
  bool flag() const { return flag_; }

 private:
  bool flag_;
  void* const* in_;
  int after_;
};

template <class T>
T sign(T x) {
  return T(x > T(0)) - T(x < T(0));
}
template <class T>
T square(T x) {
  return x * x;
}
/// Moves x towards zero by `amount`, and not beyond.
template <class T>
T shrink(T x, T amount) {
  const T rest = std::fabs(x) - amount;
  return rest > T(0) ? std::copysign(rest, x) : T(0);
}
/// Value of the proximal step with L1 and L2 penalties scaled by the learning rate.
template <class T>
T proximal(T x, T lr, T l1, T l2) {
  return (l1 > T(0) ? shrink(x, lr * l1) : x) / (T(1) + l2 * lr);
}

template <class T>
struct GradientDescent {
  static constexpr int kSlots = 0, kGrad = 2;
  static constexpr const char* kFlag = "";
  T lr;
  explicit GradientDescent(const Scalars<T>& s) : lr(s.before(1)) {}
  CAUDAL_INLINE void step(T& var, T*, T g) const { var -= g * lr; }
};

template <class T>
struct ProximalGradientDescent {
  static constexpr int kSlots = 0, kGrad = 4;
  static constexpr const char* kFlag = "";
  T lr, l1, l2;
  explicit ProximalGradientDescent(const Scalars<T>& s)
      : lr(s.before(1)), l1(s.before(2)), l2(s.before(3)) {}
  CAUDAL_INLINE void step(T& var, T*, T g) const { var = proximal(var - g * lr, lr, l1, l2); }
};

template <class T>
struct Momentum {
  static constexpr int kSlots = 1, kGrad = 3;
  static constexpr const char* kFlag = "use_nesterov";
  T lr, momentum;
  bool nesterov;
  explicit Momentum(const Scalars<T>& s)
      : lr(s.before(2)), momentum(s.after(4)), nesterov(s.flag()) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    const T accum = slot[0] * momentum + g;
    slot[0] = accum;
    var -= nesterov ? g * lr + accum * momentum * lr : accum * lr;
  }
};

template <class T>
struct Adagrad {
  static constexpr int kSlots = 1, kGrad = 3;
  static constexpr const char* kFlag = "update_slots";
  T lr;
  bool update;
  explicit Adagrad(const Scalars<T>& s) : lr(s.before(2)), update(s.flag()) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += update ? g * g : T(0);
    var -= g * lr / std::sqrt(slot[0]);
  }
};

template <class T>
struct AdagradV2 {
  static constexpr int kSlots = 1, kGrad = 4;
  static constexpr const char* kFlag = "update_slots";
  T lr, epsilon;
  bool update;
  explicit AdagradV2(const Scalars<T>& s)
      : lr(s.before(2)), epsilon(s.before(3)), update(s.flag()) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += update ? g * g : T(0);
    var -= g * lr / (std::sqrt(slot[0]) + epsilon);
  }
};

template <class T>
struct ProximalAdagrad {
  static constexpr int kSlots = 1, kGrad = 5;
  static constexpr const char* kFlag = "";
  T lr, l1, l2;
  explicit ProximalAdagrad(const Scalars<T>& s)
      : lr(s.before(2)), l1(s.before(3)), l2(s.before(4)) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += g * g;
    const T rate = lr / std::sqrt(slot[0]);
    var = proximal(var - g * rate, rate, l1, l2);
  }
};

template <class T>
struct AdagradDA {
  static constexpr int kSlots = 2, kGrad = 3;
  static constexpr const char* kFlag = "";
  T lr, l1_step, l2_step;
  explicit AdagradDA(const Scalars<T>& s) : lr(s.after(4)) {
    const T step = T(s.template after<std::int64_t>(7));
    l1_step = s.after(5) * step;
    l2_step = s.after(6) * step * lr;
  }
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += g;
    slot[1] += g * g;
    const T sum = l1_step > T(0) ? shrink(slot[0], l1_step) : slot[0];
    var = -lr * sum / (l2_step + std::sqrt(slot[1]));
  }
};

template <class T>
struct Adadelta {
  static constexpr int kSlots = 2, kGrad = 6;
  static constexpr const char* kFlag = "";
  T lr, rho, epsilon;
  explicit Adadelta(const Scalars<T>& s)
      : lr(s.before(3)), rho(s.before(4)), epsilon(s.before(5)) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] = slot[0] * rho + g * g * (T(1) - rho);
    const T update = std::sqrt(slot[1] + epsilon) / std::sqrt(slot[0] + epsilon) * g;
    slot[1] = slot[1] * rho + update * update * (T(1) - rho);
    var -= update * lr;
  }
};

template <class T>
struct RMSProp {
  static constexpr int kSlots = 2, kGrad = 7;
  static constexpr const char* kFlag = "";
  T lr, decay, momentum, epsilon;
  explicit RMSProp(const Scalars<T>& s)
      : lr(s.before(3)), decay(T(1) - s.before(4)), momentum(s.before(5)), epsilon(s.before(6)) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += (g * g - slot[0]) * decay;
    slot[1] = slot[1] * momentum + g * lr / std::sqrt(slot[0] + epsilon);
    var -= slot[1];
  }
};

template <class T>
struct CenteredRMSProp {
  static constexpr int kSlots = 3, kGrad = 8;
  static constexpr const char* kFlag = "";
  T lr, decay, momentum, epsilon;
  explicit CenteredRMSProp(const Scalars<T>& s)
      : lr(s.before(4)), decay(T(1) - s.before(5)), momentum(s.before(6)), epsilon(s.before(7)) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[1] += (g * g - slot[1]) * decay;
    slot[0] += (g - slot[0]) * decay;
    slot[2] = slot[2] * momentum + g * lr / std::sqrt(slot[1] - square(slot[0]) + epsilon);
    var -= slot[2];
  }
};

template <class T>
struct Adam {
  static constexpr int kSlots = 2, kGrad = 9;
  static constexpr const char* kFlag = "use_nesterov";
  T alpha, beta1, rest1, rest2, epsilon;
  bool nesterov;
  explicit Adam(const Scalars<T>& s)
      : alpha(s.before(5) * std::sqrt(T(1) - s.before(4)) / (T(1) - s.before(3))),
        beta1(s.before(6)),
        rest1(T(1) - beta1),
        rest2(T(1) - s.before(7)),
        epsilon(s.before(8)),
        nesterov(s.flag()) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += (g - slot[0]) * rest1;
    slot[1] += (g * g - slot[1]) * rest2;
    const T direction = nesterov ? g * rest1 + beta1 * slot[0] : slot[0];
    var -= direction * alpha / (std::sqrt(slot[1]) + epsilon);
  }
};

template <class T>
struct AdaMax {
  static constexpr int kSlots = 2, kGrad = 8;
  static constexpr const char* kFlag = "";
  T alpha, rest1, beta2, epsilon;
  explicit AdaMax(const Scalars<T>& s)
      : alpha(s.before(4) / (T(1) - s.before(3))),
        rest1(T(1) - s.before(5)),
        beta2(s.before(6)),
        epsilon(s.before(7)) {}
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] += (g - slot[0]) * rest1;
    const T decayed = slot[1] * beta2, size = std::fabs(g);
    slot[1] = decayed < size ? size : decayed;
    var -= alpha * slot[0] / (slot[1] + epsilon);
  }
};

/// kShrink: the op with an extra penalty on the variable's size inside the gradient. kRoot: the
/// usual learning rate power, for which powers are square roots.
template <class T, bool kShrink, bool kRoot>
struct FtrlRule {
  static constexpr int kSlots = 2, kGrad = 3;
  static constexpr const char* kFlag = "";
  T lr, l1, l2, shrinkage, power;
  explicit FtrlRule(const Scalars<T>& s)
      : lr(s.after(4)),
        l1(s.after(5)),
        l2(s.after(6)),
        shrinkage(kShrink ? s.after(7) : T(0)),
        power(s.after(kShrink ? 8 : 7)) {}
  T raise(T x) const { return kRoot ? std::sqrt(x) : std::pow(x, -power); }
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    const T accum = slot[0] + g * g;
    const T scale = raise(accum);
    const T pull = kShrink ? g + T(2) * shrinkage * var : g;
    slot[1] += pull - (scale - raise(slot[0])) / lr * var;
    const T excess = l1 * sign(slot[1]) - slot[1];
    var = std::fabs(slot[1]) > l1 ? excess / (scale / lr + T(2) * l2) : T(0);
    slot[0] = accum;
  }
};

/// What AddSign and PowerSign share: the factor of a step depends on whether the gradient agrees
/// with its running mean, and has therefore three values.
template <class T, bool kPower>
struct SignRule {
  static constexpr int kSlots = 1, kGrad = 6;
  static constexpr const char* kFlag = "";
  T beta, rest, factor[3];
  explicit SignRule(const Scalars<T>& s) : beta(s.before(5)), rest(T(1) - s.before(5)) {
    const T lr = s.before(2), base = s.before(3), decay = s.before(4);
    for (int k = -1; k <= 1; ++k) {
      factor[k + 1] = lr * (kPower ? std::exp(base * decay * T(k)) : base + decay * T(k));
    }
  }
  CAUDAL_INLINE void step(T& var, T* slot, T g) const {
    slot[0] = slot[0] * beta + g * rest;
    const T agree = sign(g) * sign(slot[0]);
    var -= (agree > T(0) ? factor[2] : agree < T(0) ? factor[0] : factor[1]) * g;
  }
};

/// One element range: slots are loaded into registers, so the loop has no aliasing to fear.
template <class T, template <class> class Rule>
void update(const Rule<T> rule, void* const* in, const T* grad, std::int64_t at, std::int64_t n) {
  constexpr int kSlots = Rule<T>::kSlots;
  T* var = static_cast<T*>(in[0]) + at;
  T* s0 = kSlots > 0 ? static_cast<T*>(in[1]) + at : nullptr;
  T* s1 = kSlots > 1 ? static_cast<T*>(in[2]) + at : nullptr;
  T* s2 = kSlots > 2 ? static_cast<T*>(in[3]) + at : nullptr;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    T v = var[i];
    T slot[3] = {};
    if constexpr (kSlots > 0) slot[0] = s0[i];
    if constexpr (kSlots > 1) slot[1] = s1[i];
    if constexpr (kSlots > 2) slot[2] = s2[i];
    rule.step(v, slot, grad[i]);
    if constexpr (kSlots > 0) s0[i] = slot[0];
    if constexpr (kSlots > 1) s1[i] = slot[1];
    if constexpr (kSlots > 2) s2[i] = slot[2];
    var[i] = v;
  }
}

struct TrainParams {
  std::int64_t n = 0;  ///< elements of the variable, or of one row of it
  std::int64_t rows = 0, count = 0;
  bool wide = false;
  bool flag = false;
};

template <class T, template <class> class Rule>
void run_dense(const void* raw, void* const* in, void* const*, void*, RunContext&) {
  const auto& q = *static_cast<const TrainParams*>(raw);
  const Rule<T> rule(Scalars<T>(in, 0, q.flag));
  const auto* grad = static_cast<const T*>(in[Rule<T>::kGrad]);
  parallel_for(q.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    update<T, Rule>(rule, in, grad + begin, begin, end - begin);
  });
}

/// Rows that occur twice are updated twice, in the order of the indices: threads share out columns.
template <class T, template <class> class Rule>
void run_sparse(const void* raw, void* const* in, void* const*, void*, RunContext&) {
  const auto& q = *static_cast<const TrainParams*>(raw);
  const Rule<T> rule(Scalars<T>(in, 1, q.flag));
  const auto* grad = static_cast<const T*>(in[Rule<T>::kGrad]);
  const void* indices = in[Rule<T>::kGrad + 1];
  auto index = [&](std::int64_t i) {
    return q.wide ? static_cast<const std::int64_t*>(indices)[i]
                  : static_cast<const std::int32_t*>(indices)[i];
  };
  for (std::int64_t i = 0; i < q.count; ++i) {
    if (index(i) < 0 || index(i) >= q.rows) {
      invalid("Index ", index(i), " at offset ", i, " in indices is out of range");
    }
  }
  const std::int64_t grain =
      std::max<std::int64_t>(256, kGrain / std::max<std::int64_t>(q.count, 1));
  parallel_for(q.n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < q.count; ++i) {
      update<T, Rule>(rule, in, grad + i * q.n + begin, index(i) * q.n + begin, end - begin);
    }
  });
}

template <template <class> class Rule, bool kSparse>
Prepared prepare_rule(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<TrainParams>(p);
  const Shape& var = r.inputs[0].shape;
  const bool wide_float = r.inputs[0].dtype == DType::kDouble;
  if (Rule<float>::kFlag[0] != 0) q->flag = r.attrs->b(Rule<float>::kFlag);
  if constexpr (kSparse) {
    const ValueInfo& indices = r.inputs[std::size_t(Rule<float>::kGrad) + 1];
    q->rows = var[0];
    q->n = 1;
    for (int d = 1; d < var.rank(); ++d) q->n *= var[d];
    q->count = indices.shape.num_elements();
    q->wide = indices.dtype == DType::kInt64;
    p.run = wide_float ? run_sparse<double, Rule> : run_sparse<float, Rule>;
  } else {
    q->n = var.num_elements();
    p.run = wide_float ? run_dense<double, Rule> : run_dense<float, Rule>;
  }
  return p;
}

template <class T>
using Ftrl = FtrlRule<T, false, false>;
template <class T>
using FtrlRoot = FtrlRule<T, false, true>;
template <class T>
using FtrlV2 = FtrlRule<T, true, false>;
template <class T>
using FtrlV2Root = FtrlRule<T, true, true>;
template <class T>
using AddSign = SignRule<T, false>;
template <class T>
using PowerSign = SignRule<T, true>;

/// Looks at the value of the power at every run: it is an input.
template <class T, template <class> class General, template <class> class Root, bool kSparse>
void run_ftrl(const void* raw, void* const* in, void* const* out, void* workspace,
              RunContext& ctx) {
  const bool root = General<T>(Scalars<T>(in, kSparse, false)).power == T(-0.5);
  if constexpr (kSparse) {
    (root ? run_sparse<T, Root> : run_sparse<T, General>)(raw, in, out, workspace, ctx);
  } else {
    (root ? run_dense<T, Root> : run_dense<T, General>)(raw, in, out, workspace, ctx);
  }
}

template <template <class> class General, template <class> class Root, bool kSparse>
Prepared prepare_ftrl(const KernelRequest& r) {
  Prepared p = prepare_rule<General, kSparse>(r);
  p.run = r.inputs[0].dtype == DType::kDouble ? run_ftrl<double, General, Root, kSparse>
                                              : run_ftrl<float, General, Root, kSparse>;
  return p;
}

constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};

}  // namespace

std::span<const KernelRow> training_kernels() {
  static const KernelRow rows[] = {
      {"ApplyGradientDescent", "T", kReal, prepare_rule<GradientDescent, false>},
      {"ApplyProximalGradientDescent", "T", kReal, prepare_rule<ProximalGradientDescent, false>},
      {"SparseApplyProximalGradientDescent", "T", kReal,
       prepare_rule<ProximalGradientDescent, true>},
      {"ApplyMomentum", "T", kReal, prepare_rule<Momentum, false>},
      {"SparseApplyMomentum", "T", kReal, prepare_rule<Momentum, true>},
      {"ApplyAdagrad", "T", kReal, prepare_rule<Adagrad, false>},
      {"SparseApplyAdagrad", "T", kReal, prepare_rule<Adagrad, true>},
      {"ApplyAdagradV2", "T", kReal, prepare_rule<AdagradV2, false>},
      {"SparseApplyAdagradV2", "T", kReal, prepare_rule<AdagradV2, true>},
      {"ApplyProximalAdagrad", "T", kReal, prepare_rule<ProximalAdagrad, false>},
      {"SparseApplyProximalAdagrad", "T", kReal, prepare_rule<ProximalAdagrad, true>},
      {"ApplyAdagradDA", "T", kReal, prepare_rule<AdagradDA, false>},
      {"SparseApplyAdagradDA", "T", kReal, prepare_rule<AdagradDA, true>},
      {"ApplyAdadelta", "T", kReal, prepare_rule<Adadelta, false>},
      {"SparseApplyAdadelta", "T", kReal, prepare_rule<Adadelta, true>},
      {"ApplyRMSProp", "T", kReal, prepare_rule<RMSProp, false>},
      {"SparseApplyRMSProp", "T", kReal, prepare_rule<RMSProp, true>},
      {"ApplyCenteredRMSProp", "T", kReal, prepare_rule<CenteredRMSProp, false>},
      {"SparseApplyCenteredRMSProp", "T", kReal, prepare_rule<CenteredRMSProp, true>},
      {"ApplyAdam", "T", kReal, prepare_rule<Adam, false>},
      {"ApplyAdaMax", "T", kReal, prepare_rule<AdaMax, false>},
      {"ApplyFtrl", "T", kReal, prepare_ftrl<Ftrl, FtrlRoot, false>},
      {"SparseApplyFtrl", "T", kReal, prepare_ftrl<Ftrl, FtrlRoot, true>},
      {"ApplyFtrlV2", "T", kReal, prepare_ftrl<FtrlV2, FtrlV2Root, false>},
      {"SparseApplyFtrlV2", "T", kReal, prepare_ftrl<FtrlV2, FtrlV2Root, true>},
      {"ApplyPowerSign", "T", kReal, prepare_rule<PowerSign, false>},
      {"ApplyAddSign", "T", kReal, prepare_rule<AddSign, false>},
  };
  // The same rules for variables behind handles.
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (const KernelRow& row : rows) made.push_back(std::string("Resource") + row.op);
    return made;
  }();
  static const std::vector<KernelRow> all = [] {
    std::vector<KernelRow> made(std::begin(rows), std::end(rows));
    for (std::size_t i = 0; i < names.size(); ++i) {
      made.push_back(rows[i]);
      made.back().op = names[i].c_str();
    }
    return made;
  }();
  return all;
}

}  // namespace caudal::cpu::CAUDAL_ISA
