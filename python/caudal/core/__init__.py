# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's paths of message modules: `from caudal.core.framework import graph_pb2`.

The messages are those of `caudal.proto`; each module here shows the ones that TensorFlow's has.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types

# A line for each package: its path, then its modules without "_pb2".
_LAYOUT = """
framework allocation_description attr_value cost_graph device_attributes function graph kernel_def
framework node_def op_def resource_handle step_stats summary tensor tensor_description tensor_shape
framework tensor_slice types variable versions
protobuf checkpoint_state cluster config control_flow debug error_codes graph_debug_info meta_graph
protobuf named_tensor queue_runner rewriter_config saved_model saved_object_graph saver struct
protobuf tensor_bundle tensorflow_server trackable_object_graph verifier_config
example example example_parser_configuration feature
util event saved_tensor_slice
lib.core error_codes
"""
_MODULES = {
    f"caudal.core.{line.split()[0]}.{name}_pb2"
    for line in _LAYOUT.strip().splitlines()
    for name in line.split()[1:]
}
_PACKAGES = {name[:i] for name in _MODULES for i, c in enumerate(name) if c == "."} - {
    "caudal",
    "caudal.core",
}


class _Messages(types.ModuleType):
    """A module of messages."""

    def __getattr__(self, name):
        if name[:1].isupper():
            from caudal import proto

            try:
                value = getattr(proto, name)
            except AttributeError:
                if not self.__name__.endswith(".error_codes_pb2"):
                    raise AttributeError(
                        f"module {self.__name__!r} has no attribute {name!r}"
                    ) from None
                value = proto.Code.Value(name)
            setattr(self, name, value)
            return value
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _Package(types.ModuleType):
    """A package of message modules."""

    def __getattr__(self, name):
        inner = f"{self.__name__}.{name}"
        if inner in _MODULES or inner in _PACKAGES:
            return importlib.import_module(inner)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname, path=None, target=None):
        if fullname not in _MODULES and fullname not in _PACKAGES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=fullname in _PACKAGES)

    def create_module(self, spec):
        kind = _Package if spec.name in _PACKAGES else _Messages
        there = spec.name.replace("caudal", "tensorflow")
        return kind(spec.name, f"What TensorFlow has in {there}.")

    def exec_module(self, module):
        pass


sys.meta_path.append(_Finder())


def __getattr__(name):
    inner = f"caudal.core.{name}"
    if inner in _PACKAGES:
        return importlib.import_module(inner)
    raise AttributeError(f"module 'caudal.core' has no attribute {name!r}")
