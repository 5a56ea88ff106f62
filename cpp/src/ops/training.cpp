// SPDX-License-Identifier: Apache-2.0
// The update rules of optimizers: they change a variable and its slots in place.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

#define CAUDAL_TRAIN_TYPES                                                                   \
  "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16," \
  "uint16,complex128,half,uint32,uint64}"
#define CAUDAL_DENSE(args) args " -> out:Ref(T); " CAUDAL_TRAIN_TYPES "; use_locking:bool=false"
#define CAUDAL_SPARSE(args)                  \
  args " -> out:Ref(T); " CAUDAL_TRAIN_TYPES \
       "; Tindices:type{int32,int64}; "      \
       "use_locking:bool=false"

/// The variable is input 0, its slots follow; input kGrad is the gradient; the rest are scalars.
template <int kSlots, int kGrad>
void dense(ShapeContext& c) {
  PartialShape var = c.input(0);
  for (int i = 1; i < c.num_inputs(); ++i) {
    if (i <= kSlots || i == kGrad) {
      var = var.merge(c.input(i));
    } else {
      c.with_rank(i, 0);
    }
  }
  if (c.num_outputs() > 0) c.set_output(0, var);
}

/// As `dense`, but the gradient has one row for each of the indices, which follow it.
template <int kSlots, int kGrad>
void sparse(ShapeContext& c) {
  PartialShape var = c.with_rank_at_least(0, 1);
  for (int i = 1; i <= kSlots; ++i) var = var.merge(c.input(i));
  PartialShape indices = c.with_rank(kGrad + 1, 1);
  PartialShape grad = c.with_rank_at_least(kGrad, 1);
  if (grad.has_rank()) {
    ShapeContext::merge_dim(grad[0], indices[0]);
    if (var.has_rank()) {
      PartialShape rows = var;
      rows.set_dim(0, grad[0]);
      rows.merge(grad);
    }
  }
  for (int i = kSlots + 1; i < c.num_inputs(); ++i) {
    if (i != kGrad && i != kGrad + 1) c.with_rank(i, 0);
  }
  if (c.num_outputs() > 0) c.set_output(0, var);
}

constexpr std::uint32_t kWrites = kStateful | kWritesRef | kRefForward;

