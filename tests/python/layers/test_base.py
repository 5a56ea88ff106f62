# SPDX-License-Identifier: Apache-2.0
"""The base class of layers: names, scopes, weights, losses, updates, input specs."""

import copy

import numpy as np
import pytest

import caudal as tf

L = tf.layers


class Two(L.Layer):
    def build(self, shape):
        self.shape = shape
        self.w = self.add_variable("w", [3])
        self.b = self.add_weight("b", [2], trainable=False)

    def call(self, x):
        return x * 1.0


def names(variables):
    return [v.op.name for v in variables]


def test_names_and_scopes_of_layers():
    x = tf.placeholder(tf.float32, [None, 4])
    first, second = Two(), Two(name="mine")
    assert first.name == "two_1" and second.name == "mine"
    with pytest.raises(ValueError, match="has not been used yet"):
        first.scope_name  # noqa: B018
    with tf.variable_scope("outer"):
        assert first(x).op.name == "outer/two/mul"
    assert second(x).op.name == "mine/mul"
    assert second.apply(x).op.name == "mine/mul_1"
    assert first.scope_name == "outer/two"
    assert names(tf.global_variables()) == ["outer/two/w", "outer/two/b", "mine/w", "mine/b"]
    assert L.dense(L.dense(x, 2), 3).op.name == "dense_1/BiasAdd"


def test_weights_by_trainability():
    layer = Two()
    layer(tf.ones([3]))
    assert names(layer.weights) == ["two/w", "two/b"]
    assert names(layer.trainable_weights) == ["two/w"]
    layer.trainable = False
    assert names(layer.non_trainable_weights) == ["two/w", "two/b"]
    assert names(tf.trainable_variables()) == ["two/w"]
    frozen = Two(trainable=False)
    frozen(tf.ones([3]))
    assert frozen.trainable_weights == [] and len(tf.trainable_variables()) == 1


def test_reuse_by_name_and_scope():
    x = tf.ones([2, 3])
    L.dense(x, 4, name="d")
    L.dense(x, 4, name="d", reuse=True)
    with pytest.raises(ValueError, match="already exists"):
        L.dense(x, 4, name="d")
    with pytest.raises(ValueError, match="does not exist"):
        L.dense(x, 4, name="e", reuse=True)
    with pytest.raises(ValueError, match="specified shape"):
        L.dense(tf.ones([2, 5]), 4, name="d", reuse=True)
    for _ in range(2):
        with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
            L.dense(x, 4, name="d")
    assert names(tf.global_variables()) == ["d/kernel", "d/bias", "s/d/kernel", "s/d/bias"]


def test_scope_defaults_and_custom_getters_apply():
    seen = []

    def getter(getter, name, *args, **kwargs):
        seen.append(name)
        return getter(name, *args, **kwargs)

    with tf.variable_scope("s", initializer=tf.ones_initializer(), custom_getter=getter,
                           regularizer=tf.nn.l2_loss):  # fmt: skip
        layer = L.Dense(2, use_bias=False)
        layer(tf.ones([1, 3]))
    assert seen == ["s/dense/kernel"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(layer.kernel), np.ones([3, 2]))
        assert sess.run(tf.get_collection("regularization_losses")) == [3.0]
        np.testing.assert_array_equal(layer.get_weights()[0], np.ones([3, 2]))
        layer.set_weights([np.zeros([3, 2])])
        assert not layer.get_weights()[0].any()
        with pytest.raises(ValueError, match="weight list of length"):
            layer.set_weights([])


def test_losses_and_updates_of_calls():
    class Counting(L.Layer):
        def build(self, shape):
            self.v = self.add_weight("v", [], initializer=tf.zeros_initializer())

        def call(self, x):
            self.add_loss(tf.reduce_sum(x), inputs=x)
            self.add_loss(lambda: 2.0 * self.v)
            self.add_update(tf.assign(self.v, tf.reduce_sum(x)))
            self.add_update(tf.assign_add(self.v, 1.0))
            return x

    layer = Counting()
    x = tf.placeholder(tf.float32, [3])
    layer(x)
    assert [t.op.name for t in layer.get_losses_for(x)] == ["counting/Sum"]
    assert len(layer.get_losses_for(None)) == 1 and len(layer.losses) == 2
    assert [u.name for u in layer.get_updates_for(x)] == ["counting/Assign"]
    assert [u.name for u in layer.get_updates_for(None)] == ["counting/AssignAdd"]
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == layer.updates
    assert tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) == layer.losses


