# SPDX-License-Identifier: Apache-2.0
"""Reading checkpoints without a Saver: values, lists, initial values, waiting for new ones."""

import os
import time

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.io.checkpoint_reader import NewCheckpointReader
from caudal.ops import saveable_object
from caudal.ops.partitioned_variable import PartitionedVariable
from caudal.ops.ref_variable import Variable
from caudal.ops.variable_store import _get_default_variable_store
from caudal.platform import tf_logging
from caudal.train import checkpoint_management

__all__ = [
    "NewCheckpointReader",
    "checkpoints_iterator",
    "init_from_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_variable",
    "wait_for_new_checkpoint",
]


def _prefix_of(ckpt_dir_or_file):
    """The prefix itself, or that of the latest checkpoint of a folder."""
    if os.path.isdir(ckpt_dir_or_file):
        return checkpoint_management.latest_checkpoint(ckpt_dir_or_file)
    return ckpt_dir_or_file


def load_checkpoint(ckpt_dir_or_file):
    """A reader of a checkpoint, see `tf.train.NewCheckpointReader`.

    Args:
      ckpt_dir_or_file: prefix of the checkpoint, or a folder: its latest one.

    Raises:
      ValueError: if the folder has none.
    """
    prefix = _prefix_of(ckpt_dir_or_file)
    if prefix is None:
        raise ValueError(
            "Couldn't find 'checkpoint' file or checkpoints in given directory %s"
            % ckpt_dir_or_file
        )
    return NewCheckpointReader(prefix)


def load_variable(ckpt_dir_or_file, name):
    """The value of a variable in a checkpoint, a NumPy array.

    Args:
      ckpt_dir_or_file: see `load_checkpoint`.
      name: of the variable.
    """
    if name.endswith(":0"):
        name = name[:-2]
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


def list_variables(ckpt_dir_or_file):
    """List of (name, shape) of what a checkpoint holds, sorted by name.

    Args:
      ckpt_dir_or_file: see `load_checkpoint`.
    """
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


# Waiting ---------------------------------------------------------------


def wait_for_new_checkpoint(checkpoint_dir, last_checkpoint=None, seconds_to_sleep=1,
                            timeout=None):  # fmt: skip
    """Waits until a folder has another latest checkpoint.

    Args:
      checkpoint_dir: the folder.
      last_checkpoint: prefix of the checkpoint that is known; None: any is new.
      seconds_to_sleep: between two looks.
      timeout: most seconds to wait; None: for ever.

    Returns:
      Its prefix, or None if there was none in time.
    """
    tf_logging.info("Waiting for new checkpoint at %s", checkpoint_dir)
    stop = None if timeout is None else time.time() + timeout
    while True:
        found = checkpoint_management.latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            tf_logging.info("Found new checkpoint at %s", found)
            return found
        if stop is not None and time.time() + seconds_to_sleep > stop:
            return None
        time.sleep(seconds_to_sleep)


def checkpoints_iterator(checkpoint_dir, min_interval_secs=0, timeout=None, timeout_fn=None):
    """Yields the prefix of each new checkpoint of a folder; some may be left out.

    Args:
      checkpoint_dir: the folder.
      min_interval_secs: least seconds between two.
      timeout: most seconds to wait for the next; None: for ever.
      timeout_fn: function of no arguments that is called then; the iterator ends if it gives True,
        or without it.
    """
    path = None
    while True:
        new = wait_for_new_checkpoint(checkpoint_dir, path, timeout=timeout)
        if new is None:
            if timeout_fn is None:
                tf_logging.info("Timed-out waiting for a checkpoint.")
                return
            if timeout_fn():
                return
            continue
        start = time.time()
        path = new
        yield path
        rest = start + min_interval_secs - time.time()
        if rest > 0:
            time.sleep(rest)


# Initial values ---------------------------------------------------------------


