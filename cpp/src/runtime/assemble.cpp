// SPDX-License-Identifier: Apache-2.0
// The last stage of planning: kernels are prepared, values get memory, steps get their pointers.
#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "runtime/memory_plan.h"
#include "runtime/plan_graph.h"

namespace caudal {
namespace {

struct CopyParams {
  std::size_t bytes;
};

void run_copy(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const std::size_t bytes = static_cast<const CopyParams*>(params)->bytes;
  if (bytes > 0 && in[0] != out[0]) std::memcpy(out[0], in[0], bytes);
}

void run_share(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  out[0] = in[0];
}

/// Where a value lives.
struct Location {
  enum Kind { kNone, kPointer, kLiveIn, kItem, kValue } kind = kNone;
  void* pointer = nullptr;
  int index = -1;  ///< live-in, memory item, or index into the run's values
};

/// Memory of one value: a piece of an arena, or a tensor that leaves the segment.
struct Item {
  std::size_t bytes = 0;
  int first = 0, last = 0;
  int device = 0;
  int live_out = -1;
  int merged_into = -1;
  bool pinned = false;  ///< read by another device: never reused
};

class Assembler {
 public:
  explicit Assembler(PlanGraph& g) : g_(g), segment_(std::make_shared<Segment>()) {}

  std::shared_ptr<Segment> run() {
    segment_->num_devices = int(g_.env->devices.size());
    segment_->live_ins = g_.live_ins;
    make_items();
    prepare_all();
    make_steps();
    plan_arenas();
    for (const Step& s : segment_->steps) {
      auto& used = segment_->used_devices;
      const auto at = std::lower_bound(used.begin(), used.end(), int(s.device));
      if (at == used.end() || *at != s.device) used.insert(at, s.device);
    }
    if (segment_->num_devices > 1) connect_devices();
    segment_->rest = std::move(g_.rest);
    segment_->next_live_ins = std::move(g_.next_live_ins);
    segment_->inlined = std::move(g_.inlined);
    describe();
    return segment_;
  }

 private:
  PlanNode& node(int i) { return g_.nodes[std::size_t(i)]; }

  int item_of(PlanRef r) const {
    const auto& list = items_of_[std::size_t(r.node)];
    return std::size_t(r.output) < list.size() ? list[std::size_t(r.output)] : -1;
  }
  int merged(int item) const {
    while (items_[std::size_t(item)].merged_into >= 0) item = items_[std::size_t(item)].merged_into;
    return item;
  }

  /// The memory behind input i of a node.
  Location locate_input(const PlanNode& n, std::size_t i) const {
    if (i < n.ref_storage.size() && n.ref_storage[i] >= 0) return variable(n.ref_storage[i]);
    return locate(n.inputs[i]);
  }
  Location variable(int storage) const {
    return {Location::kPointer, g_.storages[std::size_t(storage)].value.raw(), -1};
  }
  Location locate(PlanRef r) const {
    while (true) {
      const PlanNode& n = g_.nodes[std::size_t(r.node)];
      switch (n.kind) {
        case PlanKind::kConstant:
          return {Location::kPointer, n.outputs[std::size_t(r.output)].constant.raw(), -1};
        case PlanKind::kLiveIn:
          return {Location::kLiveIn, nullptr, n.live_in};
        case PlanKind::kDynamic:
          return {Location::kValue, nullptr, -1};
        case PlanKind::kVariable:
          return {};
        default:
          break;
      }
      if (shares(n)) return {Location::kValue, nullptr, shared_value(r.node)};
      if (n.is_view() && r.output == 0) {
        if (n.ref_storage[0] >= 0) return variable(n.ref_storage[0]);
        r = n.inputs[0];
        continue;
      }
      if (n.outputs[std::size_t(r.output)].is_ref)
        return n.ref_storage.empty() ? Location{} : variable(n.ref_storage[0]);
      const int target = n.target(std::size_t(r.output));
      if (target >= 0) return variable(target);
      return {Location::kItem, nullptr, item_of(r)};
    }
  }

