// SPDX-License-Identifier: Apache-2.0
// From a group of ops to a program: operands to views, ops to instructions, results to registers.
#include <algorithm>
#include <map>
#include <utility>

#include "caudal/error.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr std::int64_t kMostElements = 2048;  ///< of a block
constexpr std::int64_t kFewestElements = 64;
constexpr std::size_t kRegisterBytes = 24 * 1024;  ///< wanted: leaves room for operands in 32 KB
constexpr std::size_t kMostCells = 4096;
/// Innermost dimensions of at least this length are cut into blocks of their own.
constexpr std::int64_t kLongRow = 512;

/// Bit i: the value varies along dimension i of the group.
using Mask = std::uint32_t;
/// Dimension i of a value lies along dimension axes[i] of the group.
using Axes = std::array<std::int8_t, kMaxRank>;

/// A view, a constant or the result of an op.
struct Value {
  DType dtype = DType::kInvalid;
  Mask mask = 0;
  int view = -1;
  int constant = -1;
  int op = -1;
  int output = -1;  ///< position among the outputs
  int reg = -1;
  int last_use = -1;  ///< position in Program::each
};

struct Op {
  LoopVariants variants;
  Cost cost;
  double immediate;
  std::vector<int> operands;  ///< at most three values
  int result;
};

std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

class Lowering {
 public:
  explicit Lowering(const Group& group)
      : group_(group), shape_(group.shape), program_(std::make_shared<Program>()), p_(*program_) {
    for (int i = 0; i < shape_.rank(); ++i) {
      if (shape_[i] != 1) full_ |= Mask{1} << i;
    }
  }

  std::shared_ptr<const Program> run(std::uint32_t& inplace_inputs) {
    p_.n = shape_.num_elements();
    for (const FusedResult& result : group_.results) {
      const DType dtype = group_.nodes[std::size_t(result.node)].dtype;
      p_.results.push_back({result.output, int(dtype_size(dtype)), result.section.exists(), {}, 0});
    }
    for (std::size_t i = 0; i < group_.results.size(); ++i) {
      lower_output(group_.results[i].node, int(i));
    }
    p_.sections = std::any_of(group_.sections.begin(), group_.sections.end(),
                              [](const Section& w) { return w.exists(); }) ||
                  std::any_of(p_.results.begin(), p_.results.end(),
                              [](const Result& r) { return r.section; });
    choose_layout();
    assign_cells();
    if (!choose_blocks()) {
      p_.layout = Layout::kRows;
      assign_cells();
      choose_blocks();
    }
    inplace_inputs = find_inplace();
    return program_;
  }

 private:
  // ---- Ops to instructions

  Value& value(int i) { return values_[std::size_t(i)]; }

  int emit(LoopVariants variants, Cost cost, DType result, std::vector<int> operands,
           double immediate = 0) {
    if (!variants) fail(Code::kUnimplemented, "no loop for this op and dtype");
    Value v;
    v.dtype = result;
    v.op = int(ops_.size());
    for (int k : operands) v.mask |= value(k).mask;
    ops_.push_back({variants, cost, immediate, std::move(operands), int(values_.size())});
    values_.push_back(v);
    return int(values_.size()) - 1;
  }

  int emit(std::string_view op, std::vector<int> operands, const AttrMap* attrs = nullptr) {
    const LoopRow* row = find_loop(op);
    const DType dtype = value(operands[0]).dtype;
    const int type = loop_type_index(dtype);
    if (!row || row->arity != int(operands.size()) || type < 0) {
      fail(Code::kUnimplemented, "no elementwise loop for ", op, " of ", dtype);
    }
    const double immediate = row->immediate && attrs ? double(attrs->f(row->immediate)) : 0;
    return emit(row->variants[std::size_t(type)], row->cost,
                row->result == DType::kInvalid ? dtype : row->result, std::move(operands),
                immediate);
  }

