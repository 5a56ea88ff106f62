# SPDX-License-Identifier: Apache-2.0
"""Variables: making them with collections and devices, finding and filling them."""

import functools
import re

import numpy as np

from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.framework import device as device_lib
from caudal.framework import dtypes, ops
from caudal.io import checkpoint_reader
from caudal.ops import array_ops, control_flow_ops, variable_scope
from caudal.ops.ref_variable import Variable, VariableAggregation, VariableSynchronization
from caudal.platform import tf_logging
from caudal.train import saver as saver_lib
from caudal.train import training_util

__all__ = [
    "VariableDeviceChooser",
    "add_model_variable",
    "assert_global_step",
    "assert_or_get_global_step",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "assign_from_values",
    "assign_from_values_fn",
    "create_global_step",
    "filter_variables",
    "get_global_step",
    "get_local_variables",
    "get_model_variables",
    "get_or_create_global_step",
    "get_trainable_variables",
    "get_unique_variable",
    "get_variable_full_name",
    "get_variables",
    "get_variables_by_name",
    "get_variables_by_suffix",
    "get_variables_to_restore",
    "global_variable",
    "local_variable",
    "model_variable",
    "variable",
    "zero_initializer",
]

assert_global_step = training_util.assert_global_step
create_global_step = training_util.create_global_step
get_global_step = training_util.get_global_step
get_or_create_global_step = training_util.get_or_create_global_step


def assert_or_get_global_step(graph=None, global_step_tensor=None):
    """The given global step once it is checked, or that of the graph."""
    if global_step_tensor is None:
        return get_global_step(graph)
    assert_global_step(global_step_tensor)
    return global_step_tensor


def zero_initializer(ref, use_locking=True, name="zero_initializer"):
    """An operation that sets a variable to zeros.

    Args:
      ref: Variable whose shape is known.
      use_locking: without effect.
      name: of the operation.
    """
    from caudal.ops import state_ops

    zeros = array_ops.zeros(ref.get_shape(), ref.dtype.base_dtype)
    return state_ops.assign(ref, zeros, use_locking=use_locking, name=name)


# Making ------------------------------------------------------------------------------------------


@add_arg_scope
def variable(name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=True,
             collections=None, caching_device=None, device=None, partitioner=None,
             custom_getter=None, use_resource=None,
             synchronization=VariableSynchronization.AUTO,
             aggregation=VariableAggregation.NONE):  # fmt: skip
    """Finds or makes a variable by `tf.get_variable`.

    Args:
      device: device, or function from an operation to one, for the variable.
      custom_getter: function that comes between, called once for all parts.
      Others: as for `tf.get_variable`; `collections` None: GraphKeys.GLOBAL_VARIABLES.
    """
    # Each once, in the order given.
    collections = list(dict.fromkeys(collections or [ops.GraphKeys.GLOBAL_VARIABLES]))
    getter = variable_scope.get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=variable_scope.get_variable_scope().reuse)
    with ops.device(device or ""):
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=collections,
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@add_arg_scope
def model_variable(name, shape=None, dtype=dtypes.float32, initializer=None, regularizer=None,
                   trainable=True, collections=None, caching_device=None, device=None,
                   partitioner=None, custom_getter=None, use_resource=None,
                   synchronization=VariableSynchronization.AUTO,
                   aggregation=VariableAggregation.NONE):  # fmt: skip
    """`variable` that goes to GraphKeys.MODEL_VARIABLES as well."""
    collections = list(collections or [])
    collections += [ops.GraphKeys.GLOBAL_VARIABLES, ops.GraphKeys.MODEL_VARIABLES]
    return variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        device=device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def global_variable(initial_value, validate_shape=True, name=None, use_resource=None):
    """A Variable in GraphKeys.GLOBAL_VARIABLES that is not for optimizers."""
    return Variable(
        initial_value,
        trainable=False,
        collections=[ops.GraphKeys.GLOBAL_VARIABLES],
        validate_shape=validate_shape,
        use_resource=use_resource,
        name=name,
    )


def local_variable(initial_value, validate_shape=True, name=None, use_resource=None):
    """A Variable in GraphKeys.LOCAL_VARIABLES: not for optimizers, not saved."""
    return Variable(
        initial_value,
        trainable=False,
        collections=[ops.GraphKeys.LOCAL_VARIABLES],
        validate_shape=validate_shape,
        use_resource=use_resource,
        name=name,
    )


