# SPDX-License-Identifier: Apache-2.0
"""Checks of several shapes at once, and the switch for the placement log."""

from caudal.framework import ops
from caudal.ops import array_ops, check_ops, control_flow_ops

_log_placement = False


def set_log_device_placement(enabled):
    """Kept for `get_log_device_placement`; sessions follow ConfigProto.log_device_placement."""
    global _log_placement
    _log_placement = bool(enabled)


def get_log_device_placement():
    """What `set_log_device_placement` set."""
    return _log_placement


def assert_shapes(shapes, data=None, summarize=None, message=None, name=None):
    """An op that fails unless tensors have the wanted ranks and sizes.

    Args:
      shapes: dict from tensors to lists of sizes, or a list of such pairs. A size is an int, a
        string (equal strings are equal sizes, "*" any), or None (any). A leading "..." stands for
        any axes.
      data: what to print, by default the shape.
      summarize: how many entries to print.
      message: a prefix of the error.

    Raises:
      ValueError: when it is known while building the graph that a shape is wrong.
    """
    message = message or ""
    pairs = list(shapes.items()) if isinstance(shapes, dict) else list(shapes)
    with ops.name_scope(name, "assert_shapes", [p[0] for p in pairs] + [data]):
        checks, known = [], {}
        for x, sizes in pairs:
            x = ops.convert_to_tensor(x)
            sizes = [sizes] if isinstance(sizes, (str, int)) else list(sizes)
            if len(sizes) == 1 and isinstance(sizes[0], str) and len(sizes[0]) > 1:
                sizes = list(sizes[0]) if "." not in sizes[0] else sizes
            if not sizes:
                checks.append(check_ops.assert_rank(x, 0, data=data, summarize=summarize,
                                                    message=message))  # fmt: skip
                continue
            loose = sizes[0] in ("...", Ellipsis)
            wanted = sizes[1:] if loose else sizes
            check = check_ops.assert_rank_at_least if loose else check_ops.assert_rank
            ranked = check(x, len(wanted), data=data, summarize=summarize, message=message)
            checks.append(ranked)
            with ops.control_dependencies([ranked] if ranked is not None else []):
                actual = array_ops.shape(x)
            static = x.shape.as_list() if x.shape.rank is not None else None
            for place, size in enumerate(wanted):
                at = place - len(wanted)
                if size is None or size in ("*", "?"):
                    continue
                if isinstance(size, str) and size.lstrip("-").isdigit():
                    size = int(size)
                here = static[at] if static is not None else None
                if not isinstance(size, int):
                    symbol = str(size)
                    if symbol not in known:
                        known[symbol] = (x, here, actual[at])
                        continue
                    _, there, size_tensor = known[symbol]
                    if here is None or there is None:
                        checks.append(_equal(actual[at], size_tensor, x, data, summarize, message))
                        if there is None and here is not None:
                            known[symbol] = (x, here, actual[at])
                        continue
                    size = there
                if here is None:
                    checks.append(_equal(actual[at], size, x, data, summarize, message))
                elif here != size:
                    raise ValueError(
                        "%s.  Specified by tensor %s dimension %d.  tensor dimension must be %d.  "
                        "Received dimension %d, total tensor shape: %s"
                        % (message, x.name, place, size, here, x.shape)
                    )
        return control_flow_ops.group(*[c for c in checks if c is not None], name="shapes_checked")


def _equal(size, wanted, x, data, summarize, message):
    if data is None:
        data = [message, "Dimension of %s:" % x.name, size, "wanted:", wanted]
    return check_ops.assert_equal(size, wanted, data=data, summarize=summarize, message=message)
