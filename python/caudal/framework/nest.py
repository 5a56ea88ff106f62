# SPDX-License-Identifier: Apache-2.0
"""Nested structures: lists, tuples, namedtuples, dicts and attrs objects with leaves in them.

Dicts are walked in the order of their sorted keys.
"""

from collections import abc as _abc


def _is_attrs(value):
    return hasattr(type(value), "__attrs_attrs__")


def is_sequence(seq):
    """True for what `flatten` looks into: no strings, arrays or tensors."""
    kind = type(seq)
    if kind is list or kind is tuple or kind is dict:
        return True
    if isinstance(seq, (str, bytes)):
        return False
    return (
        isinstance(seq, (list, tuple, _abc.Mapping))
        or (isinstance(seq, _abc.Sequence) and not isinstance(seq, (bytearray, memoryview)))
        or _is_attrs(seq)
    )


is_nested = is_sequence


def _is_composite(value):
    return hasattr(type(value), "_to_components")


def is_sequence_or_composite(seq):
    """True for sequences, and for values made of tensors, such as SparseTensor."""
    return is_sequence(seq) or _is_composite(seq)


def _is_namedtuple(value):
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _sorted_keys(mapping):
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError("nest only supports dicts with sortable keys.") from None


def _children(seq):
    if isinstance(seq, _abc.Mapping):
        return [seq[key] for key in _sorted_keys(seq)]
    if _is_attrs(seq):
        return [getattr(seq, a.name) for a in type(seq).__attrs_attrs__]
    return seq


def _items(seq):
    """(key, child) pairs; keys are indices, dict keys or field names."""
    if isinstance(seq, _abc.Mapping):
        return [(key, seq[key]) for key in _sorted_keys(seq)]
    if _is_attrs(seq):
        return [(a.name, getattr(seq, a.name)) for a in type(seq).__attrs_attrs__]
    if _is_namedtuple(seq):
        return list(zip(seq._fields, seq))
    return list(enumerate(seq))


def _rebuild(like, children):
    """A structure of the type of `like` with these children."""
    children = list(children)
    if isinstance(like, _abc.Mapping):
        by_key = dict(zip(_sorted_keys(like), children))
        if hasattr(like, "default_factory"):
            return type(like)(like.default_factory, ((k, by_key[k]) for k in like))
        return type(like)((key, by_key[key]) for key in like)
    if _is_namedtuple(like) or _is_attrs(like):
        return type(like)(*children)
    if isinstance(like, (list, tuple)):
        return type(like)(children)
    return type(like)(children)


def flatten(structure, expand_composites=False):
    """The leaves as a list; a leaf alone gives a list of one."""
    out = []
    _flatten_into(structure, out, expand_composites)
    return out


def _flatten_into(structure, out, expand):
    if is_sequence(structure):
        for child in _children(structure):
            _flatten_into(child, out, expand)
    elif expand and _is_composite(structure):
        out.extend(structure._to_components())
    else:
        out.append(structure)


def _describe(value):
    return "type=%s str=%s" % (type(value).__name__, value)


def _dots(structure):
    if not is_sequence(structure):
        return "."
    return str(_rebuild_plain(structure)).replace("'.'", ".")


def _rebuild_plain(structure):
    if not is_sequence(structure):
        return "."
    if isinstance(structure, _abc.Mapping):
        return {key: _rebuild_plain(value) for key, value in structure.items()}
    return [_rebuild_plain(child) for child in _children(structure)]


class _Different(Exception):
    def __init__(self, error, text):
        self.error = error
        super().__init__(text)


