# SPDX-License-Identifier: Apache-2.0
"""The backend under its full name, with the helpers that programs take from there."""

from caudal.keras import backend as _backend
from caudal.keras.backend.convolutions import _layout
from caudal.keras.backend.convolutions import _padding as _preprocess_padding  # noqa: F401
from caudal.keras.backend.state import available_gpus as _get_available_gpus  # noqa: F401
from caudal.keras.backend.state import initialize_variables
from caudal.keras.backend.variables import to_tensor as _to_tensor  # noqa: F401

globals().update(
    {
        name: value
        for name, value in vars(_backend).items()
        if not name.startswith("_") and not name.endswith("_backend")
    }
)


def _initialize_variables(session=None):
    """Initialises the variables of a session's graph that have no value."""
    initialize_variables(session or _backend.get_session())


def _prepared(spatial):
    """The function that says in which layout a convolution takes its input."""

    def prepare(x, data_format, force_transpose=False):
        layout, first = _layout(data_format, spatial)
        if not (first and force_transpose):
            return x, layout
        order = [0, *range(2, spatial + 2), 1]
        return _backend.permute_dimensions(x, order), _layout("channels_last", spatial)[0]

    return prepare


_preprocess_conv1d_input, _preprocess_conv2d_input, _preprocess_conv3d_input = map(
    _prepared, (1, 2, 3)
)


def _has_nchw_support():
    """Whether convolutions take images with the channels first: always."""
    return True