  static std::size_t bytes_of(const PlanOutput& o) {
    const std::int64_t size = std::int64_t(dtype_size(o.dtype));
    constexpr std::int64_t kLimit = std::int64_t(1)
                                    << 46;  // sums of sizes cannot overflow below it
    if (size > 0 && o.shape.num_elements() > kLimit / size) {
      fail(Code::kResourceExhausted, "OOM when allocating tensor with shape", o.shape, " and type ",
           o.dtype);
    }
    return std::size_t(o.shape.num_elements() * size);
  }

  static bool makes_values(const PlanNode& n) {
    return (n.kind == PlanKind::kOp && !n.is_view()) || n.kind == PlanKind::kFused ||
           n.kind == PlanKind::kCopy || n.kind == PlanKind::kControl;
  }
  /// Copies of strings share the tensor: they are values of the run, not memory.
  static bool shares(const PlanNode& n) {
    return n.kind == PlanKind::kCopy && is_object(n.outputs[0].dtype);
  }
  int shared_value(int index) const {
    const int value = value_of_live_out({index, 0});
    return value >= 0 ? value : g_.program->value_index({g_.nodes[std::size_t(index)].node, 0});
  }

  void make_items() {
    items_of_.resize(g_.nodes.size());
    for (std::size_t p = 0; p < g_.sequence.size(); ++p) {
      const int index = g_.sequence[p];
      const PlanNode& n = node(index);
      if (!makes_values(n) || shares(n)) continue;
      for (std::size_t k = 0; k < n.outputs.size(); ++k) {
        const PlanOutput& o = n.outputs[k];
        if (o.is_ref || n.target(k) >= 0) {
          items_of_[std::size_t(index)].push_back(-1);
          continue;
        }
        items_of_[std::size_t(index)].push_back(int(items_.size()));
        Item item;
        try {
          item.bytes = bytes_of(o);
        } catch (Error& e) {
          rethrow_with_frame(e, *n.node);
        }
        item.first = item.last = int(p);
        item.device = n.device;
        items_.push_back(item);
      }
    }
    for (std::size_t p = 0; p < g_.sequence.size(); ++p) {
      const PlanNode& n = node(g_.sequence[p]);
      if (n.is_view()) continue;
      for (std::size_t i = 0; i < n.inputs.size(); ++i) {
        const Location at = locate_input(n, i);
        if (at.kind != Location::kItem) continue;
        Item& item = items_[std::size_t(at.index)];
        item.last = std::max(item.last, int(p));
        if (item.device != n.device) item.pinned = true;
      }
    }
    for (const auto& [ref, value] : g_.live_outs) {
      const auto [first, added] =
          live_out_values_.emplace(std::uint64_t(ref.node) << 16 | unsigned(ref.output), value);
      const PlanNode& n = node(ref.node);
      if (n.kind == PlanKind::kDynamic && !added)
        dynamic_copies_.emplace(ref.node, std::pair(first->second, value));
      if (n.kind == PlanKind::kDynamic || shares(n)) continue;
      const Location at = locate(ref);
      if (at.kind != Location::kItem)
        fail(Code::kInternal, "a value that leaves the plan has no memory");
      items_[std::size_t(at.index)].live_out = int(segment_->live_outs.size());
      segment_->live_outs.push_back({value, g_.at(ref).dtype, g_.at(ref).shape});
    }
  }

  ValueInfo info(PlanRef r, int storage) const {
    const PlanOutput& o = g_.at(r);
    if (storage >= 0) return {o.dtype, g_.storages[std::size_t(storage)].value.shape(), nullptr};
    return {o.dtype, o.shape, o.constant.defined() ? &o.constant : nullptr};
  }

