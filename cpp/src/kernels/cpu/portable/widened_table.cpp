// SPDX-License-Identifier: Apache-2.0
// The ops that are computed in a wider dtype, by the dtypes that TensorFlow has them for.
#include "kernels/cpu/portable/widened_table.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

namespace caudal::cpu {
namespace {

constexpr DTypeSet kHalves{DType::kHalf, DType::kBfloat16};
constexpr DTypeSet kSigned{DType::kInt8, DType::kInt16};
constexpr DTypeSet kSmall = kSigned | DTypeSet{DType::kUint16};
constexpr DTypeSet kLarge{DType::kUint32, DType::kUint64};
constexpr DTypeSet kIntegers = kSmall | kLarge;
constexpr DTypeSet kReal = kHalves | kIntegers;
constexpr DTypeSet kNarrowReal = kHalves | kSmall;

/// Ops of one row of the table, separated by spaces.
struct Family {
  const char* ops;
  DTypeSet types;
  How how = How::kWraps;
  int variables = 0;
  const char* type_attr = "T";
};

constexpr Family kFamilies[] = {
    // Elementwise.
    {"Acos Acosh Asin Asinh Atan Atan2 Atanh Ceil Cos Cosh Digamma DivNoNan Elu EluGrad Erf Erfc "
     "Exp Expm1 Floor FloorMod Inv InvGrad IsFinite IsInf IsNan LeakyRelu LeakyReluGrad Lgamma Log "
     "Log1p Maximum Minimum MulNoNan Pow RealDiv Reciprocal ReciprocalGrad Rint Round Rsqrt "
     "RsqrtGrad Selu SeluGrad Sigmoid SigmoidGrad Sin Sinh Softplus SoftplusGrad Softsign "
     "SoftsignGrad Sqrt SqrtGrad SquaredDifference Tan Tanh TanhGrad Xdivy Xlogy",
     kHalves},
    {"Abs AddV2 Neg Sign Square", kHalves | kSigned},
    {"Add ClipByValue Div FloorDiv Mul Sub", kNarrowReal},
    {"TruncateDiv", kNarrowReal},
    {"AddN AccumulateNV2", kReal},
    {"Equal NotEqual", kReal},
    {"ApproximateEqual Greater GreaterEqual Less LessEqual", kReal, How::kOrdered},
    {"Mod TruncateMod", kNarrowReal},
    {"Relu Relu6 Relu6Grad ReluGrad", kReal},
    // Reductions and scans.
    {"Cumprod Cumsum EuclideanNorm Mean Prod SegmentSum Sum UnsortedSegmentSum", kReal},
    {"ArgMax ArgMin Max Min TopK TopKV2", kReal, How::kOrdered},
    // Quantisation, seeded draws.
    {"QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3", kHalves},
    {"ParameterizedTruncatedNormal StatelessRandomNormal StatelessTruncatedNormal", kHalves,
     How::kWraps, 0, "dtype"},
    {"StatelessMultinomial", kNarrowReal | DTypeSet{DType::kUint8, DType::kUint32}},
    // Arrays.
    {"ListDiff MirrorPadGrad ScatterNd TensorScatterAdd TensorScatterSub Unique UniqueWithCounts "
     "Where",
     kReal},
    {"MirrorPadGrad", {DType::kUint8}},
    {"Cross ExtractImagePatches ExtractVolumePatches ScatterNdNonAliasingAdd SparseDenseCwiseAdd "
     "SparseDenseCwiseDiv SparseDenseCwiseMul SparseFillEmptyRowsGrad SparseReduceSum "
     "SparseReduceSumSparse SparseSliceGrad SparseSparseMaximum SparseSparseMinimum "
     "SparseTensorDenseAdd",
     kLarge},
    {"LowerBound NthElement SparseReduceMax SparseReduceMaxSparse UpperBound", kLarge,
     How::kOrdered},
    {"EditDistance", kHalves | kLarge | DTypeSet{DType::kUint16, DType::kBool}},
    {"Range", kHalves, How::kWraps, 0, "Tidx"},
    {"LinSpace", kHalves},
    {"CheckNumerics", kHalves},
    // Products and layers.
    {"BatchMatMul BatchMatMulV2 MatMul", kHalves},
    {"BiasAdd BiasAddGrad BiasAddV1", kReal},
    {"AvgPool AvgPoolGrad Conv2D Conv2DBackpropFilter Conv2DBackpropInput DepthwiseConv2dNative "
     "DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput L2Loss LRN LRNGrad "
     "LogSoftmax Softmax SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits",
     kHalves},
    {"FusedBatchNormGradV2 FusedBatchNormGradV3 FusedBatchNormV2 FusedBatchNormV3", kHalves},
    {"AvgPool3D AvgPool3DGrad BatchNormWithGlobalNormalization "
     "BatchNormWithGlobalNormalizationGrad Conv3D Conv3DBackpropFilter Conv3DBackpropFilterV2 "
     "Conv3DBackpropInput Conv3DBackpropInputV2 MaxPool3D MaxPool3DGrad MaxPool3DGradGrad",
     kHalves},
    {"MaxPool MaxPoolV2 MaxPoolWithArgmax", kReal, How::kOrdered},
    {"Dilation2D Dilation2DBackpropFilter Dilation2DBackpropInput MaxPoolGrad MaxPoolGradGrad "
     "MaxPoolGradGradV2 MaxPoolGradV2 MaxPoolGradGradWithArgmax MaxPoolGradWithArgmax",
     kReal},
    // Random numbers.
    {"RandomStandardNormal TruncatedNormal", kHalves, How::kWraps, 0, "dtype"},
    {"Multinomial", kNarrowReal | DTypeSet{DType::kUint8, DType::kUint32}},
    // Variables.
    {"AssignAdd AssignSub ScatterAdd ScatterDiv ScatterMul ScatterNdAdd ScatterNdSub ScatterSub",
     kReal, How::kWraps, 1},
    {"ScatterMax ScatterMin", kHalves, How::kOrdered, 1},
    {"AssignAddVariableOp AssignSubVariableOp ResourceScatterAdd ResourceScatterDiv "
     "ResourceScatterMul ResourceScatterSub",
     kReal, How::kWraps, 1, "dtype"},
    {"ResourceScatterMax ResourceScatterMin", kReal | DTypeSet{DType::kUint8}, How::kOrdered, 1,
     "dtype"},
    // Update rules: those of variables behind handles, "Resource...", are the same.
    {"ApplyGradientDescent ApplyProximalGradientDescent SparseApplyProximalGradientDescent",
     kHalves, How::kWraps, 1},
    {"ApplyAdagrad ApplyAdagradV2 ApplyAddSign ApplyMomentum ApplyPowerSign ApplyProximalAdagrad "
     "SparseApplyAdagrad SparseApplyAdagradV2 SparseApplyMomentum SparseApplyProximalAdagrad",
     kHalves, How::kWraps, 2},
    {"ApplyAdaMax ApplyAdadelta ApplyAdagradDA ApplyAdam ApplyFtrl ApplyFtrlV2 ApplyRMSProp "
     "SparseApplyAdadelta SparseApplyAdagradDA SparseApplyFtrl SparseApplyFtrlV2 "
     "SparseApplyRMSProp",
     kHalves, How::kWraps, 3},
    {"ApplyCenteredRMSProp SparseApplyCenteredRMSProp", kHalves, How::kWraps, 4},
};

struct Table {
  std::vector<WidenedOp> ops;
  std::map<std::string_view, std::size_t> by_name;

  Table() {
    for (const Family& family : kFamilies) {
      std::string_view rest = family.ops;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        const std::string name(rest.substr(0, end));
        add(name, family);
        if (name.starts_with("Apply") || name.starts_with("SparseApply")) {
          add("Resource" + name, family);
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    for (std::size_t i = 0; i < ops.size(); ++i) by_name.emplace(ops[i].name, i);
  }

  void add(const std::string& name, const Family& family) {
    for (WidenedOp& op : ops) {
      if (op.name != name) continue;
      op.types = op.types | family.types;
      return;
    }
    ops.push_back({name, family.types, family.how, family.variables, family.type_attr});
  }
};

const Table& table() {
  static const Table& t = *new Table;  // rows point into it: never destroyed
  return t;
}

}  // namespace

std::span<const WidenedOp> widened_ops() { return table().ops; }

const WidenedOp* find_widened(std::string_view op) {
  const auto it = table().by_name.find(op);
  return it == table().by_name.end() ? nullptr : &table().ops[it->second];
}

}  // namespace caudal::cpu
