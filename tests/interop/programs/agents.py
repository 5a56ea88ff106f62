# SPDX-License-Identifier: Apache-2.0
"""Q-learning with a target network, policy gradients and actor-critic losses."""

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


rng = np.random.RandomState(11)
S, A, B = 4, 3, 6
st = rng.randn(B, S).astype("f4")
ac = rng.randint(0, A, B)
rw = rng.rand(B).astype("f4")
ns = rng.randn(B, S)
dn = (rng.rand(B) > 0.7).astype("f4")


def net(x, scope, reuse=None, out=A):
    with tf.variable_scope(scope, reuse=reuse):
        h = tf.contrib.layers.fully_connected(
            x,
            6,
            activation_fn=tf.nn.relu,
            weights_initializer=lambda s, dtype, partition_info=None: tf.constant(
                np.sin(np.arange(np.prod(s))).reshape(s) * 0.5, dtype
            ),
            biases_initializer=tf.constant_initializer(0.01),
        )
        return tf.contrib.layers.fully_connected(
            h,
            out,
            activation_fn=None,
            weights_initializer=lambda s, dtype, partition_info=None: tf.constant(
                np.cos(np.arange(np.prod(s))).reshape(s) * 0.5, dtype
            ),
        )


obs = tf.placeholder(tf.float32, [None, S], "obs")
act = tf.placeholder(tf.int32, [None], "act")
rew = tf.placeholder(tf.float32, [None])
obs2 = tf.placeholder(tf.float32, [None, S])
done = tf.placeholder(tf.float32, [None])
q, qt, q2 = net(obs, "q"), net(obs2, "target"), net(obs2, "q", True)
qsa = tf.reduce_sum(q * tf.one_hot(act, A), axis=1)
best = tf.argmax(q2, 1)
boot = tf.reduce_sum(qt * tf.one_hot(best, A, on_value=1.0, off_value=0.0, dtype=tf.float32), 1)
target = tf.stop_gradient(rew + 0.99 * (1 - done) * boot)
td = qsa - target
hub = tf.where(tf.abs(td) < 1.0, tf.square(td) * 0.5, tf.abs(td) - 0.5)
loss = tf.reduce_mean(hub)
loss2 = tf.losses.huber_loss(target, qsa)
qv = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="q")
tvv = tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="target")
copy = [
    tf.assign(t, e)
    for t, e in zip(sorted(tvv, key=lambda v: v.name), sorted(qv, key=lambda v: v.name))
]
soft = tf.group(*[t.assign(0.01 * e + 0.99 * t) for t, e in zip(tvv, qv)], name="soft")
op = tf.train.AdamOptimizer(0.01)
g = op.compute_gradients(loss, var_list=qv)
for i, (gr, v) in enumerate(g):
    if gr is not None:
        g[i] = (tf.clip_by_norm(gr, 10.0), v)
train = op.apply_gradients(g)
eps = tf.placeholder(tf.float32, ())
ua = tf.where(
    tf.random_uniform([tf.shape(obs)[0]], 0, 1, seed=5) < eps,
    tf.random_uniform([tf.shape(obs)[0]], 0, A, tf.int64, seed=6),
    tf.argmax(q, axis=1),
)
show([v.name for v in qv], [v.name for v in tvv], soft.name, [c.name for c in copy])
fd = {obs: st, act: ac, rew: rw, obs2: ns, done: dn, eps: 0.5}
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    s.run(copy)
    for _ in range(4):
        show(s.run([train, loss, loss2, td], fd)[1:])
        s.run(soft)
    show(s.run(tvv)[0][0], s.run(ua, fd))
# policy gradients
tf.reset_default_graph()
obs = tf.placeholder(tf.float32, [None, S])
act = tf.placeholder(tf.int32, [None])
adv = tf.placeholder(tf.float32, [None])
oldp = tf.placeholder(tf.float32, [None])
lo = net(obs, "pi")
v = tf.squeeze(net(obs, "v", out=1), axis=1)
pi = tf.distributions.Categorical(logits=lo)
neg = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=lo, labels=act)
lp = pi.log_prob(act)
ratio = tf.exp(lp - oldp)
surr = -tf.reduce_mean(tf.minimum(ratio * adv, tf.clip_by_value(ratio, 1 - 0.2, 1 + 0.2) * adv))
ent = tf.reduce_mean(pi.entropy())
vl = tf.reduce_mean(tf.square(v - adv))
total = surr - 0.01 * ent + 0.5 * vl
pg = tf.reduce_mean(neg * adv)
kl = tf.reduce_mean(oldp - lp)
o1 = tf.train.AdamOptimizer(3e-2).minimize(total)
o2 = tf.train.RMSPropOptimizer(0.01, decay=0.99, epsilon=1e-5).minimize(
    pg, var_list=tf.trainable_variables("pi")
)
samp = tf.squeeze(tf.multinomial(lo, 1, seed=3), 1)
mu = tf.tanh(net(obs, "mu", out=2))
logstd = tf.get_variable("logstd", initializer=-0.5 * np.ones(2, np.float32))
nd = tf.distributions.Normal(mu, tf.exp(logstd))
ca = nd.sample(1, seed=4)
clp = tf.reduce_sum(nd.log_prob([[0.1, 0.2]]), axis=1)
ne = nd.entropy()
eg = tf.gradients(tf.reduce_mean(clp * adv), tf.trainable_variables("mu") + [logstd])
gauss = lambda x, m, l: tf.reduce_sum(
    -0.5 * (((x - m) / (tf.exp(l) + 1e-8)) ** 2 + 2 * l + np.log(2 * np.pi)), axis=1
)
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    fd = {obs: st, act: ac, adv: rw - 0.5, oldp: np.full(B, -1.1)}
    for _ in range(3):
        show(s.run([o1, total, surr, ent, vl, kl, pg], fd)[1:])
        s.run(o2, fd)
    show(
        s.run(
            [
                samp,
                pi.probs,
                pi.mode(),
                tf.reduce_sum(pi.prob(act)),
                ca,
                clp,
                ne,
                gauss(mu, mu * 0.5, logstd),
            ],
            fd,
        )
    )
    show([np.sum(x) for x in s.run(eg, fd)])
    # DDPG: dQ/da
    a = tf.placeholder(tf.float32, [None, 2])
    q = net(tf.concat([obs, a], 1), "critic", out=1)
    dqda = tf.gradients(q, a)
    pgr = tf.gradients(mu, tf.trainable_variables("mu"), -dqda[0])
    ap = tf.train.AdamOptimizer(0.1).apply_gradients(zip(pgr, tf.trainable_variables("mu")))
    s.run(
        tf.variables_initializer(
            [x for x in tf.global_variables() if not s.run(tf.is_variable_initialized(x))]
        )
    )
    show(s.run(tf.report_uninitialized_variables()))