  const KernelRow& kernel(const PlanNode& n) const {
    const std::string& type = g_.env->devices[std::size_t(n.device)].type;
    const std::string& op = n.node->op().name;
    const KernelRow* row = find_kernel(type, op, n.node->attrs());
    if (row != nullptr) return *row;
    const DTypeSet types = kernel_types(type, op);
    std::string known;
    for (int t = 1; t < kNumDTypes; ++t) {
      if (!types.empty() && types.contains(DType(t)))
        known += str(known.empty() ? "" : ", ", DType(t));
    }
    std::string given;
    for (const auto& [name, value] : n.node->attrs().list()) {
      if (value.holds<DType>())
        given += str(given.empty() ? "" : ", ", name, "=", value.get<DType>());
    }
    invalid("No OpKernel was registered to support Op '", op, "' on ", type,
            given.empty() ? "" : " with ", given,
            known.empty() ? std::string(". There is none for any dtype")
                          : str(". It has kernels for: ", known));
  }

  void prepare_all() {
    prepared_.resize(g_.nodes.size());
    for (std::size_t p = 0; p < g_.sequence.size(); ++p) {
      const int index = g_.sequence[p];
      try {
        prepare(index, int(p));
      } catch (Error& e) {
        rethrow_with_frame(e, *node(index).node);
      }
    }
  }

  void prepare(int index, int position) {
    PlanNode& n = node(index);
    Prepared& out = prepared_[std::size_t(index)];
    if (n.kind == PlanKind::kCopy) {
      if (shares(n)) {
        out.run_dynamic = run_share;
        return;
      }
      auto* p = make_params<CopyParams>(out);
      p->bytes = bytes_of(n.outputs[0]);
      out.run = run_copy;
      return;
    }
    if (n.kind == PlanKind::kControl || n.is_view() || is_idle(n)) return;
    if (n.kind == PlanKind::kDynamic && n.has(kControlFlow)) return;
    std::vector<ValueInfo> in, results;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      in.push_back(info(n.inputs[i], i < n.ref_storage.size() ? n.ref_storage[i] : -1));
    }
    for (const PlanOutput& o : n.outputs) results.push_back({o.dtype, o.shape, nullptr});
    if (n.kind == PlanKind::kFused) {
      out = prepare_fused(n, std::move(in));
    } else {
      KernelRequest request;
      request.op = n.node->op().name;
      request.node_name = n.node->name();
      request.attrs = &n.node->attrs();
      request.inputs = in;
      request.outputs = results;
      const std::vector<Epilogue> epilogue = epilogue_of(n);
      request.epilogue = epilogue;
      request.threads = intra_op_threads();
      std::shared_ptr<void> stateless;
      request.resources = g_.env->resources;
      request.node_state = n.has(kStateful) ? &(*g_.env->node_states)[n.node] : &stateless;
      out = kernel(n).prepare(request);
    }
    if (out.inplace_inputs != 0 && !n.outputs.empty())
      take_over(n, index, position, out.inplace_inputs);
  }

  Prepared prepare_fused(const PlanNode& n, std::vector<ValueInfo> in) {
    for (std::size_t i = 0; i < n.sections.size(); ++i) {
      if (n.sections[i].exists()) in[i].shape = n.group_shape;
    }
    std::vector<FusedNode> nodes;
    for (const FusedMember& m : n.members) {
      FusedNode f;
      f.op = m.node->op().name;
      f.attrs = &m.node->attrs();
      f.dtype = m.dtype;
      f.shape = m.shape;
      f.num_inputs = int(m.operands.size());
      std::copy(m.operands.begin(), m.operands.end(), f.inputs);
      nodes.push_back(f);
    }
    FusedRequest request;
    request.shape = n.group_shape;
    request.inputs = in;
    request.sections = n.sections;
    request.nodes = nodes;
    request.results = n.results;
    request.threads = intra_op_threads();
    return find_fuser(g_.env->devices[std::size_t(n.device)].type)->prepare(request);
  }

  bool reads_elsewhere(const PlanNode& n, std::size_t input, int item) const {
    for (std::size_t k = 0; k < n.inputs.size(); ++k) {
      const Location at = locate_input(n, k);
      if (k != input && at.kind == Location::kItem && merged(at.index) == item) return true;
    }
    return false;
  }

