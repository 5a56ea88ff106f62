# SPDX-License-Identifier: Apache-2.0
"""Keras 2.2.4 on caudal's graphs and sessions: `tf.keras`."""

from caudal.framework.absent import module_getattr as _module_getattr

__version__ = "2.2.4"

__getattr__ = _module_getattr(
    "keras",
    {
        "caudal.keras.activations": "@",
        "caudal.keras.applications": "@",
        "caudal.keras.backend": "@",
        "caudal.keras.callbacks": "@",
        "caudal.keras.constraints": "@",
        "caudal.keras.datasets": "@",
        "caudal.keras.engine": "@",
        "caudal.keras.initializers": "@",
        "caudal.keras.layers": "@ Input",
        "caudal.keras.legacy": "@",
        "caudal.keras.losses": "@",
        "caudal.keras.metrics": "@",
        "caudal.keras.models": "@ Model Sequential",
        "caudal.keras.objectives": "@",
        "caudal.keras.optimizers": "@",
        "caudal.keras.preprocessing": "@",
        "caudal.keras.regularizers": "@",
        "caudal.keras.utils": "@",
        "caudal.keras.wrappers": "@",
    },
)

__all__ = list(__getattr__.names)
