# SPDX-License-Identifier: Apache-2.0
"""Getting images, texts and time series ready for a model."""

from caudal.keras.preprocessing import image, sequence, text