  /// Lets output 0 use the memory of an input that nobody reads later.
  void take_over(const PlanNode& n, int index, int position, std::uint32_t candidates) {
    const int out = item_of({index, 0});
    if (out < 0 || items_[std::size_t(out)].live_out >= 0 || items_[std::size_t(out)].bytes == 0)
      return;
    for (std::size_t i = 0; i < n.inputs.size() && i < 32; ++i) {
      if (!(candidates >> i & 1)) continue;
      const Location at = locate_input(n, i);
      if (at.kind != Location::kItem) continue;
      const int from = merged(at.index);
      Item& item = items_[std::size_t(from)];
      // Another input may be the same memory under another shape: only a single elementwise op is
      // done with it when it writes.
      const bool single = n.kind == PlanKind::kOp && n.has(kElementwise);
      const bool shared = !single && reads_elsewhere(n, i, from);
      if (shared || item.live_out >= 0 || item.pinned || item.last != position ||
          item.device != n.device || item.bytes != items_[std::size_t(out)].bytes ||
          items_[std::size_t(out)].pinned) {
        continue;
      }
      items_[std::size_t(out)].merged_into = from;
      item.last = std::max(item.last, items_[std::size_t(out)].last);
      ++taken_over_;
      return;
    }
  }

  bool is_heavy(const PlanNode& n) const {
    if (n.kind == PlanKind::kControl || n.kind == PlanKind::kDynamic) return true;
    constexpr std::int64_t kManyElements = 1 << 15;
    std::int64_t most = 0;
    for (const PlanOutput& o : n.outputs) most = std::max(most, o.shape.num_elements());
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      most = std::max(
          most,
          info(n.inputs[i], i < n.ref_storage.size() ? n.ref_storage[i] : -1).shape.num_elements());
    }
    return most >= kManyElements;
  }

  /// Nothing to run: NoOp and the like.
  static bool is_idle(const PlanNode& n) {
    return n.kind == PlanKind::kOp && n.outputs.empty() && !n.has(kStateful) && !n.has(kWritesRef);
  }

  int push_argument(const Location& at) {
    const int argument = int(segment_->arguments.size());
    segment_->arguments.push_back(at.kind == Location::kPointer ? at.pointer : nullptr);
    if (at.kind == Location::kLiveIn) segment_->live_in_patches.push_back({argument, at.index});
    if (at.kind == Location::kItem) {
      const int item = merged(at.index);
      const int live_out = items_[std::size_t(item)].live_out;
      if (live_out >= 0) {
        segment_->live_out_patches.push_back({argument, live_out});
      } else {
        uses_.emplace_back(argument, item);
      }
    }
    return argument;
  }

  ValueDesc describe_input(const PlanNode& n, std::size_t i) {
    const ValueInfo v = info(n.inputs[i], i < n.ref_storage.size() ? n.ref_storage[i] : -1);
    ValueDesc d{v.dtype, v.shape, -1, -1};
    const Location at = locate_input(n, i);
    if (at.kind == Location::kValue) {
      d.value = at.index;
    } else if (at.kind == Location::kLiveIn && is_object(v.dtype)) {
      d.value = g_.live_ins[std::size_t(at.index)].value;
    } else if (v.constant != nullptr && is_object(v.dtype)) {
      segment_->held.push_back(*v.constant);
      d.argument = push_argument(at);
    } else {
      d.argument = push_argument(at);
    }
    return d;
  }

