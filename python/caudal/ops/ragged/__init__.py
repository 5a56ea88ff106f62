# SPDX-License-Identifier: Apache-2.0
"""Tensors whose rows have different lengths."""
