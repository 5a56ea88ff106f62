# SPDX-License-Identifier: Apache-2.0
"""Names that stand for objects, functions as text, and small helpers for lists of tensors."""

import base64
import binascii
import inspect
import marshal
import types

from caudal.keras.utils.progbar import Progbar

__all__ = [
    "CustomObjectScope", "Progbar", "check_for_unexpected_keys", "custom_object_scope",
    "deserialize_keras_object", "func_dump", "func_load", "get_custom_objects",
    "get_keras_object", "has_arg", "is_all_none", "object_list_uid", "serialize_keras_object",
    "slice_arrays", "to_list", "transpose_shape", "unpack_singleton",
]  # fmt: skip

_custom_objects = {}


class CustomObjectScope:
    """Inside of `with CustomObjectScope({"name": object}):` the names stand for the objects.

    Args:
      *args: dicts from name to class or function.
    """

    def __init__(self, *args):
        self.custom_objects = args
        self.backup = None

    def __enter__(self):
        self.backup = dict(_custom_objects)
        for objects in self.custom_objects:
            _custom_objects.update(objects)
        return self

    def __exit__(self, *unused):
        _custom_objects.clear()
        _custom_objects.update(self.backup)


def custom_object_scope(*args):
    """A CustomObjectScope of dicts from name to class or function."""
    return CustomObjectScope(*args)


def get_custom_objects():
    """The dict of names that stand for objects everywhere; changes of it take effect at once."""
    return _custom_objects


# Objects as plain values ------------------------------------------------------------------------


def serialize_keras_object(instance):
    """A plain description: {"class_name", "config"}, the name of a function, or None for None.

    Raises:
      ValueError: for anything else.
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        return {"class_name": type(instance).__name__, "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return instance.__name__
    raise ValueError("Cannot serialize", instance)


def _named(name, module_objects, custom_objects):
    for objects in (custom_objects, _custom_objects, module_objects):
        if objects and objects.get(name) is not None:
            return objects[name]
    return None


def deserialize_keras_object(identifier, module_objects=None, custom_objects=None,
                             printable_module_name="object"):  # fmt: skip
    """The object that `serialize_keras_object` described.

    Args:
      identifier: {"class_name", "config"} for an instance, or the name of a function.
      module_objects: dict of the names that are known.
      custom_objects: dict of names that come first.
      printable_module_name: what the object is, for messages.

    Raises:
      ValueError: for an unknown name and for other identifiers.
    """
    if isinstance(identifier, dict):
        if "class_name" not in identifier or "config" not in identifier:
            raise ValueError("Improper config format: " + str(identifier))
        class_name, config = identifier["class_name"], identifier["config"]
        cls = _named(class_name, module_objects, custom_objects)
        if cls is None:
            raise ValueError("Unknown " + printable_module_name + ": " + str(class_name))
        custom_objects = custom_objects or {}
        if hasattr(cls, "from_config") and has_arg(cls.from_config, "custom_objects"):
            return cls.from_config(config, custom_objects={**_custom_objects, **custom_objects})
        with CustomObjectScope(custom_objects):
            if hasattr(cls, "from_config"):
                return cls.from_config(config)
            return cls(**config)
    if isinstance(identifier, str):
        found = _named(identifier, module_objects, custom_objects)
        if found is None:
            raise ValueError("Unknown " + printable_module_name + ":" + identifier)
        return found
    raise ValueError(
        "Could not interpret serialized " + printable_module_name + ": " + str(identifier)
    )


def get_keras_object(identifier, deserialize, printable_module_name):
    """The object that an argument of a layer is, names or describes; None stays None.

    Args:
      identifier: None, a function or object that can be called, {"class_name", "config"}, or the
        name of a class whose arguments all have defaults.
      deserialize: function from {"class_name", "config"} to the object.
      printable_module_name: what the object is, for messages.

    Raises:
      ValueError: for anything else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise ValueError(
        "Could not interpret " + printable_module_name + " identifier: " + str(identifier)
    )


def func_dump(func):
    """A function as (code in base 64, defaults, values of its closure).

    The code is Python's own byte code: only the same version of Python can read it again. Give
    functions names and use `custom_objects` where a model is to outlive the Python that made it.
    """
    code = base64.encodebytes(marshal.dumps(func.__code__)).decode("ascii")
    closure = tuple(cell.cell_contents for cell in func.__closure__) if func.__closure__ else None
    return code, func.__defaults__, closure


