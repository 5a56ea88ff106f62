# SPDX-License-Identifier: Apache-2.0
"""Lookup tables: the table of contents of `lookup`."""
# ruff: noqa: F401

from types import SimpleNamespace as _Namespace

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.lookup_ops import (
    KeyValueTensorInitializer,
    StaticHashTable,
    StaticVocabularyTable,
    TextFileIndex,
    TextFileInitializer,
)
from caudal.ops.mutable_tables import MutableDenseHashTable as _DenseHashTable

experimental = _Namespace(DenseHashTable=_DenseHashTable)

__getattr__ = _module_getattr("lookup")