def init_from_checkpoint(ckpt_dir_or_file, assignment_map):
    """Makes values of a checkpoint the initial values of variables.

    The initializers of the variables are replaced: `tf.global_variables_initializer()`, made after
    this, reads the checkpoint.

    Args:
      ckpt_dir_or_file: see `load_checkpoint`.
      assignment_map: dict of
        name in the checkpoint: name of a variable made by `tf.get_variable`;
        name in the checkpoint: Variable, PartitionedVariable or list of parts;
        "scope/": "scope/", for all variables of a scope; "/" is the outermost one.

    Raises:
      ValueError: if a name is in the checkpoint with another shape, or not at all.
    """
    prefix = _prefix_of(ckpt_dir_or_file)
    reader = load_checkpoint(ckpt_dir_or_file)
    shapes = reader.get_variable_to_shape_map()
    made = _get_default_variable_store()._vars
    for name, wanted in sorted(assignment_map.items(), key=lambda item: item[0]):
        found = _variable(wanted, made)
        if found is None:
            _init_scope(prefix, shapes, made, name, wanted, ckpt_dir_or_file)
            continue
        if name not in shapes:
            raise ValueError(
                "Tensor %s is not found in %s checkpoint %s" % (name, ckpt_dir_or_file, shapes)
            )
        if isinstance(found, Variable):
            if not found.get_shape().is_compatible_with(shapes[name]):
                raise ValueError(
                    "Shape of variable %s (%s) doesn't match with shape of tensor %s (%s) from "
                    "checkpoint reader." % (found.name, found.get_shape(), name, shapes[name])
                )
        _initialize(found, prefix, name)
        tf_logging.debug("Initialize %s from checkpoint %s with %s", wanted, ckpt_dir_or_file, name)


def _is_parts(value):
    return isinstance(value, (list, tuple)) and all(isinstance(v, Variable) for v in value)


def _variable(wanted, made):
    """The variable or the parts that an assignment map names, or None: a scope."""
    if isinstance(wanted, Variable) or _is_parts(wanted):
        return wanted
    if isinstance(wanted, PartitionedVariable):
        return list(wanted)
    return made.get(wanted) or _parts_of(wanted, made)


def _parts_of(name, made):
    """The parts of a variable, in order, or None."""
    parts = []
    while "%s/part_%d" % (name, len(parts)) in made:
        parts.append(made["%s/part_%d" % (name, len(parts))])
    return parts or None


def _init_scope(prefix, shapes, made, ckpt_scope, wanted, ckpt_dir_or_file):
    scope = wanted.rpartition("/")[0]
    if not ckpt_scope.endswith("/"):
        raise ValueError(
            "Assignment map with scope only name %s should map to scope only %s. Should be "
            "'scope/': 'other_scope/'." % (scope, ckpt_scope)
        )
    inside = {n.partition("/part_")[0] for n in made if not scope or n.startswith(scope + "/")}
    for name in sorted(inside):
        rest = name[len(scope) :] if wanted == "/" else name[len(scope) + 1 :]
        full = (rest if ckpt_scope == "/" else ckpt_scope + rest).rstrip("/")
        if full not in shapes:
            raise ValueError(
                "Tensor %s (%s in %s) is not found in %s checkpoint"
                % (full, name[len(scope) + 1 :], ckpt_scope, ckpt_dir_or_file)
            )
        _initialize(made.get(name) or _parts_of(name, made), prefix, full)


def _initialize(variable, prefix, name):
    """Replaces the initializer of a variable or of all parts of one."""
    if isinstance(variable, Variable):
        _set_checkpoint_initializer(variable, prefix, name, "")
        return
    infos = [v._get_save_slice_info() for v in variable]
    for info in infos:
        if info.full_name != infos[0].full_name:
            raise ValueError(
                "Slices must all be from the same tensor: %s != %s"
                % (infos[0].full_name, info.full_name)
            )
    for part, info in zip(variable, infos):
        _set_checkpoint_initializer(part, prefix, name, info.spec)


def _set_checkpoint_initializer(variable, prefix, tensor_name, slice_spec,
                                name="checkpoint_initializer"):  # fmt: skip
    base = variable.dtype.base_dtype
    with ops.init_scope():
        with ops.device(variable.device), ops.device("/cpu:0"):
            (value,) = apply(
                "RestoreV2", prefix, [tensor_name], [slice_spec], dtypes=[base], name=name
            )
        ((_, item),) = saveable_object.op_list_to_dict([variable]).items()
        (saveable,) = saveable_object.saveable_objects_for_op(item, tensor_name)
        restored = saveable.restore([value], restored_shapes=None)
    value.set_shape(variable.shape)
    variable._initializer_op = restored.op if isinstance(restored, ops.Tensor) else restored
    variable._initial_value = value
