# SPDX-License-Identifier: Apache-2.0
"""Tensors as TensorInfo messages and back."""

from caudal.framework import ops
from caudal.framework.sparse_tensor import SparseTensor

__all__ = ["build_tensor_info", "get_tensor_from_tensor_info"]


def _set_shape(message, shape):
    message.SetInParent()
    if shape.rank is None:
        message.unknown_rank = True
        return
    for size in shape.as_list():
        message.dim.add(size=-1 if size is None else size)


def build_tensor_info(tensor):
    """A TensorInfo message of a Tensor or SparseTensor: name, dtype, shape."""
    from caudal import proto

    info = proto.TensorInfo(dtype=tensor.dtype.base_dtype._enum)
    if isinstance(tensor, SparseTensor):
        info.coo_sparse.values_tensor_name = tensor.values.name
        info.coo_sparse.indices_tensor_name = tensor.indices.name
        info.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        info.name = tensor.name
    _set_shape(info.tensor_shape, tensor.get_shape())
    return info


def get_tensor_from_tensor_info(tensor_info, graph=None, import_scope=None):
    """The Tensor or SparseTensor that a TensorInfo message names.

    Args:
      tensor_info: the message.
      graph: default: the default graph.
      import_scope: name scope into which the graph was imported.

    Raises:
      KeyError: if the graph has no such tensor.
      ValueError: for a message of another kind of tensor.
    """
    from caudal import proto

    tensor_info = proto.of(proto.TensorInfo, tensor_info)
    graph = graph or ops.get_default_graph()

    def tensor(name):
        return graph.get_tensor_by_name("%s/%s" % (import_scope, name) if import_scope else name)

    encoding = tensor_info.WhichOneof("encoding")
    if encoding == "name":
        return tensor(tensor_info.name)
    if encoding == "coo_sparse":
        sparse = tensor_info.coo_sparse
        return SparseTensor(
            tensor(sparse.indices_tensor_name),
            tensor(sparse.values_tensor_name),
            tensor(sparse.dense_shape_tensor_name),
        )
    raise ValueError("Invalid TensorInfo.encoding: %s" % encoding)
