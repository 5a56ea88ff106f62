// SPDX-License-Identifier: Apache-2.0
// TensorArrays: writes copy once (the value's memory ends with the step), reads share.
#include "tensor/tensor_array.h"

#include <atomic>

#include "kernels/cpu/portable/element_rows.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

std::shared_ptr<TensorArray> array_of(const Variant& v) { return object_of<TensorArray>(v); }
std::shared_ptr<TensorArray> array_of(const Tensor& handle) {
  if (handle.num_elements() != 1) invalid("a TensorArray handle must be a scalar");
  return array_of(*handle.data<Variant>());
}
std::shared_ptr<TensorArray> array_at(void* const* in) {
  return array_of(*static_cast<const Variant*>(in[0]));
}

void require_dtype(const TensorArray& array, DType wanted) {
  if (array.dtype() != wanted) {
    invalid("TensorArray dtype is ", dtype_signature_name(array.dtype()),
            " but Op requested dtype ", dtype_signature_name(wanted), ".");
  }
}

void set_flow(void* out) { *static_cast<float*>(out) = 0; }

// ---- making them ----------------------------------------------------------------------------

void make(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  static std::atomic<std::int64_t> count{0};
  TensorArray::Options options = *static_cast<const TensorArray::Options*>(params);
  options.name = str(options.name.empty() ? "TensorArray" : options.name, "_", count++);
  const auto size = std::int64_t(*in[0].data<std::int32_t>());
  out[0] = object_tensor(DType::kResource, std::make_shared<TensorArray>(std::move(options), size));
  out[1] = Tensor::scalar(0.0f);
}

Prepared prepare_make(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<TensorArray::Options>(prepared);
  p->name = r.attrs->s("tensor_array_name");
  p->dtype = r.attrs->type("dtype");
  p->element_shape = r.attrs->shape("element_shape");
  p->dynamic_size = r.attrs->b("dynamic_size");
  p->clear_after_read = r.attrs->b("clear_after_read");
  p->identical_element_shapes = r.attrs->b("identical_element_shapes");
  prepared.run_dynamic = make;
  return prepared;
}

void make_gradient(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                   RunContext&) {
  PartialShape prepend = PartialShape::scalar();
  if (in.size() > 2) {
    if (in[2].shape().rank() != 1) invalid("shape_to_prepend must be a vector");
    prepend = PartialShape(in[2].as_int64s());
  }
  out[0] = object_tensor(DType::kResource, array_of(in[0])->gradient(
                                               *static_cast<const std::string*>(params), prepend));
  out[1] = Tensor::scalar(0.0f);
}

Prepared prepare_gradient(const KernelRequest& r) {
  Prepared prepared;
  *make_params<std::string>(prepared) = r.attrs->s("source");
  prepared.run_dynamic = make_gradient;
  return prepared;
}

// ---- one element ----------------------------------------------------------------------------

struct Value {
  DType dtype;
  Shape shape;
};

Value* value_params(Prepared& prepared, const ValueInfo& info) {
  auto* p = make_params<Value>(prepared);
  p->dtype = info.dtype;
  p->shape = info.shape;
  return p;
}

/// A copy that outlives the step.
Tensor copy_of(const Value& v, void* data) { return Tensor(v.dtype, v.shape, data, {}).clone(); }

void write(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  array_at(in)->write(*static_cast<const std::int32_t*>(in[1]),
                      copy_of(*static_cast<const Value*>(params), in[2]));
  set_flow(out[0]);
}

Prepared prepare_write(const KernelRequest& r) {
  Prepared prepared;
  value_params(prepared, r.inputs[2]);
  prepared.run = write;
  return prepared;
}

void read(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const auto array = array_of(in[0]);
  require_dtype(*array, *static_cast<const DType*>(params));
  out[0] = array->read(*in[1].data<std::int32_t>());
}

Prepared prepare_typed(const KernelRequest& r, DynamicRunFn run) {
  Prepared prepared;
  *make_params<DType>(prepared) = r.attrs->type("dtype");
  prepared.run_dynamic = run;
  return prepared;
}

Prepared prepare_read(const KernelRequest& r) { return prepare_typed(r, read); }

// ---- many elements --------------------------------------------------------------------------

struct GatherParams {
  DType dtype;
  PartialShape element_shape;
};

Shape empty_element(const TensorArray& array, const PartialShape& declared) {
  const PartialShape shape = declared.merge(array.element_shape());
  if (!shape.fully_defined()) {
    fail(Code::kUnimplemented, "TensorArray has size zero, but element shape ", shape,
         " is not fully defined. Currently only static shapes are supported when packing "
         "zero-size TensorArrays.");
  }
  return shape.to_shape();
}

