// SPDX-License-Identifier: Apache-2.0
// Lists as values: a change copies the list's spine, elements are shared.
#include "tensor/tensor_list.h"

#include "kernels/cpu/portable/element_rows.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/resource.h"

namespace caudal::cpu {
namespace {

using List = std::shared_ptr<TensorList>;

struct ListParams {
  DType dtype = DType::kInvalid;  ///< of elements; invalid where the op does not say
  DType shape_type = DType::kInt32;
  PartialShape element_shape;
  std::int64_t count = -1;
  bool grows = false;  ///< setting an item behind the end makes the list longer
};

List list_of(const Tensor& handle) { return resource_of<TensorList>(handle); }
List changed(const Tensor& handle) { return std::make_shared<TensorList>(*list_of(handle)); }
Tensor handle_of(List list) { return object_tensor(DType::kVariant, std::move(list)); }

std::int64_t scalar_of(const Tensor& t, std::string_view what) {
  if (t.num_elements() != 1) invalid(what, " must be a scalar, got shape ", t.shape());
  return t.as_int64s()[0];
}

/// A shape given as a tensor: a vector, or the scalar -1 for any.
PartialShape shape_of(const Tensor& t) {
  if (t.shape().rank() > 1) invalid("Shape must be at most rank 1 but is rank ", t.shape().rank());
  const std::vector<std::int64_t> dims = t.as_int64s();
  if (t.shape().rank() == 0) {
    if (dims[0] != -1) {
      invalid("The only valid scalar shape tensor is the fully unknown shape specified as -1.");
    }
    return {};
  }
  return PartialShape(dims);
}

void check_dtype(const TensorList& list, DType wanted) {
  if (list.dtype() != wanted) {
    invalid("Invalid data types; op elements ", wanted, " but list elements ", list.dtype());
  }
}

void check_index(const TensorList& list, std::int64_t i, std::string_view doing) {
  if (i < 0 || i >= list.size()) {
    invalid("Trying to ", doing, " element ", i, " in a list with ", list.size(), " elements.");
  }
}

void check_item(const TensorList& list, const Tensor& item) {
  if (list.dtype() != item.dtype()) {
    invalid("Invalid data types; list elements ", list.dtype(), " but tried to append ",
            item.dtype());
  }
  if (!list.element_shape().compatible_with(item.shape())) {
    invalid("Tried to append a tensor with incompatible shape to a list. Op element shape: ",
            item.shape(), " list shape: ", list.element_shape());
  }
}

Tensor zeros(DType dtype, const Shape& shape) {
  Tensor t(dtype, shape);
  if (!is_object(dtype) && t.num_bytes() > 0) std::memset(t.raw(), 0, t.num_bytes());
  return t;
}

PartialShape merged(const PartialShape& a, const PartialShape& b) {
  if (!a.compatible_with(b)) {
    invalid("Incompatible shapes: the op asks for elements of shape ", a,
            ", those of the list have ", b);
  }
  return a.merge(b);
}

/// Element i; zeros of the asked shape where nothing was set.
Tensor element(const TensorList& list, std::int64_t i, const PartialShape& asked) {
  const Tensor& value = list.at(i);
  if (value.defined()) return value;
  const PartialShape shape = merged(asked, list.element_shape());
  if (!shape.fully_defined()) {
    invalid("Trying to read an uninitialized tensor but element_shape is not fully defined. ",
            shape, " Size of list: ", list.size());
  }
  return zeros(list.dtype(), shape.to_shape());
}

/// The shape that all of these elements have; found in the first one that is set.
PartialShape common_shape(const TensorList& list, std::span<const std::int64_t> indices,
                          PartialShape shape) {
  shape = merged(shape, list.element_shape());
  for (const std::int64_t i : indices) {
    const Tensor& value = list.at(i);
    if (value.defined()) shape = merged(shape, value.shape());
  }
  return shape;
}

Tensor stacked(const TensorList& list, std::span<const std::int64_t> indices,
               const PartialShape& asked) {
  const PartialShape shape = common_shape(list, indices, asked);
  if (!shape.fully_defined()) {
    if (indices.empty()) {
      invalid("Tried to stack elements of an empty list with non-fully-defined element_shape: ",
              shape);
    }
    invalid(
        "Tried to stack list which only contains uninitialized tensors and has a "
        "non-fully-defined element_shape: ",
        shape);
  }
  const Shape row = shape.to_shape();
  Tensor out(list.dtype(), behind(std::int64_t(indices.size()), row, 0));
  const std::int64_t n = row.num_elements();
  for (std::size_t k = 0; k < indices.size(); ++k) {
    const Tensor& value = list.at(indices[k]);
    copy_elements(value.defined() ? value : zeros(list.dtype(), row), out, std::int64_t(k) * n);
  }
  return out;
}

std::vector<std::int64_t> all_of(const TensorList& list) {
  std::vector<std::int64_t> out(std::size_t(list.size()));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::int64_t(i);
  return out;
}

// ---- making lists ---------------------------------------------------------------------------

using Inputs = std::span<const Tensor>;
using Outputs = std::span<Tensor>;

void empty(const ListParams& p, Inputs in, Outputs out) {
  const std::int64_t most = scalar_of(in[1], "max_num_elements");
  out[0] = handle_of(std::make_shared<TensorList>(p.dtype, shape_of(in[0]), most));
}

void reserve(const ListParams& p, Inputs in, Outputs out) {
  const std::int64_t n = scalar_of(in[1], "num_elements");
  if (n < 0) {
    invalid("The num_elements to reserve must be a non negative number, but got ", n);
  }
  auto list = std::make_shared<TensorList>(p.dtype, shape_of(in[0]));
  list->resize(n);
  out[0] = handle_of(std::move(list));
}

/// Row i of a tensor, with memory of the whole.
Tensor row_of(const Tensor& whole, std::int64_t i) {
  return rows_of(whole, i, Shape(whole.shape().dims().subspan(1)));
}

void check_rows(const Tensor& t) {
  if (t.shape().rank() < 1) {
    invalid("Tensor must be at least a vector, but saw shape: ", t.shape());
  }
}

void from_tensor(const ListParams& p, Inputs in, Outputs out) {
  check_rows(in[0]);
  const PartialShape shape = shape_of(in[1]);
  const Shape row(in[0].shape().dims().subspan(1));
  if (!shape.compatible_with(row)) {
    invalid("Specified a list with shape ", shape, " from a tensor with shape ", row);
  }
  auto list = std::make_shared<TensorList>(p.dtype, shape);
  const Tensor whole = kept(in[0]);
  const std::int64_t n = whole.shape()[0];
  list->resize(n);
  for (std::int64_t i = 0; i < n; ++i) list->set(i, row_of(whole, i));
  out[0] = handle_of(std::move(list));
}

void put_rows(TensorList& list, const Tensor& values, const std::vector<std::int64_t>& indices) {
  check_rows(values);
  if (values.shape()[0] != std::int64_t(indices.size())) {
    invalid("Invalid number of rows in input tensor. Expected: ", indices.size(),
            " Actual: ", values.shape()[0]);
  }
  const Shape row(values.shape().dims().subspan(1));
  if (!list.element_shape().compatible_with(row)) {
    invalid("Specified a list with shape ", list.element_shape(), " from a tensor with shape ",
            row);
  }
  const Tensor whole = kept(values);
  for (std::size_t k = 0; k < indices.size(); ++k) {
    list.set(indices[k], row_of(whole, std::int64_t(k)));
  }
}

std::int64_t size_for(const std::vector<std::int64_t>& indices, std::int64_t size) {
  std::int64_t wanted = 0;
  for (const std::int64_t i : indices) {
    if (i < 0) invalid("Indices in TensorListScatter must all be non-negative.");
    if (size >= 0 && i >= size) {
      invalid("TensorListScatter: Trying to scatter at index ", i, " in list with size ", size);
    }
    wanted = std::max(wanted, i + 1);
  }
  return size >= 0 ? size : wanted;
}

void scatter(const ListParams& p, Inputs in, Outputs out) {
  const std::int64_t size = in.size() > 3 ? scalar_of(in[3], "num_elements") : -1;
  if (size < -1) invalid("TensorListScatter expects num_elements >= -1, found: ", size);
  const auto indices = in[1].as_int64s();
  auto list = std::make_shared<TensorList>(p.dtype, shape_of(in[2]));
  list->resize(size_for(indices, size));
  put_rows(*list, in[0], indices);
  out[0] = handle_of(std::move(list));
}

void scatter_into(const ListParams& p, Inputs in, Outputs out) {
  const auto indices = in[2].as_int64s();
  List list = changed(in[0]);
  check_dtype(*list, p.dtype);
  const std::int64_t wanted = size_for(indices, -1);
  if (wanted > list->size()) list->resize(wanted);
  put_rows(*list, in[1], indices);
  out[0] = handle_of(std::move(list));
}

void split(const ListParams& p, Inputs in, Outputs out) {
  check_rows(in[0]);
  PartialShape shape = shape_of(in[1]);
  const auto lengths = in[2].as_int64s();
  const Tensor whole = kept(in[0]);
  const std::int64_t rows = whole.shape()[0];
  auto list = std::make_shared<TensorList>(p.dtype, shape);
  list->resize(std::int64_t(lengths.size()));
  std::int64_t begin = 0;
  for (std::size_t k = 0; k < lengths.size(); ++k) {
    if (lengths[k] < 0) {
      invalid("Invalid value in lengths: ", lengths[k], " is negative");
    }
    if (lengths[k] > rows - begin) {
      invalid("Attempting to slice [", begin, ", ", lengths[k], "] from tensor with length ", rows);
    }
    const Shape part = behind(lengths[k], whole.shape(), 1);
    if (!shape.compatible_with(part)) {
      invalid("Specified a list with shape ", shape, " from a tensor with shape ", part);
    }
    list->set(std::int64_t(k), rows_of(whole, begin, part));
    begin += lengths[k];
  }
  if (begin != rows) {
    invalid("Unused values in tensor. Length of tensor: ", rows, " Values used: ", begin);
  }
  out[0] = handle_of(std::move(list));
}

// ---- changing lists -------------------------------------------------------------------------

void push_to(TensorList& list, const Tensor& item) {
  check_item(list, item);
  if (list.most() >= 0 && list.size() >= list.most()) {
    invalid("Tried to push item into a full list list size: ", list.size(),
            " max_num_elements: ", list.most());
  }
  list.push(item);
}

void push(const ListParams&, Inputs in, Outputs out) {
  List list = changed(in[0]);
  push_to(*list, kept(in[1]));
  out[0] = handle_of(std::move(list));
}

void push_batch(const ListParams&, Inputs in, Outputs out) {
  check_rows(in[1]);
  if (in[0].shape().rank() != 1 || in[0].shape()[0] != in[1].shape()[0]) {
    invalid("Batch sizes differ: handles of shape ", in[0].shape(), ", a tensor of shape ",
            in[1].shape());
  }
  const Tensor whole = kept(in[1]);
  out[0] = Tensor(DType::kVariant, in[0].shape());
  for (std::int64_t i = 0; i < in[0].num_elements(); ++i) {
    auto list = std::make_shared<TensorList>(*object_of<TensorList>(in[0].data<Variant>()[i]));
    push_to(*list, row_of(whole, i));
    out[0].data<Variant>()[i] = to_variant(std::move(list));
  }
}

void pop(const ListParams& p, Inputs in, Outputs out) {
  List list = changed(in[0]);
  check_dtype(*list, p.dtype);
  if (list->size() == 0) invalid("Trying to pop from an empty list.");
  out[1] = element(*list, list->size() - 1, shape_of(in[1]));
  list->resize(list->size() - 1);
  out[0] = handle_of(std::move(list));
}

void resize(const ListParams&, Inputs in, Outputs out) {
  const std::int64_t n = scalar_of(in[1], "size");
  if (n < 0) invalid("TensorListSlice expects size to be non-negative. Got: ", n);
  List list = changed(in[0]);
  list->resize(n);
  out[0] = handle_of(std::move(list));
}

void set_item(const ListParams& p, Inputs in, Outputs out) {
  List list = changed(in[0]);
  check_dtype(*list, p.dtype);
  const std::int64_t i = scalar_of(in[1], "index");
  if (p.grows && i >= list->size()) list->resize(i + 1);
  check_index(*list, i, "modify");
  if (!list->element_shape().compatible_with(in[2].shape())) {
    invalid("Tried to set a tensor with incompatible shape at a list index. Item element shape: ",
            in[2].shape(), " list shape: ", list->element_shape());
  }
  list->set(i, kept(in[2]));
  out[0] = handle_of(std::move(list));
}

void concat_lists(const ListParams& p, Inputs in, Outputs out) {
  if (!(in[0].shape() == in[1].shape())) {
    invalid("input_a and input_b must have the same shape, got ", in[0].shape(), " and ",
            in[1].shape());
  }
  out[0] = Tensor(DType::kVariant, in[0].shape());
  for (std::int64_t k = 0; k < in[0].num_elements(); ++k) {
    auto list = std::make_shared<TensorList>(*object_of<TensorList>(in[0].data<Variant>()[k]));
    const List other = object_of<TensorList>(in[1].data<Variant>()[k]);
    check_dtype(*list, p.dtype);
    check_dtype(*other, p.dtype);
    if (!list->element_shape().compatible_with(other->element_shape())) {
      invalid("input_a and input_b TensorList element shapes are not identical at index ", k,
              ".  Got ", list->element_shape(), " vs. ", other->element_shape());
    }
    const std::int64_t first = list->size();
    list->resize(first + other->size());
    for (std::int64_t i = 0; i < other->size(); ++i) list->set(first + i, other->at(i));
    out[0].data<Variant>()[k] = to_variant(std::move(list));
  }
}

// ---- reading lists --------------------------------------------------------------------------

void length(const ListParams&, Inputs in, Outputs out) {
  out[0] = Tensor::scalar(std::int32_t(list_of(in[0])->size()));
}

template <class T>
Tensor shape_tensor(const PartialShape& shape) {
  if (!shape.has_rank()) return Tensor::scalar(T(-1));
  return Tensor::vector(std::vector<T>(shape.dims().begin(), shape.dims().end()));
}

void element_shape(const ListParams& p, Inputs in, Outputs out) {
  const PartialShape& shape = list_of(in[0])->element_shape();
  out[0] = p.shape_type == DType::kInt64 ? shape_tensor<std::int64_t>(shape)
                                         : shape_tensor<std::int32_t>(shape);
}

void get_item(const ListParams& p, Inputs in, Outputs out) {
  const List list = list_of(in[0]);
  check_dtype(*list, p.dtype);
  const std::int64_t i = scalar_of(in[1], "index");
  check_index(*list, i, "access");
  out[0] = element(*list, i, shape_of(in[2]));
}

void stack(const ListParams& p, Inputs in, Outputs out) {
  const List list = list_of(in[0]);
  check_dtype(*list, p.dtype);
  if (p.count >= 0 && list->size() != p.count) {
    invalid("Operation expected a list with ", p.count, " elements but got a list with ",
            list->size(), " elements.");
  }
  out[0] = stacked(*list, all_of(*list), shape_of(in[1]));
}

void gather(const ListParams& p, Inputs in, Outputs out) {
  const List list = list_of(in[0]);
  check_dtype(*list, p.dtype);
  const auto indices = in[1].as_int64s();
  for (const std::int64_t i : indices) check_index(*list, i, "gather");
  out[0] = stacked(*list, indices, shape_of(in[2]));
}

void concat(const ListParams& p, Inputs in, Outputs out) {
  const List list = list_of(in[0]);
  check_dtype(*list, p.dtype);
  const auto except_first = [](const PartialShape& s) {
    return s.has_rank() && s.rank() > 0 ? PartialShape(s.dims().subspan(1)) : PartialShape();
  };
  PartialShape asked = in.size() > 1 ? shape_of(in[1]) : p.element_shape;
  asked = merged(asked, list->element_shape());
  if (asked.has_rank() && asked.rank() == 0) {
    invalid("Concat requires elements to be at least vectors, found scalars instead.");
  }
  std::vector<std::int64_t> leading;
  if (in.size() > 2) leading = in[2].as_int64s();
  const std::int64_t n = list->size();
  PartialShape rest = except_first(asked);
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor& value = list->at(i);
    if (!value.defined()) continue;
    if (value.shape().rank() == 0) {
      invalid("Concat saw a scalar shape at index ", i, " but requires at least vectors.");
    }
    const PartialShape here(value.shape().dims().subspan(1));
    if (!rest.compatible_with(here)) {
      invalid("Tried to concat tensors with unequal shapes: ", rest, " vs ", here);
    }
    rest = rest.merge(here);
  }
  if (!rest.fully_defined()) {
    invalid("All except the first dimension must be fully defined when concating ",
            n == 0 ? "an empty tensor list" : "uninitialized elements", ". element_shape: ", asked);
  }
  const Shape row = rest.to_shape();
  out[1] = Tensor(DType::kInt64, Shape{n});
  std::int64_t rows = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor& value = list->at(i);
    std::int64_t first = asked.has_rank() ? asked[0] : -1;
    if (value.defined()) {
      first = value.shape()[0];
    } else if (first < 0) {
      if (i >= std::int64_t(leading.size()) || leading[std::size_t(i)] < 0) {
        invalid("List contains uninitialized tensor at index ", i, " but leading_dims has only ",
                leading.size(), " elements.");
      }
      first = leading[std::size_t(i)];
    }
    out[1].data<std::int64_t>()[i] = first;
    if (__builtin_add_overflow(rows, first, &rows)) invalid("too many rows to concat");
  }
  out[0] = zeros(p.dtype, behind(rows, row, 0));
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const Tensor& value = list->at(i);
    if (value.defined()) copy_elements(value, out[0], offset);
    offset += out[1].data<std::int64_t>()[i] * row.num_elements();
  }
}

