# SPDX-License-Identifier: Apache-2.0
"""K.rnn: the loop and the unrolled form, masks, shapes, errors."""

import itertools

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def _reference(x, mask, backwards, first):
    """Running sums of the steps, kept where the mask is false."""
    state, outputs = first, []
    for t in range(x.shape[1])[:: -1 if backwards else 1]:
        kept = mask[:, t].reshape(-1, *[1] * (x.ndim - 2))
        state = np.where(kept, 0.5 * state + x[:, t], state)
        outputs.append(state)
    return state, np.stack(outputs, 1)


def _step(x, states):
    output = x + states[0] * 0.5
    return output, [output, states[1] + 1]


@pytest.mark.parametrize(
    "sizes, mask_rank, backwards",
    itertools.product([(2,), (2, 3), (2, 3, 4)], [None, 2, 3], [False, True]),
)
def test_loop_and_unrolled_steps_against_numpy(sizes, mask_rank, backwards):
    source = np.random.RandomState(0)
    x = source.rand(4, 5, *sizes).astype("float32")
    first = source.rand(4, *sizes).astype("float32")
    mask = source.rand(4, 5) > 0.4
    mask[:, -1 if backwards else 0] = True  # before that, the two forms put out different things
    last, outputs = _reference(x, mask if mask_rank else mask | True, backwards, first)
    for unroll in (False, True):
        fed = K.placeholder((None, 5 if unroll else None, *sizes))
        state = K.placeholder((None, *sizes))
        k_mask = None
        if mask_rank:
            k_mask = K.constant(mask if mask_rank == 2 else mask[..., None], "bool")
        k_last, k_outputs, states = K.rnn(
            _step,
            fed,
            [state, K.constant(np.zeros((4, 1)))],
            go_backwards=backwards,
            mask=k_mask,
            unroll=unroll,
        )
        assert K.int_shape(k_outputs)[2:] == sizes
        values = K.function([fed, state], [k_last, k_outputs, *states])([x, first])
        for value, expected in zip(values, (last, outputs, last)):
            np.testing.assert_allclose(value, expected, rtol=1e-5)
        counts = mask.sum(1, keepdims=True) if mask_rank else np.full((4, 1), 5)
        np.testing.assert_array_equal(values[3], counts)


def test_gradients_of_both_forms_agree():
    x = K.constant(np.random.RandomState(1).rand(3, 6, 2))
    mask = K.constant(np.random.RandomState(2).rand(3, 6) > 0.3, "bool")
    w, start = K.variable(np.random.RandomState(3).rand(2, 2)), K.variable(np.ones((3, 2)))

    def step(x, states):
        output = K.tanh(K.dot(x + states[0], w) * states[1])
        return output, [output]

    found = []
    for unroll in (False, True):
        last, outputs, states = K.rnn(step, x, [start], mask=mask, constants=[start], unroll=unroll)
        # The outputs before the first step that counts differ: zeros or the first state.
        counted = K.expand_dims(K.cast(K.cumsum(K.cast(mask, "float32"), 1) > 0, "float32"))
        seen = K.cast(counted > 0, "float32")
        loss = K.sum(K.square(outputs * seen)) + K.sum(last) + K.sum(K.exp(states[0]))
        found.append(K.batch_get_value(K.gradients(loss, [w, start])))
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-4)


def test_output_that_is_no_state():
    x = K.constant(np.arange(12.0).reshape(2, 3, 2))
    double = K.rnn(lambda x, _: (x * 2, []), x, [])
    assert double[2] == []
    np.testing.assert_array_equal(K.eval(double[0]), [[8, 10], [20, 22]])
    np.testing.assert_array_equal(K.eval(double[1]), 2 * np.arange(12.0).reshape(2, 3, 2))


def test_what_the_first_step_makes_serves_all_steps():
    x = K.constant(np.ones((2, 50, 3)))
    made = []

    def step(x, states):
        if not made:
            made.append(K.dropout(K.ones_like(x), 0.5))
        return x * made[0] + states[0], [x * made[0] + states[0]]

    values = K.eval(K.rnn(step, x, [K.constant(np.zeros((2, 3)))])[0])
    assert set(np.unique(values)) <= {0.0, 100.0}


def test_learning_phase_is_handed_on():
    x = K.placeholder((2, 3, 2))

    def step(x, states):
        return K.in_train_phase(lambda: x * 2, lambda: x), []

    for unroll in (False, True):
        last, outputs, _ = K.rnn(step, x, [], unroll=unroll)
        assert last._uses_learning_phase and outputs._uses_learning_phase
        run = K.function([x, K.learning_phase()], [outputs])
        np.testing.assert_array_equal(run([np.ones((2, 3, 2)), 1])[0], np.full((2, 3, 2), 2))
        np.testing.assert_array_equal(run([np.ones((2, 3, 2)), 0])[0], np.ones((2, 3, 2)))


def test_wrong_arguments():
    x = K.placeholder((2, None, 3))
    mask = K.placeholder((2, None))

    def step(x, states):
        return x, []

    with pytest.raises(ValueError, match="at least 3D"):
        K.rnn(step, K.placeholder((2, 3)), [])
    with pytest.raises(ValueError, match="fixed number of timesteps"):
        K.rnn(step, x, [], unroll=True)
    with pytest.raises(ValueError, match="No initial states"):
        K.rnn(step, x, [], mask=mask)
    with pytest.raises(ValueError, match="returned 0 states, but got 1"):
        K.rnn(step, x, [K.zeros((2, 3))])
    empty = K.function([x], [K.rnn(_step, x, [K.zeros((2, 3)), K.zeros((2, 1))])[1]])
    assert empty([np.zeros((2, 0, 3))])[0].shape == (2, 0, 3)


def test_foldl_foldr_and_map():
    x = np.random.RandomState(0).rand(4, 3).astype("float32")
    k = K.constant(x)
    np.testing.assert_allclose(K.eval(K.map_fn(K.sum, k)), x.sum(1), rtol=1e-6)
    rows = K.map_fn(lambda i: K.sum(k[i]), K.arange(4), dtype="float32")
    np.testing.assert_allclose(K.eval(rows), x.sum(1), rtol=1e-6)
    left, right = x[0], x[-1]
    for i in range(1, 4):
        left, right = left * 2 + x[i], right * 2 + x[-1 - i]
    np.testing.assert_allclose(K.eval(K.foldl(lambda a, b: a * 2 + b, k)), left, rtol=1e-6)
    np.testing.assert_allclose(K.eval(K.foldr(lambda a, b: a * 2 + b, k)), right, rtol=1e-6)
    start = tf.zeros([3])
    total = K.eval(K.foldl(lambda a, b: a + b, k, initializer=start))
    np.testing.assert_allclose(total, x.sum(0), rtol=1e-6)
