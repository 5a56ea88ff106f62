# SPDX-License-Identifier: Apache-2.0
"""Input pipelines out of queues: names of files, slices, batches.

Each function adds a queue and a QueueRunner that fills it; `tf.train.start_queue_runners` starts
the threads.
"""

import collections
import functools
import itertools

from caudal.framework import dtypes, ops, sparse_tensor, tensor_shape
from caudal.framework.op_factory import apply
from caudal.layers.utils import constant_value, smart_cond
from caudal.ops import (
    array_ops,
    control_flow_ops,
    data_flow_ops,
    file_ops,
    logging_ops,
    math_ops,
    random_ops,
    sparse_ops,
)
from caudal.ops.ref_variable import Variable
from caudal.ops.variable_scope import variable
from caudal.summary.summary_ops import scalar
from caudal.train.queue_runner import QueueRunner, add_queue_runner

__all__ = [
    "batch",
    "batch_join",
    "input_producer",
    "limit_epochs",
    "match_filenames_once",
    "maybe_batch",
    "maybe_batch_join",
    "maybe_shuffle_batch",
    "maybe_shuffle_batch_join",
    "range_input_producer",
    "shuffle_batch",
    "shuffle_batch_join",
    "slice_input_producer",
    "string_input_producer",
]

_LOCAL = [ops.GraphKeys.LOCAL_VARIABLES]


def match_filenames_once(pattern, name=None):
    """A local variable with the names of the files that match when it is initialized.

    Args:
      pattern: a shell pattern, or a vector of them.
      name: name of the variable.
    """
    with ops.name_scope(name, "matching_filenames", [pattern]) as scope:
        return variable(
            name=scope, initial_value=file_ops.matching_files(pattern), trainable=False,
            validate_shape=False, collections=_LOCAL,
        )  # fmt: skip