def _compare(a, b, check_types, expand):
    nested = is_sequence_or_composite if expand else is_sequence
    seq_a, seq_b = nested(a), nested(b)
    if seq_a != seq_b:
        yes, no = (a, b) if seq_a else (b, a)
        raise _Different(
            ValueError,
            'Substructure "%s" is a sequence, while substructure "%s" is not'
            % (_describe(yes), _describe(no)),
        )
    if not seq_a:
        return
    if check_types:
        tuples = _is_namedtuple(a) and _is_namedtuple(b)
        if tuples:
            same = type(a).__name__ == type(b).__name__ and a._fields == b._fields
        else:
            same = type(a) is type(b) or (
                isinstance(a, _abc.Mapping) and isinstance(b, _abc.Mapping)
            )
        if not same:
            raise _Different(
                TypeError,
                "The two namedtuples don't have the same sequence type. First structure %s has "
                "type %s, while second structure %s has type %s"
                % (_describe(a), type(a).__name__, _describe(b), type(b).__name__)
                if tuples
                else "The two structures don't have the same sequence type. First structure has "
                "type %s, while second structure has type %s"
                % (type(a).__name__, type(b).__name__),
            )
    if isinstance(a, _abc.Mapping) and isinstance(b, _abc.Mapping) and set(a) != set(b):
        raise _Different(
            ValueError,
            "The two dictionaries don't have the same set of keys. First structure has keys %s, "
            "while second structure has keys %s" % (list(a), list(b)),
        )
    if not is_sequence(a) or not is_sequence(b):
        _compare_composites(a, b)
        return
    first, second = list(_children(a)), list(_children(b))
    if len(first) != len(second):
        raise _Different(
            ValueError,
            "The two structures don't have the same number of elements. First structure: %s. "
            "Second structure: %s" % (_describe(a), _describe(b)),
        )
    for x, y in zip(first, second):
        _compare(x, y, check_types, expand)


def _compare_composites(a, b):
    if type(a) is type(b):
        if all(x.dtype == y.dtype for x, y in zip(a._to_components(), b._to_components())):
            return
    raise _Different(
        ValueError, "Incompatible composite tensors: %s and %s" % (_describe(a), _describe(b))
    )


def assert_same_structure(nest1, nest2, check_types=True, expand_composites=False):
    """Raises:
    ValueError: if the nesting differs.
    TypeError: if `check_types` and the types of the sequences differ.
    """
    try:
        _compare(nest1, nest2, check_types, expand_composites)
    except _Different as difference:
        raise difference.error(
            "The two structures don't have the same nested structure.\n\n"
            "First structure: %s\n\nSecond structure: %s\n\nMore specifically: %s\n"
            "Entire first structure:\n%s\nEntire second structure:\n%s"
            % (_describe(nest1), _describe(nest2), difference, _dots(nest1), _dots(nest2))
        ) from None


def pack_sequence_as(structure, flat_sequence, expand_composites=False):
    """The inverse of `flatten`: a structure like `structure` with other leaves."""
    if not is_sequence(flat_sequence):
        raise TypeError("flat_sequence must be a sequence")
    flat = list(flat_sequence)
    if not is_sequence(structure) and not (expand_composites and _is_composite(structure)):
        if len(flat) != 1:
            raise ValueError("Structure is a scalar but len(flat_sequence) == %d > 1" % len(flat))
        return flat[0]
    wanted = len(flatten(structure, expand_composites))
    if wanted != len(flat):
        raise ValueError(
            "Could not pack sequence. Structure had %d elements, but flat_sequence had %d elements."
            "  Structure: %s, flat_sequence: %s." % (wanted, len(flat), structure, flat)
        )
    return _pack(structure, iter(flat), expand_composites)


def _pack(structure, leaves, expand):
    if is_sequence(structure):
        return _rebuild(structure, [_pack(c, leaves, expand) for c in _children(structure)])
    if expand and _is_composite(structure):
        return structure._from_components([next(leaves) for _ in structure._to_components()])
    return next(leaves)


def map_structure(func, *structure, **kwargs):
    """A structure of `func(leaf, ...)` for the leaves of structures of one shape."""
    if not callable(func):
        raise TypeError("func must be callable, got: %s" % func)
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError("Only valid keyword arguments are `check_types` and `expand_composites`")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand)
    leaves = [flatten(s, expand) for s in structure]
    return pack_sequence_as(structure[0], [func(*x) for x in zip(*leaves)], expand)


def flatten_with_paths(structure, expand_composites=False):
    """(path, leaf) pairs; a path is a tuple of keys."""
    if not is_sequence(structure):
        if expand_composites and _is_composite(structure):
            kind = type(structure).__name__
            return [((kind, i), part) for i, part in enumerate(structure._to_components())]
        return [((), structure)]
    return [
        ((key,) + path, leaf)
        for key, child in _items(structure)
        for path, leaf in flatten_with_paths(child, expand_composites)
    ]


def flatten_with_joined_string_paths(structure, separator="/", expand_composites=False):
    """(path, leaf) pairs; a path is the joined text of the keys."""
    pairs = flatten_with_paths(structure, expand_composites)
    return [(separator.join(map(str, path)), leaf) for path, leaf in pairs]


def yield_flattened_paths(nest, expand_composites=False):
    """The paths of `flatten_with_paths`, one after the other."""
    for path, _ in flatten_with_paths(nest, expand_composites):
        yield path


