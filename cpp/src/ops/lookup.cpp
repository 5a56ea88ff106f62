// SPDX-License-Identifier: Apache-2.0
// Hash tables behind handles.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void handle_only(ShapeContext& c) { c.with_rank(0, 0); }

void initialize_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 1).merge(c.with_rank(2, 1));
}

void text_file_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
}

void find_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::unknown());
}

void size_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
}

void export_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::unknown());
  c.set_output(1, PartialShape::unknown());
}

constexpr OpRow kRows[] = {
    {"HashTableV2",
     "- -> table_handle:resource; container:string=''; shared_name:string=''; "
     "use_node_name_sharing:bool=false; key_dtype:type; value_dtype:type",
     scalar_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"MutableHashTableV2",
     "- -> table_handle:resource; container:string=''; shared_name:string=''; "
     "use_node_name_sharing:bool=false; key_dtype:type; value_dtype:type",
     scalar_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"MutableHashTableOfTensorsV2",
     "- -> table_handle:resource; container:string=''; shared_name:string=''; "
     "use_node_name_sharing:bool=false; key_dtype:type; value_dtype:type; "
     "value_shape:shape=[]",
     scalar_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"MutableDenseHashTableV2",
     "empty_key:key_dtype deleted_key:key_dtype -> table_handle:resource; "
     "container:string=''; shared_name:string=''; use_node_name_sharing:bool=false; "
     "key_dtype:type; value_dtype:type; value_shape:shape=[]; "
     "initial_num_buckets:int=131072; max_load_factor:float=0.800000012",
     scalar_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"InitializeTableV2", "table_handle:resource keys:Tkey values:Tval -> -; Tkey:type; Tval:type",
     initialize_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"InitializeTableFromTextFileV2",
     "table_handle:resource filename:string -> -; key_index:int>=-2; value_index:int>=-2; "
     "vocab_size:int>=-1=-1; delimiter:string='\\t'",
     text_file_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"LookupTableFindV2",
     "table_handle:resource keys:Tin default_value:Tout -> values:Tout; Tin:type; Tout:type",
     find_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"LookupTableInsertV2", "table_handle:resource keys:Tin values:Tout -> -; Tin:type; Tout:type",
     handle_only, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"LookupTableRemoveV2", "table_handle:resource keys:Tin -> -; Tin:type", handle_only,
     no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"LookupTableSizeV2", "table_handle:resource -> size:int64", size_shape, no_gradient,
     kDynamicShape | kHostOnly | kStateful},
    {"LookupTableExportV2",
     "table_handle:resource -> keys:Tkeys values:Tvalues; Tkeys:type; Tvalues:type", export_shape,
     no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"LookupTableImportV2", "table_handle:resource keys:Tin values:Tout -> -; Tin:type; Tout:type",
     handle_only, no_gradient, kDynamicShape | kHostOnly | kStateful},
};

}  // namespace

std::span<const OpRow> lookup_ops() { return kRows; }

}  // namespace caudal::ops
