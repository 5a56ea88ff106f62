// SPDX-License-Identifier: Apache-2.0
// Ops on queues. A queue belongs to its node, or to all nodes of its shared name.
#include <algorithm>
#include <atomic>
#include <limits>

#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/queue_object.h"
#include "tensor/resource.h"

namespace caudal::cpu {
namespace {

template <class T>
std::string list_of(const std::vector<T>& items, std::string_view open, std::string_view end) {
  std::string out(open);
  for (const T& item : items) {
    if (&item != items.data()) out += open.empty() ? ", " : ",";
    if constexpr (std::is_same_v<T, DType>) {
      out += dtype_signature_name(item);
    } else {
      out += item.str();
    }
  }
  return out += end;
}

/// A queue under a shared name, with what later nodes of that name must agree on.
struct SharedQueue : Object {
  static constexpr std::string_view kKind = "queue";
  std::string_view kind() const override { return kKind; }
  std::string op;
  ShuffleSettings shuffle;
  std::shared_ptr<Queue> queue;
};

struct QueueRequest {
  std::string op;
  Queue::Options options;
  ShuffleSettings shuffle;
};

QueueRequest read_request(const KernelRequest& r) {
  QueueRequest q;
  q.op = std::string(r.op);
  Queue::Options& o = q.options;
  o.type = q.op.substr(0, q.op.size() - 2);  // without V2
  o.types = r.attrs->types("component_types");
  o.shapes = r.attrs->at("shapes").get<std::vector<PartialShape>>();
  if (!o.shapes.empty() && o.shapes.size() != o.types.size()) {
    invalid("Different number of component types.  Types: ", list_of(o.types, "", ""),
            ", Shapes: ", list_of(o.shapes, "[", "]"));
  }
  for (const PartialShape& s : o.shapes) {
    if (o.type == "PaddingFIFOQueue" ? s.has_rank() : s.fully_defined()) continue;
    invalid("shapes of components must be known, got ", s);
  }
  if (o.type == "PaddingFIFOQueue" && o.shapes.empty()) {
    invalid("Different number of component shapes and types: 0 and ", o.types.size());
  }
  if (o.type == "PriorityQueue") {
    o.types.insert(o.types.begin(), DType::kInt64);
    if (!o.shapes.empty() || o.types.size() == 1) {
      o.shapes.insert(o.shapes.begin(), PartialShape::scalar());
    }
  }
  o.capacity = r.attrs->i("capacity");
  if (o.capacity < 0) o.capacity = std::numeric_limits<std::int32_t>::max();
  if (o.type == "RandomShuffleQueue") {
    q.shuffle = {r.attrs->i("min_after_dequeue"), r.attrs->i("seed"), r.attrs->i("seed2")};
    const std::int64_t least = q.shuffle.min_after_dequeue;
    if (least < 0) invalid("min_after_dequeue ", least, " must be >= 0");
    if (least >= o.capacity) {
      invalid("min_after_dequeue ", least, " must be < capacity ", o.capacity);
    }
  }
  return q;
}

std::shared_ptr<SharedQueue> make_queue(const QueueRequest& q, std::string name) {
  auto out = std::make_shared<SharedQueue>();
  out->op = q.op;
  out->shuffle = q.shuffle;
  Queue::Options options = q.options;
  options.name = std::move(name);
  if (options.type == "RandomShuffleQueue") {
    out->queue = make_shuffle_queue(std::move(options), q.shuffle);
  } else if (options.type == "PaddingFIFOQueue") {
    out->queue = make_padding_queue(std::move(options));
  } else if (options.type == "PriorityQueue") {
    out->queue = make_priority_queue(std::move(options));
  } else {
    out->queue = make_fifo_queue(std::move(options));
  }
  return out;
}

/// Throws InvalidArgument unless the queue is what another node of its name asks for.
void check_same(const SharedQueue& found, const QueueRequest& q, const std::string& name) {
  const Queue::Options &a = found.queue->options(), &b = q.options;
  if (found.op != q.op) invalid("Expected ", a.type, ", found ", q.op);
  if (a.capacity != b.capacity) {
    invalid("Shared queue '", name, "' has capacity ", a.capacity, " but requested capacity was ",
            b.capacity);
  }
  if (a.types != b.types) {
    invalid("Shared queue '", name, "' has component types ", list_of(a.types, "", ""),
            " but requested component types were ", list_of(b.types, "", ""));
  }
  if (a.shapes != b.shapes) {
    invalid("Shared queue '", name, "' has component shapes ", list_of(a.shapes, "[", "]"),
            " but requested component shapes were ", list_of(b.shapes, "[", "]"));
  }
  const ShuffleSettings &x = found.shuffle, &y = q.shuffle;
  if (x.min_after_dequeue != y.min_after_dequeue) {
    invalid("Shared queue '", name, "' has min_after_dequeue ", x.min_after_dequeue,
            " but requested min_after_dequeue was ", y.min_after_dequeue, ".");
  }
  const bool any = y.seed == 0 && y.seed2 == 0;
  if (!any && (x.seed != y.seed || x.seed2 != y.seed2)) {
    invalid("Shared queue '", name, "' has random seeds (", x.seed, ", ", x.seed2,
            ") but requested seeds are (", y.seed, ", ", y.seed2, ").");
  }
}

struct HandleParams {
  std::shared_ptr<Queue> queue;
};

Prepared prepare_queue(const KernelRequest& r) {
  const QueueRequest request = read_request(r);
  const std::string& name = r.attrs->s("shared_name");
  if (name.starts_with('_')) invalid("shared_name cannot start with '_':", name);
  std::shared_ptr<SharedQueue> found;
  if (!name.empty() && r.resources != nullptr) {
    found = r.resources->find_or_make<SharedQueue>(r.attrs->s("container"), "queue/" + name,
                                                   [&] { return make_queue(request, name); });
    check_same(*found, request, name);
  } else if (r.node_state != nullptr && *r.node_state) {
    found = std::static_pointer_cast<SharedQueue>(*r.node_state);
  } else {
    static std::atomic<std::int64_t> counter{0};
    found = make_queue(request, str("_", counter.fetch_add(1), "_", r.node_name));
    if (r.node_state != nullptr) *r.node_state = found;
  }
  Prepared prepared;
  make_params<HandleParams>(prepared)->queue = found->queue;
  prepared.run_dynamic = [](const void* raw, std::span<const Tensor>, std::span<Tensor> out,
                            RunContext&) {
    out[0] = object_tensor(DType::kResource, static_cast<const HandleParams*>(raw)->queue);
  };
  return prepared;
}

std::shared_ptr<Queue> queue_at(const Call& c) { return resource_of<Queue>(c.in[0]); }

void run_enqueue(Call& c) { queue_at(c)->enqueue(c.in.subspan(1), c.context.check); }
void run_enqueue_many(Call& c) { queue_at(c)->enqueue_many(c.in.subspan(1), c.context.check); }

void check_outputs(const Call& c, const Queue& queue) {
  const auto& wanted = c.attrs.types("component_types");
  if (wanted == queue.options().types) return;
  invalid("Signature mismatch, have: resource->", list_of(wanted, "", ""), " expected: resource->",
          list_of(queue.options().types, "", ""));
}

void give(Call& c, QueueTuple tuple) {
  for (std::size_t i = 0; i < c.out.size(); ++i) c.out[i] = std::move(tuple[i]);
}

void run_dequeue(Call& c) {
  const auto queue = queue_at(c);
  check_outputs(c, *queue);
  give(c, queue->dequeue(c.context.check));
}

template <bool rest>
void run_dequeue_many(Call& c) {
  const auto queue = queue_at(c);
  if (c.in[1].num_elements() != 1 || c.in[1].dtype() != DType::kInt32) {
    invalid("n must be an int32 scalar, got shape ", c.in[1].shape());
  }
  const std::int32_t n = *c.in[1].data<std::int32_t>();
  if (n < 0) {
    invalid(rest ? "DequeueUpToOp" : "DequeueManyOp", " requested ", std::int64_t(n),
            " < 0 elements");
  }
  check_outputs(c, *queue);
  give(c, queue->dequeue_many(n, rest, c.context.check));
}

void run_close(Call& c) {
  queue_at(c)->close(c.attrs.b("cancel_pending_enqueues"), c.context.check);
}

/// Handles side by side, of which a gather then chooses one.
void run_pack_handles(Call& c) {
  Shape shape{std::int64_t(c.in.size())};
  for (const std::int64_t d : c.in[0].shape().dims()) shape.append(d);
  if (shape.rank() > 1 && c.attrs.i("axis") != 0) {
    fail(Code::kUnimplemented, "handles are packed along axis 0 only");
  }
  c.out[0] = Tensor(DType::kResource, Shape(shape.dims()));
  Variant* to = c.out[0].data<Variant>();
  for (const Tensor& t : c.in) {
    if (!(t.shape() == c.in[0].shape())) {
      invalid("Shapes of all inputs must match: ", c.in[0].shape(), " and ", t.shape());
    }
    to = std::copy_n(t.data<Variant>(), t.num_elements(), to);
  }
}

void run_gather_handles(Call& c) {
  if (c.in[0].shape().rank() != 1) {
    fail(Code::kUnimplemented, "handles are gathered from vectors only, got ", c.in[0].shape());
  }
  if (c.in.size() > 2 && (c.in[2].num_elements() != 1 || c.in[2].as_int64s()[0] != 0)) {
    invalid("axis must be 0");
  }
  const std::int64_t n = c.in[0].num_elements();
  const std::vector<std::int64_t> indices = c.in[1].as_int64s();
  c.out[0] = Tensor(DType::kResource, c.in[1].shape());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= n) {
      invalid("indices[", std::int64_t(i), "] = ", indices[i], " is not in [0, ", n, ")");
    }
    c.out[0].data<Variant>()[i] = c.in[0].data<Variant>()[indices[i]];
  }
}

