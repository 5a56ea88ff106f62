# SPDX-License-Identifier: Apache-2.0
"""Labels as vectors, vectors of norm 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from caudal.keras.utils import normalize, to_categorical

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)


@given(hnp.arrays(np.int64, SHAPES, elements=st.integers(0, 5)), st.sampled_from([None, 6, 9]))
def test_labels_come_back(labels, classes):
    vectors = to_categorical(labels, classes)
    expected = labels[..., 0] if labels.ndim > 1 and labels.shape[-1] == 1 else labels
    assert vectors.shape == (*expected.shape, classes or labels.max() + 1)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors.argmax(-1), expected)
    np.testing.assert_array_equal(vectors.sum(-1), 1)


def test_forms_of_labels():
    np.testing.assert_array_equal(to_categorical([1, 0]), [[0, 1], [1, 0]])
    assert to_categorical([0, 1], dtype="int8").dtype == np.int8
    with pytest.raises(IndexError):
        to_categorical([3], 2)
    with pytest.raises(ValueError, match="-1"):
        to_categorical([-1, 1])


def test_norms():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize(x, axis=0), [[1, 1], [0, 0]])
    np.testing.assert_allclose(normalize(x, order=1), [[3 / 7, 4 / 7], [0, 0]])
    np.testing.assert_allclose(normalize(np.array([3.0, 4.0])), [[0.6, 0.8]])
