# SPDX-License-Identifier: Apache-2.0
"""Python functions that nodes call by token. They live as long as the graph that uses them."""

import itertools
import threading
import weakref

from caudal import _core
from caudal.framework.scopes import get_default_graph

_lock = threading.Lock()
_counter = itertools.count()


class _Holder:
    """Keeps a function; the graph keeps this, the core only knows it weakly."""

    __slots__ = ("function", "__weakref__")

    def __init__(self, function):
        self.function = function


def register(function):
    """Makes `function` callable from nodes of the default graph.

    Args:
      function: takes a list of arrays, returns a list of arrays.

    Returns:
      The token for the node's attr.
    """
    graph = get_default_graph()
    while graph.outer_graph is not None:
        graph = graph.outer_graph
    with _lock:
        token = "pyfunc_%d" % next(_counter)
    holder = _Holder(function)
    reference = weakref.ref(holder)

    def call(arrays):
        alive = reference()
        if alive is None:
            raise RuntimeError("The graph of function %s does not exist any more" % token)
        return alive.function(arrays)

    _core.register_host_function(token, call)
    graph.__dict__.setdefault("_host_functions", []).append(holder)
    weakref.finalize(graph, _core.unregister_host_function, token).atexit = False
    return token


def _fourier(arrays):
    from caudal.framework import fourier

    return fourier.host_function(arrays)


_core.register_host_function("caudal.fourier", _fourier)


def _text_library(arrays):
    from caudal.framework import host_text

    return host_text.call(arrays)


# Regular expressions, codecs and the like, for kernels of strings.
_core.register_host_function("caudal.text", _text_library)


def _image_files(arrays):
    from caudal.framework import image_files

    return image_files.host_function(arrays)


_core.register_host_function("caudal.image", _image_files)
