// SPDX-License-Identifier: Apache-2.0
// Runs programs: block after block, instruction after instruction.
#include <algorithm>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Elements of a view for `count` whole rows of a tile, one after the other.
template <class T>
void spread_rows(const Program& p, const View& view, const T* base, std::int64_t row,
                 std::int64_t count, T* dst) {
  const auto* src = reinterpret_cast<const Word<T>*>(base);
  auto* out = reinterpret_cast<Word<T>*>(dst);
  const int outer = p.rank - 1;
  const std::int64_t inner = p.inner;
  const bool varies = view.strides[std::size_t(outer)] != 0;
  std::array<std::int64_t, kMaxRank> index{};
  std::int64_t offset = 0;
  for (int d = outer - 1; d >= 0; --d) {
    const auto i = std::size_t(d);
    index[i] = row % p.dims[i];
    row /= p.dims[i];
    offset += index[i] * view.strides[i];
  }
  for (; count > 0; --count, out += inner) {
    if (varies) {
      for (std::int64_t i = 0; i < inner; ++i) out[i] = src[offset + i];
    } else {
      const T x = src[offset];
      for (std::int64_t i = 0; i < inner; ++i) out[i] = x;
    }
    for (int d = outer - 1; d >= 0; --d) {
      const auto i = std::size_t(d);
      offset += view.strides[i];
      if (++index[i] < p.dims[i]) break;
      offset -= p.dims[i] * view.strides[i];
      index[i] = 0;
    }
  }
}

void spread(const Program& p, const View& view, const void* base, std::int64_t row,
            std::int64_t count, void* dst) {
  switch (view.element_size) {
    case 1:
      return spread_rows(p, view, static_cast<const std::uint8_t*>(base), row, count,
                         static_cast<std::uint8_t*>(dst));
    case 2:
      return spread_rows(p, view, static_cast<const std::uint16_t*>(base), row, count,
                         static_cast<std::uint16_t*>(dst));
    case 4:
      return spread_rows(p, view, static_cast<const std::uint32_t*>(base), row, count,
                         static_cast<std::uint32_t*>(dst));
    case 16:
      return spread_rows(p, view, static_cast<const Pair*>(base), row, count,
                         static_cast<Pair*>(dst));
    default:
      return spread_rows(p, view, static_cast<const std::uint64_t*>(base), row, count,
                         static_cast<std::uint64_t*>(dst));
  }
}

inline void run_instruction(const Instruction& instruction, char* const* cells, std::int64_t n) {
  instruction.loop(cells[instruction.dst], cells[instruction.src[0]], cells[instruction.src[1]],
                   cells[instruction.src[2]], instruction.single ? 1 : n, instruction.immediate);
}

/// One thread's walk over a range of blocks.
class Walk {
 public:
  Walk(const Program& p, void* const* in, void* const* out, char** cells, char* scratch)
      : p_(p), in_(in), out_(out), cells_(cells) {
    for (std::size_t i = 0; i < p.views.size(); ++i) {
      cells[i] = start(p.views[i]);
    }
    for (std::size_t i = 0; i < p.constants.size(); ++i) {
      cells[p.constant_cell(i)] = const_cast<char*>(p.constants[i].data());
    }
    for (std::size_t i = 0; i < p.registers.size(); ++i) {
      cells[p.register_cell(i)] = scratch + p.registers[i].offset;
    }
    for (const View& view : p.views) {
      if (view.spread && view.when == When::kOnce) {
        spread(p, view, in[view.input], 0, p.block / p.inner, cells[view.cell]);
      }
    }
    for (const Instruction& instruction : p.once) run_instruction(instruction, cells, p.block);
  }

  void run(std::int64_t block) {
    std::int64_t offset, n;
    if (p_.layout == Layout::kRows) {
      std::int64_t row = block / p_.blocks_per_row;
      const std::int64_t column = (block - row * p_.blocks_per_row) * p_.block;
      offset = row * p_.inner + column;
      n = std::min(p_.block, p_.inner - column);
      bind_row(row, column);
    } else {
      offset = block * p_.block;
      n = std::min(p_.block, p_.n - offset);
      for (std::size_t i = 0; i < p_.views.size(); ++i) {
        const View& view = p_.views[i];
        if (view.full) {
          cells_[i] = start(view) + offset * view.element_size;
        } else if (view.spread && view.when == When::kBlock) {
          spread(p_, view, in_[view.input], offset / p_.inner, n / p_.inner, cells_[view.cell]);
        }
      }
    }
    for (std::size_t i = 0; i < p_.results.size(); ++i) {
      const Result& result = p_.results[i];
      if (result.section) continue;
      cells_[p_.result_cell(i)] =
          static_cast<char*>(out_[result.output]) + offset * result.element_size;
    }
    for (const Instruction& instruction : p_.each) run_instruction(instruction, cells_, n);
  }

