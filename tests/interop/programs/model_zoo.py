# SPDX-License-Identifier: Apache-2.0
"""Small models of many kinds: factorisation, tagging, mixtures, capsules, memory, an ODE."""

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


rng = np.random.RandomState(13)


def waves(shape, dtype=tf.float32, partition_info=None):
    sh = [int(d) for d in shape]
    n = int(np.prod(sh))
    return tf.constant(np.sin(np.arange(n) * 1.3 + len(sh)).reshape(sh) * 0.4, dtype)


def go(loss, fd, opt=None, n=3, extra=()):
    tr = (opt or tf.train.GradientDescentOptimizer(0.1)).minimize(loss)
    with tf.Session() as s:
        s.run([tf.global_variables_initializer(), tf.tables_initializer()])
        for _i in range(n):
            r = s.run([tr, loss] + list(extra), fd)
            show(r[1:])
    show([v.op.name for v in tf.trainable_variables()])
    tf.reset_default_graph()


# matrix factorisation
u = tf.placeholder(tf.int32, [None])
m = tf.placeholder(tf.int32, [None])
r = tf.placeholder(tf.float32, [None])
with tf.device("/cpu:0"):
    P, Q = (
        tf.get_variable("P", [7, 3], initializer=waves),
        tf.get_variable("Q", [9, 3], initializer=waves),
    )
    bu = tf.get_variable("bu", shape=[7], initializer=tf.zeros_initializer)
    mu = tf.constant(3.0, shape=[], dtype=tf.float32, name="mu")
pred = (
    tf.reduce_sum(tf.multiply(tf.gather(P, u), tf.nn.embedding_lookup(Q, m, name="qi")), 1)
    + tf.gather(bu, u)
    + mu
)
cost = tf.nn.l2_loss(tf.subtract(pred, r)) + 0.02 * tf.add(tf.nn.l2_loss(P), tf.nn.l2_loss(Q))
rmse = tf.sqrt(tf.reduce_mean(tf.square(pred - r)))
go(
    cost,
    {u: [0, 1, 1, 6], m: [2, 2, 8, 8], r: [3, 4, 5, 1.0]},
    tf.train.AdagradOptimizer(0.3),
    extra=[rmse],
)
# crf
x = tf.placeholder(tf.float32, [2, 4, 3])
sl = tf.constant([4, 2])
tags = tf.constant([[0, 1, 2, 1], [2, 0, 0, 0]])
un = tf.reshape(
    tf.matmul(tf.reshape(x, [-1, 3]), tf.get_variable("w", [3, 3], initializer=waves)), [-1, 4, 3]
)
ll, tp = tf.contrib.crf.crf_log_likelihood(
    un, tags, sl, transition_params=tf.get_variable("trans", [3, 3], initializer=waves)
)
vs, vsc = tf.contrib.crf.crf_decode(un, tp, sl)
X = rng.randn(2, 4, 3)
go(tf.reduce_mean(-ll), {x: X}, extra=[vs, ll])
show(tf.contrib.crf.viterbi_decode(X[0], np.eye(3)))
# mixture density
x = tf.placeholder(tf.float32, [None, 1])
y = tf.placeholder(tf.float32, [None, 1])
o = tf.layers.dense(
    tf.layers.dense(x, 6, tf.tanh, kernel_initializer=waves), 9, kernel_initializer=waves
)
pi, sg, mm = tf.split(o, 3, 1)
pi = tf.exp(pi - tf.reduce_max(pi, 1, keep_dims=True))
pi = tf.multiply(tf.reciprocal(tf.reduce_sum(pi, 1, keep_dims=True)), pi)
sg = tf.exp(sg)
nr = tf.multiply(
    tf.exp(-tf.square(tf.multiply(tf.subtract(y, mm), tf.reciprocal(sg))) / 2), tf.reciprocal(sg)
) / np.sqrt(2 * np.pi).astype("f4")
go(
    tf.reduce_mean(-tf.log(tf.reduce_sum(tf.multiply(nr, pi), 1, keepdims=True))),
    {x: rng.randn(9, 1), y: rng.randn(9, 1)},
)
# capsules
x = tf.placeholder(tf.float32, [2, 6, 4])
lab = tf.one_hot([1, 0], 3)
Wc = tf.get_variable("Wc", [1, 6, 3, 5, 4], initializer=waves)
uh = tf.squeeze(
    tf.matmul(
        tf.tile(Wc, [2, 1, 1, 1, 1]),
        tf.tile(tf.expand_dims(tf.expand_dims(x, 2), -1), [1, 1, 3, 1, 1]),
    ),
    -1,
)


