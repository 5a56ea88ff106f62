# SPDX-License-Identifier: Apache-2.0
"""Layers of several inputs: broadcasting, masks, unknown ranks, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.models import Model


@pytest.fixture(autouse=True, scope="module")
def clean():
    K.clear_session()
    yield
    K.clear_session()


FUNCTIONS = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "maximum": np.maximum,
    "minimum": np.minimum, "average": lambda a, b: (a + b) / 2,
}  # fmt: skip


def spread(a, b):
    """Arrays of one rank: examples get axes of size 1 in front."""
    rank = max(a.ndim, b.ndim)
    return [x.reshape((len(x),) + (1,) * (rank - x.ndim) + x.shape[1:]) for x in (a, b)]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(FUNCTIONS)),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(0, 2),
    st.integers(0, 7),
    st.booleans(),
)
def test_broadcasting(name, sizes, dropped, ones, known):
    first = (2, *sizes)
    rest = [1 if ones >> i & 1 else n for i, n in enumerate(sizes)][min(dropped, len(sizes) - 1) :]
    source = np.random.RandomState(0)
    a, b = source.rand(*first).astype("f"), source.rand(2, *rest).astype("f")
    inputs = [layers.Input(x.shape[1:] if known else (None,) * (x.ndim - 1)) for x in (a, b)]
    output = getattr(layers, name)(inputs)
    assert K.ndim(output) == len(first)
    expected = FUNCTIONS[name](*spread(a, b))
    if known:
        assert K.int_shape(output)[1:] == expected.shape[1:]
    np.testing.assert_allclose(Model(inputs, output).predict([a, b]), expected, rtol=1e-6)


def test_ranks_that_are_not_known():
    source = np.random.RandomState(0)
    a, b = source.rand(2, 3, 4).astype("f"), source.rand(2, 4).astype("f")
    x, y = K.placeholder(), K.placeholder()
    for merge in (layers.Add(), layers.Maximum()):
        merge.build([None, None])
        for given_shapes in ((None, None), (None, (None, 4)), ((None, 3, 4), None)):
            x, y = (K.placeholder(shape) for shape in given_shapes)
            value = K.function([x, y], [merge.call([x, y])])([a, b])[0]
            expected = (
                a + b[:, None] if isinstance(merge, layers.Add) else np.maximum(a, b[:, None])
            )
            np.testing.assert_allclose(value, expected, rtol=1e-6)


IN = layers.Input


@pytest.mark.parametrize("make, text", [
    (lambda: layers.Add(name="top")(IN((3,))), "top.*one input of shape"),
    (lambda: layers.add([IN((3,))]), "at least 2 inputs. Got one"),
    (lambda: layers.subtract([IN((3,))] * 3), "exactly 2 inputs. Got 3"),
    (lambda: layers.add([IN((3,)), IN((4,))]), r"add_\d+.*broadcast together.*\(3,\) \(4,\)"),
    (lambda: layers.add([IN(batch_shape=(2, 3)), IN(batch_shape=(4, 3))]), "batch sizes"),
    (lambda: layers.concatenate([IN((3, 4)), IN((2, 3))], name="top"), "top.*matching shapes"),
    (lambda: layers.concatenate([IN((3, 4)), IN((3,))]), "matching shapes"),
    (lambda: layers.concatenate([IN((3,)), IN((3,))], axis=4), "axis 4"),
    (lambda: layers.dot([IN((3,)), IN((4,))], 1), "Dimension incompatibility 3 != 4"),
    (lambda: layers.dot([IN((3,)), IN((4,))], 2), "axes 2"),
    (lambda: layers.dot([IN((3,)), IN((4,))], 0), "axes 0"),
    (lambda: layers.dot([IN((3,))] * 3, 1), "exactly 2"),
    (lambda: layers.Dot("1"), "Invalid type for `axes`"),
    (lambda: layers.Dot((1, 2, 3)), "two elements"),
    (lambda: layers.Dot((1, "2")), "should be 'int'"),
])  # fmt: skip
def test_refused(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


def masks_of(layer, masks, ranks=None):
    inputs = [IN((3, 4)) for _ in masks]
    tensors = [None if m is None else K.constant(m, "bool") for m in masks]
    result = layer.compute_mask(inputs, tensors)
    return None if result is None else K.function(inputs, [result])([np.zeros((2, 3, 4))] * 2)[0]


MASKS = np.array([[1, 1, 0], [1, 0, 0]], bool), np.array([[1, 0, 1], [1, 0, 0]], bool)


def test_masks():
    for layer in (layers.Add(), layers.Concatenate(), layers.Concatenate(axis=2)):
        np.testing.assert_array_equal(masks_of(layer, MASKS), MASKS[0] & MASKS[1])
        np.testing.assert_array_equal(masks_of(layer, [None, MASKS[1]]), MASKS[1])
        assert masks_of(layer, [None, None]) is None
        assert layer.compute_mask([IN((3, 4))] * 2, None) is None
    for axis in (1, -2):
        layer = layers.Concatenate(axis=axis)
        np.testing.assert_array_equal(masks_of(layer, MASKS), np.concatenate(MASKS, 1))
        one = np.concatenate([np.ones((2, 3), bool), MASKS[1]], 1)
        np.testing.assert_array_equal(masks_of(layer, [None, MASKS[1]]), one)
    assert layers.Dot(1).compute_mask([IN((3, 4))] * 2, list(MASKS)) is None


@pytest.mark.parametrize("layer", [layers.Add(), layers.Concatenate()])
def test_refused_masks(layer):
    inputs = [IN((3, 4))] * 2
    for arguments in ((inputs, MASKS[0]), (inputs[0], [None, None]), (inputs, [None])):
        with pytest.raises(ValueError, match=layer.name):
            layer.compute_mask(*arguments)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_dot(n, i, j, normalize):
    source = np.random.RandomState(1)
    a, b = source.rand(2, i, n).astype("f"), source.rand(2, j, n).astype("f")
    x, y = IN((i, n)), IN((j, n))
    output = layers.dot([x, y], axes=(-1, 2), normalize=normalize)
    assert K.int_shape(output) == (None, i, j)
    if normalize:
        a2, b2 = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    else:
        a2, b2 = a, b
    expected = np.einsum("bin,bjn->bij", a2, b2)
    np.testing.assert_allclose(Model([x, y], output).predict([a, b]), expected, rtol=1e-5)