void gather(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const auto& p = *static_cast<const GatherParams*>(params);
  const auto array = array_of(in[0]);
  require_dtype(*array, p.dtype);
  if (in[1].shape().rank() != 1)
    invalid("Expected indices to be a vector, but received shape: ", in[1].shape());
  const std::int64_t n = in[1].num_elements();
  const auto* indices = in[1].data<std::int32_t>();
  if (n == 0) {
    out[0] = Tensor(p.dtype, behind(0, empty_element(*array, p.element_shape), 0));
    return;
  }
  Shape element;
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor value = array->read(indices[i]);
    if (i == 0) {
      element = value.shape();
      if (!p.element_shape.compatible_with(element)) {
        invalid("TensorArray was passed element_shape ", p.element_shape,
                " which does not match the Tensor at index 0: ", element);
      }
      out[0] = Tensor(p.dtype, behind(n, element, 0));
    } else if (!(value.shape() == element)) {
      invalid("TensorArray has inconsistent shapes.  Index 0 has shape: ", element, " but index ",
              i, " has shape: ", value.shape());
    }
    copy_elements(value, out[0], i * value.num_elements());
  }
}

Prepared prepare_gather(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<GatherParams>(prepared);
  p->dtype = r.attrs->type("dtype");
  p->element_shape = r.attrs->shape("element_shape");
  prepared.run_dynamic = gather;
  return prepared;
}

void concat(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const auto& p = *static_cast<const GatherParams*>(params);
  const auto array = array_of(in[0]);
  require_dtype(*array, p.dtype);
  const std::int64_t n = array->size();
  std::vector<Tensor> values;
  out[1] = Tensor(DType::kInt64, Shape{n});
  std::int64_t rows = 0;
  Shape rest;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(array->read(i));
    const Shape& shape = values.back().shape();
    if (shape.rank() == 0) {
      invalid("Concat saw a scalar shape at index ", i,
              " but requires at least vectors.  Did you mean to call pack?");
    }
    const Shape here(shape.dims().subspan(1));
    if (i == 0) {
      rest = here;
      if (!p.element_shape.compatible_with(rest)) {
        invalid("TensorArray was passed element_shape_except0 ", p.element_shape,
                " but index 0 has (excepting dimension 0) shape: ", rest);
      }
    } else if (!(here == rest)) {
      invalid("TensorArray has inconsistent shapes.  Index 0 has (excepting dimension 0) shape: ",
              rest, " but index ", i, " has (excepting dimension 0) shape: ", here);
    }
    out[1].data<std::int64_t>()[i] = shape[0];
    rows += shape[0];
  }
  if (n == 0) {
    if (!p.element_shape.fully_defined()) {
      fail(Code::kUnimplemented, "TensorArray has size zero, but element_shape_except0 ",
           p.element_shape,
           " is not fully defined. Currently only static shapes are supported when concatenating "
           "zero-size TensorArrays.");
    }
    rest = p.element_shape.to_shape();
  }
  out[0] = Tensor(p.dtype, behind(rows, rest, 0));
  std::int64_t offset = 0;
  for (const Tensor& value : values) {
    copy_elements(value, out[0], offset);
    offset += value.num_elements();
  }
}

Prepared prepare_concat(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<GatherParams>(prepared);
  p->dtype = r.attrs->type("dtype");
  p->element_shape = r.attrs->shape("element_shape_except0");
  prepared.run_dynamic = concat;
  return prepared;
}

struct ScatterParams {
  Value value;
  Shape indices;
};

void scatter(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ScatterParams*>(params);
  const auto array = array_at(in);
  const std::int64_t n = p.indices.num_elements();
  const auto* indices = static_cast<const std::int32_t*>(in[1]);
  std::int64_t last = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (indices[i] < 0) invalid("TensorArray scatter indices must be >= 0, got ", indices[i]);
    last = std::max<std::int64_t>(last, indices[i]);
  }
  if (last >= array->size()) {
    if (!array->dynamic_size()) {
      invalid("Max scatter index must be < array size (", last, " vs. ", array->size(), ")");
    }
    array->require_size(last + 1);
  }
  const Tensor all = copy_of(p.value, in[2]);
  const Shape element(p.value.shape.dims().subspan(1));
  for (std::int64_t i = 0; i < n; ++i) {
    Tensor row = rows_of(all, i, element);
    // What adds up must have memory of its own.
    array->write(indices[i], array->is_gradient() ? row.clone() : std::move(row));
  }
  set_flow(out[0]);
}

