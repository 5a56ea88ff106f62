# SPDX-License-Identifier: Apache-2.0
"""What is left of Keras 1."""