@add_arg_scope
def add_model_variable(var):
    """Adds a variable to GraphKeys.MODEL_VARIABLES."""
    if not any(var is v for v in ops.get_collection(ops.GraphKeys.MODEL_VARIABLES)):
        ops.add_to_collection(ops.GraphKeys.MODEL_VARIABLES, var)


# Finding -----------------------------------------------------------------------------------------


def get_variables(scope=None, suffix=None, collection=ops.GraphKeys.GLOBAL_VARIABLES):
    """The variables of a collection whose names match.

    Args:
      scope: start of the names, a regular expression; or VariableScope.
      suffix: end of the names.
      collection: name of the collection.
    """
    if isinstance(scope, variable_scope.VariableScope):
        scope = scope.name
    if suffix is not None:
        if ":" not in suffix:
            suffix += ":"
        scope = (scope or "") + ".*" + suffix
    return ops.get_collection(collection, scope)


def get_model_variables(scope=None, suffix=None):
    """`get_variables` of GraphKeys.MODEL_VARIABLES."""
    return get_variables(scope, suffix, ops.GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope=None, suffix=None):
    """`get_variables` of GraphKeys.LOCAL_VARIABLES."""
    return get_variables(scope, suffix, ops.GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope=None, suffix=None):
    """`get_variables` of GraphKeys.TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, ops.GraphKeys.TRAINABLE_VARIABLES)


def get_variables_to_restore(include=None, exclude=None):
    """The global variables under the scopes `include` (None: all), without those of `exclude`.

    Raises:
      TypeError: unless both are lists, tuples or None.
    """
    for name, value in (("include", include), ("exclude", exclude)):
        if value is not None and not isinstance(value, (list, tuple)):
            raise TypeError("%s is provided but is not a list or a tuple." % name)
    if include is None:
        found = get_variables()
    else:
        found = [v for scope in include for v in get_variables(scope)]
    excluded = {id(v) for scope in exclude or () for v in get_variables(scope)}
    return [v for v in found if id(v) not in excluded]


def get_variables_by_suffix(suffix, scope=None):
    """The global variables whose names end in `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name, scope=None):
    """The global variables of a name, in any scope below `scope`."""
    return get_variables(scope=scope, suffix="/" + given_name + ":|^" + given_name + ":")


def get_variable_full_name(var):
    """The name of a variable without ":0", or of the whole of which it is a part."""
    return var._save_slice_info.full_name if var._save_slice_info else var.op.name


def get_unique_variable(var_op_name):
    """The variable of exactly this name.

    Raises:
      ValueError: if there is none or several.
    """
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError("Couldn't find variable %s" % var_op_name)
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError("Variable %s does not uniquely identify a variable" % var_op_name)


def filter_variables(var_list, include_patterns=None, exclude_patterns=None, reg_search=True):
    """The variables whose names match some of one list of patterns and none of the other.

    Args:
      var_list: list of variables.
      include_patterns, exclude_patterns: lists of regular expressions, or None.
      reg_search: True searches the pattern in the name, False only at its start.
    """
    match = re.search if reg_search else re.match

    def matching(patterns, variables):
        return [v for v in variables if any(match(p, v.op.name) for p in patterns)]

    kept = list(var_list) if include_patterns is None else matching(include_patterns, var_list)
    if exclude_patterns is not None:
        excluded = {id(v) for v in matching(exclude_patterns, kept)}
        kept = [v for v in kept if id(v) not in excluded]
    return kept


# Filling -----------------------------------------------------------------------------------------


def assign_from_values(var_names_to_values):
    """An operation that sets variables, and the feeds that it needs.

    Args:
      var_names_to_values: {name of a variable: array}.

    Returns:
      (operation, feed_dict).
    """
    feed_dict, assignments = {}, []
    for name, value in var_names_to_values.items():
        var = get_unique_variable(name)
        placeholder = array_ops.placeholder(
            var.dtype.base_dtype, shape=var.get_shape(), name="placeholder/" + var.op.name
        )
        assignments.append(var.assign(placeholder))
        feed_dict[placeholder] = np.asarray(value).reshape(var.get_shape().as_list())
    return control_flow_ops.group(*assignments), feed_dict


def assign_from_values_fn(var_names_to_values):
    """A function of a session that sets variables, see `assign_from_values`."""
    operation, feed_dict = assign_from_values(var_names_to_values)

    def callback(session):
        return session.run(operation, feed_dict)

    return callback


def _by_checkpoint_name(var_list):
    if isinstance(var_list, dict):
        pairs = var_list.items()
    else:
        pairs = [(get_variable_full_name(v), v) for v in var_list]
    grouped = {}
    for name, v in pairs:
        parts = list(v) if isinstance(v, (list, tuple)) else [v]
        grouped.setdefault(name, []).extend(parts)
    return grouped


def assign_from_checkpoint(model_path, var_list, ignore_missing_vars=False):
    """An operation that sets variables from a checkpoint, and the feeds that it needs.

    Args:
      model_path: of the checkpoint.
      var_list: list of variables, or {name in the checkpoint: variable or list of its parts}.
      ignore_missing_vars: False: a missing name is an error; True: a warning.

    Returns:
      (operation, feed_dict).

    Raises:
      ValueError: for missing names and sizes that do not fit.
    """
    reader = checkpoint_reader.NewCheckpointReader(model_path)
    feed_dict, assignments = {}, []
    for name, parts in _by_checkpoint_name(var_list).items():
        if not reader.has_tensor(name):
            text = "Checkpoint is missing variable [%s]" % name
            if not ignore_missing_vars:
                raise ValueError(text)
            tf_logging.warning(text)
            continue
        value = reader.get_tensor(name)
        for var in parts:
            part = value
            info = var._save_slice_info
            if info:
                part = part[tuple(
                    slice(o, o + n) for o, n in zip(info.var_offset, info.var_shape)
                )]  # fmt: skip
            elif part.size != np.prod(var.get_shape().as_list()):
                raise ValueError(
                    "Total size of new array must be unchanged for %s lh_shape: [%s], rh_shape: "
                    "[%s]" % (name, str(part.shape), str(var.get_shape()))
                )
            placeholder = array_ops.placeholder(
                var.dtype.base_dtype, shape=var.get_shape(), name="placeholder/" + var.op.name
            )
            assignments.append(var.assign(placeholder))
            feed_dict[placeholder] = part.reshape(var.get_shape().as_list())
    return control_flow_ops.group(*assignments), feed_dict


def assign_from_checkpoint_fn(
    model_path, var_list, ignore_missing_vars=False, reshape_variables=False
):
    """A function of a session that sets variables from a checkpoint.

    Args:
      reshape_variables: whether values are reshaped to the variables.
      Others: see `assign_from_checkpoint`.

    Returns:
      The function, or None if there are no variables to set.

    Raises:
      ValueError: if `var_list` is empty.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = checkpoint_reader.NewCheckpointReader(model_path)
        found = {}
        for name, parts in _by_checkpoint_name(var_list).items():
            if reader.has_tensor(name):
                found[name] = parts[0] if len(parts) == 1 else parts
            else:
                tf_logging.warning("Variable %s missing in checkpoint %s", name, model_path)
        var_list = found
    if not var_list:
        tf_logging.warning("No Variables to restore")
        return None
    saver = saver_lib.Saver(var_list, reshape=reshape_variables)

    def callback(session):
        saver.restore(session, model_path)

    return callback


class VariableDeviceChooser:
    """A device function that spreads variables over tasks in turn.

    Args:
      num_tasks: number of tasks; 0: no task.
      job_name: of the job; None: no job.
      device_type, device_index: of the device.
      replica: its number, or None.
    """

    def __init__(self, num_tasks=0, job_name="ps", device_type="CPU", device_index=0,
                 replica=None):  # fmt: skip
        self._job_name = job_name
        self._device_type = device_type
        self._device_index = device_index
        self._replica = replica
        self._num_tasks = num_tasks
        self._next_task_id = 0

    def __call__(self, op):
        spec = device_lib.DeviceSpec(
            replica=self._replica,
            device_type=self._device_type,
            device_index=self._device_index,
        )
        if self._num_tasks > 0:
            spec = spec.replace(job=self._job_name, task=self._next_task_id)
            if op is None or op.type in ("Variable", "VariableV2", "VarHandleOp"):
                self._next_task_id = (self._next_task_id + 1) % self._num_tasks
        return spec.to_string()