Prepared prepare_scatter(const KernelRequest& r) {
  if (r.inputs[1].shape.rank() != 1)
    invalid("Expected indices to be a vector, but received shape: ", r.inputs[1].shape);
  if (r.inputs[2].shape.rank() < 1)
    invalid("Expected value to be at least a vector, but received shape: ", r.inputs[2].shape);
  if (r.inputs[1].shape[0] != r.inputs[2].shape[0]) {
    invalid("Expected len(indices) == values.shape[0], but saw: ", r.inputs[1].shape[0], " vs. ",
            r.inputs[2].shape[0]);
  }
  Prepared prepared;
  auto* p = make_params<ScatterParams>(prepared);
  p->value = {r.inputs[2].dtype, r.inputs[2].shape};
  p->indices = r.inputs[1].shape;
  prepared.run = scatter;
  return prepared;
}

void split(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ScatterParams*>(params);
  const auto array = array_at(in);
  const std::int64_t n = p.indices.num_elements();
  const auto* lengths = static_cast<const std::int64_t*>(in[2]);
  const std::int64_t rows = p.value.shape[0];
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    if (lengths[i] < 0 || lengths[i] > rows)
      invalid("lengths[", i, "] = ", lengths[i], " is not in [0, ", rows, "]");
    total += lengths[i];
    if (total > rows) break;
  }
  if (total != rows) {
    invalid("Expected sum of lengths to be equal to values.shape[0], but sum of lengths is ", total,
            " and value's shape is: ", p.value.shape);
  }
  if (array->size() != n) {
    if (!array->dynamic_size() || array->size() > n) {
      invalid("TensorArray's size is not equal to the size of lengths (", array->size(), " vs. ", n,
              "), and the TensorArray is not marked as dynamically resizeable");
    }
    array->require_size(n);
  }
  const Tensor all = copy_of(p.value, in[1]);
  std::int64_t begin = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    Tensor part = rows_of(all, begin, behind(lengths[i], p.value.shape, 1));
    array->write(i, array->is_gradient() ? part.clone() : std::move(part));
    begin += lengths[i];
  }
  set_flow(out[0]);
}

Prepared prepare_split(const KernelRequest& r) {
  if (r.inputs[1].shape.rank() < 1)
    invalid("Expected value to be at least a vector, but received shape: ", r.inputs[1].shape);
  if (r.inputs[2].shape.rank() != 1)
    invalid("Expected lengths to be a vector, received shape: ", r.inputs[2].shape);
  Prepared prepared;
  auto* p = make_params<ScatterParams>(prepared);
  p->value = {r.inputs[1].dtype, r.inputs[1].shape};
  p->indices = r.inputs[2].shape;
  prepared.run = split;
  return prepared;
}

// ---- the whole ------------------------------------------------------------------------------

void size(const void*, void* const* in, void* const* out, void*, RunContext&) {
  *static_cast<std::int32_t*>(out[0]) = std::int32_t(array_at(in)->size());
}

void close(const void*, void* const* in, void* const*, void*, RunContext&) {
  array_at(in)->close();
}

template <RunFn kRun>
Prepared prepare_plain(const KernelRequest&) {
  Prepared prepared;
  prepared.run = kRun;
  return prepared;
}

}  // namespace

std::span<const KernelRow> tensor_array_kernels() {
  static const KernelRow rows[] = {
      {"TensorArrayV3", "", DTypeSet::all(), prepare_make},
      {"TensorArrayGradV3", "", DTypeSet::all(), prepare_gradient},
      {"TensorArrayGradWithShape", "", DTypeSet::all(), prepare_gradient},
      {"TensorArrayWriteV3", "", DTypeSet::all(), prepare_write},
      {"TensorArrayReadV3", "", DTypeSet::all(), prepare_read},
      {"TensorArrayGatherV3", "", DTypeSet::all(), prepare_gather},
      {"TensorArrayConcatV3", "", DTypeSet::all(), prepare_concat},
      {"TensorArrayScatterV3", "", DTypeSet::all(), prepare_scatter},
      {"TensorArraySplitV3", "", DTypeSet::all(), prepare_split},
      {"TensorArraySizeV3", "", DTypeSet::all(), prepare_plain<size>},
      {"TensorArrayCloseV3", "", DTypeSet::all(), prepare_plain<close>},
  };
  return rows;
}

}  // namespace caudal::cpu