  void make_steps() {
    for (const PlanNode& n : g_.nodes) {
      for (const PlanOutput& o : n.outputs) {
        if (o.constant.defined()) segment_->held.push_back(o.constant);
      }
    }
    for (const VariableStorage& s : g_.storages) segment_->held.push_back(s.value);
    step_of_.assign(g_.nodes.size(), -1);
    last_step_of_.assign(g_.nodes.size(), -1);
    for (std::size_t p = 0; p < g_.sequence.size(); ++p) {
      const int index = g_.sequence[p];
      PlanNode& n = node(index);
      if (n.is_view() || is_idle(n)) continue;
      if (n.adopted >= 0) {
        step_of_[std::size_t(index)] = int(segment_->steps.size());
        publish(n, index);
        last_step_of_[std::size_t(index)] = int(segment_->steps.size()) - 1;
        continue;
      }
      Prepared& prepared = prepared_[std::size_t(index)];
      Step step;
      step.node = n.node;
      step.device = std::uint8_t(n.device);
      if (n.kind == PlanKind::kControl || n.kind == PlanKind::kDynamic ||
          prepared.run_dynamic != nullptr) {
        if (n.kind == PlanKind::kOp)
          fail(Code::kInternal, "kernel of ", n.node->op().name, " needs a dynamic op");
        const bool control = n.has(kControlFlow) && n.kind != PlanKind::kCopy;
        step.kind = control ? StepKind::kControl : StepKind::kDynamic;
        step.extra = int(segment_->extras.size());
        StepExtra extra;
        extra.run_dynamic = prepared.run_dynamic;
        for (std::size_t i = 0; i < n.inputs.size(); ++i)
          extra.inputs.push_back(describe_input(n, i));
        for (std::size_t o = 0; o < n.outputs.size(); ++o) {
          ValueDesc d{n.outputs[o].dtype, n.outputs[o].shape, -1, -1};
          const int item = item_of({index, int(o)});
          if (shares(n)) {
            d.value = shared_value(index);
          } else if (item >= 0) {
            d.argument = push_argument({Location::kItem, nullptr, item});
          } else {
            d.value = value_of_live_out({index, int(o)});
          }
          extra.outputs.push_back(d);
        }
        const auto [copy, end] = dynamic_copies_.equal_range(index);
        for (auto it = copy; it != end; ++it) extra.copies.push_back(it->second);
        segment_->extras.push_back(std::move(extra));
      } else {
        step.run = prepared.run;
        if (step.run == nullptr)
          fail(Code::kInternal, "no kernel was prepared for ", n.node->op().name);
        step.in = int(segment_->arguments.size());
        for (std::size_t i = 0; i < n.inputs.size(); ++i) push_argument(locate_input(n, i));
        step.out = int(segment_->arguments.size());
        for (std::size_t o = 0; o < n.outputs.size(); ++o) {
          push_argument(n.outputs[o].is_ref || n.target(o) >= 0
                            ? locate({index, int(o)})
                            : Location{Location::kItem, nullptr, item_of({index, int(o)})});
        }
        if (prepared.workspace > 0) {
          Item scratch;
          scratch.bytes = prepared.workspace;
          scratch.first = scratch.last = int(p);
          scratch.device = n.device;
          items_.push_back(scratch);
          step.workspace = push_argument({Location::kItem, nullptr, int(items_.size()) - 1});
        }
      }
      step.heavy = is_heavy(n);
      step.params = prepared.params.get();
      if (prepared.params) segment_->owned.push_back(std::move(prepared.params));
      step_of_[std::size_t(index)] = int(segment_->steps.size());
      note_for_traces(n);
      segment_->steps.push_back(step);
      plan_node_of_step_.push_back(index);
      if (n.fresh_storage >= 0) publish(n, index);
      last_step_of_[std::size_t(index)] = int(segment_->steps.size()) - 1;
    }
  }

  void note_for_traces(const PlanNode& n) {
    segment_->first_made.push_back(int(segment_->made.size()));
    for (const PlanOutput& o : n.outputs) segment_->made.push_back({o.dtype, o.shape});
    segment_->first_companion.push_back(int(segment_->companions.size()));
    for (const FusedMember& m : n.members) {
      if (m.node != n.node) segment_->companions.push_back({m.node, {m.dtype, m.shape}});
    }
    for (const AbsorbedOp& a : n.absorbed) segment_->companions.push_back({a.node, {}});
  }

  /// The run's value index of a dynamic result, or -1 when nobody asks for it.
  int value_of_live_out(PlanRef r) const {
    const auto it = live_out_values_.find(std::uint64_t(r.node) << 16 | unsigned(r.output));
    return it == live_out_values_.end() ? -1 : it->second;
  }

