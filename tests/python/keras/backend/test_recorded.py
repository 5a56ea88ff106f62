# SPDX-License-Identifier: Apache-2.0
"""Functions of the backend and their gradients give what real Keras 2.2.4 gave."""

import numpy as np
import pytest

from caudal.keras import backend as K
from interop import keras_backend as oracle

CASES = oracle.cases()
RECORDS = oracle.load()


def test_every_case_is_recorded():
    assert set(CASES) == set(RECORDS)


@pytest.fixture(scope="module", autouse=True)
def graph():
    K.clear_session()
    yield
    K.clear_session()


def _more_is_known(ours, theirs):
    """Whether our static shape says what theirs does, or more."""
    if ours is None or theirs is None:
        return ours == theirs
    pairs = list(zip(ours, theirs))
    return len(ours) == len(theirs) and all(b is None or a == b for a, b in pairs)


@pytest.mark.parametrize("name", RECORDS)
def test_as_recorded(name):
    ours, theirs = oracle.measure(K, name, CASES[name]), RECORDS[name]
    assert len(ours) == len(theirs)
    for (dtype, static, shape, sums), (their_dtype, their_static, their_shape, their_sums) in zip(
        ours, theirs
    ):
        assert (dtype, tuple(shape)) == (their_dtype, their_shape)
        assert _more_is_known(static, their_static), (static, their_static)
        size = max(1.0, np.sqrt(np.prod(shape, dtype=float)))
        np.testing.assert_allclose(sums, their_sums, rtol=2e-5, atol=2e-5 * size)
