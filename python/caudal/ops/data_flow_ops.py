# SPDX-License-Identifier: Apache-2.0
"""Queues of tensors, on which runs of sessions in several threads wait for one another."""

import collections.abc
import hashlib

from caudal.framework import dtypes as _dtypes
from caudal.framework import ops, random_seed, tensor_shape, tensor_util
from caudal.framework.op_factory import apply
from caudal.ops import array_ops
from caudal.ops.array_ops import dynamic_partition, dynamic_stitch

__all__ = [
    "FIFOQueue",
    "PaddingFIFOQueue",
    "PriorityQueue",
    "QueueBase",
    "RandomShuffleQueue",
    "dynamic_partition",
    "dynamic_stitch",
]


def _as_type_list(types):
    if not isinstance(types, (list, tuple)):
        types = [types]
    return [_dtypes.as_dtype(t) for t in types]


def _as_shape_list(shapes, partial=False):
    """A list of TensorShapes, or None. With `partial`, sizes need not be known, ranks have to."""
    single = (int, type(None), tensor_shape.Dimension)
    if partial:
        listed = isinstance(shapes, collections.abc.Sequence) and len(shapes) > 0
        if not listed or any(isinstance(s, single) for s in shapes):
            raise ValueError("When providing partial shapes, a list of shapes must be provided.")
    if shapes is None:
        return None
    if isinstance(shapes, tensor_shape.TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (tuple, list)):
        raise TypeError("shapes must be a TensorShape or a list or tuple of TensorShapes.")
    if all(isinstance(s, single) for s in shapes):
        shapes = [shapes]
    shapes = [tensor_shape.as_shape(s) for s in shapes]
    if not partial and not all(s.is_fully_defined() for s in shapes):
        raise ValueError("All shapes must be fully defined: %s" % shapes)
    if any(s.ndims is None for s in shapes):
        raise ValueError("All shapes must have a defined rank: %s" % shapes)
    return shapes


def _as_name_list(names, types):
    if names is None:
        return None
    if not isinstance(names, (list, tuple)):
        names = [names]
    if len(names) != len(types):
        raise ValueError("List of names must have the same length as the list of dtypes")
    return list(names)