  void publish(const PlanNode& n, int index) {
    Step step;
    step.kind = StepKind::kPublish;
    step.node = n.node;
    step.device = std::uint8_t(n.device);
    step.extra = int(segment_->extras.size());
    StepExtra extra;
    const bool adopts = n.adopted >= 0;
    const VariableStorage& s =
        g_.storages[std::size_t(adopts ? n.ref_storage[0] : n.fresh_storage)];
    extra.variable = s.name;
    extra.adopted = n.adopted;
    if (!adopts) extra.storage = s.value;
    segment_->extras.push_back(std::move(extra));
    segment_->first_made.push_back(int(segment_->made.size()));
    segment_->first_companion.push_back(int(segment_->companions.size()));
    segment_->steps.push_back(step);
    plan_node_of_step_.push_back(index);
  }

  void plan_arenas() {
    for (int device = 0; device < segment_->num_devices; ++device) {
      std::vector<Interval> intervals;
      std::vector<std::size_t> offset_of(items_.size());
      std::vector<int> planned;
      for (std::size_t i = 0; i < items_.size(); ++i) {
        const Item& item = items_[i];
        if (item.device != device || item.live_out >= 0 || item.merged_into >= 0) continue;
        planned.push_back(int(i));
        intervals.push_back({std::max<std::size_t>(item.bytes, 1), item.first,
                             item.pinned ? std::numeric_limits<int>::max() : item.last});
      }
      const MemoryPlan plan = plan_memory(intervals);
      for (std::size_t k = 0; k < planned.size(); ++k)
        offset_of[std::size_t(planned[k])] = plan.offsets[k];
      for (const auto& [argument, item] : uses_) {
        if (items_[std::size_t(item)].device == device) {
          segment_->arena_patches.push_back({argument, device, offset_of[std::size_t(item)]});
        }
      }
      segment_->arena_bytes.push_back(plan.total);
    }
  }

  /// Steps of another device that a step must wait for: producers, control inputs, and other
  /// accesses to the same variable.
  void connect_devices() {
    std::vector<std::vector<int>> before(g_.nodes.size());
    std::vector<std::vector<int>> readers(g_.storages.size());
    std::vector<int> writer(g_.storages.size(), -1);
    std::vector<int> newest(std::size_t(segment_->num_devices));
    for (const int index : g_.sequence) {
      PlanNode& n = node(index);
      std::vector<int> needs;
      const auto depend_on = [&](int other) {
        if (other == index) return;
        const int step = last_step_of_[std::size_t(other)];
        if (step >= 0) {
          needs.push_back(step);
        } else {
          needs.insert(needs.end(), before[std::size_t(other)].begin(),
                       before[std::size_t(other)].end());
        }
      };
      for (const PlanRef& in : n.inputs) depend_on(in.node);
      for (const int c : n.controls) depend_on(c);
      const int me = step_of_[std::size_t(index)], done = last_step_of_[std::size_t(index)];
      const auto access = [&](int storage, bool writes) {
        auto& list = readers[std::size_t(storage)];
        if (writer[std::size_t(storage)] >= 0) needs.push_back(writer[std::size_t(storage)]);
        if (writes) {
          needs.insert(needs.end(), list.begin(), list.end());
          list.clear();
          if (me >= 0) writer[std::size_t(storage)] = done;
        } else if (me >= 0) {
          list.push_back(done);
        }
      };
      for (std::size_t i = 0; i < n.inputs.size(); ++i) {
        const int own = i < n.ref_storage.size() ? n.ref_storage[i] : -1;
        int storage = own;
        for (PlanRef r = n.inputs[i]; storage < 0;) {  // through views of variables
          const PlanNode& from = node(r.node);
          if (!from.is_view() || r.output != 0) break;
          storage = from.ref_storage[0];
          r = from.inputs[0];
        }
        if (storage >= 0) {
          const bool writes = own >= 0 && n.has(kWritesRef) && i < n.node->op().inputs.size() &&
                              n.node->op().inputs[i].is_ref;
          access(storage, writes);
        }
      }
      for (const int s : n.touched) access(s, true);
      std::sort(needs.begin(), needs.end());
      needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
      if (me < 0) {
        before[std::size_t(index)] = std::move(needs);
        continue;
      }
      Step& step = segment_->steps[std::size_t(me)];
      step.first_wait = int(segment_->waits.size());
      // A device runs its steps in order: its last one implies the others.
      std::fill(newest.begin(), newest.end(), -1);
      for (const int w : needs) newest[segment_->steps[std::size_t(w)].device] = w;
      for (std::size_t d = 0; d < newest.size(); ++d) {
        if (newest[d] >= 0 && d != step.device) segment_->waits.push_back(newest[d]);
      }
      step.num_waits = std::int16_t(int(segment_->waits.size()) - step.first_wait);
    }
  }