  void lower_output(int node, int position) {
    Axes axes{};
    for (int i = 0; i < shape_.rank(); ++i) axes[std::size_t(i)] = std::int8_t(i);
    int v = operand(~node, axes);
    if (!(group_.nodes[std::size_t(node)].shape == shape_)) {
      fail(Code::kInternal, "results of a group differ in shape");
    }
    if (value(v).op < 0 || value(v).mask != full_ || value(v).output >= 0) {
      v = emit(copy_loop(dtype_size(value(v).dtype)), kCheap, value(v).dtype, {v});
      value(v).mask = full_;
    }
    value(v).output = position;
  }

  const Shape& shape_of(int operand) const {
    return operand >= 0 ? group_.inputs[std::size_t(operand)].shape
                        : group_.nodes[std::size_t(~operand)].shape;
  }

  int operand(int k, const Axes& axes) {
    const auto known = known_.find({k, axes});
    if (known != known_.end()) return known->second;
    const int v = k >= 0 ? input(k, axes) : lower_node(group_.nodes[std::size_t(~k)], axes);
    known_[{k, axes}] = v;
    return v;
  }

  int input(int k, const Axes& axes) {
    const ValueInfo& info = group_.inputs[std::size_t(k)];
    const std::size_t size = dtype_size(info.dtype);
    if (is_object(info.dtype)) {
      fail(Code::kUnimplemented, "elementwise ops do not compute with ", info.dtype);
    }
    Value v;
    v.dtype = info.dtype;
    if (info.constant && info.constant->num_elements() == 1) {
      v.constant = int(p_.constants.size());
      std::memcpy(p_.constants.emplace_back().data(), info.constant->raw(), size);
    } else {
      for (int i = 0; i < info.shape.rank(); ++i) {
        if (info.shape[i] == 1) continue;
        const int axis = axes[std::size_t(i)];
        if (axis >= shape_.rank() || info.shape[i] != shape_[axis]) {
          invalid("Incompatible shapes: ", info.shape, " vs. ", shape_);
        }
        v.mask |= Mask{1} << axis;
      }
      v.view = int(p_.views.size());
      View view;
      view.input = k;
      view.element_size = int(size);
      view.full = v.mask == full_;
      p_.views.push_back(view);
    }
    values_.push_back(v);
    return int(values_.size()) - 1;
  }

  /// Operands align at the last dimension, except for conditions over rows and for biases.
  Axes operand_axes(const GroupNode& node, std::size_t i, const Axes& axes) const {
    const Shape& shape = shape_of(node.inputs[i]);
    const int rank = node.shape.rank();
    int first = rank - shape.rank();
    if (first < 0) invalid("Incompatible shapes: ", shape, " vs. ", node.shape);
    if (node.op == "Select" && i == 0 && shape.rank() == 1) first = 0;
    if (special(node.op) == Special::kBias && i == 1) {
      const AttrValue* format = node.attrs ? node.attrs->find("data_format") : nullptr;
      const bool channels_first = format && format->get<std::string>() == "NCHW";
      first = channels_first ? 1 : rank - 1;
      if (rank < 2 || shape.rank() != 1 || shape[0] != node.shape[first]) {
        invalid("Must provide as many biases as the last dimension of the input tensor: ", shape,
                " vs. ", node.shape);
      }
    }
    Axes result{};
    for (int k = 0; k < shape.rank(); ++k) {
      result[std::size_t(k)] = axes[std::size_t(first + k)];
    }
    return result;
  }

