# SPDX-License-Identifier: Apache-2.0
"""What a call of Session.run asks for: nested fetches and feed keys, taken apart once."""

from collections import abc as _abc

from caudal.framework import sparse_tensor, tensor_util
from caudal.framework.indexed_slices import IndexedSlices, IndexedSlicesValue
from caudal.framework.operation import Operation
from caudal.framework.tensor import Tensor

# (type, fetch, feed, feed1): see register_session_run_conversion_functions.
_conversions = []


def register_conversion(tensor_type, fetch_function, feed_function, feed_function_for_partial_run):
    for entry in _conversions:
        if issubclass(tensor_type, entry[0]):
            raise ValueError("%s has already been registered so ignore it." % tensor_type)
    _conversions.insert(
        0, (tensor_type, fetch_function, feed_function, feed_function_for_partial_run)
    )


def conversion_for(value):
    for entry in _conversions:
        if isinstance(value, entry[0]):
            return entry
    return None


class FetchList:
    """The flat graph elements of a fetch structure, in order and without repetition."""

    def __init__(self, graph):
        self._graph = graph
        self._index = {}

    def add(self, element, allow_operation=True):
        """The position of an element; ValueError or TypeError if it cannot be fetched."""
        try:
            found = self._graph.as_graph_element(
                element, allow_tensor=True, allow_operation=allow_operation
            )
        except TypeError as error:
            raise TypeError(
                "Fetch argument %r has invalid type %r, must be a string or Tensor. (%s)"
                % (element, type(element), error)
            ) from None
        except (ValueError, KeyError) as error:
            raise ValueError(
                "Fetch argument %r cannot be interpreted as a Tensor. (%s)" % (element, error)
            ) from None
        if not self._graph.is_fetchable(found):
            raise ValueError("%r is not fetchable" % (found,))
        return self._index.setdefault(found, len(self._index))

    @property
    def elements(self):
        return list(self._index)


def analyse(fetch, flat):
    """A function from the list of values of `flat` to the result in the structure of `fetch`."""
    if fetch is None:
        raise TypeError("Fetch argument %r has invalid type %r" % (fetch, type(fetch)))
    if isinstance(fetch, (Tensor, Operation, str, bytes)):
        return _pick(flat.add(fetch))
    if isinstance(fetch, (list, tuple)):
        return _sequence(fetch, [analyse(f, flat) for f in fetch])
    if isinstance(fetch, _abc.Mapping):
        return _mapping(fetch, [analyse(f, flat) for f in fetch.values()])
    if hasattr(type(fetch), "__attrs_attrs__"):
        fields = [a.name for a in type(fetch).__attrs_attrs__]
        return _sequence(fetch, [analyse(getattr(fetch, n), flat) for n in fields], True)
    entry = conversion_for(fetch)
    if entry is not None:
        parts, rebuild = entry[1](fetch)
        picks = [_pick(flat.add(p)) for p in parts]
        return lambda values: rebuild([pick(values) for pick in picks])
    if hasattr(type(fetch), "_session_parts"):
        parts, rebuild = fetch._session_parts()
        picks = [_pick(flat.add(p)) for p in parts]
        return lambda values: rebuild([pick(values) for pick in picks])
    if isinstance(fetch, IndexedSlices):
        picks = [analyse(t, flat) for t in (fetch.values, fetch.indices)]
        shape = None if fetch.dense_shape is None else analyse(fetch.dense_shape, flat)
        return lambda values: IndexedSlicesValue(
            picks[0](values), picks[1](values), None if shape is None else shape(values)
        )
    if isinstance(fetch, sparse_tensor.SparseTensor):
        picks = [analyse(t, flat) for t in (fetch.indices, fetch.values, fetch.dense_shape)]
        return lambda values: sparse_tensor.SparseTensorValue(*[p(values) for p in picks])
    return _pick(flat.add(fetch))


def _pick(index):
    def pick(values):
        return values[index]

    pick.index = index
    return pick


def _sequence(fetch, picks, spread=False):
    kind = type(fetch)
    spread = spread or hasattr(fetch, "_fields")
    indices = [getattr(p, "index", None) for p in picks]
    if kind is list and None not in indices:
        count = len(indices)
        if indices == list(range(count)):
            return lambda values: list(values[:count])  # there may be more behind, of other lists
        return lambda values: [values[i] for i in indices]
    if spread:
        return lambda values: kind(*[p(values) for p in picks])
    if kind is list:
        return lambda values: [p(values) for p in picks]
    return lambda values: kind([p(values) for p in picks])


def _mapping(fetch, picks):
    kind, keys = type(fetch), list(fetch)
    if hasattr(fetch, "default_factory"):
        factory = fetch.default_factory
        return lambda values: kind(factory, ((k, p(values)) for k, p in zip(keys, picks)))
    return lambda values: kind((k, p(values)) for k, p in zip(keys, picks))


def structure_key(fetch):
    """Something hashable that tells fetch structures apart."""
    kind = type(fetch)
    if kind is Tensor or kind is Operation or kind is str:
        return fetch
    if isinstance(fetch, (list, tuple)):
        return (kind,) + tuple([structure_key(f) for f in fetch])
    if isinstance(fetch, _abc.Mapping):
        return (kind, tuple(fetch)) + tuple([structure_key(f) for f in fetch.values()])
    if hasattr(kind, "__attrs_attrs__"):
        return (kind,) + tuple(structure_key(getattr(fetch, a.name)) for a in kind.__attrs_attrs__)
    if isinstance(fetch, IndexedSlices):
        return (kind, fetch.values, fetch.indices, fetch.dense_shape)
    if isinstance(fetch, sparse_tensor.SparseTensor):
        return (kind, fetch.indices, fetch.values, fetch.dense_shape)
    return fetch


def is_composite(key):
    """Whether a feed key stands for several tensors."""
    composites = (sparse_tensor.SparseTensor, IndexedSlices)
    return isinstance(key, composites) or hasattr(type(key), "_session_parts")


def feed_components(key, value):
    """(tensors or names, values) for a feed of a composite; None for a plain one."""
    entry = conversion_for(key)
    if entry is not None:
        pairs = list(entry[2](key, value))
        return [k for k, _ in pairs], [v for _, v in pairs]
    if isinstance(key, sparse_tensor.SparseTensor):
        values = list(value)
        if len(values) == 2:  # the placeholder's shape is a constant
            values.append(tensor_util.constant_value(key.dense_shape))
        return [key.indices, key.values, key.dense_shape], values
    if hasattr(type(key), "_session_parts"):
        return key._session_parts()[0], value._feed_parts()
    if isinstance(key, IndexedSlices):
        tensors = [key.values, key.indices]
        if key.dense_shape is not None:
            tensors.append(key.dense_shape)
        return tensors, list(value)[: len(tensors)]
    return None
