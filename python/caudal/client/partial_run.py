# SPDX-License-Identifier: Apache-2.0
"""A run of a graph in several parts: each part takes some of the feeds and gives some fetches."""

import numpy as np

from caudal.client import fetches as fetches_lib
from caudal.framework import errors, nest
from caudal.framework.tensor import Tensor


def _feed_tensors(graph, key):
    """The tensors of `graph` that one entry of the feeds stands for."""
    entry = fetches_lib.conversion_for(key)
    if entry is not None:
        keys = entry[3](key) if entry[3] is not None else [key]
    elif fetches_lib.is_composite(key):
        keys = fetches_lib.feed_components(key, (None, None, None))[0]
    else:
        keys = [key]
    out = []
    for k in keys:
        try:
            tensor = graph.as_graph_element(k, allow_operation=False)
        except (TypeError, ValueError, KeyError) as error:
            raise TypeError("Cannot interpret feed_list key as Tensor: %s" % error) from None
        if not graph.is_feedable(tensor):
            raise ValueError("Tensor %s may not be fed." % tensor)
        out.append(tensor)
    return out


class PartialRun:
    """The state between the parts: which feeds are there, and values that later parts need."""

    def __init__(self, session, fetches, feeds):
        self._session, self._graph = session, session.graph
        flat = fetches_lib.FetchList(self._graph)
        fetches_lib.analyse(fetches, flat)
        if not flat.elements:
            raise errors.InvalidArgumentError(
                None, None, "No targets specified in partial_run_setup: there must be a fetch."
            )
        feeds = [] if feeds is None else nest.flatten(feeds)
        self._feeds = {t for key in feeds for t in _feed_tensors(self._graph, key)}
        self._fetches = set(flat.elements)
        self._values = {}  # tensor -> value, of feeds and of what parts left for later ones
        self._fed = set()
        self._fetched = set()
        self._done = set()  # operations that have run
        self._needed = self._upstream(self._fetches)

    def _upstream(self, elements):
        """The operations that have to run for `elements`, given what has a value already."""
        known = self._values.keys() | self._feeds
        stack = [e.op if isinstance(e, Tensor) else e for e in elements if e not in known]
        seen = set()
        while stack:
            op = stack.pop()
            if op in seen or op in self._done:
                continue
            seen.add(op)
            stack.extend(t.op for t in op.inputs if t not in known)
            stack.extend(op.control_inputs)
        return seen

    def part(self, fetches, feed_dict):
        """Runs one part."""
        flat = fetches_lib.FetchList(self._graph)
        pack = fetches_lib.analyse(fetches, flat)
        fed = self._take_feeds(feed_dict or {})
        elements = flat.elements
        for element in elements:
            if element not in self._fetches:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    "The fetch %s was not specified in partial_run_setup." % element.name,
                )
            if element in self._fetched:
                raise errors.InvalidArgumentError(
                    None, None, "The fetch %s has already been fetched." % element.name
                )
        run = self._upstream(elements)
        for op in run:
            for tensor in op.inputs:
                if tensor in self._feeds and tensor not in self._fed and tensor not in fed:
                    raise errors.InvalidArgumentError(
                        op,
                        op,
                        "Must feed %s before %s can run in a partial run" % (tensor.name, op.name),
                    )
        self._check_order(run)
        self._values.update(fed)
        self._fed.update(fed)
        kept = self._kept_after(run)
        tensors = [e for e in elements if isinstance(e, Tensor) and e not in self._values]
        targets = [op for op in elements if not isinstance(op, Tensor) and op not in self._done]
        inputs = {t for op in run for t in op.inputs if t in self._values}
        values = self._session.run([tensors, kept, targets], {t: self._values[t] for t in inputs})
        self._values.update(zip(tensors, values[0]))
        self._values.update(zip(kept, values[1]))
        self._done |= run
        self._fetched.update(elements)
        return pack([self._value(e) for e in elements])

    def _value(self, element):
        if not isinstance(element, Tensor):
            return None
        value = self._values[element]
        return np.asarray(value, element.dtype.as_numpy_dtype) if element in self._fed else value

    def _check_order(self, run):
        """Refuses operations that would run a second time because others wait for their end."""
        stack = [c for op in run for c in op.control_inputs if c in self._done]
        seen = set()
        while stack:
            op = stack.pop()
            if op in seen:
                continue
            seen.add(op)
            if op.op_def.is_stateful or any(t.dtype._is_ref_dtype for t in op.inputs):
                raise errors.UnimplementedError(
                    op, op, "%s would run again in this part of a partial run" % op.name
                )
            stack.extend(op.control_inputs)
            stack.extend(t.op for t in op.inputs if t not in self._values)

    def _take_feeds(self, feed_dict):
        fed = {}
        for key, value in nest.flatten_dict_items(feed_dict).items():
            parts = fetches_lib.feed_components(key, value)
            pairs = [(key, value)] if parts is None else zip(*parts)
            for k, v in pairs:
                (tensor,) = _feed_tensors(self._graph, k)
                if tensor not in self._feeds:
                    raise errors.InvalidArgumentError(
                        None,
                        None,
                        "The feed %s was not specified in partial_run_setup." % tensor.name,
                    )
                if tensor in self._fed:
                    raise errors.InvalidArgumentError(
                        None, None, "The feed %s has already been fed." % tensor.name
                    )
                fed[tensor] = v
        return fed

    def _kept_after(self, run):
        """Tensors that `run` computes and later parts read."""
        later = self._needed - self._done - run
        kept = {t for op in later for t in op.inputs if t.op in run and t not in self._values}
        return sorted(kept, key=lambda t: t._key)
