# SPDX-License-Identifier: Apache-2.0
"""Values for TensorBoard and the files that hold them: the table of contents of `summary`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.summary.summary_ops import (
    all_v2_summary_ops,
    audio,
    get_summary_description,
    histogram,
    image,
    merge,
    merge_all,
    scalar,
    tensor_summary,
    text,
)
from caudal.summary.writer import FileWriter, FileWriterCache

__getattr__ = _module_getattr(
    "summary", {"caudal.proto": "Event SessionLog Summary SummaryDescription TaggedRunMetadata"}
)
