# SPDX-License-Identifier: Apache-2.0
"""Strings: the table of contents of `strings`."""
# ruff: noqa: F401

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.string_ops import (
    as_string,
    ngrams,
    reduce_join,
    regex_full_match,
    regex_replace,
    substr,
    unicode_decode,
    unicode_decode_with_offsets,
    unicode_encode,
    unicode_script,
    unicode_split,
    unicode_split_with_offsets,
    unicode_transcode,
    unsorted_segment_join,
)
from caudal.ops.string_ops import string_bytes_split as bytes_split
from caudal.ops.string_ops import string_format as format  # noqa: A004
from caudal.ops.string_ops import string_join as join
from caudal.ops.string_ops import string_length as length
from caudal.ops.string_ops import string_lower as lower
from caudal.ops.string_ops import string_strip as strip
from caudal.ops.string_ops import string_to_hash_bucket as to_hash_bucket
from caudal.ops.string_ops import string_to_hash_bucket_fast as to_hash_bucket_fast
from caudal.ops.string_ops import string_to_hash_bucket_strong as to_hash_bucket_strong
from caudal.ops.string_ops import string_to_number as to_number
from caudal.ops.string_ops import string_upper as upper
from caudal.ops.string_ops import strings_split as split

__all__ = [name for name in dir() if not name.startswith("_")]

__getattr__ = _module_getattr("strings")