def map_structure_with_paths(func, *structure, **kwargs):
    """`map_structure` whose function gets the joined path of the leaf first."""
    paths = iter([p for p, _ in flatten_with_joined_string_paths(structure[0])])
    return map_structure(lambda *leaves: func(next(paths), *leaves), *structure, **kwargs)


def flatten_dict_items(dictionary):
    """A flat dict from one whose keys and values are nested alike."""
    if not isinstance(dictionary, _abc.Mapping):
        raise TypeError("input must be a dictionary")
    flat = {}
    for key, value in dictionary.items():
        if not is_sequence(key):
            pairs = [(key, value)]
        else:
            keys, values = flatten(key), flatten(value)
            if len(keys) != len(values):
                raise ValueError(
                    "Could not flatten dictionary. Key had %d elements, but value had %d elements. "
                    "Key: %s, value: %s." % (len(keys), len(values), keys, values)
                )
            pairs = zip(keys, values)
        for k, v in pairs:
            if k in flat:
                raise ValueError("Could not flatten dictionary: key %s is not unique." % (k,))
            flat[k] = v
    return flat


def assert_shallow_structure(shallow_tree, input_tree, check_types=True, expand_composites=False):
    """Checks that `input_tree` is nested like `shallow_tree` as far as the latter goes."""
    nested = is_sequence_or_composite if expand_composites else is_sequence
    if not nested(shallow_tree):
        return
    if not nested(input_tree):
        raise TypeError(
            "If shallow structure is a sequence, input must also be a sequence. Input has type: %s."
            % type(input_tree)
        )
    maps = isinstance(shallow_tree, _abc.Mapping) and isinstance(input_tree, _abc.Mapping)
    if check_types and not maps and type(shallow_tree) is not type(input_tree):
        raise TypeError(
            "The two structures don't have the same sequence type. Input structure has type %s, "
            "while shallow structure has type %s." % (type(input_tree), type(shallow_tree))
        )
    if not is_sequence(shallow_tree):
        return
    if len(input_tree) != len(shallow_tree):
        raise ValueError(
            "The two structures don't have the same sequence length. Input structure has length "
            "%d, while shallow structure has length %d." % (len(input_tree), len(shallow_tree))
        )
    if maps and set(shallow_tree) != set(input_tree):
        raise ValueError("The two structures don't have the same keys.")
    for a, b in zip(_children(shallow_tree), _children(input_tree)):
        assert_shallow_structure(a, b, check_types, expand_composites)


def flatten_up_to(shallow_tree, input_tree, check_types=True, expand_composites=False):
    """Flattens `input_tree` only as deep as `shallow_tree` is nested."""
    assert_shallow_structure(shallow_tree, input_tree, check_types, expand_composites)
    return _up_to(shallow_tree, input_tree, expand_composites)


def _up_to(shallow, tree, expand):
    if not is_sequence(shallow):
        return tree._to_components() if expand and _is_composite(shallow) else [tree]
    out = []
    for a, b in zip(_children(shallow), _children(tree)):
        out.extend(_up_to(a, b, expand))
    return out


def map_structure_up_to(shallow_tree, func, *inputs, **kwargs):
    """`map_structure` over the leaves of `shallow_tree`."""
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.get("check_types", False)
    flat = [flatten_up_to(shallow_tree, i, check_types) for i in inputs]
    return pack_sequence_as(shallow_tree, [func(*x) for x in zip(*flat)])


def get_traverse_shallow_structure(traverse_fn, structure):
    """The top of `structure` as deep as `traverse_fn` says to go."""
    go = traverse_fn(structure)
    if not is_sequence(structure):
        if not isinstance(go, bool):
            raise TypeError(
                "traverse_fn returned structure: %s for non-structure: %s" % (go, structure)
            )
        return go
    if isinstance(go, bool):
        if not go:
            return False
        return _rebuild(
            structure,
            [get_traverse_shallow_structure(traverse_fn, c) for c in _children(structure)],
        )
    assert_shallow_structure(go, structure)
    if not is_sequence(go):
        raise TypeError("traverse_fn must return a bool or a structure of bools, got %s" % (go,))
    # It decides for each child: False ends there, True asks again about what is inside.
    levels = []
    for wanted, child in zip(_children(go), _children(structure)):
        if not isinstance(wanted, bool):
            raise TypeError("traverse_fn must return bools for the children, got %s" % (go,))
        levels.append(get_traverse_shallow_structure(traverse_fn, child) if wanted else False)
    return _rebuild(structure, levels)