 private:
  char* start(const View& view) const {
    return static_cast<char*>(in_[view.input]) + view.first * view.element_size;
  }

  void bind_row(std::int64_t row, std::int64_t column) {
    std::array<std::int64_t, kMaxRank> index{};
    for (int d = p_.rank - 2; d >= 0; --d) {
      const auto i = std::size_t(d);
      index[i] = row % p_.dims[i];
      row /= p_.dims[i];
    }
    const auto at = [&](const auto& strides) {
      std::int64_t offset = column * strides[std::size_t(p_.rank - 1)];
      for (int d = 0; d < p_.rank - 1; ++d) {
        offset += index[std::size_t(d)] * strides[std::size_t(d)];
      }
      return offset;
    };
    for (std::size_t v = 0; v < p_.views.size(); ++v) {
      const View& view = p_.views[v];
      cells_[v] = start(view) + at(view.strides) * view.element_size;
    }
    if (!p_.sections) return;
    for (std::size_t r = 0; r < p_.results.size(); ++r) {
      const Result& result = p_.results[r];
      if (!result.section) continue;
      cells_[p_.result_cell(r)] = static_cast<char*>(out_[result.output]) +
                                  (result.first + at(result.strides)) * result.element_size;
    }
  }

  const Program& p_;
  void* const* in_;
  void* const* out_;
  char** cells_;
};

void run_program(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Program*>(params);
  parallel_for(p.num_blocks, p.grain, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::size_t kFewCells = 128;
    alignas(64) char scratch[kScratchBytes];
    char* few[kFewCells];
    std::vector<char*> many(p.num_cells() > kFewCells ? p.num_cells() : 0);
    Walk walk(p, in, out, many.empty() ? few : many.data(), scratch);
    for (std::int64_t block = begin; block < end; ++block) walk.run(block);
  });
}

/// A program of one instruction whose operands are full or constant: no blocks, no table.
struct Single {
  LoopFn loop = nullptr;
  double immediate = 0;
  std::int64_t n = 0;
  std::int64_t grain = 0;
  int result_size = 0;
  struct Operand {
    int input = -1;  ///< -1: fixed
    const void* fixed = nullptr;
    std::int64_t step = 0;  ///< bytes from element to element
    const void* at(void* const* in, std::int64_t i) const {
      return input < 0 ? fixed : static_cast<const char*>(in[input]) + i * step;
    }
  };
  Operand operands[3];
  std::shared_ptr<const Program> program;
};

void run_single(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& s = *static_cast<const Single*>(params);
  const Single::Operand* a = s.operands;
  if (s.n <= s.grain) {
    s.loop(out[0], a[0].at(in, 0), a[1].at(in, 0), a[2].at(in, 0), s.n, s.immediate);
    return;
  }
  parallel_for(s.n, s.grain, [&](std::int64_t begin, std::int64_t end) {
    s.loop(static_cast<char*>(out[0]) + begin * s.result_size, a[0].at(in, begin),
           a[1].at(in, begin), a[2].at(in, begin), end - begin, s.immediate);
  });
}

}  // namespace

Prepared make_kernel(std::shared_ptr<const Program> program, std::uint32_t inplace_inputs) {
  const Program& p = *program;
  Prepared prepared;
  prepared.inplace_inputs = inplace_inputs;
  const bool plain =
      p.layout == Layout::kFlat && p.registers.empty() && p.once.empty() && p.each.size() == 1;
  if (!plain) {
    prepared.run = run_program;
    prepared.params = std::move(program);
    return prepared;
  }
  prepared.run = run_single;
  auto* s = make_params<Single>(prepared);
  const Instruction& instruction = p.each[0];
  s->loop = instruction.loop;
  s->immediate = instruction.immediate;
  s->n = p.n;
  s->grain = p.grain * p.block;
  s->result_size = p.results[0].element_size;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t cell = instruction.src[i];
    Single::Operand& operand = s->operands[i];
    if (cell < p.views.size()) {
      operand.input = p.views[cell].input;
      operand.step = p.views[cell].full ? p.views[cell].element_size : 0;
    } else if (cell >= p.constant_cell(0)) {
      operand.fixed = p.constants[cell - p.constant_cell(0)].data();
    }
  }
  s->program = std::move(program);
  return prepared;
}

Prepared prepare_elementwise(const KernelRequest& request) {
  std::vector<int> inputs(request.inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = int(i);
  const ValueInfo& output = request.outputs[0];
  const GroupNode node{request.op, request.attrs, output.dtype, output.shape, inputs};
  const FusedResult result;
  std::uint32_t inplace_inputs = 0;
  auto program =
      lower({output.shape, request.inputs, {}, {&node, 1}, {&result, 1}}, inplace_inputs);
  return make_kernel(std::move(program), inplace_inputs);
}

}  // namespace caudal::cpu::CAUDAL_ISA
