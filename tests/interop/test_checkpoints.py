# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of caudal and of real TensorFlow: the same bytes, and each reads the other's.

CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>; needs that.
"""

import os
import pathlib
import subprocess

import numpy as np
import pytest

import caudal as tf
from caudal import _core
from caudal.framework.op_factory import apply
from interop import checkpoints_with_tensorflow as shared

PYTHON = os.environ.get("CAUDAL_TF_PYTHON")


@pytest.mark.skipif(not PYTHON, reason="CAUDAL_TF_PYTHON names no Python with TensorFlow")
def test_both_ways(tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    names, slices, tensors = shared.names_and_slices()
    old = shared.old_values()
    with tf.Session() as session:
        session.run(apply("SaveV2", str(ours / "v2"), names, slices, tensors))
        session.run(
            apply(
                "SaveSlices", str(ours / "v1"), [*old, *["in/parts"] * 3],
                [""] * len(old) + shared.PARTS, [*old.values(), *shared.part_values()[1]],
            )
        )  # fmt: skip
    script = pathlib.Path(shared.__file__)
    done = subprocess.run(
        [PYTHON, str(script), str(theirs), str(ours)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert sorted(os.listdir(ours)) == sorted(os.listdir(theirs))
    for name in os.listdir(ours):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name
    for name, expected in [("v2", shared.values()), ("v1", old)]:
        reader = _core.CheckpointReader(str(theirs / name))
        assert reader.names() == sorted([*expected, "in/parts"])
        for tensor, value in expected.items():
            np.testing.assert_array_equal(reader.read(tensor), value)
        np.testing.assert_array_equal(reader.read("in/parts"), shared.part_values()[0])
