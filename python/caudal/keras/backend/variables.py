# SPDX-License-Identifier: Apache-2.0
"""Variables, constants and placeholders; what they are, and their values."""

import numpy as np

import caudal as tf
from caudal.framework.sparse_tensor import SparseTensor
from caudal.keras.backend.common import floatx
from caudal.keras.backend.state import session_for
from caudal.ops.ref_variable import Variable


def to_tensor(x, dtype):
    """`x` as a tensor of a dtype."""
    return tf.convert_to_tensor(x, dtype=dtype)


# -- making ----------------------------------------------------------------------------------------


def variable(value, dtype=None, name=None, constraint=None):
    """A variable with an initial value.

    Args:
      value: array, number, tensor, or a SciPy sparse matrix (which gives a SparseTensor).
      dtype: name of the type, by default `floatx()`.
      name: name of the variable.
      constraint: function from value to value that optimizers apply after an update.
    """
    dtype = tf.as_dtype(floatx() if dtype is None else dtype)
    if hasattr(value, "tocoo"):
        matrix = value.tocoo()
        indices = np.stack((matrix.row, matrix.col), axis=1).astype(np.int64)
        made = SparseTensor(indices, tf.constant(matrix.data, dtype), matrix.shape)
        made._keras_shape = tuple(matrix.shape)
        made._uses_learning_phase = False
        return made
    made = tf.Variable(value, dtype=dtype, name=name, constraint=constraint)
    if isinstance(value, np.ndarray):
        made._keras_shape = value.shape
    elif hasattr(value, "get_shape"):
        made._keras_shape = int_shape(value)
    made._uses_learning_phase = False
    return made


def constant(value, dtype=None, shape=None, name=None):
    """A constant tensor; `dtype` is `floatx()` by default."""
    return tf.constant(value, dtype=dtype or floatx(), shape=shape, name=name)


def placeholder(shape=None, ndim=None, dtype=None, sparse=False, name=None):
    """A tensor to be fed.

    Args:
      shape: tuple of int or None.
      ndim: number of dimensions, where no shape is given.
      dtype: name of the type, by default `floatx()`.
      sparse: whether it is a SparseTensor.
      name: name of the node.
    """
    dtype = dtype or floatx()
    if hasattr(shape, "as_list"):
        shape = tuple(shape.as_list())
    elif not shape and ndim:
        shape = (None,) * ndim
    make = tf.sparse_placeholder if sparse else tf.placeholder
    made = make(dtype, shape=shape, name=name)
    made._keras_shape = shape if shape is None else tuple(shape)
    made._uses_learning_phase = False
    return made


def _filled(make, shape, dtype, name):
    dtype = dtype or floatx()
    value = make(shape=shape, dtype=tf.as_dtype(dtype), name=name)
    if value.shape.is_fully_defined() and 0 not in value.shape.as_list():
        return variable(value, dtype=dtype, name=name)
    return value


def zeros(shape, dtype=None, name=None):
    """A variable of zeros; a tensor where the shape is not known."""
    return _filled(tf.zeros, shape, dtype, name)


def ones(shape, dtype=None, name=None):
    """A variable of ones; a tensor where the shape is not known."""
    return _filled(tf.ones, shape, dtype, name)


def eye(size, dtype=None, name=None):
    """A variable with the identity matrix of `size` rows."""
    dtype = dtype or floatx()
    return variable(tf.eye(size, dtype=tf.as_dtype(dtype)), dtype, name)


def zeros_like(x, dtype=None, name=None):
    """Zeros in the shape of `x`."""
    return tf.zeros_like(x, dtype=dtype, name=name)


def ones_like(x, dtype=None, name=None):
    """Ones in the shape of `x`."""
    return tf.ones_like(x, dtype=dtype, name=name)


def identity(x, name=None):
    """A tensor of the same content."""
    return tf.identity(x, name)


# -- kinds -----------------------------------------------------------------------------------------


def is_tensor(x):
    """Whether `x` is a tensor, a variable or a SparseTensor."""
    return isinstance(x, (tf.Tensor, Variable, SparseTensor)) or hasattr(x, "_as_graph_element")