  void describe() {
    std::string& out = segment_->text;
    for (std::size_t s = 0; s < segment_->steps.size(); ++s) {
      const Step& step = segment_->steps[s];
      const PlanNode& n = node(plan_node_of_step_[s]);
      std::string what;
      if (step.kind == StepKind::kPublish) {
        what = "Publish";
      } else if (n.kind == PlanKind::kFused) {
        for (const FusedMember& m : n.members)
          what += str(what.empty() ? "Fused(" : " ", m.node->op().name);
        what += ")";
        for (const FusedResult& r : n.results) {
          if (r.section.exists()) {
            what += " joined";
            break;
          }
        }
      } else {
        what = n.kind == PlanKind::kCopy ? "Copy" : n.node->op().name;
        for (const AbsorbedOp& a : n.absorbed) what += "+" + a.node->op().name;
      }
      out += str(s, "  ", what, "  ", n.node->name());
      for (const PlanOutput& o : n.outputs) {
        if (n.kind != PlanKind::kDynamic) out += str(" ", o.dtype, o.shape);
      }
      if (segment_->num_devices > 1) out += str("  CPU:", int(step.device));
      out += '\n';
    }
    std::size_t bytes = 0;
    for (const std::size_t b : segment_->arena_bytes) bytes += b;
    out += str("arena: ", bytes, " bytes, in place: ", taken_over_, "\n");
    if (!segment_->rest.empty())
      out += str("then: ", segment_->rest.size(), " nodes planned on arrival\n");
  }

  PlanGraph& g_;
  std::shared_ptr<Segment> segment_;
  std::vector<Item> items_;
  std::vector<std::vector<int>> items_of_;
  std::vector<Prepared> prepared_;
  std::vector<int> step_of_;
  std::vector<int> last_step_of_;  ///< differs for nodes that publish
  std::unordered_map<std::uint64_t, int> live_out_values_;
  std::unordered_multimap<int, std::pair<int, int>> dynamic_copies_;  ///< by node
  std::vector<int> plan_node_of_step_;
  std::vector<std::pair<int, int>> uses_;  ///< (argument, item in an arena)
  int taken_over_ = 0;
};

}  // namespace

std::shared_ptr<Segment> assemble(PlanGraph& g) { return Assembler(g).run(); }

void rethrow_with_frame(Error& error, const Node& node) {
  std::string frame = str("\n\t [[node ", node.name(), " (op: ", node.op().name, ")");
  if (!node.inputs().empty()) {
    frame += " with inputs ";
    for (std::size_t i = 0; i < node.inputs().size(); ++i) {
      const Output& in = node.inputs()[i];
      frame += str(i ? ", " : "", in.name(), " ", in.dtype(), in.shape());
    }
  }
  if (!node.device().empty()) frame += str(" on ", node.device());
  if (node.origin().file != nullptr) {
    frame += str(", made at ", node.origin().file, ":", node.origin().line);
    if (node.origin().function != nullptr) frame += str(" in ", node.origin().function);
  }
  frame += "]]";
  throw error.with_node(node.name(), frame);
}

}  // namespace caudal
