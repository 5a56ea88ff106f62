// SPDX-License-Identifier: Apache-2.0
// Bytes and text to tensors: raw numbers, CSV, serialised tensors and Examples.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void decode_raw_shape(ShapeContext& c) {
  PartialShape out = c.input(0);
  if (out.has_rank()) out.append(-1);
  c.set_output(0, out);
}

void decode_padded_raw_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  PartialShape out = c.input(0);
  if (out.has_rank()) {
    const Tensor* length = c.constant_input(1);
    const auto width = std::int64_t(dtype_size(c.attrs().type("out_type")));
    if (length != nullptr && length->as_int64s()[0] <= 0) {
      invalid("fixed_length must be greater than zero, got ", length->as_int64s()[0]);
    }
    out.append(length ? length->as_int64s()[0] / width : -1);
  }
  c.set_output(0, out);
}

void decode_csv_shape(ShapeContext& c) {
  for (int i = 1; i < c.num_inputs(); ++i) {
    const PartialShape& s = c.input(i);
    if (s.has_rank() && s.rank() > 1)
      invalid("Shape must be at most rank 1 but is rank ", s.rank());
    if (s.rank() == 1 && s[0] > 1) {
      invalid("Shape of a default must be a length-0 or length-1 vector, or a scalar.");
    }
  }
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, c.input(0));
}

void scalar_to_any_shape(ShapeContext& c) {
  if (c.planning() && c.input(0).rank() != 0) {
    invalid("Expected `serialized` to be a scalar, got shape: ", c.input(0));
  }
  c.set_output(0, PartialShape::unknown());
}

/// A list of types must be as long as the outputs declared for it.
std::int64_t types_of(ShapeContext& c, const char* types, const char* count) {
  const auto n = std::int64_t(c.attrs().types(types).size());
  if (n != c.attrs().i(count)) {
    invalid("len(", types, ") is ", n, ", but ", count, " is ", c.attrs().i(count));
  }
  return n;
}

/// Sets the outputs of parsed features one after the other.
struct FeatureOutputs {
  ShapeContext& c;
  int at = 0;

  /// `n` sparse tensors of a rank: indices, then values, then shapes.
  void sparse(std::int64_t n, std::int64_t rank) {
    for (std::int64_t i = 0; i < n; ++i) c.set_output(at++, PartialShape{-1, rank});
    for (std::int64_t i = 0; i < n; ++i) c.set_output(at++, PartialShape{-1});
    for (std::int64_t i = 0; i < n; ++i) c.set_output(at++, PartialShape{rank});
  }
  /// `outer` dimensions, then the feature's own.
  void dense(const std::vector<PartialShape>& shapes, std::int64_t n, const PartialShape& outer) {
    if (std::int64_t(shapes.size()) != n) {
      invalid("there are ", n, " dense features, but ", std::int64_t(shapes.size()), " shapes");
    }
    for (const PartialShape& s : shapes) {
      if (!s.has_rank()) {
        c.set_output(at++, PartialShape::unknown());
        continue;
      }
      PartialShape out = outer;
      for (int i = 0; i < s.rank(); ++i) {
        if (i > 0 && s[i] < 0)
          invalid("dense_shapes: only the first dimension may be unknown, got ", s);
        out.append(s[i]);
      }
      c.set_output(at++, out);
    }
  }
};

const std::vector<PartialShape>& shapes_of(ShapeContext& c, const char* name) {
  return c.attrs().at(name).get<std::vector<PartialShape>>();
}

void parse_example_shape(ShapeContext& c) {
  const PartialShape serialized = c.with_rank(0, 1);
  c.with_rank(1, 1);
  const std::int64_t sparse = types_of(c, "sparse_types", "Nsparse");
  const std::int64_t dense = types_of(c, "Tdense", "Ndense");
  FeatureOutputs out{c};
  out.sparse(sparse, 2);
  out.dense(shapes_of(c, "dense_shapes"), dense, PartialShape{serialized[0]});
}