def limit_epochs(tensor, num_epochs=None, name=None):
    """`tensor`, but running raises OutOfRangeError after `num_epochs` times.

    Adds a local variable, which tf.local_variables_initializer() initializes.

    Args:
      tensor: any tensor.
      num_epochs: how many times; None for no limit.
      name: name of the node.

    Raises:
      ValueError: if `num_epochs` is not positive.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError("num_epochs must be > 0 not %d." % num_epochs)
    with ops.name_scope(name, "limit_epochs", [tensor]) as scope:
        zero = ops.convert_to_tensor(0, dtype=dtypes.int64)
        epochs = variable(zero, name="epochs", trainable=False, collections=_LOCAL)
        with ops.control_dependencies([epochs.count_up_to(num_epochs)]):
            return array_ops.identity(tensor, name=scope)


def input_producer(input_tensor, element_shape=None, num_epochs=None, shuffle=True, seed=None,
                   capacity=32, shared_name=None, summary_name=None, name=None,
                   cancel_op=None):  # fmt: skip
    """A queue with the rows of a tensor, again and again.

    Args:
      input_tensor: tensor of at least one dimension.
      element_shape: shape of a row, if the tensor does not tell it.
      num_epochs: how often; OutOfRangeError comes then. None for no limit.
      shuffle: shuffles the rows anew each time.
      seed: int, of the shuffling.
      capacity: how many rows the queue holds.
      shared_name: queues of the same shared name are one in a session.
      summary_name: tag of a summary of how full the queue is; None for no summary.
      name: name of the queue.
      cancel_op: see QueueRunner.

    Returns:
      A FIFOQueue.

    Raises:
      ValueError: if the shape of a row is not known.
    """
    with ops.name_scope(name, "input_producer", [input_tensor]):
        input_tensor = ops.convert_to_tensor(input_tensor, name="input_tensor")
        element_shape = input_tensor.shape[1:].merge_with(element_shape)
        if not element_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be "
                "specified"
            )
        if shuffle:
            input_tensor = random_ops.random_shuffle(input_tensor, seed=seed)
        input_tensor = limit_epochs(input_tensor, num_epochs)
        queue = data_flow_ops.FIFOQueue(
            capacity, [input_tensor.dtype.base_dtype], [element_shape], shared_name=shared_name,
            name=name,
        )  # fmt: skip
        enqueue = queue.enqueue_many([input_tensor])
        add_queue_runner(QueueRunner(queue, [enqueue], cancel_op=cancel_op))
        if summary_name is not None:
            _summary(summary_name, queue.size(), capacity)
        return queue


def _summary(name, size, capacity):
    scalar(name, math_ops.cast(size, dtypes.float32) * (1.0 / capacity))


def string_input_producer(string_tensor, num_epochs=None, shuffle=True, seed=None, capacity=32,
                          shared_name=None, name=None, cancel_op=None):  # fmt: skip
    """A queue with strings, such as names of files, again and again.

    Args:
      string_tensor: string vector.
      num_epochs: how often; OutOfRangeError comes then. None for no limit.
      shuffle: shuffles the strings anew each time.
      seed: int, of the shuffling.
      capacity: how many the queue holds.
      shared_name: queues of the same shared name are one in a session.
      name: name of the queue.
      cancel_op: see QueueRunner.

    Returns:
      A FIFOQueue.

    Raises:
      ValueError: for an empty list. An empty tensor makes running raise InvalidArgumentError.
    """
    empty = "string_input_producer requires a non-null input tensor"
    graph_element = isinstance(string_tensor, (ops.Tensor, Variable))
    if not graph_element and len(string_tensor) == 0:
        raise ValueError(empty)
    with ops.name_scope(name, "input_producer", [string_tensor]) as scope:
        string_tensor = ops.convert_to_tensor(string_tensor, dtype=dtypes.string)
        some = math_ops.greater(array_ops.size(string_tensor), 0)
        with ops.control_dependencies([logging_ops.Assert(some, [empty])]):
            string_tensor = array_ops.identity(string_tensor)
        return input_producer(
            string_tensor, [], num_epochs, shuffle, seed, capacity, shared_name,
            "fraction_of_%d_full" % capacity, scope, cancel_op,
        )  # fmt: skip


def range_input_producer(limit, num_epochs=None, shuffle=True, seed=None, capacity=32,
                         shared_name=None, name=None):  # fmt: skip
    """A queue with the numbers from 0 to `limit - 1`, again and again.

    Args:
      limit: int32 scalar.
      num_epochs, shuffle, seed, capacity, shared_name, name: see string_input_producer().

    Returns:
      A FIFOQueue.
    """
    with ops.name_scope(name, "input_producer", [limit]) as scope:
        return input_producer(
            array_ops.range(limit), [], num_epochs, shuffle, seed, capacity, shared_name,
            "fraction_of_%d_full" % capacity, scope,
        )  # fmt: skip


def slice_input_producer(tensor_list, num_epochs=None, shuffle=True, seed=None, capacity=32,
                         shared_name=None, name=None):  # fmt: skip
    """One row of each tensor, the same for all, again and again.

    Args:
      tensor_list: list of tensors with the same first dimension.
      num_epochs, shuffle, seed, capacity, shared_name, name: see string_input_producer().

    Returns:
      List of tensors, one for each.

    Raises:
      ValueError: for an empty list.
    """
    with ops.name_scope(name, "input_producer", tensor_list):
        tensor_list = ops.convert_n_to_tensor_or_indexed_slices(tensor_list)
        if not tensor_list:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = array_ops.shape(tensor_list[0])[0]
        queue = range_input_producer(
            rows, num_epochs=num_epochs, shuffle=shuffle, seed=seed, capacity=capacity,
            shared_name=shared_name,
        )  # fmt: skip
        index = queue.dequeue()
        return [array_ops.gather(t, index) for t in tensor_list]


# -- What the functions for batches share ----------------------------------------------------------


def _as_list(tensors):
    """Tensors in order; of a dict in the order of its keys."""
    return [tensors[k] for k in sorted(tensors)] if isinstance(tensors, dict) else tensors


def _as_lists(tensors_list):
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    if isinstance(tensors_list[0], dict):
        keys = set(tensors_list[0])
        if any(set(t) != keys for t in tensors_list[1:]):
            raise ValueError("All dictionaries in tensors_list must have the same keys")
    return [_as_list(t) for t in tensors_list]


def _as_given(given, tensors):
    """What was dequeued, as a dict if that was given."""
    if not isinstance(given, dict):
        return tensors
    if len(given) == 1 and not isinstance(tensors, (list, tuple)):
        tensors = [tensors]
    return dict(zip(sorted(given), tensors))


def _converted(tensors, message):
    tensors = [sparse_tensor.convert_to_tensor_or_sparse_tensor(t) for t in tensors]
    if not tensors:
        raise ValueError(message)
    return tensors


def _checked_keep_input(keep_input, enqueue_many):
    keep_input = ops.convert_to_tensor(keep_input)
    rank = keep_input.shape.ndims
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep_input


def _dtypes(lists):
    all_types = [[t.dtype.base_dtype for t in tensors] for tensors in lists]
    for types in all_types[1:]:
        if types != all_types[0]:
            raise TypeError(
                "Expected types to be consistent: %s vs. %s."
                % tuple(", ".join(x.name for x in t) for t in (all_types[0], types))
            )
    return all_types[0]


def _shapes(lists, shapes, enqueue_many):
    """Shapes of the components of elements, on which all lists agree."""
    if shapes is not None:
        return shapes
    if any(len(tensors) != len(lists[0]) for tensors in lists):
        raise ValueError("All sets of tensors must have the same length")
    out = []
    for same in zip(*lists):
        for t in same:
            if t.shape.ndims is None:
                raise ValueError("Cannot infer Tensor's rank: %s" % t)
        found = [tensor_shape.TensorShape(t.shape.as_list()) for t in same]
        if enqueue_many:
            found = [s.with_rank_at_least(1)[1:] for s in found]
        merged = found[0]
        for s in found[1:]:
            merged = merged.merge_with(s)
        out.append(merged.as_list())
    return out


_Sparse = collections.namedtuple("_Sparse", "dtype shared_name rank")  # of a batch out of a map


def _kept(keep_input):
    """What is known of keep_input: True, False or None."""
    return constant_value(keep_input) if keep_input.shape.ndims == 0 else None


def _store(sparse, op_name, shared_name):
    return apply(
        op_name, sparse.indices, sparse.values, sparse.dense_shape, container="",
        shared_name=shared_name or "",
    )  # fmt: skip


def _store_sparse(lists, enqueue_many, keep_input):
    """Lists with handles in place of sparse tensors, and per component a _Sparse or None."""
    lists = [list(tensors) for tensors in lists]
    op_name = "AddManySparseToTensorsMap" if enqueue_many else "AddSparseToTensorsMap"
    always = keep_input.shape.ndims == 1 or _kept(keep_input) is True
    info = []
    for i, first in enumerate(lists[0]):
        if not isinstance(first, sparse_tensor.SparseTensor):
            info.append(None)
            continue
        shared_name = None
        if not always:  # the node that stores is in a branch
            shared_name = ops.get_default_graph().unique_name(op_name)
        ranks = set()
        for tensors in lists:
            t = tensors[i]
            ranks.add(t.dense_shape.shape.with_rank(1).as_list()[0])
            if always:
                handle = _store(t, op_name, shared_name)
                shared_name = shared_name or handle.op.name
            else:
                none = array_ops.fill(
                    [t.dense_shape[0]] if enqueue_many else [], ops.convert_to_tensor(-1, "int64")
                )
                handle = smart_cond(
                    keep_input,
                    functools.partial(_store, t, op_name, shared_name),
                    functools.partial(array_ops.identity, none),
                )
            handle.set_shape([None] if enqueue_many else [])
            tensors[i] = array_ops.expand_dims(handle, -1)
        rank = ranks.pop() if len(ranks) == 1 else None
        if rank is not None and not enqueue_many:
            rank += 1  # the batch
        info.append(_Sparse(first.dtype, shared_name, rank))
    return lists, info


def _restore_sparse(tensors, info):
    """Sparse tensors in place of handles that have been dequeued."""
    if not any(info):
        return tensors
    single = not isinstance(tensors, (list, tuple))
    tensors = [tensors] if single else tensors
    dequeue = tensors[0].op
    out = list(tensors)
    taken = []
    for i, sparse in enumerate(info):
        if sparse is None:
            continue
        parts = apply(
            "TakeManySparseFromTensorsMap", array_ops.squeeze(out[i], [1]), dtype=sparse.dtype,
            container="", shared_name=sparse.shared_name,
        )  # fmt: skip
        out[i] = sparse_ops._restored(parts, sparse.rank)
        taken.append(parts[0].op)
    # Whoever takes the dense ones alone empties the map of sparse ones as well.
    after = control_flow_ops.with_dependencies
    for i, (t, sparse) in enumerate(zip(out, info)):
        if sparse is None:
            out[i] = after(taken, t)
        else:
            indices, values, shape = (
                after([dequeue], x) for x in (t.indices, t.values, t.dense_shape)
            )
            out[i] = sparse_tensor.SparseTensor(indices, values, shape)
    return out[0] if single else out


def _flat(lists):
    return list(itertools.chain.from_iterable(lists))


def _enqueue(queue, lists, threads, enqueue_many, keep_input):
    """A QueueRunner that adds each list, in `threads` threads each."""
    add = queue.enqueue_many if enqueue_many else queue.enqueue
    enqueue_ops = []
    for tensors in lists:
        if keep_input.shape.ndims == 1:
            chosen = math_ops.cast(keep_input, dtypes.int32)
            kept = [data_flow_ops.dynamic_partition(t, chosen, 2)[1] for t in tensors]
            op = add(kept)
        else:
            op = smart_cond(keep_input, lambda t=tensors: add(t), control_flow_ops.no_op)
        enqueue_ops.extend([op] * threads)
    add_queue_runner(QueueRunner(queue, enqueue_ops))


def _make_batch(given, lists, keep_input, batch_size, threads, capacity, enqueue_many, shapes,
                pad, smaller, shared_name, scope):  # fmt: skip
    keep_input = _checked_keep_input(keep_input, enqueue_many)
    lists, info = _store_sparse(lists, enqueue_many, keep_input)
    kind = data_flow_ops.PaddingFIFOQueue if pad else data_flow_ops.FIFOQueue
    queue = kind(
        capacity=capacity, dtypes=_dtypes(lists), shapes=_shapes(lists, shapes, enqueue_many),
        shared_name=shared_name,
    )  # fmt: skip
    _enqueue(queue, lists, threads, enqueue_many, keep_input)
    _summary("fraction_of_%d_full" % capacity, queue.size(), capacity)
    return _dequeue(queue, given, info, batch_size, smaller, scope)


def _make_shuffled(given, lists, keep_input, batch_size, threads, capacity, min_after_dequeue,
                   seed, enqueue_many, shapes, smaller, shared_name, scope):  # fmt: skip
    if capacity <= min_after_dequeue:
        raise ValueError(
            "capacity %d must be bigger than min_after_dequeue %d." % (capacity, min_after_dequeue)
        )
    keep_input = _checked_keep_input(keep_input, enqueue_many)
    lists, info = _store_sparse(lists, enqueue_many, keep_input)
    queue = data_flow_ops.RandomShuffleQueue(
        capacity=capacity, min_after_dequeue=min_after_dequeue, seed=seed, dtypes=_dtypes(lists),
        shapes=_shapes(lists, shapes, enqueue_many), shared_name=shared_name,
    )  # fmt: skip
    _enqueue(queue, lists, threads, enqueue_many, keep_input)
    room = capacity - min_after_dequeue
    over = math_ops.maximum(0, queue.size() - min_after_dequeue)
    _summary("fraction_over_%d_of_%d_full" % (min_after_dequeue, room), over, room)
    return _dequeue(queue, given, info, batch_size, smaller, scope)


def _dequeue(queue, given, info, batch_size, smaller, scope):
    take = queue.dequeue_up_to if smaller else queue.dequeue_many
    return _as_given(given, _restore_sparse(take(batch_size, name=scope), info))


def _one(tensors, keep_input, name, default, make):
    tensor_list = _as_list(tensors)
    with ops.name_scope(name, default, [*tensor_list, keep_input]) as scope:
        lists = [_converted(tensor_list, "Expected at least one tensor in batch().")]
        return make(tensors, lists, scope)


def _several(tensors_list, keep_input, name, default, make):
    lists = _as_lists(tensors_list)
    with ops.name_scope(name, default, [*_flat(lists), keep_input]) as scope:
        message = "Expected at least one input in batch_join()."
        lists = [_converted(tensors, message) for tensors in lists]
        return make(tensors_list[0], lists, scope)


# -- Batches ---------------------------------------------------------------------------------------


def batch(tensors, batch_size, num_threads=1, capacity=32, enqueue_many=False, shapes=None,
          dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None,
          name=None):  # fmt: skip
    """Joins examples to batches.

    Args:
      tensors: list or dict of tensors, one example; sparse ones are fine.
      batch_size: how many examples a batch has.
      num_threads: how many threads compute `tensors`.
      capacity: how many examples the queue holds.
      enqueue_many: `tensors` have several examples, along their first dimensions.
      shapes: shapes of an example, by default those of `tensors`.
      dynamic_pad: pads examples of different sizes with zeros.
      allow_smaller_final_batch: what is left at the end makes a smaller batch; else it is dropped.
      shared_name: queues of the same shared name are one in a session.
      name: name of the node.

    Returns:
      Tensors with one dimension more, as a list or dict like `tensors`.

    Raises:
      ValueError: if shapes are not known.
    """
    return maybe_batch(
        tensors, True, batch_size, num_threads, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_batch(tensors, keep_input, batch_size, num_threads=1, capacity=32, enqueue_many=False,
                shapes=None, dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None,
                name=None):  # fmt: skip
    """As batch(), with the examples for which `keep_input` is true.

    Args:
      keep_input: bool scalar; with `enqueue_many` also a vector, one per example.
    """
    return _one(
        tensors, keep_input, name, "batch",
        lambda given, lists, scope: _make_batch(
            given, lists, keep_input, batch_size, num_threads, capacity, enqueue_many, shapes,
            dynamic_pad, allow_smaller_final_batch, shared_name, scope,
        ),
    )  # fmt: skip


def batch_join(tensors_list, batch_size, capacity=32, enqueue_many=False, shapes=None,
               dynamic_pad=False, allow_smaller_final_batch=False, shared_name=None,
               name=None):  # fmt: skip
    """As batch(), from several sources: one thread for each item of `tensors_list`.

    Args:
      tensors_list: list of lists or dicts of tensors.
    """
    return maybe_batch_join(
        tensors_list, True, batch_size, capacity, enqueue_many, shapes, dynamic_pad,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_batch_join(tensors_list, keep_input, batch_size, capacity=32, enqueue_many=False,
                     shapes=None, dynamic_pad=False, allow_smaller_final_batch=False,
                     shared_name=None, name=None):  # fmt: skip
    """As batch_join(), with the examples for which `keep_input` is true."""
    return _several(
        tensors_list, keep_input, name, "batch_join",
        lambda given, lists, scope: _make_batch(
            given, lists, keep_input, batch_size, 1, capacity, enqueue_many, shapes, dynamic_pad,
            allow_smaller_final_batch, shared_name, scope,
        ),
    )  # fmt: skip


def shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, num_threads=1, seed=None,
                  enqueue_many=False, shapes=None, allow_smaller_final_batch=False,
                  shared_name=None, name=None):  # fmt: skip
    """Joins examples to batches, in random order.

    Args:
      tensors: list or dict of tensors, one example; sparse ones are fine.
      batch_size: how many examples a batch has.
      capacity: how many examples the queue holds.
      min_after_dequeue: how many must stay behind: more make a better shuffle.
      num_threads: how many threads compute `tensors`.
      seed: int, of the shuffling.
      enqueue_many: `tensors` have several examples, along their first dimensions.
      shapes: shapes of an example, by default those of `tensors`.
      allow_smaller_final_batch: what is left at the end makes a smaller batch; else it is dropped.
      shared_name: queues of the same shared name are one in a session.
      name: name of the node.

    Returns:
      Tensors with one dimension more, as a list or dict like `tensors`.

    Raises:
      ValueError: if shapes are not known, or `capacity` is not above `min_after_dequeue`.
    """
    return maybe_shuffle_batch(
        tensors, batch_size, capacity, min_after_dequeue, True, num_threads, seed, enqueue_many,
        shapes, allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_shuffle_batch(tensors, batch_size, capacity, min_after_dequeue, keep_input,
                        num_threads=1, seed=None, enqueue_many=False, shapes=None,
                        allow_smaller_final_batch=False, shared_name=None, name=None):  # fmt: skip
    """As shuffle_batch(), with the examples for which `keep_input` is true."""
    return _one(
        tensors, keep_input, name, "shuffle_batch",
        lambda given, lists, scope: _make_shuffled(
            given, lists, keep_input, batch_size, num_threads, capacity, min_after_dequeue, seed,
            enqueue_many, shapes, allow_smaller_final_batch, shared_name, scope,
        ),
    )  # fmt: skip


def shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, seed=None,
                       enqueue_many=False, shapes=None, allow_smaller_final_batch=False,
                       shared_name=None, name=None):  # fmt: skip
    """As shuffle_batch(), from several sources: one thread for each item of `tensors_list`.

    Args:
      tensors_list: list of lists or dicts of tensors.
    """
    return maybe_shuffle_batch_join(
        tensors_list, batch_size, capacity, min_after_dequeue, True, seed, enqueue_many, shapes,
        allow_smaller_final_batch, shared_name, name,
    )  # fmt: skip


def maybe_shuffle_batch_join(tensors_list, batch_size, capacity, min_after_dequeue, keep_input,
                             seed=None, enqueue_many=False, shapes=None,
                             allow_smaller_final_batch=False, shared_name=None,
                             name=None):  # fmt: skip
    """As shuffle_batch_join(), with the examples for which `keep_input` is true."""
    return _several(
        tensors_list, keep_input, name, "shuffle_batch_join",
        lambda given, lists, scope: _make_shuffled(
            given, lists, keep_input, batch_size, 1, capacity, min_after_dequeue, seed,
            enqueue_many, shapes, allow_smaller_final_batch, shared_name, scope,
        ),
    )  # fmt: skip
