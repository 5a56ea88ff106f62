// SPDX-License-Identifier: Apache-2.0
// Ops on text, and files as a whole.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

/// Input 0 element by element; all other inputs are scalars.
void text_shape(ShapeContext& c) {
  for (int i = 1; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  c.set_output(0, c.input(0));
}

void scalars_shape(ShapeContext& c) {
  for (int i = 0; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, PartialShape::scalar());
}

void substr_shape(ShapeContext& c) {
  const PartialShape &pos = c.input(1), &len = c.input(2);
  if (pos.has_rank() && len.has_rank() && pos.rank() != len.rank()) {
    invalid("pos and len must have the same shape, got ", pos, " and ", len);
  }
  c.set_output(0, broadcast(c.input(0), pos.merge(len)));
}

void reduce_join_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  const Tensor* axes = c.constant_input(1);
  if (!in.has_rank() || axes == nullptr) return c.set_output(0, PartialShape::unknown());
  std::vector<bool> joined(std::size_t(in.rank()), false);
  for (const std::int64_t axis : axes->as_int64s()) {
    if (axis < -in.rank() || axis >= in.rank()) {
      invalid("Invalid reduction dimension ", axis, " for input with ", in.rank(), " dimension(s)");
    }
    joined[std::size_t(axis < 0 ? axis + in.rank() : axis)] = true;
  }
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < in.rank(); ++i) {
    if (!joined[std::size_t(i)]) {
      out.append(in[i]);
    } else if (c.attrs().b("keep_dims")) {
      out.append(1);
    }
  }
  c.set_output(0, out);
}

void split_shape(ShapeContext& c) {
  if (c.planning()) {
    if (c.input(0).rank() != 1) invalid("input must be a vector, got shape: ", c.input(0));
    if (c.input(1).rank() != 0) invalid("delimiter must be a scalar, got shape: ", c.input(1));
  }
  c.with_rank(0, 1);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape{-1, 2});
  c.set_output(1, PartialShape{-1});
  c.set_output(2, PartialShape{2});
}

void ngrams_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.set_output(0, PartialShape{-1});
  c.set_output(1, c.with_rank(1, 1));
}

void unicode_decode_shape(ShapeContext& c) {
  const std::int64_t n = c.input(0).num_elements();
  c.set_output(0, PartialShape{n < 0 ? -1 : n + 1});
  for (int i = 1; i < c.num_outputs(); ++i) c.set_output(i, PartialShape{-1});
}

void unicode_encode_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  const std::int64_t n = c.with_rank(1, 1)[0];
  if (n == 0) invalid("input_splits should have at least one element");
  c.set_output(0, PartialShape{n < 0 ? -1 : n - 1});
}

void segment_join_shape(ShapeContext& c) {
  const PartialShape &data = c.input(0), &ids = c.input(1);
  c.with_rank(2, 0);
  if (!data.has_rank() || !ids.has_rank()) return c.set_output(0, PartialShape::unknown());
  if (ids.rank() > data.rank()) {
    invalid("segment_ids of shape ", ids, " has a higher rank than the input of shape ", data);
  }
  PartialShape out{-1};
  if (const Tensor* count = c.constant_input(2)) {
    const std::int64_t n = count->as_int64s()[0];
    if (n < 0) invalid("num_segments must not be negative, got ", n);
    out.set_dim(0, n);
  }
  for (int i = 0; i < ids.rank(); ++i) ShapeContext::merge_dim(data[i], ids[i]);
  for (int i = ids.rank(); i < data.rank(); ++i) out.append(data[i]);
  c.set_output(0, out);
}

void matching_files_shape(ShapeContext& c) {
  if (c.input(0).has_rank() && c.input(0).rank() > 1) {
    invalid("Shape must be at most rank 1 but is rank ", c.input(0).rank());
  }
  c.set_output(0, PartialShape{-1});
}