void parse_single_example_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  FeatureOutputs out{c};
  out.sparse(types_of(c, "sparse_types", "num_sparse"), 1);
  out.dense(shapes_of(c, "dense_shapes"), std::int64_t(c.attrs().types("Tdense").size()),
            PartialShape::scalar());
}

void parse_single_sequence_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  FeatureOutputs out{c};
  out.sparse(types_of(c, "context_sparse_types", "Ncontext_sparse"), 1);
  out.dense(shapes_of(c, "context_dense_shapes"), types_of(c, "Tcontext_dense", "Ncontext_dense"),
            PartialShape::scalar());
  out.sparse(types_of(c, "feature_list_sparse_types", "Nfeature_list_sparse"), 2);
  out.dense(shapes_of(c, "feature_list_dense_shapes"),
            types_of(c, "feature_list_dense_types", "Nfeature_list_dense"), PartialShape{-1});
}

void parse_sequence_shape(ShapeContext& c) {
  const std::int64_t batch = c.with_rank(0, 1)[0];
  FeatureOutputs out{c};
  out.sparse(types_of(c, "context_sparse_types", "Ncontext_sparse"), 2);
  out.dense(shapes_of(c, "context_dense_shapes"), types_of(c, "Tcontext_dense", "Ncontext_dense"),
            PartialShape{batch});
  out.sparse(types_of(c, "feature_list_sparse_types", "Nfeature_list_sparse"), 3);
  const std::int64_t dense = types_of(c, "feature_list_dense_types", "Nfeature_list_dense");
  out.dense(shapes_of(c, "feature_list_dense_shapes"), dense, PartialShape{batch, -1});
  for (std::int64_t i = 0; i < dense; ++i) c.set_output(out.at++, PartialShape{batch});
}

