# SPDX-License-Identifier: Apache-2.0
"""Reads the .proto files of this folder: the part of the language that they use.

That part is proto3 with imports, messages, enums, oneofs, maps and the option `deprecated`. The
result is what protoc would hand to a generator, one FileDescriptorProto for each file.
"""

import re

from google.protobuf import descriptor_pb2

_TOKEN = re.compile(r'//[^\n]*|("[^"]*"|[\w.]+|-\d+|[{}=;<>,\[\]])')
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    name: getattr(_Field, "TYPE_" + name.upper())
    for name in "double float int64 uint64 int32 fixed64 fixed32 bool string bytes uint32 sfixed32 "
    "sfixed64 sint32 sint64".split()
}
# What .proto files outside of this folder define.
_OUTSIDE = {".google.protobuf.Any": _Field.TYPE_MESSAGE}


class _File:
    """One file on its way to a FileDescriptorProto."""

    def __init__(self, name, text, types):
        self.proto = descriptor_pb2.FileDescriptorProto(name=name)
        self.types = types  # full name with a leading dot -> type of the fields that hold it
        self.open = []  # fields whose type is a name: (field, name, scope)
        self._name = name
        self._tokens = iter([t for t in _TOKEN.findall(text) if t])
        self._read()

    def _next(self, *expected):
        token = next(self._tokens, "")
        if expected and token not in expected:
            raise ValueError(f"{self._name}: {token!r} found where {expected} was expected")
        return token

    def _read(self):
        proto = self.proto
        for token in self._tokens:
            if token == "syntax":
                self._next("=")
                proto.syntax = self._next('"proto3"')[1:-1]
            elif token == "package":
                proto.package = self._next()
            elif token == "import":
                proto.dependency.append(self._next()[1:-1])
            elif token == "message":
                self._message(proto.message_type.add(), "." + proto.package)
                continue
            elif token == "enum":
                self._enum(proto.enum_type.add(), "." + proto.package)
                continue
            else:
                raise ValueError(f"{self._name}: unknown statement {token!r}")
            self._next(";")

    def _message(self, message, scope):
        message.name = self._next()
        scope = f"{scope}.{message.name}"
        self.types[scope] = _Field.TYPE_MESSAGE
        self._next("{")
        oneof = -1
        for token in self._tokens:
            if token == "}":
                if oneof < 0:
                    return
                oneof = -1
            elif token == "message":
                self._message(message.nested_type.add(), scope)
            elif token == "enum":
                self._enum(message.enum_type.add(), scope)
            elif token == "oneof":
                oneof = len(message.oneof_decl)
                message.oneof_decl.add().name = self._next()
                self._next("{")
            else:
                field = message.field.add()
                if oneof >= 0:
                    field.oneof_index = oneof
                self._field(field, token, message, scope)

    def _field(self, field, token, message, scope):
        field.label = _Field.LABEL_OPTIONAL
        if token == "repeated":
            field.label = _Field.LABEL_REPEATED
            token = self._next()
        if token == "map":
            field.label = _Field.LABEL_REPEATED
            self._next("<")
            key = self._next()
            self._next(",")
            value = self._next()
            self._next(">")
            field.name = self._next()
            # Maps are lists of entries, whose type is made here.
            entry = message.nested_type.add()
            entry.name = "".join(p.capitalize() for p in field.name.split("_")) + "Entry"
            entry.options.map_entry = True
            for number, (name, kind) in enumerate((("key", key), ("value", value)), 1):
                part = entry.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
                self._type(part, kind, scope)
            field.type = _Field.TYPE_MESSAGE
            field.type_name = f"{scope}.{entry.name}"
        else:
            self._type(field, token, scope)
            field.name = self._next()
        self._next("=")
        field.number = int(self._next())
        if self._next(";", "[") == "[":
            for token in ("deprecated", "=", "true", "]", ";"):
                self._next(token)
            field.options.deprecated = True

    def _type(self, field, name, scope):
        scalar = _SCALARS.get(name)
        if scalar is not None:
            field.type = scalar
        else:
            self.open.append((field, name, scope))

    def _enum(self, enum, scope):
        enum.name = self._next()
        self.types[f"{scope}.{enum.name}"] = _Field.TYPE_ENUM
        self._next("{")
        for token in self._tokens:
            if token == "}":
                return
            self._next("=")
            enum.value.add(name=token, number=int(self._next()))
            self._next(";")

    def resolve(self):
        """Gives the fields whose type is a name the full name: the innermost scope wins."""
        types = self.types
        for field, name, scope in self.open:
            while True:
                full = f"{scope}.{name}"
                kind = types.get(full)
                if kind is not None or not scope:
                    break
                scope = scope.rpartition(".")[0]
            if kind is None:
                raise ValueError(f"{self._name}: there is no type {name!r}")
            field.type = kind
            field.type_name = full


def read(texts):
    """The descriptors of some files that import each other.

    Args:
      texts: the text of each file, by name.

    Returns:
      FileDescriptorProtos, each after the ones that it imports.
    """
    types = dict(_OUTSIDE)
    files = {name: _File(name, text, types) for name, text in sorted(texts.items())}
    for file in files.values():
        file.resolve()
    order = []
    placed = set()
    pending = [files[name].proto for name in files]
    while pending:
        ready = [p for p in pending if all(d not in files or d in placed for d in p.dependency)]
        if not ready:
            raise ValueError("these files import each other: %s" % [p.name for p in pending])
        order.extend(ready)
        placed.update(p.name for p in ready)
        pending = [p for p in pending if p.name not in placed]
    return order
