# SPDX-License-Identifier: Apache-2.0
"""Second derivatives, stop_gradient, grad_ys, custom gradients, unconnected inputs."""

import numpy as np

import caudal as tf

x = tf.placeholder(tf.float64, [3], name="x")
y = tf.placeholder(tf.float64, [3], name="y")
functions = {
    "trig": tf.sin(x) * tf.cos(y) + tf.tan(x * 0.3),
    "exp": tf.exp(x - y) / (1 + tf.square(y)),
    "log": tf.log(1 + tf.square(x)) * tf.log1p(tf.square(y)),
    "power": tf.pow(tf.abs(x) + 1, y) + tf.sqrt(tf.square(x) + 1) + tf.rsqrt(tf.square(y) + 1),
    "sigmoid": tf.sigmoid(x) * tf.tanh(y) + tf.nn.softplus(x * y),
    "relu": tf.nn.relu(x) + tf.nn.elu(y) + tf.nn.selu(x - y) + tf.nn.leaky_relu(x * 2),
    "minmax": tf.maximum(x, y) * tf.minimum(x, 2 * y),
    "softmax": tf.nn.softmax(x * y) + tf.nn.log_softmax(y - x),
    "inverse": tf.asin(x / 4) + tf.acos(y / 4) + tf.atan(x * y) + tf.atan2(x, y),
    "special": tf.erf(x) + tf.lgamma(tf.square(y) + 1) + tf.sinh(x) + tf.cosh(y),
}


@tf.custom_gradient
def clipped(value):
    return tf.square(value), lambda dy: tf.clip_by_value(dy * 2 * value, -1, 1)


@tf.RegisterGradient("Halved")
def _halved(op, grad):
    return grad * 0.5


with tf.get_default_graph().gradient_override_map({"Identity": "Halved"}):
    halved = tf.identity(x)

point = {x: np.array([0.7, -1.2, 2.1]), y: np.array([-0.4, 1.3, 0.9])}
with tf.Session() as sess:
    for name in sorted(functions):
        value = functions[name]
        first = tf.gradients(value, [x, y])
        second = tf.gradients([g for g in first if g is not None], [x, y])
        for row in sess.run([value, *first, *second], point):
            print(name, *row)
    third = x**5
    for _ in range(3):
        (third,) = tf.gradients(third, x)
    print("third", *sess.run(third, point))
    print("stopped", *sess.run(tf.gradients(x * tf.stop_gradient(x * y), [x])[0], point))
    print("constant", *sess.run(tf.gradients(x * y + y, [x], stop_gradients=[y])[0], point))
    weights = tf.constant([1.0, 2, 3], "double")
    print("weighted", *sess.run(tf.gradients(x * y, [x], grad_ys=[weights])[0], point))
    print("unconnected", tf.gradients(tf.square(x), [x, y])[1])
    print("custom", *sess.run(tf.gradients(clipped(x), x)[0], point))
    print("override", *sess.run(tf.gradients(halved * y, x)[0], point))
    inner = tf.gradients(tf.reduce_sum(tf.sin(x) * y), x)[0]
    print("product", *sess.run(tf.gradients(tf.reduce_sum(inner * [1.0, 0.0, -1.0]), x)[0], point))