constexpr OpRow kRows[] = {
    {"DecodeRaw",
     "bytes:string -> output:out_type; "
     "out_type:type{half,float,double,int32,uint16,uint8,int16,int8,int64,complex64,complex128,"
     "bool};"
     " little_endian:bool=true",
     decode_raw_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DecodePaddedRaw",
     "input_bytes:string fixed_length:int32 -> output:out_type; "
     "out_type:type{half,float,double,int32,uint16,uint8,int16,int8,int64}; "
     "little_endian:bool=true",
     decode_padded_raw_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DecodeCSV",
     "records:string record_defaults:[OUT_TYPE] -> output:[OUT_TYPE]; "
     "OUT_TYPE:list(type){float,double,int32,int64,string}>=1; field_delim:string=','; "
     "use_quote_delim:bool=true; na_value:string=''; select_cols:list(int)=[]",
     decode_csv_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DecodeCompressed", "bytes:string -> output:string; compression_type:string=''", same_shape,
     no_gradient, kDynamicShape | kHostOnly},
    {"DecodeJSONExample", "json_examples:string -> binary_examples:string", same_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"StringToNumber",
     "string_tensor:string -> output:out_type; out_type:type{float,double,int32,int64}=float",
     same_shape, no_gradient, kDynamicShape | kHostOnly},
    {"ParseTensor", "serialized:string -> output:out_type; out_type:type", scalar_to_any_shape,
     no_gradient, kDynamicShape | kHostOnly},
    {"SerializeTensor", "tensor:T -> serialized:string; T:type", scalar_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"ParseExample",
     "serialized:string names:string sparse_keys:Nsparse*string dense_keys:Ndense*string "
     "dense_defaults:[Tdense] -> sparse_indices:Nsparse*int64 sparse_values:[sparse_types] "
     "sparse_shapes:Nsparse*int64 dense_values:[Tdense]; Nsparse:int>=0; Ndense:int>=0; "
     "sparse_types:list(type){float,int64,string}>=0; "
     "Tdense:list(type){float,int64,string}>=0; dense_shapes:list(shape)>=0",
     parse_example_shape, no_gradient, kDynamicShape | kHostOnly},
    {"ParseSingleExample",
     "serialized:string dense_defaults:[Tdense] -> sparse_indices:num_sparse*int64 "
     "sparse_values:[sparse_types] sparse_shapes:num_sparse*int64 dense_values:[Tdense]; "
     "num_sparse:int>=0; sparse_keys:list(string)>=0; dense_keys:list(string)>=0; "
     "sparse_types:list(type){float,int64,string}>=0; "
     "Tdense:list(type){float,int64,string}>=0; dense_shapes:list(shape)>=0",
     parse_single_example_shape, no_gradient, kDynamicShape | kHostOnly},
    {"ParseSequenceExample",
     "serialized:string debug_name:string context_dense_defaults:[Tcontext_dense] -> "
     "context_sparse_indices:Ncontext_sparse*int64 "
     "context_sparse_values:[context_sparse_types] "
     "context_sparse_shapes:Ncontext_sparse*int64 context_dense_values:[Tcontext_dense] "
     "feature_list_sparse_indices:Nfeature_list_sparse*int64 "
     "feature_list_sparse_values:[feature_list_sparse_types] "
     "feature_list_sparse_shapes:Nfeature_list_sparse*int64 "
     "feature_list_dense_values:[feature_list_dense_types] "
     "feature_list_dense_lengths:Nfeature_list_dense*int64; "
     "feature_list_dense_missing_assumed_empty:list(string)>=0; "
     "context_sparse_keys:list(string)>=0; context_dense_keys:list(string)>=0; "
     "feature_list_sparse_keys:list(string)>=0; feature_list_dense_keys:list(string)>=0; "
     "Ncontext_sparse:int>=0=0; Ncontext_dense:int>=0=0; Nfeature_list_sparse:int>=0=0; "
     "Nfeature_list_dense:int>=0=0; "
     "context_sparse_types:list(type){float,int64,string}>=0=[]; "
     "Tcontext_dense:list(type){float,int64,string}>=0=[]; "
     "feature_list_dense_types:list(type){float,int64,string}>=0=[]; "
     "context_dense_shapes:list(shape)>=0=[]; "
     "feature_list_sparse_types:list(type){float,int64,string}>=0=[]; "
     "feature_list_dense_shapes:list(shape)>=0=[]",
     parse_sequence_shape, no_gradient, kDynamicShape | kHostOnly},
    {"ParseSingleSequenceExample",
     "serialized:string feature_list_dense_missing_assumed_empty:string "
     "context_sparse_keys:Ncontext_sparse*string context_dense_keys:Ncontext_dense*string "
     "feature_list_sparse_keys:Nfeature_list_sparse*string "
     "feature_list_dense_keys:Nfeature_list_dense*string "
     "context_dense_defaults:[Tcontext_dense] debug_name:string -> "
     "context_sparse_indices:Ncontext_sparse*int64 "
     "context_sparse_values:[context_sparse_types] "
     "context_sparse_shapes:Ncontext_sparse*int64 context_dense_values:[Tcontext_dense] "
     "feature_list_sparse_indices:Nfeature_list_sparse*int64 "
     "feature_list_sparse_values:[feature_list_sparse_types] "
     "feature_list_sparse_shapes:Nfeature_list_sparse*int64 "
     "feature_list_dense_values:[feature_list_dense_types]; Ncontext_sparse:int>=0=0; "
     "Ncontext_dense:int>=0=0; Nfeature_list_sparse:int>=0=0; Nfeature_list_dense:int>=0=0; "
     "context_sparse_types:list(type){float,int64,string}>=0=[]; "
     "Tcontext_dense:list(type){float,int64,string}>=0=[]; "
     "feature_list_dense_types:list(type){float,int64,string}>=0=[]; "
     "context_dense_shapes:list(shape)>=0=[]; "
     "feature_list_sparse_types:list(type){float,int64,string}>=0=[]; "
     "feature_list_dense_shapes:list(shape)>=0=[]",
     parse_single_sequence_shape, no_gradient, kDynamicShape | kHostOnly},
};

}  // namespace

std::span<const OpRow> parsing_ops() { return kRows; }

}  // namespace caudal::ops
