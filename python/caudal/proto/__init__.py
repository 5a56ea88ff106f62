# SPDX-License-Identifier: Apache-2.0
"""The messages of TensorFlow's files and options as protocol buffers.

`proto.GraphDef`, `proto.SaverDef.V2`, `proto.DT_FLOAT` and so on are made from the .proto files of
this folder when the first of them is asked for; google.protobuf is imported then. The messages live
in a descriptor pool of their own, so that TensorFlow's can be in the same process.
"""

import copyreg
import functools
import sys
import threading

PACKAGE = "caudal"
_lock = threading.RLock()
_names = None  # what the pool defines at the top level, by name; None before it is made
_named = set()  # full names of the messages whose classes know where they are found


def _load():
    """Makes the pool; returns its top-level definitions by name."""
    import os

    from google.protobuf import any_pb2, descriptor_pool
    from google.protobuf.internal import enum_type_wrapper

    from caudal.proto import schema

    folder = os.path.dirname(__file__)
    texts = {}
    for name in os.listdir(folder):
        if name.endswith(".proto"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                texts[name] = file.read()
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    found = {}
    for file_proto in schema.read(texts):
        pool.AddSerializedFile(file_proto.SerializeToString())
        file = pool.FindFileByName(file_proto.name)
        found["file:" + file_proto.name] = file
        found.update(file.message_types_by_name)
        for name, enum in file.enum_types_by_name.items():
            found[name] = enum_type_wrapper.EnumTypeWrapper(enum)
            for value in enum.values:
                # error.Code has names such as OK and UNKNOWN, which are left to it.
                if file.package == PACKAGE:
                    found[value.name] = value.number
    found["Any"] = pool.FindMessageTypeByName("google.protobuf.Any")
    return found


def _definitions():
    global _names
    if _names is None:
        with _lock:
            if _names is None:
                _names = _load()
    return _names


@functools.lru_cache(None)
def _class_maker():
    """What makes the class of a descriptor."""
    from google.protobuf import message_factory

    try:
        return message_factory.GetMessageClass
    except AttributeError:  # before protobuf 4.22
        return message_factory.MessageFactory(_names["Any"].file.pool).GetPrototype


def _restore(name, data):
    """A message that was pickled."""
    return functools.reduce(getattr, name.split("."), sys.modules[__name__]).FromString(data)


def _reduce(message):
    return _restore, (type(message).__qualname__, message.SerializePartialToString())


def _message_class(descriptor):
    """The class of a message; it and those of its fields are found under their names here."""
    make = _class_maker()
    cls = make(descriptor)
    pending = [descriptor]
    while pending:
        each = pending.pop()
        if each.full_name in _named or not each.full_name.startswith(PACKAGE + "."):
            continue
        _named.add(each.full_name)
        pending.extend(f.message_type for f in each.fields if f.message_type is not None)
        pending.extend(each.nested_types)
        if each.GetOptions().map_entry:
            continue
        made = make(each)
        made.__module__ = __name__
        made.__qualname__ = each.full_name[len(PACKAGE) + 1 :]
        copyreg.pickle(made, _reduce)  # google.protobuf's own way looks in the default pool
        outer = each.containing_type
        if outer is not None and not hasattr(make(outer), each.name):
            setattr(make(outer), each.name, made)
    return cls


def __getattr__(name):
    if not name[:1].isupper():  # submodules, "__path__" and the like
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = _definitions()[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    if hasattr(value, "fields_by_name"):
        with _lock:
            value = _message_class(value)
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | {name for name in _definitions() if ":" not in name})


def file_descriptor(name):
    """The descriptor of one of the files here, such as "graph.proto"."""
    return _definitions()["file:" + name]


def of(cls, value):
    """`value` as a message of the class `cls`.

    Args:
      cls: a message class of this module.
      value: a message of that class, one of the same name from elsewhere, such as TensorFlow's, or
        a serialized one as bytes.

    Raises:
      TypeError: if it is none of those.
      google.protobuf.message.DecodeError: for bytes that are no such message.
    """
    if isinstance(value, cls):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return cls.FromString(bytes(value))
    descriptor = getattr(value, "DESCRIPTOR", None)
    if hasattr(value, "SerializeToString") and (
        descriptor is None or descriptor.name == cls.DESCRIPTOR.name
    ):
        return cls.FromString(value.SerializeToString())
    raise TypeError(
        "expected a %s or a serialized one, but got %s" % (cls.DESCRIPTOR.name, type(value))
    )