class QueueBase:
    """What all queues have. Make one of a subclass.

    An element is a tuple of tensors. Adding waits while the queue is full, taking while it is
    empty; other threads run the session meanwhile. Waiting ends as well when the session is closed,
    with a timeout in RunOptions, and with Ctrl-C.

    Args:
      dtypes: dtypes of the components of an element.
      shapes: their shapes, or None when elements may have any.
      names: names of the components, or None: elements are dicts then.
      queue_ref: the handle, a resource scalar.

    Raises:
      ValueError: if the lists differ in length.
    """

    def __init__(self, dtypes, shapes, names, queue_ref):
        self._dtypes = dtypes
        if shapes is None:
            self._shapes = [tensor_shape.unknown_shape() for _ in dtypes]
        else:
            if len(shapes) != len(dtypes):
                raise ValueError("Queue shapes must have the same length as dtypes")
            self._shapes = [tensor_shape.TensorShape(s) for s in shapes]
        if names is not None and len(names) != len(dtypes):
            raise ValueError("Queue names must have the same length as dtypes")
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.split("/")[-1]

    @staticmethod
    def from_list(index, queues):
        """A queue that is one of `queues`, as a run decides.

        Args:
          index: int scalar tensor.
          queues: list of queues with the same dtypes and names.

        Raises:
          TypeError: if `queues` is no list of queues, or their dtypes or names differ.
        """
        if not queues or not isinstance(queues, list):
            raise TypeError("A list of queues expected")
        if not all(isinstance(q, QueueBase) for q in queues):
            raise TypeError("A list of queues expected")
        first = queues[0]
        if not all(q.dtypes == first.dtypes for q in queues):
            raise TypeError("Queues do not have matching component dtypes.")
        if not all(q.names == first.names for q in queues):
            raise TypeError("Queues do not have matching component names.")
        shapes = [_common_shape(s) for s in zip(*(q.shapes for q in queues))]
        handle = array_ops.gather([q.queue_ref for q in queues], index)
        return QueueBase(first.dtypes, shapes, first.names, handle)

    @property
    def queue_ref(self):
        """The handle, a resource scalar."""
        return self._queue_ref

    @property
    def name(self):
        """Name of the queue's node."""
        return self._queue_ref.op.name

    @property
    def dtypes(self):
        return self._dtypes

    @property
    def shapes(self):
        return self._shapes

    @property
    def names(self):
        return self._names

    def _values(self, vals):
        """The components of an element, in order."""
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(map(str, self._names)) != sorted(map(str, vals)):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  Dictionary: (%s), "
                    "Queue: (%s)" % (sorted(vals), sorted(self._names))
                )
            return [vals[name] for name in self._names]
        if self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        return list(vals) if isinstance(vals, (list, tuple)) else [vals]

    def _tensors(self, vals):
        return [
            ops.convert_to_tensor(v, dtype=t, name="component_%d" % i)
            for i, (v, t) in enumerate(zip(self._values(vals), self._dtypes))
        ]

    def _inputs(self, vals):
        if isinstance(vals, (list, tuple)):
            return list(vals)
        return list(vals.values()) if isinstance(vals, dict) else [vals]

    def _result(self, tensors):
        if self._names:
            return dict(zip(self._names, tensors))
        return tensors[0] if len(tensors) == 1 else tensors

    def enqueue(self, vals, name=None):
        """Adds one element; waits while the queue is full. Op: QueueEnqueueV2.

        Args:
          vals: a tensor, a list of them, or a dict for a queue with names.
          name: name of the node.

        Returns:
          The Operation. Running it raises CancelledError once the queue is closed.
        """
        with ops.name_scope(name, "%s_enqueue" % self._name, self._inputs(vals)) as scope:
            tensors = self._tensors(vals)
            for t, shape in zip(tensors, self._shapes):
                t.shape.assert_is_compatible_with(shape)
            return apply("QueueEnqueueV2", self._queue_ref, tensors, name=scope)

    def enqueue_many(self, vals, name=None):
        """Adds the rows of tensors as elements, each when there is room. Op: QueueEnqueueManyV2.

        Args:
          vals: a tensor, a list of them, or a dict for a queue with names; all with the same first
            dimension.
          name: name of the node.

        Returns:
          The Operation. Running it raises CancelledError once the queue is closed.
        """
        with ops.name_scope(name, "%s_EnqueueMany" % self._name, self._inputs(vals)) as scope:
            tensors = self._tensors(vals)
            rows = tensor_shape.Dimension(None)
            for t, shape in zip(tensors, self._shapes):
                batch = t.shape.with_rank_at_least(1)
                rows = rows.merge_with(batch[0])
                batch[1:].assert_is_compatible_with(shape)
            return apply("QueueEnqueueManyV2", self._queue_ref, tensors, name=scope)

    def dequeue(self, name=None):
        """Takes one element; waits while the queue is empty. Op: QueueDequeueV2.

        Returns:
          A tensor, a list of them if an element has several, or a dict for a queue with names.
          Running raises OutOfRangeError when the queue is closed and empty.
        """
        out = apply(
            "QueueDequeueV2", self._queue_ref, component_types=self._dtypes,
            name=name or "%s_Dequeue" % self._name,
        )  # fmt: skip
        for t, shape in zip(out, self._shapes):
            t.set_shape(shape)
        return self._result(out)

    def dequeue_many(self, n, name=None):
        """Takes `n` elements, joined along a new first dimension. Op: QueueDequeueManyV2.

        Args:
          n: int scalar.
          name: name of the node.

        Returns:
          As dequeue(). Running raises OutOfRangeError when the queue is closed and has fewer.
        """
        return self._dequeue_rows("QueueDequeueManyV2", n, name or "%s_DequeueMany" % self._name)

    def dequeue_up_to(self, n, name=None):
        """As dequeue_many(), but takes what is left of a closed queue. Op: QueueDequeueUpToV2."""
        return self._dequeue_rows("QueueDequeueUpToV2", n, name or "%s_DequeueUpTo" % self._name)

    def _dequeue_rows(self, op_name, n, name):
        out = apply(op_name, self._queue_ref, n, component_types=self._dtypes, name=name)
        rows = None
        if op_name == "QueueDequeueManyV2":
            rows = tensor_util.constant_value(out[0].op.inputs[1])
        for t, shape in zip(out, self._shapes):
            if shape.ndims is not None:
                t.set_shape([None if rows is None else int(rows), *shape])
        return self._result(out)

    def close(self, cancel_pending_enqueues=False, name=None):
        """No more elements will be added. Op: QueueCloseV2.

        Args:
          cancel_pending_enqueues: ends those that wait to add elements with CancelledError; else
            they are waited for.
          name: name of the node.

        Returns:
          The Operation.
        """
        return apply(
            "QueueCloseV2", self._queue_ref, cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or "%s_Close" % self._name,
        )  # fmt: skip

    def is_closed(self, name=None):
        """Whether the queue is closed, bool scalar. Op: QueueIsClosedV2."""
        return apply("QueueIsClosedV2", self._queue_ref, name=name or "%s_Is_Closed" % self._name)

    def size(self, name=None):
        """The number of elements, int32 scalar. Op: QueueSizeV2."""
        return apply("QueueSizeV2", self._queue_ref, name=name or "%s_Size" % self._name)


def _common_shape(shapes):
    """What several shapes agree on."""
    out = shapes[0]
    for s in shapes[1:]:
        if out.ndims is None or out.ndims != s.ndims:
            return tensor_shape.unknown_shape()
        sizes = zip(out.as_list(), s.as_list())
        out = tensor_shape.TensorShape([a if a == b else None for a, b in sizes])
    return out


