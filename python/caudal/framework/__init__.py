# SPDX-License-Identifier: Apache-2.0
"""Graphs, tensors, dtypes and everything else that building a program needs."""
