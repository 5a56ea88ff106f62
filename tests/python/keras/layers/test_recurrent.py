# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers against loops in numpy; states, masks, dropout, cells of one's own, errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import caudal as tf
from caudal.keras import backend as K
from caudal.keras import layers as L
from caudal.keras.layers import recurrent
from caudal.keras.models import Model, Sequential

KINDS = ["SimpleRNN", "GRU", "LSTM"]


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def simple_step(x, states, w, u, b):
    h = np.tanh(x @ w + states[0] @ u + b)
    return [h]


def gru_step(x, states, w, u, b):
    h, n = states[0], len(u)
    xz, xr, xh = np.split(x @ w + b, 3, 1)
    z = hard_sigmoid(xz + h @ u[:, :n])
    r = hard_sigmoid(xr + h @ u[:, n : 2 * n])
    return [z * h + (1 - z) * np.tanh(xh + (r * h) @ u[:, 2 * n :])]


def gru_after_step(x, states, w, u, b):
    h = states[0]
    xz, xr, xh = np.split(x @ w + b[0], 3, 1)
    hz, hr, hh = np.split(h @ u + b[1], 3, 1)
    z, r = hard_sigmoid(xz + hz), hard_sigmoid(xr + hr)
    return [z * h + (1 - z) * np.tanh(xh + r * hh)]


def lstm_step(x, states, w, u, b):
    i, f, g, o = np.split(x @ w + states[0] @ u + b, 4, 1)
    c = hard_sigmoid(f) * states[1] + hard_sigmoid(i) * np.tanh(g)
    return [hard_sigmoid(o) * np.tanh(c), c]


STEPS = {
    "SimpleRNN": (simple_step, 1, {}),
    "GRU": (gru_step, 1, {}),
    "GRU after": (gru_after_step, 1, {"reset_after": True}),
    "LSTM": (lstm_step, 2, {}),
}


def reference(step, x, weights, states, mask=None, backwards=False):
    """(outputs [batch, time, units], last states): masked steps keep what there was."""
    outputs = []
    order = range(x.shape[1])
    for t in reversed(order) if backwards else order:
        new = step(x[:, t], states, *weights)
        if mask is not None:
            kept = mask[:, t][:, None].astype(bool)
            new = [np.where(kept, a, b) for a, b in zip(new, states)]
        states = new
        outputs.append(states[0])
    return np.stack(outputs, 1), states


def randomised(layer, seed=0):
    source = np.random.RandomState(seed)
    weights = [source.uniform(-0.8, 0.8, w.shape).astype("f") for w in layer.get_weights()]
    layer.set_weights(weights)
    return weights


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(sorted(STEPS)),
    sizes=st.tuples(*[st.integers(1, 4)] * 4),
    flags=st.tuples(*[st.booleans()] * 5),
    seed=st.integers(0, 1000),
)
def test_as_a_loop_in_numpy(kind, sizes, flags, seed):
    batch, steps, size, units = sizes
    backwards, masked, unroll, initial, known = flags
    step, count, kwargs = STEPS[kind]
    source = np.random.RandomState(seed)
    with tf.Graph().as_default():
        x = L.Input((steps if known or unroll else None, size))
        states = [L.Input((units,)) for _ in range(count)] if initial else []
        layer = getattr(L, kind.split()[0])(
            units, return_sequences=True, return_state=True, go_backwards=backwards,
            unroll=unroll and steps > 1, **kwargs,
        )  # fmt: skip
        outputs = layer(L.Masking()(x) if masked else x, initial_state=states or None)
        weights = randomised(layer, seed)
        data = source.uniform(0.1, 1, (batch, steps, size)).astype("f")
        mask = source.randint(0, 2, (batch, steps)) if masked else None
        if masked:
            data *= mask[:, :, None]
        first = [source.uniform(-1, 1, (batch, units)).astype("f") for _ in states]
        got = Model([x, *states], outputs).predict_on_batch([data, *first])
        zeros = [np.zeros((batch, units), "f")] * count
        wanted, last = reference(step, data, weights, first or zeros, mask, backwards)
        unrolled = unroll and steps > 1
        if masked and unrolled and initial:
            # Before its first step a row has no output in an unrolled graph.
            began = np.cumsum(mask[:, ::-1] if backwards else mask, 1) > 0
            wanted = wanted * began[:, :, None]
        np.testing.assert_allclose(got[0], wanted, atol=2e-5)
        for a, b in zip(got[1:], last):
            np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_batches_are_one_long_sequence(kind):
    layer = getattr(L, kind)(3, stateful=True, return_sequences=True)
    model = Sequential([L.InputLayer(batch_input_shape=(2, 2, 4)), layer])
    weights = randomised(layer)
    whole = getattr(L, kind)(3, return_sequences=True)
    x = L.Input((6, 4))
    long_model = Model(x, whole(x))
    whole.set_weights(weights)
    data = np.random.RandomState(1).uniform(-1, 1, (2, 6, 4)).astype("f")
    for _ in range(2):
        parts = [model.predict(data[:, i : i + 2], batch_size=2) for i in (0, 2, 4)]
        np.testing.assert_allclose(np.concatenate(parts, 1), long_model.predict(data), atol=1e-5)
        model.reset_states()


