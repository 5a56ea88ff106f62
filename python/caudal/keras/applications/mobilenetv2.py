# SPDX-License-Identifier: Apache-2.0
"""The old name of `mobilenet_v2`."""

from caudal.keras.applications.mobilenet_v2 import (
    MobileNetV2,
    decode_predictions,
    preprocess_input,
)

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]
