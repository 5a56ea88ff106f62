# SPDX-License-Identifier: Apache-2.0
"""The variables of a graph by name, and how `tf.get_variable` makes or finds one."""

import enum

from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import array_ops, init_ops
from caudal.ops.partitioned_variable import PartitionedVariable, PartitionInfo
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
        dtype = dtypes.as_dtype(dtype)
        is_scalar = shape is not None and tensor_shape.as_shape(shape).rank == 0
        again = reuse is True and partitioner is None and name in self._partitioned_vars
        if again or (partitioner is not None and not is_scalar):
            if partitioner is not None and not callable(partitioner):
                raise ValueError("Partitioner must be callable, but received: %s" % partitioner)
            with ops.name_scope(None):
                return self._find_or_make_partitioned(
                    name.rstrip("/"),
                    partitioner,
                    shape=shape,
                    dtype=dtype,
                    initializer=initializer,
                    regularizer=regularizer,
                    reuse=reuse,
                    trainable=trainable,
                    collections=collections,
                    caching_device=caching_device,
                    validate_shape=validate_shape,
                    use_resource=use_resource,
                    constraint=constraint,
                    synchronization=synchronization,
                    aggregation=aggregation,
                )
        if "%s/part_0" % name in self._vars and partitioner is None:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was "
                "found: %s/part_0 came from an earlier call with a partitioner" % name
            )
        return self._find_or_make_single(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            reuse=reuse,
            trainable=trainable,
            collections=collections,
            caching_device=caching_device,
            validate_shape=validate_shape,
            use_resource=use_resource,
            constraint=constraint,
            synchronization=synchronization,
            aggregation=aggregation,
        )

    def _find_or_make_partitioned(self, name, partitioner, shape, dtype, initializer, reuse,
                                  **others):  # fmt: skip
        """Finds or makes the parts of a variable, "<name>/part_<i>"."""
        by_value = initializer is not None and not callable(initializer)
        shape = tensor_shape.as_shape(shape)
        if by_value:
            initializer = ops.convert_to_tensor(initializer)
            shape = shape.merge_with(initializer.get_shape())
        if name in self._partitioned_vars:
            return self._find_partitioned(name, partitioner, shape, dtype, reuse)
        if reuse is True:
            raise ValueError(
                "PartitionedVariable %s does not exist, or was not created with "
                "tf.get_variable(). Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in "
                "VarScope?" % name
            )
        partitions = _checked_partitions(partitioner, shape, dtype)
        axis, count = _partition_axis(partitions, shape.as_list())
        first, last = "%s/part_0" % name, "%s/part_%d" % (name, count - 1)
        if first in self._vars:
            if last not in self._vars:
                raise ValueError(
                    "Partitioner returned a different partitioning than what was already found.  "
                    "Partitioner returned %d shards, and shard %s was found, but %s was not."
                    % (count, first, last)
                )
            if "%s/part_%d" % (name, count) in self._vars:
                raise ValueError(
                    "Partitioner returned a different partitioning than what was already found.  "
                    "Partitioner returned %d shards, and shard %s was found, but so was the extra "
                    "shard %s/part_%d." % (count, first, name, count)
                )
        sizes = shape.as_list()
        parts = []
        for index, (offset, part_shape) in enumerate(_slices(sizes, axis, count)):
            info = PartitionInfo(full_shape=sizes, var_offset=offset)
            part_name = "%s/part_%d" % (name, index)
            if initializer is None:
                make, make_shape = _default_initializer(name, dtype), part_shape
            elif by_value:
                with ops.name_scope(part_name + "/PartitionedInitializer/"):
                    make, make_shape = array_ops.slice(initializer, offset, part_shape), None
            else:
                make, make_shape = initializer, part_shape
            part = self._find_or_make_single(
                part_name,
                shape=make_shape,
                dtype=dtype,
                initializer=make,
                reuse=reuse,
                partition_info=info,
                **others,
            )
            part._set_save_slice_info(Variable.SaveSliceInfo(name, sizes, offset, part_shape))
            parts.append(part)
        whole = PartitionedVariable(name, shape, dtype, parts, partitions)
        self._partitioned_vars[name] = whole
        return whole

    def _find_partitioned(self, name, partitioner, shape, dtype, reuse):
        found = self._partitioned_vars[name]
        if reuse is not None and not reuse:
            raise ValueError(
                "Partitioned variable with name %s already exists. Did you mean to set "
                "reuse=True or reuse=tf.AUTO_REUSE in VarScope?" % name
            )
        if not shape.is_compatible_with(found.get_shape()):
            raise ValueError(
                "Trying to reuse partitioned variable %s, but specified shape %s and found shape "
                "%s." % (name, shape, found.get_shape())
            )
        if not dtype.is_compatible_with(found.dtype):
            raise ValueError(
                "Trying to reuse partitioned variable %s, but specified dtype %s and found dtype "
                "%s." % (name, dtype.name, found.dtype.name)
            )
        if partitioner is not None and shape.is_fully_defined():
            partitions = _checked_partitions(partitioner, shape, dtype)
            if list(found._get_partitions()) != list(partitions):
                raise ValueError(
                    "Trying to reuse partitioned variable %s, but specified partitions %s and "
                    "found partitions %s." % (name, partitions, found._get_partitions())
                )
        return found

    def _find_or_make_single(self, name, shape=None, dtype=dtypes.float32, initializer=None,
                             regularizer=None, reuse=None, trainable=None, collections=None,
                             caching_device=None, validate_shape=True, use_resource=None,
                             constraint=None, synchronization=VariableSynchronization.AUTO,
                             aggregation=VariableAggregation.NONE,
                             partition_info=None):  # fmt: skip
        by_value = initializer is not None and not callable(initializer)
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
            initial_value, variable_dtype = _initial_value(
                initializer, by_value, shape, dtype, partition_info
            )
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