constexpr OpRow kRows[] = {
    {"DecodeBase64", "input:string -> output:string", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"EncodeBase64", "input:string -> output:string; pad:bool=false", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"RegexFullMatch", "input:string pattern:string -> output:bool", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"RegexReplace",
     "input:string pattern:string rewrite:string -> output:string; replace_global:bool=true",
     text_shape, no_gradient, kDynamicShape | kHostOnly},
    {"StaticRegexFullMatch", "input:string -> output:bool; pattern:string", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"StaticRegexReplace",
     "input:string -> output:string; pattern:string; rewrite:string; "
     "replace_global:bool=true",
     text_shape, no_gradient, kDynamicShape | kHostOnly},
    {"StringLength", "input:string -> output:int32; unit:string{'BYTE','UTF8_CHAR'}='BYTE'",
     text_shape, no_gradient, kDynamicShape | kHostOnly},
    {"StringLower", "input:string -> output:string; encoding:string=''", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"StringUpper", "input:string -> output:string; encoding:string=''", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"StringStrip", "input:string -> output:string", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"StringToHashBucket", "string_tensor:string -> output:int64; num_buckets:int>=1", text_shape,
     no_gradient, kDynamicShape | kHostOnly},
    {"StringToHashBucketFast", "input:string -> output:int64; num_buckets:int>=1", text_shape,
     no_gradient, kDynamicShape | kHostOnly},
    {"StringToHashBucketStrong", "input:string -> output:int64; num_buckets:int>=1; key:list(int)",
     text_shape, no_gradient, kDynamicShape | kHostOnly},
    {"UnicodeScript", "input:int32 -> output:int32", text_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"UnicodeTranscode",
     "input:string -> output:string; input_encoding:string; "
     "output_encoding:string{'UTF-8','UTF-16-BE','UTF-32-BE'}; "
     "errors:string{'strict','replace','ignore'}='replace'; replacement_char:int=65533; "
     "replace_control_characters:bool=false",
     text_shape, no_gradient, kDynamicShape | kHostOnly},
    {"Substr",
     "input:string pos:T len:T -> output:string; T:type{int32,int64}; "
     "unit:string{'BYTE','UTF8_CHAR'}='BYTE'",
     substr_shape, no_gradient, kDynamicShape | kHostOnly},
    {"ReduceJoin",
     "inputs:string reduction_indices:int32 -> output:string; keep_dims:bool=false; "
     "separator:string=''",
     reduce_join_shape, no_gradient, kDynamicShape | kHostOnly},
    {"StringNGrams",
     "data:string data_splits:Tsplits -> ngrams:string ngrams_splits:Tsplits; "
     "separator:string; ngram_widths:list(int)>=0; left_pad:string; right_pad:string; "
     "pad_width:int; preserve_short_sequences:bool; Tsplits:type{int32,int64}=int64",
     ngrams_shape, no_gradient, kDynamicShape | kHostOnly},
    {"StringSplit",
     "input:string delimiter:string -> indices:int64 values:string shape:int64; "
     "skip_empty:bool=true",
     split_shape, no_gradient, kDynamicShape | kHostOnly},
    {"StringSplitV2",
     "input:string sep:string -> indices:int64 values:string shape:int64; maxsplit:int=-1",
     split_shape, no_gradient, kDynamicShape | kHostOnly},
    {"UnicodeDecode",
     "input:string -> row_splits:Tsplits char_values:int32; input_encoding:string; "
     "errors:string{'strict','replace','ignore'}='replace'; replacement_char:int=65533; "
     "replace_control_characters:bool=false; Tsplits:type{int32,int64}=int64",
     unicode_decode_shape, no_gradient, kDynamicShape | kHostOnly},
    {"UnicodeDecodeWithOffsets",
     "input:string -> row_splits:Tsplits char_values:int32 char_to_byte_starts:int64; "
     "input_encoding:string; errors:string{'strict','replace','ignore'}='replace'; "
     "replacement_char:int=65533; replace_control_characters:bool=false; "
     "Tsplits:type{int32,int64}=int64",
     unicode_decode_shape, no_gradient, kDynamicShape | kHostOnly},
    {"UnicodeEncode",
     "input_values:int32 input_splits:Tsplits -> output:string; "
     "errors:string{'ignore','replace','strict'}='replace'; "
     "output_encoding:string{'UTF-8','UTF-16-BE','UTF-32-BE'}; replacement_char:int=65533; "
     "Tsplits:type{int32,int64}=int64",
     unicode_encode_shape, no_gradient, kDynamicShape | kHostOnly},
    {"UnsortedSegmentJoin",
     "inputs:string segment_ids:Tindices num_segments:Tnumsegments -> output:string; "
     "separator:string=''; Tindices:type{int32,int64}; Tnumsegments:type{int32,int64}=int32",
     segment_join_shape, no_gradient, kDynamicShape | kHostOnly},
    {"MatchingFiles", "pattern:string -> filenames:string", matching_files_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"ReadFile", "filename:string -> contents:string", scalars_shape, no_gradient,
     kDynamicShape | kHostOnly},
    {"WriteFile", "filename:string contents:string -> -", scalars_shape, no_gradient,
     kDynamicShape | kHostOnly | kStateful},
    {"ShardedFilename", "basename:string shard:int32 num_shards:int32 -> filename:string",
     scalars_shape, no_gradient, kDynamicShape | kHostOnly},
    {"ShardedFilespec", "basename:string num_shards:int32 -> filename:string", scalars_shape,
     no_gradient, kDynamicShape | kHostOnly},
};

}  // namespace

std::span<const OpRow> string_ops() { return kRows; }

}  // namespace caudal::ops