constexpr OpRow kRows[] = {
    {"ApplyGradientDescent", CAUDAL_DENSE("var:Ref(T) alpha:T delta:T"), dense<0, 2>, no_gradient,
     kWrites},
    {"ApplyProximalGradientDescent", CAUDAL_DENSE("var:Ref(T) alpha:T l1:T l2:T delta:T"),
     dense<0, 4>, no_gradient, kWrites},
    {"SparseApplyProximalGradientDescent",
     CAUDAL_SPARSE("var:Ref(T) alpha:T l1:T l2:T grad:T indices:Tindices"), sparse<0, 4>,
     no_gradient, kWrites},
    {"ApplyMomentum",
     CAUDAL_DENSE("var:Ref(T) accum:Ref(T) lr:T grad:T momentum:T") "; use_nesterov:bool=false",
     dense<1, 3>, no_gradient, kWrites},
    {"SparseApplyMomentum",
     CAUDAL_SPARSE(
         "var:Ref(T) accum:Ref(T) lr:T grad:T indices:Tindices momentum:T") "; "
                                                                            "use_nesterov:bool="
                                                                            "false",
     sparse<1, 3>, no_gradient, kWrites},
    {"ApplyAdagrad", CAUDAL_DENSE("var:Ref(T) accum:Ref(T) lr:T grad:T") "; update_slots:bool=true",
     dense<1, 3>, no_gradient, kWrites},
    {"SparseApplyAdagrad",
     CAUDAL_SPARSE(
         "var:Ref(T) accum:Ref(T) lr:T grad:T indices:Tindices") "; update_slots:bool=true",
     sparse<1, 3>, no_gradient, kWrites},
    {"ApplyAdagradV2",
     CAUDAL_DENSE("var:Ref(T) accum:Ref(T) lr:T epsilon:T grad:T") "; update_slots:bool=true",
     dense<1, 4>, no_gradient, kWrites},
    {"SparseApplyAdagradV2",
     CAUDAL_SPARSE(
         "var:Ref(T) accum:Ref(T) lr:T epsilon:T grad:T indices:Tindices") "; "
                                                                           "update_slots:bool=true",
     sparse<1, 4>, no_gradient, kWrites},
    {"ApplyProximalAdagrad", CAUDAL_DENSE("var:Ref(T) accum:Ref(T) lr:T l1:T l2:T grad:T"),
     dense<1, 5>, no_gradient, kWrites},
    {"SparseApplyProximalAdagrad",
     CAUDAL_SPARSE("var:Ref(T) accum:Ref(T) lr:T l1:T l2:T grad:T indices:Tindices"), sparse<1, 5>,
     no_gradient, kWrites},
    {"ApplyAdagradDA",
     CAUDAL_DENSE("var:Ref(T) gradient_accumulator:Ref(T) gradient_squared_accumulator:Ref(T) "
                  "grad:T lr:T l1:T l2:T global_step:int64"),
     dense<2, 3>, no_gradient, kWrites},
    {"SparseApplyAdagradDA",
     CAUDAL_SPARSE("var:Ref(T) gradient_accumulator:Ref(T) gradient_squared_accumulator:Ref(T) "
                   "grad:T indices:Tindices lr:T l1:T l2:T global_step:int64"),
     sparse<2, 3>, no_gradient, kWrites},
    {"ApplyAdadelta",
     CAUDAL_DENSE("var:Ref(T) accum:Ref(T) accum_update:Ref(T) lr:T rho:T epsilon:T grad:T"),
     dense<2, 6>, no_gradient, kWrites},
    {"SparseApplyAdadelta",
     CAUDAL_SPARSE("var:Ref(T) accum:Ref(T) accum_update:Ref(T) lr:T rho:T epsilon:T grad:T "
                   "indices:Tindices"),
     sparse<2, 6>, no_gradient, kWrites},
    {"ApplyRMSProp",
     CAUDAL_DENSE("var:Ref(T) ms:Ref(T) mom:Ref(T) lr:T rho:T momentum:T epsilon:T grad:T"),
     dense<2, 7>, no_gradient, kWrites},
    {"SparseApplyRMSProp",
     CAUDAL_SPARSE("var:Ref(T) ms:Ref(T) mom:Ref(T) lr:T rho:T momentum:T epsilon:T grad:T "
                   "indices:Tindices"),
     sparse<2, 7>, no_gradient, kWrites},
    {"ApplyCenteredRMSProp",
     CAUDAL_DENSE("var:Ref(T) mg:Ref(T) ms:Ref(T) mom:Ref(T) lr:T rho:T momentum:T epsilon:T "
                  "grad:T"),
     dense<3, 8>, no_gradient, kWrites},
    {"SparseApplyCenteredRMSProp",
     CAUDAL_SPARSE("var:Ref(T) mg:Ref(T) ms:Ref(T) mom:Ref(T) lr:T rho:T momentum:T epsilon:T "
                   "grad:T indices:Tindices"),
     sparse<3, 8>, no_gradient, kWrites},
    {"ApplyAdam",
     CAUDAL_DENSE("var:Ref(T) m:Ref(T) v:Ref(T) beta1_power:T beta2_power:T lr:T beta1:T beta2:T "
                  "epsilon:T grad:T") "; use_nesterov:bool=false",
     dense<2, 9>, no_gradient, kWrites},
    {"ApplyAdaMax",
     CAUDAL_DENSE("var:Ref(T) m:Ref(T) v:Ref(T) beta1_power:T lr:T beta1:T beta2:T epsilon:T "
                  "grad:T"),
     dense<2, 8>, no_gradient, kWrites},
    {"ApplyFtrl",
     CAUDAL_DENSE("var:Ref(T) accum:Ref(T) linear:Ref(T) grad:T lr:T l1:T l2:T lr_power:T"),
     dense<2, 3>, no_gradient, kWrites},
    {"SparseApplyFtrl",
     CAUDAL_SPARSE("var:Ref(T) accum:Ref(T) linear:Ref(T) grad:T indices:Tindices lr:T l1:T l2:T "
                   "lr_power:T"),
     sparse<2, 3>, no_gradient, kWrites},
    {"ApplyFtrlV2",
     CAUDAL_DENSE("var:Ref(T) accum:Ref(T) linear:Ref(T) grad:T lr:T l1:T l2:T l2_shrinkage:T "
                  "lr_power:T"),
     dense<2, 3>, no_gradient, kWrites},
    {"SparseApplyFtrlV2",
     CAUDAL_SPARSE("var:Ref(T) accum:Ref(T) linear:Ref(T) grad:T indices:Tindices lr:T l1:T l2:T "
                   "l2_shrinkage:T lr_power:T"),
     sparse<2, 3>, no_gradient, kWrites},
    {"ApplyPowerSign",
     CAUDAL_DENSE("var:Ref(T) m:Ref(T) lr:T logbase:T sign_decay:T beta:T grad:T"), dense<1, 6>,
     no_gradient, kWrites},
    {"ApplyAddSign", CAUDAL_DENSE("var:Ref(T) m:Ref(T) lr:T alpha:T sign_decay:T beta:T grad:T"),
     dense<1, 6>, no_gradient, kWrites},
};

}  // namespace

std::span<const OpRow> training_ops() { return kRows; }

}  // namespace caudal::ops
