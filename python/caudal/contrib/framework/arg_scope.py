# SPDX-License-Identifier: Apache-2.0
"""arg_scope: default arguments for the functions that are called inside of a `with` block."""

import contextlib
import functools
import inspect
import threading

__all__ = [
    "add_arg_scope",
    "arg_scope",
    "arg_scoped_arguments",
    "current_arg_scope",
    "has_arg_scope",
]

# Key of a decorated function -> names of its arguments that have defaults.
_decorated = {}


class _Scopes(threading.local):
    """The open scopes of this thread, innermost last: {key: {argument: value}}."""

    def __init__(self):
        self.stack = [{}]


_scopes = _Scopes()


def _key(function):
    return getattr(function, "_key_op", str(function))


def current_arg_scope():
    """The defaults that are in force now, as a dict that `arg_scope` takes."""
    return _scopes.stack[-1]


def has_arg_scope(func):
    """Whether a function was decorated with `add_arg_scope`."""
    return _key(func) in _decorated


def arg_scoped_arguments(func):
    """The names of the arguments for which `arg_scope` can set defaults.

    Raises:
      AssertionError: if the function was not decorated with `add_arg_scope`.
    """
    assert has_arg_scope(func)
    return _decorated[_key(func)]


def add_arg_scope(func):
    """Decorator: lets `arg_scope` set defaults of a function's keyword arguments."""
    key = str(func)

    @functools.wraps(func)
    def func_with_args(*args, **kwargs):
        defaults = _scopes.stack[-1].get(key)
        if defaults:
            kwargs = {**defaults, **kwargs}
        return func(*args, **kwargs)

    parameters = inspect.signature(func).parameters.values()
    _decorated[key] = tuple(p.name for p in parameters if p.default is not p.empty)
    func_with_args._key_op = key
    return func_with_args


@contextlib.contextmanager
def arg_scope(list_ops_or_scope, **kwargs):
    """Context manager that sets default arguments of functions.

    Args:
      list_ops_or_scope: list or tuple of functions decorated with `add_arg_scope`, or what an
        `arg_scope` gave, to open it again.
      **kwargs: the defaults; they add to and override those of the scopes around.

    Yields:
      A dict that stands for all defaults now in force.

    Raises:
      TypeError: if `list_ops_or_scope` is none of both.
      ValueError: for functions that are not decorated, or defaults beside a scope.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by suppling a dictionary, kwargs must be empty."
            )
        scope = list_ops_or_scope.copy()
    else:
        if not isinstance(list_ops_or_scope, (list, tuple)):
            raise TypeError(
                "list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)"
            )
        scope = _scopes.stack[-1].copy()
        for op in list_ops_or_scope:
            if not has_arg_scope(op):
                name = (getattr(op, "__module__", None), getattr(op, "__name__", str(op)))
                raise ValueError("%s is not decorated with @add_arg_scope" % (name,))
            key = _key(op)
            scope[key] = {**scope.get(key, {}), **kwargs}
    _scopes.stack.append(scope)
    try:
        yield scope
    finally:
        _scopes.stack.pop()