def test_activity_regularizer_is_a_mean_over_the_batch():
    layer = L.Dense(2, kernel_initializer=tf.ones_initializer(), activity_regularizer=tf.reduce_sum)
    layer(tf.ones([4, 3]))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(layer.losses) == [6.0]


@pytest.mark.parametrize(
    "spec, shape, text",
    [
        (dict(ndim=3), [2, 3], "expected ndim=3, found ndim=2"),
        (dict(min_ndim=3), [2, 3], "expected min_ndim=3, found ndim=2"),
        (dict(max_ndim=1), [2, 3], "expected max_ndim=1, found ndim=2"),
        (dict(axes={-1: 4}), [2, 3], "expected axis -1 of input shape to have value 4"),
        (dict(shape=(None, 4)), [2, 3], r"expected shape=\(None, 4\), found shape=\[2, 3\]"),
        (dict(dtype="int32"), [2, 3], "expected dtype=int32"),
        (dict(ndim=2), None, "its rank is undefined"),
    ],
)
def test_input_specs(spec, shape, text):
    layer = Two()
    layer.input_spec = L.InputSpec(**spec)
    with pytest.raises(ValueError, match=text):
        layer(tf.placeholder(tf.float32, shape))


def test_input_spec_of_wrong_kind():
    with pytest.raises(TypeError, match="must be an instance of InputSpec"):
        Two().input_spec = 3
    with pytest.raises(TypeError, match="keys in axes must be integers"):
        L.InputSpec(axes={"a": 1})
    assert repr(L.InputSpec(shape=(None, 3), dtype="float32")) == (
        "InputSpec(dtype=float32, shape=(None, 3), ndim=2)"
    )


def test_errors_of_layers():
    with pytest.raises(TypeError, match="Keyword argument not understood"):
        L.Dense(2, wrong=1)
    with pytest.raises(ValueError, match="isn't built"):
        L.Dense(2).count_params()
    with pytest.raises(AttributeError, match="never been called"):
        L.Dense(2).input_shape  # noqa: B018
    with pytest.raises(ValueError, match="not None"):
        type("Nothing", (L.Layer,), {"call": lambda self, x: None})()(1.0)
    with pytest.raises(ValueError, match="expects 1 inputs, but it received 2"):
        L.Dense(2)([tf.ones([1, 2]), tf.ones([1, 2])])
    with pytest.raises(TypeError, match="floating point"):
        L.dense(tf.ones([1, 2], tf.int32), 2)


def test_inputs_of_many_kinds():
    layer = Two()
    layer.apply(np.ones([3]))
    assert layer.dtype == "float64" and layer.w.dtype.base_dtype == tf.float64
    seen = []

    class Shapes(L.Layer):
        def build(self, shapes):
            seen.append(shapes)

        def call(self, inputs, training=None, scope=None):
            return inputs[0], training, scope.name

    layer = Shapes()
    _, training, scope = layer([tf.ones([2, 2]), tf.ones([2, 3])], training=True)
    assert training is True and scope == "shapes"
    assert [s.as_list() for s in seen[0]] == [[2, 2], [2, 3]]


def test_a_copy_shares_its_variables():
    layer = Two()
    layer(tf.ones([3]))
    duplicate = copy.deepcopy(layer)
    assert duplicate is not layer and duplicate.weights == layer.weights
    duplicate(tf.ones([3]))
    assert len(tf.global_variables()) == 2


def test_configuration():
    config = L.Dense(3, name="d").get_config()
    assert config["units"] == 3 and config["name"] == "d" and config["activation"] == "linear"
    again = L.Conv2D.from_config(L.Conv2D(2, 3, padding="same", name="c").get_config())
    assert again.kernel_size == (3, 3) and again.padding == "same"
