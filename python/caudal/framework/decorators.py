# SPDX-License-Identifier: Apache-2.0
"""Decorators by which code marks what it wraps and exports."""

import collections
import functools
import inspect

ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def getargspec(obj):
    """The arguments of a function, method, class or partial: names, *args, **kwargs, defaults."""
    _, inside = unwrap(obj)
    if inspect.isclass(inside):
        inside = inside.__init__
    found = inspect.getfullargspec(inside)
    return ArgSpec(found.args, found.varargs, found.varkw, found.defaults)


def make_decorator(
    target,
    decorator_func,
    decorator_name=None,
    decorator_doc="",
    decorator_argspec=None,
):
    """Makes a wrapper look like what it wraps.

    Args:
      target: the function that is wrapped.
      decorator_func: the wrapper.
      decorator_name: the decorator's name, for whoever looks into `_tf_decorator`.
      decorator_doc: what the decorator does.
      decorator_argspec: the signature to show instead of the target's.

    Returns:
      `decorator_func`, named and documented like the target; `unwrap` gives the target back.
    """
    functools.update_wrapper(decorator_func, target)
    decorator_func._tf_decorator = _Decoration(
        target, decorator_name or "make_decorator", decorator_doc, decorator_argspec
    )
    if decorator_argspec is not None:
        decorator_func.__signature__ = decorator_argspec
    return decorator_func


class _Decoration:
    def __init__(self, target, name, doc, argspec):
        self.decorated_target = target
        self.decorator_name = name
        self.decorator_doc = doc
        self.decorator_argspec = argspec


def unwrap(maybe_decorated):
    """(the decorations from the outermost on, the function inside)."""
    decorations = []
    while getattr(maybe_decorated, "_tf_decorator", None) is not None:
        decorations.append(maybe_decorated._tf_decorator)
        maybe_decorated = decorations[-1].decorated_target
    return decorations, maybe_decorated


def tf_export(*names, **kwargs):
    """Leaves what it decorates as it is; TensorFlow notes under which names a thing is public."""

    def mark(thing):
        thing._tf_api_names = names
        return thing

    return mark