@pytest.mark.parametrize("kind", KINDS)
def test_training_a_stateful_layer_sees_the_states_from_before(kind):
    source = np.random.RandomState(2)
    data = source.uniform(-1, 1, (2, 3, 4)).astype("f")
    targets = source.uniform(-1, 1, (2, 3)).astype("f")
    stateful = getattr(L, kind)(3, stateful=True)
    model = Sequential([L.InputLayer(batch_input_shape=(2, 3, 4)), stateful])
    model.compile("sgd", "mse")
    weights = randomised(stateful)
    states = [source.uniform(-1, 1, (2, 3)).astype("f") for _ in stateful.states]
    stateful.reset_states(states)
    x, given_states = L.Input((3, 4)), [L.Input((3,)) for _ in states]
    plain = getattr(L, kind)(3)
    other = Model([x, *given_states], plain(x, initial_state=given_states))
    other.compile("sgd", "mse")
    plain.set_weights(weights)
    assert np.isclose(
        model.train_on_batch(data, targets), other.train_on_batch([data, *states], targets)
    )
    for a, b in zip(stateful.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_states_can_be_set_and_are_checked():
    layer = L.LSTM(3, stateful=True)
    layer(L.Input(batch_shape=(2, 4, 5)))
    layer.reset_states([np.ones((2, 3)), np.full((2, 3), 2.0)])
    assert K.get_value(layer.states[1]).min() == 2
    layer.reset_states()
    assert K.get_value(layer.states[1]).max() == 0
    with pytest.raises(ValueError, match="expects 2 states, but it received 1 state values"):
        layer.reset_states(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"State 1 .* expected shape=\(2, 3\), found shape=\(3,"):
        layer.reset_states([np.ones((2, 3)), np.ones((3, 3))])
    with pytest.raises(AttributeError, match="must be stateful"):
        L.LSTM(3).reset_states()
    with pytest.raises(ValueError, match="batch size"):
        L.LSTM(3, stateful=True)(L.Input((4, 5)))


@pytest.mark.parametrize("implementation", [1, 2])
@pytest.mark.parametrize("unroll", [False, True])
def test_all_steps_share_the_masks_of_dropout(implementation, unroll):
    cell = {"activation": None, "recurrent_activation": None, "use_bias": False}
    x = L.Input((5, 64))
    layer = L.LSTM(
        64, dropout=0.5, unroll=unroll, implementation=implementation, return_sequences=True, **cell
    )
    y = layer(x, training=True)
    layer.set_weights([np.tile(np.eye(64), 4), np.zeros((64, 256))])
    # Every gate is one of its dropped inputs: c_t = f c_{t-1} + i g, h_t = o c_t.
    outputs = K.function([x], [y])([np.ones((2, 5, 64), "f")])[0]
    if implementation == 2:
        assert set(np.unique(outputs[:, 0])) == {0.0, 8.0}
    # A factor of 2 or nothing at every step: what was dropped at first is dropped at last.
    gone = outputs[:, 0] == 0
    assert gone.any() and (outputs[gone.nonzero()[0], :, gone.nonzero()[1]] == 0).mean() > 0.3
    assert not y._uses_learning_phase


def test_dropout_is_for_training_only():
    x = L.Input((4, 3))
    y = L.GRU(6, dropout=0.5, recurrent_dropout=0.5)(x)
    assert y._uses_learning_phase
    run = K.function([x, K.learning_phase()], [y])
    data = np.ones((3, 4, 3), "f")
    np.testing.assert_array_equal(run([data, 0])[0], run([data, 0])[0])
    assert np.abs(run([data, 1])[0] - run([data, 1])[0]).max() > 0


def test_recurrent_dropout_of_a_stack_is_shared_over_time():
    cells = [L.SimpleRNNCell(32, activation=None, recurrent_dropout=0.5) for _ in range(2)]
    x = L.Input((6, 2))
    layer = L.RNN(cells, return_sequences=True, return_state=True)
    outputs, first, _ = layer(x, training=True)
    zeros, eye = np.zeros((2, 32)), np.eye(32)
    layer.set_weights([zeros, eye, np.ones(32), eye * 0, eye, np.zeros(32)])
    state = K.function([x], [first])([np.zeros((4, 6, 2), "f")])[0]
    # h = mask * h + 1: a unit that is dropped stays at 1, another one doubles at each step.
    assert set(np.unique(state)) == {1.0, 63.0}


class Doubling:
    """A cell that is no layer; its output is none of its states."""

    state_size = 3
    output_size = 2

    def call(self, inputs, states):
        return inputs * 2 + states[0][:, :2], [states[0] + 1]


def test_a_cell_that_is_no_layer():
    x = L.Input((4, 2))
    outputs, state = L.RNN(Doubling(), return_sequences=True, return_state=True)(x)
    got, last = Model(x, [outputs, state]).predict(np.ones((2, 4, 2)))
    np.testing.assert_allclose(got[0], [[2, 2], [3, 3], [4, 4], [5, 5]])
    np.testing.assert_allclose(last, np.full((2, 3), 4))


@pytest.mark.parametrize("unroll", [False, True])
def test_masked_steps_keep_an_output_that_is_no_state(unroll):
    x = L.Input((4, 2))
    y = L.RNN(Doubling(), return_sequences=True, unroll=unroll)(L.Masking()(x))
    data = np.ones((1, 4, 2))
    data[0, 0] = data[0, 2] = 0
    np.testing.assert_allclose(Model(x, y).predict(data)[0, :, 0], [0, 2, 2, 3])


def test_a_stack_of_cells_with_a_mask():
    cells = [L.LSTMCell(2), L.GRUCell(4), L.SimpleRNNCell(3)]
    x = L.Input((5, 2))
    layer = L.RNN(cells)
    model = Model(x, layer(L.Masking()(x)))
    randomised(layer)
    data = np.random.RandomState(3).uniform(0.1, 1, (2, 5, 2))
    data[:, 3:] = 0
    short = data[:, [0, 0, 0, 1, 2]]
    short[:, :2] = 0
    np.testing.assert_allclose(model.predict(data), model.predict(short), atol=1e-6)


class Attending(L.Layer):
    """A cell with a constant."""

    def __init__(self, units, **kwargs):
        self.units = self.state_size = units
        super().__init__(**kwargs)

    def build(self, input_shape):
        (_, size), (_, constants) = input_shape
        self.w = self.add_weight(name="w", shape=(size, self.units), initializer="ones")
        self.v = self.add_weight(name="v", shape=(constants, self.units), initializer="ones")
        self.built = True

    def call(self, inputs, states, constants):
        output = K.dot(inputs, self.w) + K.dot(constants[0], self.v) + states[0]
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@pytest.mark.parametrize("symbolic", [True, False])
def test_constants(symbolic):
    x, c = L.Input((3, 2)), L.Input((4,))
    value = np.arange(8).reshape(2, 4)
    layer = L.RNN(Attending(5))
    y = layer(x, constants=c if symbolic else K.constant(value))
    model = Model([x, c] if symbolic else x, y)
    data = np.ones((2, 3, 2))
    got = model.predict([data, value] if symbolic else data)
    np.testing.assert_allclose(got, np.tile((6 + 3 * value.sum(1))[:, None], 5))
    again = L.RNN.from_config(layer.get_config(), custom_objects={"Attending": Attending})
    assert again._num_constants == 1
    assert K.int_shape(again([x, c])) == (None, 5)
    with pytest.raises(ValueError, match="does not support constants"):
        L.LSTM(3)(x, constants=c)


def test_weights_of_gates_have_names():
    layer = L.LSTM(3)
    layer(L.Input((2, 4)))
    whole, recurrent_whole, bias = layer.get_weights()
    for i, gate in enumerate("ifco"):
        part = slice(3 * i, 3 * i + 3)
        for name, value in (("kernel", whole), ("recurrent_kernel", recurrent_whole),
                            ("bias", bias)):  # fmt: skip
            column = K.eval(getattr(layer.cell, "%s_%s" % (name, gate)))
            np.testing.assert_array_equal(column, value[..., part])
    np.testing.assert_array_equal(bias, [0, 0, 0, 1, 1, 1] + [0] * 6)


def test_a_cell_with_its_own_call_is_used():
    class Negative(L.LSTMCell):
        def call(self, inputs, states, training=None):
            output, states = super().call(inputs, states, training=training)
            return -output, states

    x = L.Input((3, 2))
    a, b = L.RNN(L.LSTMCell(2)), L.RNN(Negative(2))
    model = Model(x, [a(x), b(x)])
    b.set_weights(randomised(a))
    left, right = model.predict(np.ones((1, 3, 2)))
    np.testing.assert_allclose(left, -right, atol=1e-6)


def test_what_does_not_fit_is_named():
    x = L.Input((4, 5))
    with pytest.raises(ValueError, match="`cell` should have a `call` method"):
        L.RNN(3)
    with pytest.raises(ValueError, match="All cells must have a `call` method"):
        L.RNN([L.LSTMCell(2), 3])
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        L.LSTM(3)(L.Input((4,)))
    with pytest.raises(ValueError, match="Cannot unroll a RNN if the time dimension is undefined"):
        L.LSTM(3, unroll=True)(L.Input((None, 4)))
    with pytest.raises(ValueError, match="last dimension of the inputs must be known"):
        L.LSTM(3)(L.Input((4, None)))
    for states in ([(3,)], [(3,), (4,)]):
        with pytest.raises(ValueError, match="not compatible with `cell.state_size`"):
            L.LSTM(3)(x, initial_state=[L.Input(s) for s in states])
    with pytest.raises(ValueError, match="mix of Keras tensors and non-Keras tensors"):
        L.LSTM(3)(x, initial_state=[L.Input((3,)), K.zeros((2, 3))])
    with pytest.raises(ValueError, match="either in the list of inputs or as arguments"):
        L.GRU(3)([x, L.Input((3,))], initial_state=L.Input((3,)))
    layer = L.GRU(3)
    layer(x)
    with pytest.raises(ValueError, match="not compatible with `cell.state_size`"):
        layer(x, initial_state=L.Input((4,)))
    assert K.int_shape(layer(x)) == (None, 3)


def test_configurations_of_old():
    config = L.LSTM(3).get_config()
    assert L.LSTM.from_config({**config, "implementation": 0}).implementation == 1
    with pytest.warns(UserWarning, match="reverse_state_order"):
        cell = L.StackedRNNCells([L.LSTMCell(2), L.GRUCell(3)], reverse_state_order=True)
    assert cell.state_size == (3, 2, 2)
    x = L.Input((3, 2))
    outputs = L.RNN(cell, return_state=True)(x)
    assert [K.int_shape(y)[-1] for y in outputs] == [3, 3, 2, 2]
    assert L.StackedRNNCells.from_config(cell.get_config()).state_size == (3, 2, 2)
    assert callable(recurrent._generate_dropout_mask)
