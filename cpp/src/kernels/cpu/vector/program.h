// SPDX-License-Identifier: Apache-2.0
// Owns: the form of a compiled group of elementwise ops, and the two phases that make and run it.
// Called by: elementwise.cpp, select.cpp, cast.cpp (one op), vector/fuser.cpp (groups).
// Must not know: graphs, what single loops compute.
//
// A group has one shape. Its elements are cut into blocks that stay in the first-level cache; for
// each block, every instruction is one loop (loops.h). Operands that are broadcast are either read
// as scalars, or spread into a register once or per block:
//   flat   every operand is full or a single value; blocks cut the flat range
//   rows   the innermost dimension is long, or an operand or result is a section of a larger
//          tensor: blocks cut rows, so an operand is contiguous or a scalar
//   tiles  the innermost dimension is short: a block is some whole rows, operands are spread
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "caudal/kernel.h"
#include "kernels/cpu/vector/loops.h"
#include "kernels/fusion.h"

namespace caudal::cpu::CAUDAL_ISA {

enum class Layout : std::uint8_t { kFlat, kRows, kTiles };

/// When something happens: once per range of blocks that a thread works on, or for every block.
enum class When : std::uint8_t { kOnce, kBlock };

/// Operands and results by number: an index into a table of pointers.
using Cell = std::uint16_t;

struct Instruction {
  LoopFn loop = nullptr;
  Cell dst = 0;
  std::array<Cell, 3> src{};
  bool single = false;  ///< the result is one value, not a block
  double immediate = 0;
};

/// An input as the group sees it; strides are in elements, by collapsed dimension.
struct View {
  int input = 0;
  int element_size = 0;
  bool full = false;
  bool spread = false;  ///< into the register of cell `cell`
  When when = When::kBlock;
  Cell cell = 0;
  std::array<std::int64_t, kMaxRank> strides{};
  std::int64_t first = 0;  ///< element at which a section starts
};

/// A result that leaves the group; strides as in View.
struct Result {
  int output = 0;
  int element_size = 0;
  bool section = false;
  std::array<std::int64_t, kMaxRank> strides{};
  std::int64_t first = 0;
};

/// A register takes a block of elements, or one element (`single`).
struct Register {
  std::size_t offset = 0;
  bool single = false;
};

struct Program {
  Layout layout = Layout::kFlat;
  std::int64_t n = 0;      ///< elements of the group
  std::int64_t block = 0;  ///< most elements of a block
  std::int64_t num_blocks = 0;
  std::int64_t blocks_per_row = 1;  ///< of layout rows
  std::int64_t grain = 0;           ///< blocks that one thread takes at least
  int rank = 0;                     ///< collapsed
  std::array<std::int64_t, kMaxRank> dims{};
  std::int64_t inner = 0;  ///< dims[rank - 1]

  // Cells in this order: views, results, constants, registers.
  std::vector<View> views;
  std::vector<Result> results;
  bool sections = false;  ///< of some view or result
  std::vector<std::array<char, 16>> constants;
  std::vector<Register> registers;
  std::vector<Instruction> once, each;

  Cell result_cell(std::size_t i) const { return Cell(views.size() + i); }
  Cell constant_cell(std::size_t i) const { return Cell(result_cell(results.size()) + i); }
  Cell register_cell(std::size_t i) const { return Cell(constant_cell(constants.size()) + i); }
  std::size_t num_cells() const { return register_cell(registers.size()); }
};

/// Bytes that the registers of one thread may take.
constexpr std::size_t kScratchBytes = 40 * 1024;

/// One op of a group; operands as in FusedNode.
struct GroupNode {
  std::string_view op;
  const AttrMap* attrs = nullptr;
  DType dtype = DType::kInvalid;
  Shape shape;
  std::span<const int> inputs;
};

struct Group {
  const Shape& shape;
  std::span<const ValueInfo> inputs;
  std::span<const Section> sections;
  std::span<const GroupNode> nodes;
  std::span<const FusedResult> results;
};

/// Ops that are not one row of the table of loops.
enum class Special { kNone, kSum, kBias, kClip, kSelect, kCast };
Special special(std::string_view op);
/// Whether an op can be an instruction of a group.
bool can_lower(std::string_view op, const AttrMap& attrs, std::span<const DType> inputs,
               DType output);
/// Throws Unimplemented when the interpreter cannot take the group, InvalidArgument for shapes that
/// do not broadcast. Sets inplace_inputs.
std::shared_ptr<const Program> lower(const Group& group, std::uint32_t& inplace_inputs);
/// A program as a kernel.
Prepared make_kernel(std::shared_ptr<const Program> program, std::uint32_t inplace_inputs);
/// The kernel of a single op: a group of one node.
Prepared prepare_elementwise(const KernelRequest& request);

}  // namespace caudal::cpu::CAUDAL_ISA
