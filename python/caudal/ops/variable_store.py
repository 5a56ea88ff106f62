# SPDX-License-Identifier: Apache-2.0
"""The variables of a graph by name, and how `tf.get_variable` makes or finds one."""

import enum

from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import init_ops
from caudal.ops.ref_variable import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
)

_STORE_KEY = ("__variable_store",)


class _ReuseMode(enum.Enum):
    """Reuse beyond True and False."""

    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE


def root_graph():
    """The graph that owns variables: branches and loop bodies share those of their outer graph."""
    graph = ops.get_default_graph()
    while graph.outer_graph is not None:
        graph = graph.outer_graph
    return graph


def graph_singleton(key, make):
    """The object that the current root graph keeps under `key`; made at the first use."""
    held = root_graph().get_collection_ref(key)
    if not held:
        held.append(make())
    return held[0]


class _VariableStore:
    """Variables made by `tf.get_variable` in one graph, by full name."""

    def __init__(self):
        self._vars = {}
        self._partitioned_vars = {}

    def get_variable(self, name, shape=None, dtype=dtypes.float32, initializer=None,
                     regularizer=None, reuse=None, trainable=None, collections=None,
                     caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, custom_getter=None, constraint=None,
                     synchronization=VariableSynchronization.AUTO,
                     aggregation=VariableAggregation.NONE):  # fmt: skip
        """Finds or makes a variable; `custom_getter` may come between."""
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError("Passed a custom_getter which is not callable: %s" % custom_getter)
        arguments = dict(
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            reuse=reuse,
            trainable=trainable,
            collections=collections,
            caching_device=caching_device,
            partitioner=partitioner,
            validate_shape=validate_shape,
            use_resource=use_resource,
            constraint=constraint,
            synchronization=synchronization,
            aggregation=aggregation,
        )
        if custom_getter is None:
            return self._find_or_make(name, **arguments)
        if not _accepts(custom_getter, "constraint"):
            del arguments["constraint"]
        return custom_getter(getter=self._find_or_make, name=name, **arguments)

    def _find_or_make(self, name, shape=None, dtype=dtypes.float32, initializer=None,
                      regularizer=None, reuse=None, trainable=None, collections=None,
                      caching_device=None, partitioner=None, validate_shape=True,
                      use_resource=None, constraint=None,
                      synchronization=VariableSynchronization.AUTO,
                      aggregation=VariableAggregation.NONE):  # fmt: skip
        by_value = initializer is not None and not callable(initializer)
        if by_value and shape is not None:
            raise ValueError("If initializer is a constant, do not specify shape.")
        if partitioner is not None:
            raise NotImplementedError(
                "Variable %s: partitioned variables are not supported; leave out the partitioner"
                % name
            )
        dtype = dtypes.as_dtype(dtype)
        shape = tensor_shape.as_shape(shape)
        if name.rstrip("/") in self._vars:
            return self._find(name, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                "Variable %s does not exist, or was not created with tf.get_variable(). Did you "
                "mean to set reuse=tf.AUTO_REUSE in VarScope?" % name
            )
        if initializer is None:
            initializer = _default_initializer(name, dtype)
        with ops.init_scope():
            initial_value, variable_dtype = _initial_value(initializer, by_value, shape, dtype)
        variable = Variable(
            initial_value=initial_value,
            name=name,
            trainable=trainable,
            collections=collections,
            caching_device=caching_device,
            dtype=variable_dtype,
            validate_shape=validate_shape,
            constraint=constraint,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )
        self._vars[name.rstrip("/")] = variable
        if regularizer:
            self._regularize(name, variable, regularizer)
        return variable

    def _find(self, name, shape, dtype, reuse):
        found = self._vars[name.rstrip("/")]
        if reuse is not None and not reuse:
            where = found.op.traceback_text()
            raise ValueError(
                "Variable %s already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope? Originally defined at:\n\n%s" % (name, where)
            )
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                "Trying to share variable %s, but specified shape %s and found shape %s."
                % (name, shape, found.get_shape())
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                "Trying to share variable %s, but specified dtype %s and found dtype %s."
                % (name, dtype.name, found.dtype.name)
            )
        return found

    @staticmethod
    def _regularize(name, variable, regularizer):
        with ops.colocate_with(variable.op), ops.name_scope(name + "/Regularizer/"):
            with ops.init_scope():
                loss = regularizer(variable)
        if loss is not None:
            root_graph().add_to_collection(ops.GraphKeys.REGULARIZATION_LOSSES, loss)


def _accepts(function, argument):
    import inspect

    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    return argument in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )


def _default_initializer(name, dtype):
    if dtype.is_floating:
        return init_ops.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype == dtypes.string:
        return init_ops.zeros_initializer()
    raise ValueError("An initializer for variable %s of %s is required" % (name, dtype.base_dtype))


def _initial_value(initializer, by_value, shape, dtype):
    """(initial value or function of no arguments, dtype or None) for the Variable."""
    if by_value:
        return initializer, None
    if isinstance(initializer, type):
        initializer = initializer()
    if shape is not None and shape.is_fully_defined():
        arguments = {"dtype": dtype}
        if _accepts(initializer, "partition_info"):
            arguments["partition_info"] = None
        sizes = shape.as_list()
        return lambda: initializer(sizes, **arguments), dtype.base_dtype
    if _required_arguments(initializer) == 0:
        return initializer, None
    raise ValueError(
        "The initializer passed is not valid. It should be a callable with no arguments and the "
        "shape should not be provided or an instance of `tf.keras.initializers.*' and `shape` "
        "should be fully defined."
    )


def _required_arguments(function):
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1
    return sum(
        1
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    )


def _get_default_variable_store():
    """The store of the current graph."""
    return graph_singleton(_STORE_KEY, _VariableStore)
