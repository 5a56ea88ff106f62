# SPDX-License-Identifier: Apache-2.0
"""Decorators that warn where something old is used."""

import functools
import inspect
import re

from caudal.ops.math_ops import deprecated_argument_lookup  # noqa: F401 - part of TensorFlow's module
from caudal.platform import tf_logging

__all__ = ["deprecated", "deprecated_arg_values", "deprecated_args"]

_warned = set()


def _check(date, instructions):
    if date is not None and not re.match(r"20\d\d-[01]\d-[0123]\d", date):
        raise ValueError("Date must be YYYY-MM-DD.")
    if not instructions:
        raise ValueError("Don't deprecate things without conversion instructions!")


def _when(date):
    return "in a future version" if date is None else "after %s" % date


def _warn(key, once, text, *args):
    if once and key in _warned:
        return
    _warned.add(key)
    tf_logging.warning(text, *args)


def deprecated(date, instructions, warn_once=True):
    """Decorator for functions that will go.

    Args:
      date: "YYYY-MM-DD", or None.
      instructions: what to do instead.
      warn_once: whether only the first call warns.
    """
    _check(date, instructions)

    def wrap(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            _warn(
                function, warn_once,
                "%s (from %s) is deprecated and will be removed %s.\nInstructions for "
                "updating:\n%s", function.__qualname__, function.__module__, _when(date),
                instructions,
            )  # fmt: skip
            return function(*args, **kwargs)

        return wrapper

    return wrap


def deprecated_args(date, instructions, *deprecated_arg_names_or_tuples, **kwargs):
    """Decorator for functions with arguments that will go.

    Args:
      date: "YYYY-MM-DD", or None.
      instructions: what to do instead.
      *deprecated_arg_names_or_tuples: names, or (name, value that still is no reason to warn).
      **kwargs: `warn_once`.
    """
    _check(date, instructions)
    if not deprecated_arg_names_or_tuples:
        raise ValueError("Specify which argument is deprecated.")
    once = kwargs.pop("warn_once", True)
    if kwargs:
        raise ValueError("Illegal argument(s): %s" % ", ".join(sorted(kwargs)))
    fine = {}
    for item in deprecated_arg_names_or_tuples:
        name, *values = item if isinstance(item, tuple) else (item,)
        fine[name] = values

    def wrap(function):
        signature = inspect.signature(function)
        missing = [n for n in fine if n not in signature.parameters]
        if missing and not any(
            p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in signature.parameters.values()
        ):
            raise ValueError(
                "The following deprecated arguments are not present in the function signature: %s."
                " Found next arguments: %s." % (missing, list(signature.parameters))
            )

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            given = signature.bind_partial(*args, **kwargs).arguments
            for name, values in fine.items():
                if name in given and not any(given[name] is v or given[name] == v for v in values):
                    _warn(
                        (function, name), once,
                        "calling %s (from %s) with %s is deprecated and will be removed %s.\n"
                        "Instructions for updating:\n%s", function.__qualname__,
                        function.__module__, name, _when(date), instructions,
                    )  # fmt: skip
            return function(*args, **kwargs)

        return wrapper

    return wrap


def deprecated_arg_values(date, instructions, warn_once=True, **deprecated_kwargs):
    """Decorator for functions with values of arguments that will go.

    Args:
      date: "YYYY-MM-DD", or None.
      instructions: what to do instead.
      warn_once: whether only the first call warns.
      **deprecated_kwargs: the values, by argument.
    """
    _check(date, instructions)
    if not deprecated_kwargs:
        raise ValueError("Specify which argument values are deprecated.")

    def wrap(function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            given = signature.bind_partial(*args, **kwargs).arguments
            for name, value in deprecated_kwargs.items():
                if name in given and given[name] == value:
                    _warn(
                        (function, name), warn_once,
                        "calling %s (from %s) with %s=%s is deprecated and will be removed %s.\n"
                        "Instructions for updating:\n%s", function.__qualname__,
                        function.__module__, name, value, _when(date), instructions,
                    )  # fmt: skip
            return function(*args, **kwargs)

        return wrapper

    return wrap
