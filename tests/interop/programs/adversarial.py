# SPDX-License-Identifier: Apache-2.0
"""A generator against a discriminator, with penalty of gradients; a variational autoencoder."""

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


rng = np.random.RandomState(10)
xs = rng.rand(4, 16, 16, 1).astype("f4") * 2 - 1
zs = rng.uniform(-1, 1, (4, 6)).astype("f4")


def sinit(shape, dtype=tf.float32, partition_info=None):
    n = int(np.prod([int(d) for d in shape]))
    return tf.constant(np.sin(np.arange(n) * 1.7).reshape([int(d) for d in shape]) * 0.2, dtype)


def leak_relu(x, leak=0.2, name="leak_relu"):
    return tf.maximum(x, leak * x)


def widen(input_, output_shape, k=5, d=2, name="widen"):
    with tf.variable_scope(name):
        w = tf.get_variable(
            "w", [k, k, output_shape[-1], input_.get_shape()[-1]], initializer=sinit
        )
        deconv = tf.nn.conv2d_transpose(input_, w, output_shape=output_shape, strides=[1, d, d, 1])
        b = tf.get_variable("biases", [output_shape[-1]], initializer=tf.constant_initializer(0.0))
        return tf.reshape(tf.nn.bias_add(deconv, b), deconv.get_shape())


def generator(z, training=True, reuse=None):
    with tf.variable_scope("generator", reuse=reuse):
        h = tf.layers.dense(z, 4 * 4 * 8, kernel_initializer=sinit, use_bias=False, name="lin")
        h = tf.reshape(h, [-1, 4, 4, 8])
        h = tf.nn.relu(
            tf.contrib.layers.batch_norm(
                h,
                decay=0.9,
                updates_collections=None,
                epsilon=1e-5,
                scale=True,
                is_training=training,
                scope="bn0",
            )
        )
        h = widen(h, [4, 8, 8, 4], name="wide1")
        h = tf.nn.relu(h)
        return tf.nn.tanh(widen(h, [4, 16, 16, 1], name="wide2"))


def discriminator(x, reuse=False):
    with tf.variable_scope("discriminator") as scope:
        if reuse:
            scope.reuse_variables()
        h = leak_relu(tf.layers.conv2d(x, 4, 5, 2, "same", kernel_initializer=sinit, name="c1"))
        h = tf.nn.leaky_relu(
            tf.layers.conv2d(h, 8, 5, 2, "same", kernel_initializer=sinit, name="c2"), alpha=0.1
        )
        return tf.layers.dense(tf.layers.flatten(h), 1, kernel_initializer=sinit, name="o")


X = tf.placeholder(tf.float32, [4, 16, 16, 1], name="real")
Z = tf.placeholder(tf.float32, [None, 6], "z")
G = generator(Z)
S = generator(Z, training=False, reuse=True)
DR, DF = discriminator(X), discriminator(G, reuse=True)
d_loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=DR, labels=tf.ones_like(DR) * 0.9)
) + tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=DF, labels=tf.zeros_like(DF)))
g_loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=DF, labels=tf.ones_like(DF)))
# gradient penalty (WGAN-GP)
eps = tf.constant(0.3)
hat = eps * X + (1 - eps) * G
gp_g = tf.gradients(discriminator(hat, True), [hat])[0]
slopes = tf.sqrt(tf.reduce_sum(tf.square(gp_g), reduction_indices=[1, 2, 3]))
gp = tf.reduce_mean((slopes - 1.0) ** 2)
w_loss = tf.reduce_mean(DF) - tf.reduce_mean(DR) + 10 * gp
tv = tf.trainable_variables()
dv = [v for v in tv if v.name.startswith("discriminator")]
gv = [v for v in tv if "generator" in v.name]
d_op = tf.train.AdamOptimizer(2e-3, beta1=0.5).minimize(d_loss, var_list=dv)
g_op = tf.train.AdamOptimizer(2e-3, beta1=0.5).minimize(g_loss, var_list=gv)
w_op = tf.train.RMSPropOptimizer(1e-3).minimize(w_loss, var_list=dv)
clip = [p.assign(tf.clip_by_value(p, -0.3, 0.3)) for p in dv]
show([v.name for v in tf.global_variables()])
show(G, DF, gp_g.shape, [c.name for c in clip])
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    fd = {X: xs, Z: zs}
    for _i in range(3):
        show(
            s.run([d_op, d_loss], fd)[1],
            s.run([g_op, g_loss], fd)[1],
            s.run([w_loss, gp], fd),
            s.run(w_op, fd),
        )
        s.run(clip)
# VAE
tf.reset_default_graph()
tf.set_random_seed(0)
x = tf.placeholder(tf.float32, [None, 16])
e = tf.placeholder(tf.float32, [None, 2])
h = tf.layers.dense(x, 8, tf.nn.softplus, kernel_initializer=sinit)
mu, ls = tf.split(tf.layers.dense(h, 4, kernel_initializer=sinit), num_or_size_splits=2, axis=1)
z = tf.add(mu, tf.multiply(tf.sqrt(tf.exp(ls)), e))
r = tf.layers.dense(
    tf.layers.dense(z, 8, tf.nn.softplus, kernel_initializer=sinit), 16, kernel_initializer=sinit
)
rec = -tf.reduce_sum(
    x * tf.log(1e-10 + tf.sigmoid(r)) + (1 - x) * tf.log(1e-10 + 1 - tf.sigmoid(r)), 1
)
kl = -0.5 * tf.reduce_sum(1 + ls - tf.square(mu) - tf.exp(ls), 1)
d = tf.distributions.Normal(mu, tf.exp(0.5 * ls))
kl2 = tf.reduce_sum(
    tf.distributions.kl_divergence(d, tf.distributions.Normal(tf.zeros_like(mu), tf.ones_like(mu))),
    -1,
)
cost = tf.reduce_mean(rec + kl)
op = tf.train.AdamOptimizer(0.01).minimize(cost)
noise = tf.random_normal(tf.shape(mu), 0, 1, dtype=tf.float32, seed=1)
zz = d.sample(seed=3)
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    for _i in range(4):
        show(
            s.run(
                [op, cost, tf.reduce_mean(kl), tf.reduce_mean(kl2)],
                {x: xs[0] * 0.5 + 0.5 if 0 else xs[:, 0, :, 0] * 0.5 + 0.5, e: zs[:, :2]},
            )[1:]
        )
    show(s.run([noise, zz], {x: xs[:2, 0, :, 0]}))