def _as_cell(value):
    return value if isinstance(value, types.CellType) else types.CellType(value)


def func_load(code, defaults=None, closure=None, globs=None):
    """The function that `func_dump` described.

    Byte code runs with all rights of the program: load it from trusted files only, and with the
    version of Python that wrote it.

    Args:
      code: string, or the tuple that `func_dump` gives.
      defaults: tuple of values of the last arguments.
      closure: tuple of values.
      globs: dict of global names for the function; default: those of this module.

    Raises:
      ValueError: for code that this Python cannot read.
    """
    if isinstance(code, (tuple, list)):
        code, defaults, closure = code
        defaults = tuple(defaults) if isinstance(defaults, list) else defaults
    if closure is not None:
        closure = tuple(_as_cell(value) for value in closure)
    try:
        raw = base64.b64decode(code.replace("\n", "").encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        # Before Keras 2.1.2 the bytes themselves were text.
        raw = code.encode("raw_unicode_escape")
    try:
        loaded = marshal.loads(raw)
    except (ValueError, EOFError, TypeError) as error:
        raise ValueError(
            "The code of a Python function could not be read (%s). Such code can only be loaded by "
            "the version of Python that saved it; define the function anew and pass it by name in "
            "`custom_objects`." % error
        ) from None
    globs = globals() if globs is None else globs
    return types.FunctionType(loaded, globs, name=loaded.co_name, argdefs=defaults, closure=closure)


def has_arg(fn, name, accept_all=False):
    """Whether a function takes an argument of that name by keyword.

    Args:
      accept_all: whether **kwargs counts, too.
    """
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):  # built-in functions without a signature
        return False
    parameter = parameters.get(name)
    if parameter is None:
        return accept_all and any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


# Lists ------------------------------------------------------------------------------------------


def to_list(x, allow_tuple=False):
    """A list stays, everything else becomes a list of one; tuples become lists on demand."""
    if isinstance(x, list):
        return x
    if allow_tuple and isinstance(x, tuple):
        return list(x)
    return [x]


def unpack_singleton(x):
    """The item of a sequence of one; everything else stays."""
    return x[0] if len(x) == 1 else x


def object_list_uid(object_list):
    """A string that is the same for the same objects."""
    return ", ".join(str(abs(id(x))) for x in to_list(object_list))


def is_all_none(iterable_or_element):
    """Whether a value, or every item of a list or tuple, is None."""
    return all(x is None for x in to_list(iterable_or_element, allow_tuple=True))


def slice_arrays(arrays, start=None, stop=None):
    """Rows of an array, or of each array of a list.

    Args:
      arrays: array, list of arrays and None, or None.
      start: first row, or a list or array of the rows.
      stop: end of the rows, for a number as `start`.
    """
    if arrays is None:
        return [None]
    if hasattr(start, "__len__"):
        if stop is not None:
            raise ValueError("The stop argument has to be None if the value of start is a list.")
        # h5py takes lists of indices, but no arrays.
        rows = start.tolist() if hasattr(start, "shape") else start
    else:
        rows = slice(start, stop)
    if isinstance(arrays, list):
        return [None if x is None else x[rows] for x in arrays]
    return arrays[rows]


def transpose_shape(shape, target_format, spatial_axes):
    """A shape with the channels last, in another order.

    Args:
      shape: tuple or list: batch, spatial axes, channels.
      target_format: "channels_first" or "channels_last", which changes nothing.
      spatial_axes: tuple of the numbers of the spatial axes.

    Raises:
      ValueError: for another format.
    """
    if target_format == "channels_last":
        return shape
    if target_format != "channels_first":
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            "Received: " + str(target_format)
        )
    head = list(shape[: spatial_axes[0]])
    return type(shape)(head + [shape[-1]] + [shape[axis] for axis in spatial_axes])


def check_for_unexpected_keys(name, input_dict, expected_values):
    """Raises ValueError if a dict has keys that are not among those expected."""
    unknown = set(input_dict).difference(expected_values)
    if unknown:
        raise ValueError(
            f"Unknown entries in {name} dictionary: {sorted(map(str, unknown))}. "
            f"Only expected following keys: {expected_values}"
        )
