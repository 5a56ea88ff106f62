# SPDX-License-Identifier: Apache-2.0
"""The benchmarks in JAX, each step one jitted function: jax_worker.py jit BENCHMARK."""

import os
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from protocol import images, in_turn, iris, serve  # noqa: E402


def scalar():
    add = jax.jit(lambda x, y: x + y)
    return lambda: float(add(1.0, 2.0))


def parameters(*shapes):
    keys = jax.random.split(jax.random.PRNGKey(0), len(shapes))
    return [
        (0.1 * jax.random.truncated_normal(k, -2, 2, s), jnp.full(s[-1:], 0.1))
        for k, s in zip(keys, shapes)
    ]


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1))


def conv(x, layer, padding):
    w, b = layer
    y = jax.lax.conv_general_dilated(
        x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    y = jax.nn.relu(y + b)
    window = (1, 2, 2, 1)
    return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, window, window, "VALID")


def dense(x, layer):
    return x @ layer[0] + layer[1]


def iris_step():
    data, classes = iris()
    start = parameters((4, 4), (4, 3), (3, 3))

    def loss(p, x, y):
        h = jax.nn.sigmoid(dense(x, p[0]))
        return cross_entropy(dense(jax.nn.sigmoid(dense(h, p[1])), p[2]), y)

    @jax.jit
    def update(p, x, y):
        return jax.tree.map(lambda v, g: v - 0.1 * g, p, jax.grad(loss)(p, x, y))

    state = [start]

    def step():
        state[0] = jax.block_until_ready(update(state[0], data, classes))

    return step


def picture_step(start, logits, batches=None):
    def update(p, m, v, t, key, x, y):
        key, use = jax.random.split(key)
        g = jax.grad(lambda q: cross_entropy(logits(q, x, use), y))(p)
        t = t + 1
        m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
        v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda a, b, c: a - rate * b / (jnp.sqrt(c) + 1e-8), p, m, v)
        return p, m, v, t, key

    update = jax.jit(update, donate_argnums=(0, 1, 2))
    zeros = jax.tree.map(jnp.zeros_like, start)
    again = jax.tree.map(jnp.zeros_like, start)
    state = [(start, zeros, again, jnp.float32(0), jax.random.PRNGKey(1))]
    batches = batches or in_turn(list(zip(*images())))

    def step():
        x, y = next(batches)
        state[0] = jax.block_until_ready(update(*state[0], x, y))

    return step


def lenet():
    start = parameters((5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10))

    def logits(p, x, key):
        h = conv(conv(x, p[0], "SAME"), p[1], "VALID").reshape(-1, 400)
        return dense(jax.nn.relu(dense(jax.nn.relu(dense(h, p[2])), p[3])), p[4])

    return picture_step(start, logits)


def tfnet():
    start = parameters((5, 5, 1, 32), (5, 5, 32, 64), (3136, 1024), (1024, 10))

    def logits(p, x, key):
        h = conv(conv(x, p[0], "SAME"), p[1], "SAME").reshape(-1, 3136)
        h = jax.nn.relu(dense(h, p[2]))
        h = jnp.where(jax.random.bernoulli(key, 0.5, h.shape), h * 2, 0.0)
        return dense(h, p[3])

    return picture_step(start, logits)


def lstm():
    start = parameters((28 + 128, 4 * 128), (128, 10))

    def logits(p, x, key):
        rows = x.reshape(-1, 28, 28).transpose(1, 0, 2)

        def step(state, row):
            c, h = state
            i, j, f, o = jnp.split(dense(jnp.concatenate([row, h], 1), p[0]), 4, 1)
            c = c * jax.nn.sigmoid(f + 1.0) + jax.nn.sigmoid(i) * jnp.tanh(j)
            return (c, jnp.tanh(c) * jax.nn.sigmoid(o)), None

        zeros = jnp.zeros((rows.shape[1], 128))
        (_, h), _ = jax.lax.scan(step, (zeros, zeros), rows)
        return dense(h, p[1])

    return picture_step(start, logits, in_turn(list(zip(*images(batch=128)))))


makers = {"scalar": scalar, "iris": iris_step, "lenet": lenet, "tfnet": tfnet, "lstm": lstm}
serve(makers[sys.argv[2]]())
