# SPDX-License-Identifier: Apache-2.0
"""Old place of `keras.utils.multi_gpu_utils`."""

from caudal.keras.utils.multi_gpu_utils import multi_gpu_model

__all__ = ["multi_gpu_model"]