def is_keras_tensor(x):
    """Whether `x` came from a layer or from `Input`.

    Raises:
      ValueError: if it is no tensor at all.
    """
    if not is_tensor(x):
        raise ValueError(
            "Unexpectedly found an instance of type `%s`. Expected a symbolic tensor instance."
            % type(x)
        )
    return hasattr(x, "_keras_history")


def is_placeholder(x):
    """Whether `x` is a placeholder."""
    op = getattr(x.values if isinstance(x, SparseTensor) else x, "op", None)
    return getattr(op, "type", None) == "Placeholder"


def is_sparse(tensor):
    """Whether `tensor` is a SparseTensor."""
    return isinstance(tensor, SparseTensor)


def to_dense(tensor):
    """`tensor`, or the dense form of a sparse one."""
    return tf.sparse_tensor_to_dense(tensor) if is_sparse(tensor) else tensor


# -- shape and type --------------------------------------------------------------------------------


def shape(x):
    """The shape of `x`, an int32 tensor."""
    return tf.shape(x)


def int_shape(x):
    """The shape of `x` as a tuple of int or None; None if not even the rank is known."""
    if hasattr(x, "_keras_shape"):
        return x._keras_shape
    try:
        return tuple(x.get_shape().as_list())
    except ValueError:
        return None


def ndim(x):
    """The rank of `x`, or None."""
    return x.get_shape().ndims


def dtype(x):
    """The name of the type of `x`."""
    return x.dtype.base_dtype.name


def count_params(x):
    """The number of elements of `x`."""
    return np.prod(int_shape(x))


def get_variable_shape(x):
    """The shape of a variable, a tuple."""
    return int_shape(x)


def cast(x, dtype):
    """`x` in another type."""
    return tf.cast(x, dtype)


# -- values ----------------------------------------------------------------------------------------


def eval(x):
    """The value of a tensor, dense."""
    x = to_dense(x)
    return session_for(_graph(x)).run(x)


def get_value(x):
    """The value of a variable."""
    return session_for(_graph(x)).run(x)


def batch_get_value(ops):
    """The values of several variables, a list."""
    ops = list(ops)
    return session_for(_graph(ops[0])).run(ops) if ops else []


def set_value(x, value):
    """Gives a variable a value (an array of its shape)."""
    batch_set_value([(x, value)])


def batch_set_value(tuples):
    """Gives several variables values: a list of (variable, array)."""
    tuples = list(tuples)
    if not tuples:
        return
    # An initializer assigns the tensor that is its second input, which can be fed.
    feeds, initializers, later = {}, [], []
    for x, value in tuples:
        value = np.asarray(value, dtype=x.dtype.base_dtype.as_numpy_dtype)
        if not x.shape.is_compatible_with(value.shape):
            raise ValueError(
                "Cannot set a value of shape %r for variable %r, which has shape %s"
                % (value.shape, x.name, x.shape)
            )
        initial = x.initializer.inputs[1]
        if initial in feeds:
            later.append((x, value))
        else:
            feeds[initial] = value
            initializers.append(x.initializer)
    session_for(_graph(tuples[0][0])).run(initializers, feeds)
    batch_set_value(later)


def _graph(x):
    graph = x.graph
    return getattr(graph, "root", graph)


# -- updates ---------------------------------------------------------------------------------------


def update(x, new_x):
    """An operation: x = new_x."""
    return tf.assign(x, new_x)


def update_add(x, increment):
    """An operation: x += increment."""
    return tf.assign_add(x, increment)


def update_sub(x, decrement):
    """An operation: x -= decrement."""
    return tf.assign_sub(x, decrement)


def moving_average_update(x, value, momentum):
    """An operation: x = the moving average of itself and `value`, corrected for its start.

    Args:
      x: Variable.
      value: tensor of the same shape.
      momentum: weight of the past, a float.
    """
    from caudal.train.moving_averages import assign_moving_average

    return assign_moving_average(x, value, momentum, zero_debias=True)