def _queue(op_name, types, shapes, capacity, shared_name, name, **attrs):
    with ops.init_scope():
        return apply(
            op_name, component_types=types, shapes=shapes or [], capacity=capacity, name=name,
            container=ops.get_default_graph()._container, shared_name=shared_name or "", **attrs,
        )  # fmt: skip


class FIFOQueue(QueueBase):
    """A queue: first in, first out. Op: FIFOQueueV2.

    Args:
      capacity: how many elements it holds at most; negative for no limit.
      dtypes: dtypes of the components of an element.
      shapes: shapes of the components. Without them, elements cannot be taken several at a time.
      names: names of the components.
      shared_name: queues of the same shared name are one in a session.
      name: name of the node.
    """

    def __init__(self, capacity, dtypes, shapes=None, names=None, shared_name=None,
                 name="fifo_queue"):  # fmt: skip
        dtypes = _as_type_list(dtypes)
        shapes = _as_shape_list(shapes)
        names = _as_name_list(names, dtypes)
        ref = _queue("FIFOQueueV2", dtypes, shapes, capacity, shared_name, name)
        super().__init__(dtypes, shapes, names, ref)


class PaddingFIFOQueue(QueueBase):
    """First in, first out; elements that are taken together are padded with zeros to one size.

    Op: PaddingFIFOQueueV2.

    Args:
      capacity: how many elements it holds at most; negative for no limit.
      dtypes: dtypes of the components of an element.
      shapes: shapes of the components; their ranks must be known, their sizes need not.
      names: names of the components.
      shared_name: queues of the same shared name are one in a session.
      name: name of the node.

    Raises:
      ValueError: for shapes that are missing or of unknown rank.
    """

    def __init__(self, capacity, dtypes, shapes, names=None, shared_name=None,
                 name="padding_fifo_queue"):  # fmt: skip
        dtypes = _as_type_list(dtypes)
        shapes = _as_shape_list(shapes, partial=True)
        names = _as_name_list(names, dtypes)
        if len(dtypes) != len(shapes):
            raise ValueError(
                "Shapes must be provided for all components, but received %d dtypes and %d shapes."
                % (len(dtypes), len(shapes))
            )
        ref = _queue("PaddingFIFOQueueV2", dtypes, shapes, capacity, shared_name, name)
        super().__init__(dtypes, shapes, names, ref)


class RandomShuffleQueue(QueueBase):
    """A queue whose elements come in random order. Op: RandomShuffleQueueV2.

    Args:
      capacity: how many elements it holds at most; negative for no limit.
      min_after_dequeue: how many must stay behind when one is taken, until the queue is closed.
      dtypes: dtypes of the components of an element.
      shapes: shapes of the components.
      names: names of the components.
      seed: int; see tf.set_random_seed.
      shared_name: queues of the same shared name are one in a session.
      name: name of the node.
    """

    def __init__(self, capacity, min_after_dequeue, dtypes, shapes=None, names=None, seed=None,
                 shared_name=None, name="random_shuffle_queue"):  # fmt: skip
        dtypes = _as_type_list(dtypes)
        shapes = _as_shape_list(shapes)
        names = _as_name_list(names, dtypes)
        seed1, seed2 = random_seed.get_seed(seed)
        if seed1 is None and seed2 is None:
            seed1, seed2 = 0, 0
        elif seed is None and shared_name is not None:
            # The number of nodes so far would differ between the nodes that share the queue.
            text = (str(seed1) + shared_name).encode("utf-8")
            seed2 = int(hashlib.md5(text).hexdigest()[:8], 16) & 0x7FFFFFFF
        ref = _queue(
            "RandomShuffleQueueV2", dtypes, shapes, capacity, shared_name, name,
            min_after_dequeue=min_after_dequeue, seed=seed1, seed2=seed2,
        )  # fmt: skip
        super().__init__(dtypes, shapes, names, ref)


class PriorityQueue(QueueBase):
    """A queue that gives the element with the least number first. Op: PriorityQueueV2.

    Elements have an int64 scalar, their priority, in front of the components.

    Args:
      capacity: how many elements it holds at most; negative for no limit.
      types: dtypes of the components without the priority.
      shapes: shapes of the components without the priority.
      names: names of all components.
      shared_name: queues of the same shared name are one in a session.
      name: name of the node.
    """

    def __init__(self, capacity, types, shapes=None, names=None, shared_name=None,
                 name="priority_queue"):  # fmt: skip
        types = _as_type_list(types)
        shapes = _as_shape_list(shapes)
        ref = _queue("PriorityQueueV2", types, shapes, capacity, shared_name, name)
        all_types = [_dtypes.int64, *types]
        all_shapes = [tensor_shape.TensorShape([]), *shapes] if shapes else shapes
        super().__init__(all_types, all_shapes, _as_name_list(names, all_types), ref)
