# SPDX-License-Identifier: Apache-2.0
"""Programs without learning: mixtures by EM, a Boltzmann machine, iterated maps."""

import numpy as np

import caudal as tf


def plain(value):
    """Values as Python's own, numbers with six digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def show(*values):
    print(*[plain(v) for v in values])


rng = np.random.RandomState(31)
# GMM by EM with variables
X = np.concatenate([rng.randn(20, 2) - 2, rng.randn(20, 2) + 2]).astype("f4")
mu = tf.Variable([[-1.0, 0.0], [1.0, 0.0]])
va = tf.Variable(tf.ones([2, 2]))
pi = tf.Variable([0.5, 0.5])
lp = tf.log(pi)[None] - 0.5 * tf.reduce_sum(
    tf.square(X[:, None] - mu) / va + tf.log(2 * np.pi * va), 2
)
ll = tf.reduce_mean(tf.reduce_logsumexp(lp, 1))
r = tf.nn.softmax(lp)
N = tf.reduce_sum(r, 0)
nm = tf.matmul(r, X, transpose_a=True) / N[:, None]
up = [
    mu.assign(nm),
    va.assign(tf.reduce_sum(r[:, :, None] * tf.square(X[:, None] - nm), 0) / N[:, None]),
    pi.assign(N / 40.0),
]
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    for _i in range(4):
        v = s.run([ll] + [tf.identity(u) for u in [nm]])
        s.run(up[2:] if 0 else tf.group(*up))
        show(v[0])
tf.reset_default_graph()
v0 = tf.placeholder(tf.float32, [None, 6])
W = tf.Variable(rng.randn(6, 4).astype("f4") * 0.1)
a, b = tf.Variable(tf.zeros([6])), tf.Variable(tf.zeros([4]))
u1, u2 = tf.constant(rng.rand(5, 4), tf.float32), tf.constant(rng.rand(5, 6), tf.float32)
samp = lambda p, u: tf.nn.relu(tf.sign(p - u))
h0 = samp(tf.nn.sigmoid(tf.matmul(v0, W) + b), u1)
v1 = samp(tf.nn.sigmoid(tf.matmul(h0, tf.transpose(W)) + a), u2)
h1 = tf.nn.sigmoid(tf.matmul(v1, W) + b)
upd = [
    W.assign_add(
        0.1
        * (tf.matmul(tf.transpose(v0), h0) - tf.matmul(tf.transpose(v1), h1))
        / tf.to_float(tf.shape(v0)[0])
    ),
    a.assign_add(0.1 * tf.reduce_mean(v0 - v1, 0)),
    b.assign_add(0.1 * tf.reduce_mean(h0 - h1, 0)),
]
err = tf.reduce_mean(tf.square(v0 - v1))
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    V = (rng.rand(5, 6) > 0.5).astype("f4")
    show([s.run([err], {v0: V}) and s.run(upd, {v0: V})[1].sum() for _ in range(3)])
# ising/game of life/mandelbrot/pde/collatz classics
tf.reset_default_graph()
s = tf.InteractiveSession()
Y, Xg = np.mgrid[-1.3:1.3:0.4, -2:1:0.4]
Z = Xg + 1j * Y
xs = tf.constant(Z.astype(np.complex64))
zs = tf.Variable(xs)
ns = tf.Variable(tf.zeros_like(xs, tf.float32))
tf.global_variables_initializer().run()
zs_ = zs * zs + xs
nd = tf.abs(zs_) < 4
stp = tf.group(zs.assign(zs_), ns.assign_add(tf.cast(nd, tf.float32)))
for _i in range(10):
    stp.run()
show(ns.eval().sum(), ns.eval()[3])
U = tf.Variable(rng.rand(6, 6).astype("f4"))
k = tf.constant([[0.5, 1.0, 0.5], [1.0, -6.0, 1.0], [0.5, 1.0, 0.5]])
lap = tf.nn.depthwise_conv2d(
    U[None, :, :, None], k[:, :, None, None], [1, 1, 1, 1], padding="SAME"
)[0, :, :, 0]
eps = tf.placeholder(tf.float32, shape=())
Ut = tf.Variable(tf.zeros([6, 6]))
U_ = U + eps * Ut
Ut_ = Ut + eps * (lap - 0.04 * Ut)
st = tf.group(U.assign(U_), Ut.assign(Ut_))
tf.global_variables_initializer().run()
show(lap.eval()[0])
fib = tf.while_loop(
    lambda i, a, b: i < 10, lambda i, a, b: [i + 1, b, a + b], [0, 0, 1], parallel_iterations=1
)[1]
show(fib.eval())
c = tf.while_loop(
    lambda n, k: tf.not_equal(n, 1),
    lambda n, k: (tf.cond(tf.equal(n % 2, 0), lambda: n // 2, lambda: 3 * n + 1), k + 1),
    [tf.constant(27), tf.constant(0)],
)
show(s.run(c))
board = tf.placeholder(tf.int32, [5, 5])
nb = tf.py_func(
    lambda b: (
        sum(np.roll(np.roll(b, i, 0), j, 1) for i in (-1, 0, 1) for j in (-1, 0, 1)) - b
    ).astype(np.int32),
    [board],
    tf.int32,
)
nxt = tf.cast(
    tf.logical_or(tf.equal(nb, 3), tf.logical_and(tf.equal(nb, 2), tf.equal(board, 1))), tf.int32
)
show(nxt.eval({board: np.eye(5)}).tolist())
# siamese/triplet/contrastive/center loss
