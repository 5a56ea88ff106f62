# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's internal module paths, as much code imports them.

`from caudal.python.ops import array_ops` and the like give modules whose names are looked up where
caudal keeps them, when they are first asked for; `layout` says where that is. There is nothing
here that the public namespaces do not have.
"""

import functools
import importlib.abc
import importlib.machinery
import sys
import types

from caudal.python import layout


def home(place):
    """The module or namespace of that dotted name."""
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as e:
        if not place.startswith(str(e.name)):
            raise  # something that the module needs
        return functools.reduce(getattr, place.split(".")[1:], sys.modules["caudal"])


class _View(types.ModuleType):
    """A module of TensorFlow's layout."""

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        path = self.__name__.partition(".")[2]
        inner = f"{path}.{name}"
        if inner in layout.packages() or layout.has_module(inner):
            return importlib.import_module(f"caudal.{inner}")
        name_there = layout.RENAMED.get(inner, name)
        for place in layout.places(path):
            try:
                if place == layout.GENERATED:
                    value = layout.generated(name_there)
                else:
                    value = getattr(home(place), name_there)
            except AttributeError:
                continue
            setattr(self, name, value)
            return value
        raise AttributeError(
            f"caudal has no {name!r} for TensorFlow's tensorflow.{path}; the public namespaces "
            "and `python -m caudal support` show what there is"
        )


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what is no file: modules of the layout, and the packages that hold them."""

    def find_spec(self, fullname, path=None, target=None):
        head, _, inner = fullname.partition(".")
        if head != "caudal":
            return None
        package = inner in layout.packages()
        if not package and not layout.has_module(inner):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=package)

    def create_module(self, spec):
        where = spec.name.partition(".")[2]
        return _View(spec.name, f"A view of what TensorFlow keeps in tensorflow.{where}.")

    def exec_module(self, module):
        pass


sys.meta_path.append(_Finder())


def __getattr__(name):
    inner = f"python.{name}"
    if inner in layout.packages() or layout.has_module(inner):
        return importlib.import_module(f"caudal.{inner}")
    raise AttributeError(f"caudal has no counterpart of TensorFlow's tensorflow.{inner}")
