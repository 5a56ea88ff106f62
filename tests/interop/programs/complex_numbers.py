# SPDX-License-Identifier: Apache-2.0
"""Arithmetic of complex numbers and its gradients, one op after the other."""

import numpy as np

import caudal as tf

x_value = np.array([[1 + 2j, -0.5 + 0.3j, 0.7 - 1.1j], [0.2j, 2 - 0.1j, -1 - 1j]])
y_value = np.array([[0.5 - 1j, 1 + 1j, -0.3 + 0.4j], [1 - 2j, 0.6j, 0.9 + 0.2j]])

unary = [
    tf.negative, tf.math.conj, tf.square, tf.math.reciprocal, tf.sqrt, tf.math.rsqrt, tf.exp,
    tf.math.expm1, tf.math.log, tf.math.log1p, tf.sin, tf.cos, tf.tan, tf.sinh, tf.cosh, tf.tanh,
    tf.asinh, tf.acosh, tf.atanh, tf.sigmoid, tf.sign, tf.math.real, tf.math.imag, tf.math.angle,
    tf.abs, tf.reduce_sum, tf.reduce_mean, tf.reduce_prod, tf.transpose, tf.zeros_like,
    tf.ones_like,
    lambda x: tf.reduce_sum(x, 0), lambda x: tf.reduce_prod(x, 1), lambda x: tf.cumsum(x, 1),
    lambda x: tf.transpose(x, conjugate=True), lambda x: tf.linalg.diag(x),
    lambda x: tf.gather(x, [1, 0, 1]), lambda x: x[:, ::-1], lambda x: tf.norm(x),
    lambda x: tf.add_n([x, x * x]), lambda x: tf.concat([x, 2 * x], 0),
    lambda x: tf.where(tf.abs(x) > 1.2, x, x * x), lambda x: tf.cast(x, tf.float32),
    lambda x: tf.tile(x, [1, 2]), lambda x: tf.linalg.band_part(x, 0, 1),
    lambda x: tf.stack(tf.unstack(x, axis=1)), lambda x: tf.pad(x, [[1, 0], [0, 1]]),
    lambda x: tf.reduce_sum(x, 1, keepdims=True) * (1 - 2j), lambda x: x**2, lambda x: 1 / x,
]  # fmt: skip
binary = [
    tf.add, tf.subtract, tf.multiply, tf.divide, tf.pow, tf.math.divide_no_nan,
    lambda x, y: tf.matmul(x, y, transpose_b=True), lambda x, y: tf.matmul(x, y, adjoint_a=True),
    lambda x, y: tf.matmul(x[None], y[None], adjoint_b=True), lambda x, y: x * y[0],
    lambda x, y: tf.tensordot(x, y, [[1], [1]]),
]  # fmt: skip


def show(label, value):
    value = np.asarray(value)
    parts = np.stack([value.real, value.imag]) if value.dtype.kind == "c" else value
    numbers = ["%.6g" % (round(float(v), 5) + 0.0) for v in np.ravel(parts)]
    print(label, value.dtype, value.shape, *numbers)


for dtype in (tf.complex64, tf.complex128):
    x = tf.placeholder(dtype, [2, 3])
    y = tf.placeholder(dtype, [2, 3])
    feed = {x: x_value, y: y_value}
    real = tf.float32 if dtype == tf.complex64 else tf.float64
    with tf.Session() as sess:
        for kind, functions, inputs in (("unary", unary, [x]), ("binary", binary, [x, y])):
            for i, function in enumerate(functions):
                out = function(*inputs)
                size = tf.reduce_sum(tf.cast(tf.abs(out) * (1.5 + tf.abs(out)), real))
                gradients = [g for g in tf.gradients(size, inputs) if g is not None]
                value, *slopes = sess.run([out, *map(tf.convert_to_tensor, gradients)], feed)
                show("%s %d" % (kind, i), value)
                for slope in slopes:
                    show("  slope", slope)
        print(sess.run([tf.equal(x, y), tf.not_equal(x, x), tf.equal(x, x)], feed))
        a, b = tf.placeholder(real, [3]), tf.placeholder(real, [3])
        made = tf.complex(a, b)
        numbers = {a: [1, -2, 0.5], b: [0.1, 3, -1]}
        slopes = tf.gradients(tf.reduce_sum(tf.abs(made * made + 1)), [a, b])
        for value in sess.run([made, *slopes], numbers):
            show("complex", value)

v = tf.get_variable("v", initializer=tf.constant([1 + 1j, 2 - 1j], tf.complex64))
steps = [v.assign_add([1j, 1j]), v.assign_sub([0.5, 0.5])]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in steps:
        show("variable", sess.run(step))
print(tf.constant(1 + 2j).dtype, tf.constant([1j]).dtype, tf.math.real(tf.constant(2.0)).dtype)