void run_is_closed(Call& c) { c.out[0] = Tensor::scalar(queue_at(c)->closed()); }
void run_size(Call& c) { c.out[0] = Tensor::scalar(std::int32_t(queue_at(c)->size())); }

}  // namespace

std::span<const KernelRow> queue_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"FIFOQueueV2", "", kAny, prepare_queue},
      {"PaddingFIFOQueueV2", "", kAny, prepare_queue},
      {"RandomShuffleQueueV2", "", kAny, prepare_queue},
      {"PriorityQueueV2", "", kAny, prepare_queue},
      {"QueueEnqueueV2", "", kAny, dynamic_kernel<run_enqueue>},
      {"QueueEnqueueManyV2", "", kAny, dynamic_kernel<run_enqueue_many>},
      {"QueueDequeueV2", "", kAny, dynamic_kernel<run_dequeue>},
      {"QueueDequeueManyV2", "", kAny, dynamic_kernel<run_dequeue_many<false>>},
      {"QueueDequeueUpToV2", "", kAny, dynamic_kernel<run_dequeue_many<true>>},
      {"QueueCloseV2", "", kAny, dynamic_kernel<run_close>},
      {"QueueIsClosedV2", "", kAny, dynamic_kernel<run_is_closed>},
      {"QueueSizeV2", "", kAny, dynamic_kernel<run_size>},
      {"Pack", "T", {DType::kResource}, dynamic_kernel<run_pack_handles>},
      {"Gather", "Tparams", {DType::kResource}, dynamic_kernel<run_gather_handles>},
      {"GatherV2", "Tparams", {DType::kResource}, dynamic_kernel<run_gather_handles>},
  };
  return rows;
}

}  // namespace caudal::cpu
