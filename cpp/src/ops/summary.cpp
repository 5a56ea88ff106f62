// SPDX-License-Identifier: Apache-2.0
// Ops that make values for TensorBoard: serialised Summary messages.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

constexpr OpRow kRows[] = {
    {"ScalarSummary",
     "tags:string values:T -> summary:string; "
     "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}",
     scalar_shape, no_gradient, kHostOnly},
    {"HistogramSummary",
     "tag:string values:T -> summary:string; "
     "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}=float",
     scalar_shape, no_gradient, kHostOnly},
    {"ImageSummary",
     "tag:string tensor:T -> summary:string; max_images:int>=1=3; "
     "T:type{uint8,float,half,double}=float; bad_color:tensor=tensor(uint8,[255,0,0,255])",
     scalar_shape, no_gradient, kHostOnly},
    {"AudioSummary",
     "tag:string tensor:float -> summary:string; sample_rate:float; max_outputs:int>=1=3",
     scalar_shape, no_gradient, kHostOnly},
    {"AudioSummaryV2",
     "tag:string tensor:float sample_rate:float -> summary:string; max_outputs:int>=1=3",
     scalar_shape, no_gradient, kHostOnly},
    {"TensorSummary",
     "tensor:T -> summary:string; T:type; description:string=''; labels:list(string)=[]; "
     "display_name:string=''",
     scalar_shape, no_gradient, kHostOnly},
    {"TensorSummaryV2",
     "tag:string tensor:T serialized_summary_metadata:string -> summary:string; T:type",
     scalar_shape, no_gradient, kHostOnly},
    {"MergeSummary", "inputs:N*string -> summary:string; N:int>=1", scalar_shape, no_gradient,
     kHostOnly},
};

}  // namespace

std::span<const OpRow> summary_ops() { return kRows; }

}  // namespace caudal::ops