def squash(s, axis=-1, eps=1e-7):
    n = tf.reduce_sum(tf.square(s), axis=axis, keepdims=True)
    return n / (1.0 + n) * s / tf.sqrt(n + eps)


def cond(b, v, i):
    return tf.less(i, 3)


def body(b, v, i):
    c = tf.nn.softmax(b, axis=2)
    v = squash(tf.reduce_sum(tf.expand_dims(c, -1) * uh, 1))
    return b + tf.reduce_sum(uh * tf.expand_dims(v, 1), -1), v, tf.add(i, 1)


_, v, it = tf.while_loop(
    cond, body, [tf.zeros([2, 6, 3]), tf.zeros([2, 3, 5]), tf.constant(0)], name="routing"
)
nv = tf.norm(v, axis=-1)
ml = tf.reduce_mean(
    tf.reduce_sum(
        lab * tf.square(tf.maximum(0.0, 0.9 - nv))
        + 0.5 * (1 - lab) * tf.square(tf.maximum(0.0, nv - 0.1)),
        1,
    )
)
go(ml, {x: rng.randn(2, 6, 4)}, extra=[nv, it])
# memory network
st = tf.placeholder(tf.int32, [None, 4, 5])
qu = tf.placeholder(tf.int32, [None, 5])
enc = tf.constant(np.outer(np.arange(1, 6), np.ones(3)).astype("f4") / 5)
Aem = tf.concat(axis=0, values=[tf.zeros([1, 3]), tf.get_variable("A", [9, 3], initializer=waves)])
uq = tf.reduce_sum(tf.nn.embedding_lookup(Aem, qu) * enc, 1)
Hm = tf.get_variable("H", [3, 3], initializer=waves)
for _hop in range(2):
    mA = tf.reduce_sum(tf.nn.embedding_lookup(Aem, st) * enc, 2)
    p = tf.nn.softmax(tf.reduce_sum(mA * tf.transpose(tf.expand_dims(uq, -1), [0, 2, 1]), 2))
    uq = tf.matmul(uq, Hm) + tf.reduce_sum(tf.transpose(mA, [0, 2, 1]) * tf.expand_dims(p, 1), 2)
lg = tf.matmul(uq, tf.transpose(Aem, [1, 0]))
ls = tf.reduce_sum(
    tf.nn.sparse_softmax_cross_entropy_with_logits(logits=lg, labels=[1, 4]),
    name="cross_entropy_sum",
)
go(
    ls,
    {st: rng.randint(0, 10, (2, 4, 5)), qu: rng.randint(0, 10, (2, 5))},
    tf.train.GradientDescentOptimizer(0.01),
    extra=[tf.argmax(lg, 1, name="predict_op")],
)
# style transfer
img = tf.Variable(rng.rand(1, 8, 8, 3).astype("f4"), name="img")
K = waves([3, 3, 3, 5])
f = tf.nn.relu(tf.nn.conv2d(img, K, [1, 2, 2, 1], "SAME"))
F2 = tf.reshape(f, [-1, 5])
gram = tf.matmul(tf.transpose(F2), F2) / tf.cast(tf.size(F2), tf.float32)
tvl = tf.nn.l2_loss(img[:, 1:, :, :] - img[:, :7, :, :]) + tf.reduce_sum(
    tf.abs(img[:, :, 1:] - img[:, :, :-1])
)
go(
    tf.reduce_sum(tf.squared_difference(gram, tf.eye(5))) + 0.1 * tvl,
    {},
    tf.train.AdamOptimizer(0.05),
    extra=[tvl],
)
# neural ODE
y0 = tf.constant([[2.0, 0.0]])
Aw = tf.get_variable("Aw", initializer=np.array([[-0.1, 2.0], [-2.0, -0.1]], "f4"))
fode = lambda y, t: tf.matmul(y**3, Aw)


def step(i, y, ta):
    h = 0.05
    k1 = fode(y, 0)
    k2 = fode(y + h / 2 * k1, 0)
    k3 = fode(y + h / 2 * k2, 0)
    k4 = fode(y + h * k3, 0)
    yn = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return i + 1, yn, ta.write(i, yn)


_, yT, ta = tf.while_loop(
    lambda i, *_: i < 10,
    step,
    (0, y0, tf.TensorArray(tf.float32, size=10, dynamic_size=False)),
    swap_memory=True,
    parallel_iterations=10,
    back_prop=True,
    shape_invariants=None,
)
go(tf.reduce_mean(tf.abs(ta.stack() - 1.0)), {}, extra=[yT])
