# SPDX-License-Identifier: Apache-2.0
"""Settings of Keras: the float type, the fuzz factor, the layout of images.

They start with what ~/.keras/keras.json says ($KERAS_HOME/keras.json if that is set). The file is
only read, never written.
"""

import json
import os
import warnings

import numpy as np

_FLOAT_TYPES = ("float16", "float32", "float64")
_LAYOUTS = ("channels_last", "channels_first")
_ORDERINGS = {"th": "channels_first", "tf": "channels_last"}

_settings = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def epsilon():
    """The small number that keeps divisions and logarithms finite, a float."""
    return _settings["epsilon"]


def set_epsilon(e):
    """Sets what `epsilon` returns."""
    _settings["epsilon"] = e


def floatx():
    """The name of the default float type: 'float16', 'float32' or 'float64'."""
    return _settings["floatx"]


def set_floatx(floatx):
    """Sets the default float type.

    Raises:
      ValueError: unless it is 'float16', 'float32' or 'float64'.
    """
    if floatx not in _FLOAT_TYPES:
        raise ValueError("Unknown floatx type: " + str(floatx))
    _settings["floatx"] = str(floatx)


def cast_to_floatx(x):
    """`x` as an array of the default float type."""
    return np.asarray(x, dtype=_settings["floatx"])


def image_data_format():
    """The default layout of images: 'channels_last' or 'channels_first'."""
    return _settings["image_data_format"]


def set_image_data_format(data_format):
    """Sets the default layout of images.

    Raises:
      ValueError: unless it is 'channels_last' or 'channels_first'.
    """
    if data_format not in _LAYOUTS:
        raise ValueError("Unknown data_format: %s" % (data_format,))
    _settings["image_data_format"] = str(data_format)


def normalize_data_format(value):
    """The layout that `value` names, in lower case; the default one for None.

    Raises:
      ValueError: for anything else.
    """
    if value is None:
        return _settings["image_data_format"]
    layout = value.lower() if isinstance(value, str) else value
    if layout not in _LAYOUTS:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            "Received: " + str(value)
        )
    return layout


def image_dim_ordering():
    """The old name of the default layout: 'tf' for channels last, 'th' for channels first."""
    return "th" if _settings["image_data_format"] == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering):
    """Sets the default layout by its old name, 'tf' or 'th'."""
    if dim_ordering not in _ORDERINGS:
        raise ValueError("Unknown dim_ordering: %s" % (dim_ordering,))
    _settings["image_data_format"] = _ORDERINGS[dim_ordering]


def _read_config():
    """Takes over the settings of the user's file, as far as they mean something."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        warnings.warn(
            "KERAS_BACKEND is %r, but caudal.keras has one backend, 'tensorflow'" % backend,
            stacklevel=2,
        )
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        with open(os.path.join(home, "keras.json"), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return
    if not isinstance(found, dict):
        return
    if found.get("floatx") in _FLOAT_TYPES:
        set_floatx(found["floatx"])
    if isinstance(found.get("epsilon"), float):
        set_epsilon(found["epsilon"])
    if found.get("image_data_format") in _LAYOUTS:
        set_image_data_format(found["image_data_format"])


_read_config()
