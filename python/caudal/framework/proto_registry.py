# SPDX-License-Identifier: Apache-2.0
"""How the items of a collection become protocol buffers in a meta graph, and back."""

import importlib

_registered = {}  # collection -> (message class, to_proto, from_proto)


def register_proto_function(collection_name, proto_type=None, to_proto=None, from_proto=None):
    """Registers how items of a collection are written to a meta graph and read from it.

    Args:
      collection_name: the name of the collection.
      proto_type: the message class, or a function without arguments that returns it.
      to_proto: function (item, export_scope=None) that returns a message, or None to leave it out.
      from_proto: function (message, import_scope=None) that returns an item.

    Raises:
      TypeError: if a function is not callable.
      ValueError: if the collection is registered already.
    """
    if to_proto is not None and not callable(to_proto):
        raise TypeError("to_proto must be callable.")
    if from_proto is not None and not callable(from_proto):
        raise TypeError("from_proto must be callable.")
    if collection_name in _registered:
        raise ValueError("Proto functions of collection %r are registered" % collection_name)
    _registered[collection_name] = (proto_type, to_proto, from_proto)


# Modules that register collections of their own; they load when a graph is first written or read.
_homes = ["caudal.ops.collection_protos", "caudal.train.saver", "caudal.train.queue_runner"]


def _part(collection_name, which):
    while _homes:
        importlib.import_module(_homes.pop())
    return _registered.get(collection_name, (None, None, None))[which]


def get_collection_proto_type(collection_name):
    """The message class of a collection's items, or None."""
    found = _part(collection_name, 0)
    if found is not None and not hasattr(found, "FromString"):
        found = found()
    return found


def get_to_proto_function(collection_name):
    """What turns an item into a message, or None."""
    return _part(collection_name, 1)


def get_from_proto_function(collection_name):
    """What turns a message into an item, or None."""
    return _part(collection_name, 2)
