# SPDX-License-Identifier: Apache-2.0
"""Plans of small models stay as they are: steps, fusions, reuse of memory.

CAUDAL_UPDATE_SNAPSHOTS=1 writes data/plans/*.txt anew; look at the difference before you commit it.
"""

import os
import pathlib
import re

import numpy as np
import pytest

import caudal as tf

FOLDER = pathlib.Path(__file__).parent / "data" / "plans"


def placeholder(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape)


def variable(*shape):
    return tf.get_variable(f"v{len(tf.global_variables())}", shape)


def elementwise():
    x, y = placeholder(4, 8), placeholder(8)
    return [tf.tanh(x * y + 1.0) * tf.exp(-x)]


def reductions():
    x = placeholder(4, 8)
    centred = x - tf.reduce_mean(x, axis=1, keepdims=True)
    return [tf.reduce_sum(tf.square(centred)), tf.reduce_max(x)]


def folding():
    x = placeholder(4, 8)
    size = tf.cast(tf.shape(x)[0] * tf.shape(x)[1], tf.float32)
    return [tf.reshape(x, [tf.shape(x)[1], -1]) / size]


def common_subexpressions():
    x = placeholder(4, 4)
    return [tf.exp(x) + tf.exp(x), tf.matmul(x, x) * tf.matmul(x, x)]


def dense_layer():
    x = placeholder(4, 8)
    return [tf.nn.relu(tf.matmul(x, variable(8, 3)) + variable(3))]


def convolution():
    x = placeholder(2, 8, 8, 3)
    y = tf.nn.conv2d(x, variable(3, 3, 3, 4), [1, 1, 1, 1], "SAME")
    y = tf.nn.relu(tf.nn.bias_add(y, variable(4)))
    return [tf.nn.max_pool(y, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")]


def softmax_training():
    x, y = placeholder(4, 8), placeholder(4, dtype=tf.int64)
    logits = tf.matmul(x, variable(8, 3)) + variable(3)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(losses)
    return [loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)]


def adam_training():
    x = placeholder(4, 8)
    h = tf.sigmoid(tf.matmul(x, variable(8, 5)) + variable(5))
    loss = tf.reduce_mean(tf.square(tf.matmul(h, variable(5, 1))))
    return [tf.train.AdamOptimizer().minimize(loss)]


def embedding():
    ids = placeholder(6, dtype=tf.int32)
    found = tf.nn.embedding_lookup(variable(10, 3), ids)
    loss = tf.reduce_sum(tf.square(found))
    return [tf.train.GradientDescentOptimizer(0.1).minimize(loss)]


def control_flow():
    x = placeholder(3)
    chosen = tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x - 1)
    return [tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * x), (0, chosen))[1]]


def fed_dropout():
    """A fed bool decides conditionals: their branches are part of the plan, gradients included."""
    x, training = placeholder(4, 8), placeholder(dtype=tf.bool)
    h = tf.sigmoid(tf.matmul(x, variable(8, 5)))
    h = tf.cond(training, lambda: tf.nn.dropout(h, keep_prob=0.5, seed=1), lambda: tf.identity(h))
    loss = tf.reduce_mean(tf.square(tf.matmul(h, variable(5, 1))))
    return [tf.train.GradientDescentOptimizer(0.1).minimize(loss)]


def fed_batch_normalization():
    """Moments are computed once, for the result and for the moving averages."""
    x, training = placeholder(4, 8), placeholder(dtype=tf.bool)
    y = tf.layers.batch_normalization(x, training=training)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return [tf.identity(y)]


MODELS = [
    elementwise, reductions, folding, common_subexpressions, dense_layer, convolution,
    softmax_training, adam_training, embedding, control_flow, fed_dropout, fed_batch_normalization,
]  # fmt: skip


def plan_of(model):
    with tf.Graph().as_default() as graph:
        fetches = model()
        inputs = [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]
        feeds = [np.ones(x.shape.as_list(), x.dtype.as_numpy_dtype) for x in inputs]
        tensors = [f._key for f in fetches if isinstance(f, tf.Tensor)]
        targets = [f._id for f in fetches if isinstance(f, tf.Operation)]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(fetches, dict(zip(inputs, feeds)))
            core = session._session
            signature = core.prepare([x._key for x in inputs], tensors, targets)
            text = core.plan_text(signature, feeds)
    # Workspaces of library kernels depend on the processor.
    return re.sub(r"\d+ bytes", "N bytes", text)


@pytest.mark.parametrize("model", [pytest.param(m, id=m.__name__) for m in MODELS])
def test_plan(model):
    path = FOLDER / f"{model.__name__}.txt"
    text = plan_of(model)
    assert text == plan_of(model), "planning the same model twice gives two plans"
    if os.environ.get("CAUDAL_UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()