template <void (*kRun)(const ListParams&, Inputs, Outputs)>
Prepared prepare(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<ListParams>(prepared);
  if (r.attrs->find("element_dtype") != nullptr) p->dtype = r.attrs->type("element_dtype");
  if (r.attrs->find("shape_type") != nullptr) p->shape_type = r.attrs->type("shape_type");
  if (r.attrs->find("element_shape") != nullptr) p->element_shape = r.attrs->shape("element_shape");
  if (r.attrs->find("num_elements") != nullptr) p->count = r.attrs->i("num_elements");
  const AttrValue* grows = r.attrs->find("_resize_if_index_out_of_bounds");
  p->grows = grows != nullptr && grows->holds<bool>() && grows->get<bool>();
  prepared.run_dynamic = [](const void* params, Inputs in, Outputs out, RunContext&) {
    kRun(*static_cast<const ListParams*>(params), in, out);
  };
  return prepared;
}

}  // namespace

std::span<const KernelRow> tensor_list_kernels() {
  static const KernelRow rows[] = {
      {"EmptyTensorList", "", DTypeSet::all(), prepare<empty>},
      {"TensorListReserve", "", DTypeSet::all(), prepare<reserve>},
      {"TensorListFromTensor", "", DTypeSet::all(), prepare<from_tensor>},
      {"TensorListScatter", "", DTypeSet::all(), prepare<scatter>},
      {"TensorListScatterV2", "", DTypeSet::all(), prepare<scatter>},
      {"TensorListScatterIntoExistingList", "", DTypeSet::all(), prepare<scatter_into>},
      {"TensorListSplit", "", DTypeSet::all(), prepare<split>},
      {"TensorListPushBack", "", DTypeSet::all(), prepare<push>},
      {"TensorListPushBackBatch", "", DTypeSet::all(), prepare<push_batch>},
      {"TensorListPopBack", "", DTypeSet::all(), prepare<pop>},
      {"TensorListResize", "", DTypeSet::all(), prepare<resize>},
      {"TensorListSetItem", "", DTypeSet::all(), prepare<set_item>},
      {"TensorListConcatLists", "", DTypeSet::all(), prepare<concat_lists>},
      {"TensorListLength", "", DTypeSet::all(), prepare<length>},
      {"TensorListElementShape", "", DTypeSet::all(), prepare<element_shape>},
      {"TensorListGetItem", "", DTypeSet::all(), prepare<get_item>},
      {"TensorListStack", "", DTypeSet::all(), prepare<stack>},
      {"TensorListGather", "", DTypeSet::all(), prepare<gather>},
      {"TensorListConcat", "", DTypeSet::all(), prepare<concat>},
      {"TensorListConcatV2", "", DTypeSet::all(), prepare<concat>},
  };
  return rows;
}

}  // namespace caudal::cpu
