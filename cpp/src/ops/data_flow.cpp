// SPDX-License-Identifier: Apache-2.0
// Queues, and readers of files that take their names from queues.
#include "graph/shape_inference.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

#define CAUDAL_SHARED "container:string=''; shared_name:string=''"
#define CAUDAL_QUEUE "component_types:list(type)>=1; shapes:list(shape)>=0=[]; capacity:int=-1; "

constexpr std::uint32_t kTraits = kDynamicShape | kHostOnly | kStateful;

void handle_only(ShapeContext& c) { c.with_rank(0, 0); }

/// The shape of a component, when the queue's node is at hand and tells it.
PartialShape component_shape(const ShapeContext& c, int i) {
  const Node* queue = static_producer(c, 0);
  if (queue == nullptr) return {};
  const AttrValue* shapes = queue->attrs().find("shapes");
  const AttrValue* types = queue->attrs().find("component_types");
  if (shapes == nullptr || types == nullptr) return {};
  if (queue->op().name == "PriorityQueueV2" && i-- == 0) return PartialShape::scalar();
  const auto& known = shapes->get<std::vector<PartialShape>>();
  return std::size_t(i) < known.size() ? known[std::size_t(i)] : PartialShape();
}

void dequeue_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, component_shape(c, i));
}

void batch_shape(ShapeContext& c, std::int64_t rows) {
  c.with_rank(0, 0);
  for (int i = 0; i < c.num_outputs(); ++i) {
    const PartialShape row = component_shape(c, i);
    if (!row.has_rank() || row.rank() >= kMaxRank) {
      c.set_output(i, PartialShape::unknown());
      continue;
    }
    PartialShape batch{rows};
    for (const std::int64_t d : row.dims()) batch.append(d);
    c.set_output(i, batch);
  }
}

std::int64_t rows_wanted(ShapeContext& c) {
  c.with_rank(1, 0);
  if (c.planning()) return -1;  // the kernel sees the number
  const Tensor* n = c.constant_input(1);
  if (n == nullptr || n->num_elements() != 1) return -1;
  const std::int64_t value = n->as_int64s()[0];
  if (value < 0) invalid("Input 'n' must be >= 0, but is ", value);
  return value;
}

void dequeue_many_shape(ShapeContext& c) { batch_shape(c, rows_wanted(c)); }

void dequeue_up_to_shape(ShapeContext& c) {
  rows_wanted(c);
  batch_shape(c, -1);
}

void handle_scalar_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
}

void read_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape::scalar());
  c.set_output(1, PartialShape::scalar());
}

void read_up_to_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, PartialShape::unknown_of_rank(1));
  c.set_output(1, PartialShape::unknown_of_rank(1));
}

constexpr OpRow kRows[] = {
    {"FIFOQueueV2", "- -> handle:resource; " CAUDAL_QUEUE CAUDAL_SHARED, scalar_shape, no_gradient,
     kTraits},
    {"PaddingFIFOQueueV2", "- -> handle:resource; " CAUDAL_QUEUE CAUDAL_SHARED, scalar_shape,
     no_gradient, kTraits},
    {"RandomShuffleQueueV2",
     "- -> handle:resource; " CAUDAL_QUEUE
     "min_after_dequeue:int=0; seed:int=0; seed2:int=0; " CAUDAL_SHARED,
     scalar_shape, no_gradient, kTraits},
    {"PriorityQueueV2",
     "- -> handle:resource; component_types:list(type)>=0=[]; shapes:list(shape)>=0; "
     "capacity:int=-1; " CAUDAL_SHARED,
     scalar_shape, no_gradient, kTraits},
    {"QueueEnqueueV2",
     "handle:resource components:[Tcomponents] -> -; Tcomponents:list(type)>=1; "
     "timeout_ms:int=-1",
     handle_only, no_gradient, kTraits},
    {"QueueEnqueueManyV2",
     "handle:resource components:[Tcomponents] -> -; Tcomponents:list(type)>=1; "
     "timeout_ms:int=-1",
     handle_only, no_gradient, kTraits},
    {"QueueDequeueV2",
     "handle:resource -> components:[component_types]; component_types:list(type)>=1; "
     "timeout_ms:int=-1",
     dequeue_shape, no_gradient, kTraits},
    {"QueueDequeueManyV2",
     "handle:resource n:int32 -> components:[component_types]; component_types:list(type)>=1; "
     "timeout_ms:int=-1",
     dequeue_many_shape, no_gradient, kTraits},
    {"QueueDequeueUpToV2",
     "handle:resource n:int32 -> components:[component_types]; component_types:list(type)>=1; "
     "timeout_ms:int=-1",
     dequeue_up_to_shape, no_gradient, kTraits},
    {"QueueCloseV2", "handle:resource -> -; cancel_pending_enqueues:bool=false", handle_only,
     no_gradient, kTraits},
    {"QueueIsClosedV2", "handle:resource -> is_closed:bool", handle_scalar_shape, no_gradient,
     kTraits},
    {"QueueSizeV2", "handle:resource -> size:int32", handle_scalar_shape, no_gradient, kTraits},
    {"IdentityReaderV2", "- -> reader_handle:resource; " CAUDAL_SHARED, scalar_shape, no_gradient,
     kTraits},
    {"WholeFileReaderV2", "- -> reader_handle:resource; " CAUDAL_SHARED, scalar_shape, no_gradient,
     kTraits},
    {"TextLineReaderV2", "- -> reader_handle:resource; skip_header_lines:int=0; " CAUDAL_SHARED,
     scalar_shape, no_gradient, kTraits},
    {"FixedLengthRecordReaderV2",
     "- -> reader_handle:resource; header_bytes:int=0; record_bytes:int; footer_bytes:int=0; "
     "hop_bytes:int=0; " CAUDAL_SHARED "; encoding:string=''",
     scalar_shape, no_gradient, kTraits},
    {"TFRecordReaderV2",
     "- -> reader_handle:resource; " CAUDAL_SHARED "; compression_type:string=''", scalar_shape,
     no_gradient, kTraits},
    {"ReaderReadV2", "reader_handle:resource queue_handle:resource -> key:string value:string",
     read_shape, no_gradient, kTraits},
    {"ReaderReadUpToV2",
     "reader_handle:resource queue_handle:resource num_records:int64 -> keys:string "
     "values:string",
     read_up_to_shape, no_gradient, kTraits},
    {"ReaderNumRecordsProducedV2", "reader_handle:resource -> records_produced:int64",
     handle_scalar_shape, no_gradient, kTraits},
    {"ReaderNumWorkUnitsCompletedV2", "reader_handle:resource -> units_completed:int64",
     handle_scalar_shape, no_gradient, kTraits},
    {"ReaderResetV2", "reader_handle:resource -> -", handle_only, no_gradient, kTraits},
};

#undef CAUDAL_QUEUE
#undef CAUDAL_SHARED

}  // namespace

std::span<const OpRow> data_flow_ops() { return kRows; }

}  // namespace caudal::ops