def _checked_partitions(partitioner, shape, dtype):
    """What a partitioner returns for a shape: one number of parts for each axis."""
    if partitioner is None or not callable(partitioner):
        raise ValueError("Partitioner must be callable, but received: %s" % partitioner)
    if not shape.is_fully_defined():
        raise ValueError(
            "Shape of a new partitioned variable must be fully defined, but instead was %s."
            % (shape,)
        )
    if shape.ndims < 1:
        raise ValueError(
            "A partitioned Variable must have rank at least 1, shape: %s" % shape
        )  # fmt: skip
    partitions = partitioner(shape=shape, dtype=dtype)
    if not isinstance(partitions, (list, tuple)):
        raise ValueError("Partitioner must return a sequence, but saw: %s" % partitions)
    if len(partitions) != shape.ndims:
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: %s "
            "vs. %s" % (partitions, shape)
        )
    if any(p < 1 for p in partitions):
        raise ValueError(
            "Partitioner returned zero partitions for some axes: %s" % (partitions,)
        )  # fmt: skip
    return partitions


def _partition_axis(partitions, sizes):
    """(the axis that is divided, the number of parts)."""
    divided = [d for d, p in enumerate(partitions) if p > 1]
    if len(divided) > 1:
        raise ValueError(
            "Can only slice a variable along one dimension: shape: %s, partitioning: %s"
            % (tensor_shape.as_shape(sizes), list(partitions))
        )
    axis = divided[0] if divided else 0
    return axis, partitions[axis]


def _slices(sizes, axis, count):
    """(offset, shape) of each part; the first ones are longer by 1 where it does not divide."""
    each, longer = divmod(sizes[axis], count)
    offset = [0] * len(sizes)
    for index in range(count):
        part = list(sizes)
        part[axis] = each + 1 if index < longer else each
        yield offset[:], part
        offset[axis] += part[axis]


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


def _initial_value(initializer, by_value, shape, dtype, partition_info=None):
    """(initial value or function of no arguments, dtype or None) for the Variable."""
    if by_value:
        return initializer, None
    if isinstance(initializer, type):
        initializer = initializer()
    if shape is not None and shape.is_fully_defined():
        arguments = {"dtype": dtype}
        if _accepts(initializer, "partition_info"):
            arguments["partition_info"] = partition_info
        sizes = shape.as_list()
        return lambda: initializer(sizes, **arguments), dtype.base_dtype
    if _required_arguments(initializer) == 0:
        return initializer, None
    raise ValueError(
        "The initializer passed is not valid: it needs a fully known shape, or takes no arguments "
        "and knows the shape itself"
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