  int lower_node(const GroupNode& node, const Axes& axes) {
    std::vector<int> in;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      in.push_back(operand(node.inputs[i], operand_axes(node, i, axes)));
    }
    const DType dtype = value(in[0]).dtype;
    switch (special(node.op)) {
      case Special::kSum: {
        int sum = in[0];
        for (std::size_t i = 1; i < in.size(); ++i) sum = emit("Add", {sum, in[i]});
        return sum;
      }
      case Special::kBias:
        return emit("Add", in);
      case Special::kClip:
        return emit("Maximum", {emit("Minimum", {in[0], in[2]}), in[1]});
      case Special::kSelect:
        return emit(select_loop(dtype_size(value(in[1]).dtype)), kCheap, value(in[1]).dtype, in);
      case Special::kCast:
        if (dtype == node.dtype) return in[0];
        return emit(cast_loop(dtype, node.dtype), kCheap, node.dtype, in);
      case Special::kNone:
        break;
    }
    if (node.op == "Pow" && is_two(value(in[1]))) return emit("Square", {in[0]});
    return emit(node.op, in, node.attrs);
  }

  bool is_two(const Value& v) const {
    if (v.constant < 0) return false;
    const char* bytes = p_.constants[std::size_t(v.constant)].data();
    auto equals = [bytes](auto two) { return std::memcmp(bytes, &two, sizeof(two)) == 0; };
    return v.dtype == DType::kFloat    ? equals(2.0f)
           : v.dtype == DType::kDouble ? equals(2.0)
           : v.dtype == DType::kInt32  ? equals(std::int32_t{2})
           : v.dtype == DType::kInt64  ? equals(std::int64_t{2})
                                       : false;
  }

  // ---- Layout

  /// Merges neighbouring dimensions that every operand treats alike.
  void choose_layout() {
    auto alike = [&](int i, int j) {
      return std::all_of(values_.begin(), values_.end(), [&](const Value& v) {
        return v.view < 0 || (v.mask >> i & 1) == (v.mask >> j & 1);
      });
    };
    std::array<int, kMaxRank> first_axis{};
    int previous = -1;
    for (int i = 0; i < shape_.rank(); ++i) {
      if (shape_[i] == 1) continue;
      if (previous < 0 || !alike(previous, i) || edge(previous, i)) {
        first_axis[std::size_t(p_.rank)] = i;
        p_.dims[std::size_t(p_.rank++)] = 1;
      }
      p_.dims[std::size_t(p_.rank - 1)] *= shape_[i];
      previous = i;
    }
    if (p_.rank == 0) p_.dims[std::size_t(p_.rank++)] = 1;
    p_.inner = p_.dims[std::size_t(p_.rank - 1)];
    inner_ = full_ & ~((Mask{1} << first_axis[std::size_t(p_.rank - 1)]) - 1);
    p_.layout = p_.sections            ? Layout::kRows
                : p_.rank == 1         ? Layout::kFlat
                : p_.inner >= kLongRow ? Layout::kRows
                                       : Layout::kTiles;
    for (const Value& v : values_) {
      if (v.view < 0) continue;
      View& view = p_.views[std::size_t(v.view)];
      set_strides(view, v.mask, section(std::size_t(view.input)), first_axis);
    }
    for (std::size_t i = 0; i < p_.results.size(); ++i) {
      set_strides(p_.results[i], full_, group_.results[i].section, first_axis);
    }
  }

  Section section(std::size_t input) const {
    return group_.sections.empty() ? Section() : group_.sections[input];
  }

  /// Whether a section ends between two neighbouring dimensions.
  bool edge(int i, int j) const {
    const auto cuts = [&](const Section& w) { return w.exists() && i < w.axis && w.axis <= j; };
    return std::any_of(group_.sections.begin(), group_.sections.end(), cuts) ||
           std::any_of(group_.results.begin(), group_.results.end(),
                       [&](const FusedResult& r) { return cuts(r.section); });
  }

  /// Strides of a View or Result that varies along `mask`.
  template <class V>
  void set_strides(V& view, Mask mask, const Section& w,
                   const std::array<int, kMaxRank>& first_axis) const {
    std::int64_t stride = 1;
    bool inside = w.exists();
    for (int d = p_.rank - 1; d >= 0; --d) {
      const int axis = first_axis[std::size_t(d)];
      if (inside && axis < w.axis) {
        stride = stride / shape_[w.axis] * w.whole;
        inside = false;
      }
      const bool varies = mask >> axis & 1;
      view.strides[std::size_t(d)] = varies ? stride : 0;
      if (varies) stride *= p_.dims[std::size_t(d)];
    }
    if (!w.exists()) return;
    view.first = w.first;
    for (int i = w.axis + 1; i < shape_.rank(); ++i) view.first *= shape_[i];
  }

  /// One value for a whole block.
  bool single(const Value& v) const {
    return v.mask != full_ && (p_.layout == Layout::kRows ? !(v.mask & inner_) : v.mask == 0);
  }

  When when(const Value& v) const {
    if (v.mask == full_) return When::kBlock;
    const bool every_row_alike = p_.layout == Layout::kTiles && !(v.mask & ~inner_);
    return v.mask == 0 || every_row_alike ? When::kOnce : When::kBlock;
  }

  // ---- Registers

  int new_register(bool is_single) {
    p_.registers.push_back({0, is_single});
    return int(p_.registers.size()) - 1;
  }

  Cell cell(const Value& v) const {
    if (v.reg >= 0) return p_.register_cell(std::size_t(v.reg));
    if (v.output >= 0) return p_.result_cell(std::size_t(v.output));
    return v.view >= 0 ? Cell(v.view) : p_.constant_cell(std::size_t(v.constant));
  }

  void assign_cells() {
    p_.registers.clear();
    p_.once.clear();
    p_.each.clear();
    free_.clear();
    element_size_ = 1;
    for (Value& v : values_) {
      v.reg = -1;
      v.last_use = -1;
      if (v.view < 0) continue;
      View& view = p_.views[std::size_t(v.view)];
      view.spread = p_.layout == Layout::kTiles && v.mask != full_ && v.mask != 0;
      view.when = when(v);
      if (view.spread) {
        v.reg = new_register(false);
        element_size_ = std::max(element_size_, dtype_size(v.dtype));
        view.cell = p_.register_cell(std::size_t(v.reg));
      }
    }
    int position = 0;
    for (const Op& op : ops_) {
      if (when(value(op.result)) == When::kOnce) continue;
      for (int k : op.operands) value(k).last_use = position;
      ++position;
    }
    position = 0;
    for (const Op& op : ops_) {
      Value& result = value(op.result);
      const bool once = when(result) == When::kOnce;
      const std::size_t size = dtype_size(result.dtype);
      if (result.output < 0) {
        element_size_ = std::max(element_size_, size);
        if (once || single(result)) {
          result.reg = new_register(single(result));
        } else {
          release(op, position, [size](std::size_t s) { return s == size; });
          if (free_.empty()) free_.push_back(new_register(false));
          result.reg = free_.back();
          free_.pop_back();
          release(op, position, [size](std::size_t s) { return s != size; });
        }
      } else {
        release(op, position, [](std::size_t) { return true; });
      }
      add_instruction(op, once ? p_.once : p_.each);
      position += once ? 0 : 1;
    }
    if (p_.num_cells() > kMostCells) fail(Code::kUnimplemented, "too many operands in one group");
  }

  /// Gives back the registers of operands that end at this op; an operand of the result's element
  /// size may end up as its memory.
  template <class F>
  void release(const Op& op, int position, F&& size_matches) {
    for (std::size_t i = 0; i < op.operands.size(); ++i) {
      const int k = op.operands[i];
      const Value& v = value(k);
      const auto first = std::find(op.operands.begin(), op.operands.end(), k);
      if (first - op.operands.begin() != std::ptrdiff_t(i)) continue;
      if (v.op < 0 || v.reg < 0 || v.last_use != position || single(v)) continue;
      if (when(v) == When::kOnce || !size_matches(dtype_size(v.dtype))) continue;
      free_.push_back(v.reg);
    }
  }

  void add_instruction(const Op& op, std::vector<Instruction>& list) {
    const Value& result = value(op.result);
    Instruction instruction;
    instruction.single = single(result);
    instruction.immediate = op.immediate;
    instruction.dst = cell(result);
    std::size_t scalars = 0;
    for (std::size_t i = 0; i < op.operands.size(); ++i) {
      const Value& v = value(op.operands[i]);
      instruction.src[i] = cell(v);
      if (single(v) && !instruction.single) scalars |= std::size_t{1} << i;
    }
    instruction.loop = op.variants[scalars];
    list.push_back(instruction);
  }

  // ---- Blocks

  /// False when whole rows would be too long for the registers.
  bool choose_blocks() {
    std::int64_t cost = 0;
    for (const Op& op : ops_) {
      if (!single(value(op.result))) cost += op.cost;
    }
    // About 5 to 10 microseconds of work for a thread.
    const std::int64_t grain = std::max<std::int64_t>(3 * 65536 / (2 + cost), 1);
    std::int64_t blocks = 0, singles = 0;
    for (const Register& r : p_.registers) (r.single ? singles : blocks) += 1;
    const std::int64_t per_element = blocks * std::int64_t(element_size_);
    const std::int64_t room = std::int64_t(kScratchBytes) - singles * 64;
    std::int64_t block = round_up(grain, kFewestElements);
    if (per_element > 0) {
      const auto most = [per_element](std::int64_t b) { return b / per_element / 64 * 64; };
      block = std::min(std::max<std::int64_t>(most(kRegisterBytes), 256), most(room));
      block = std::min(block, kMostElements);
      if (block < kFewestElements) fail(Code::kUnimplemented, "too many values live at once");
    }
    switch (p_.layout) {
      case Layout::kFlat:
        p_.block = block;
        p_.num_blocks = (p_.n + block - 1) / block;
        break;
      case Layout::kRows:
        p_.blocks_per_row = (p_.inner + block - 1) / block;
        p_.block = round_up((p_.inner + p_.blocks_per_row - 1) / p_.blocks_per_row, 64);
        p_.blocks_per_row = (p_.inner + p_.block - 1) / p_.block;
        p_.num_blocks = p_.n / p_.inner * p_.blocks_per_row;
        break;
      case Layout::kTiles:
        if (p_.n == 0) break;
        if (block < p_.inner) return false;
        p_.block = std::min(block / p_.inner * p_.inner, p_.n);
        p_.num_blocks = (p_.n + p_.block - 1) / p_.block;
        break;
    }
    // Ranges are fixed by the program, so results are the same for every number of threads.
    p_.grain =
        std::max((grain + p_.block - 1) / std::max<std::int64_t>(p_.block, 1), p_.num_blocks / 64);
    p_.grain = std::max<std::int64_t>(p_.grain, 1);
    place_registers(std::size_t(round_up(p_.block, 64)));
    return true;
  }

  void place_registers(std::size_t block) {
    std::size_t offset = 0;
    for (Register& r : p_.registers) {
      r.offset = offset;
      offset += r.single ? 64 : block * element_size_;
    }
    if (offset > kScratchBytes) fail(Code::kInternal, "registers take ", offset, " bytes");
  }

  /// Output 0 may take the memory of a full operand that nothing reads after output 0 is written.
  std::uint32_t find_inplace() {
    const Result& first = p_.results[0];
    if (first.output != 0 || first.section) return 0;
    std::uint32_t result = 0;
    int written = -1;
    for (std::size_t i = 0; i < p_.each.size(); ++i) {
      if (p_.each[i].dst == p_.result_cell(0)) written = int(i);
    }
    for (const Value& v : values_) {
      if (v.view < 0) continue;
      const View& view = p_.views[std::size_t(v.view)];
      if (view.input >= 32 || section(std::size_t(view.input)).exists()) continue;
      const auto views = std::count_if(p_.views.begin(), p_.views.end(), [&](const View& other) {
        return other.input == view.input;
      });
      if (view.full && views == 1 && view.element_size == first.element_size &&
          v.last_use <= written) {
        result |= std::uint32_t{1} << view.input;
      }
    }
    return result;
  }

  const Group& group_;
  const Shape shape_;
  std::shared_ptr<Program> program_;
  Program& p_;
  Mask full_ = 0;   ///< all dimensions of more than one element
  Mask inner_ = 0;  ///< those in the last collapsed dimension
  std::vector<Value> values_;
  std::vector<Op> ops_;
  std::map<std::pair<int, Axes>, int> known_;
  std::vector<int> free_;
  std::size_t element_size_ = 1;  ///< of the widest register
};

}  // namespace

std::shared_ptr<const Program> lower(const Group& group, std::uint32_t& inplace_inputs) {
  return Lowering(group).run(inplace_inputs);
}

}  // namespace caudal::cpu::CAUDAL_ISA
