# SPDX-License-Identifier: Apache-2.0
"""Old name of `keras.losses`."""

from caudal.keras.losses import *  # noqa: F401, F403
from caudal.keras.losses import deserialize, get, serialize  # noqa: F401
