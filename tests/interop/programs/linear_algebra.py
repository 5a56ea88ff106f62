# SPDX-License-Identifier: Apache-2.0
"""Equations, determinants, decompositions and their gradients; what is unique is printed."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(4)


def show(label, value):
    value = np.asarray(value)
    parts = np.stack([value.real, value.imag]) if value.dtype.kind == "c" else value
    numbers = ["%.5g" % (round(float(v), 4) + 0.0) for v in np.ravel(parts)]
    print(label, value.dtype, value.shape, *numbers)


def draw(*shape, dtype):
    value = rng.normal(size=shape)
    if dtype.startswith("c"):
        value = value + 1j * rng.normal(size=shape)
    return value.astype(dtype)


def adjoint(x):
    return np.conj(x.swapaxes(-1, -2))


def hermitian(x):
    return (x + tf.linalg.adjoint(x)) / 2


def turned(pair):
    """The projector on the directions that go with the values: free of signs."""
    e, v = pair
    return tf.matmul(v * tf.expand_dims(tf.exp(-e), -2), v, adjoint_b=True)


def product(parts):
    s, u, v = parts
    return tf.matmul(u, v, adjoint_b=True)


def qr_size(parts):
    return tf.abs(parts[1]) + tf.reduce_sum(tf.abs(parts[0]))


square = {
    "det": tf.linalg.det, "inv": tf.linalg.inv,
    "inv adjoint": lambda x: tf.linalg.inv(x, adjoint=True),
    "slogdet": lambda x: tf.math.real(tf.linalg.slogdet(x)[1]),
    "sign": lambda x: tf.linalg.slogdet(x)[0], "expm": lambda x: tf.linalg.expm(x / 2),
    "svd values": lambda x: tf.linalg.svd(x, compute_uv=False), "trace": tf.linalg.trace,
    "matvec": lambda x: tf.linalg.matvec(x, x[..., 0]),
}  # fmt: skip
positive = {
    "cholesky": lambda x: tf.linalg.cholesky(hermitian(x)),
    "logdet": lambda x: tf.linalg.logdet(hermitian(x)), "sqrtm": tf.linalg.sqrtm,
    "eigvalsh": lambda x: tf.math.real(tf.linalg.eigvalsh(hermitian(x))),
    "eigh": lambda x: turned(tf.linalg.eigh(hermitian(x))),
}  # fmt: skip
real_only = {
    "qr": lambda x: qr_size(tf.linalg.qr(x)), "svd": lambda x: product(tf.linalg.svd(x)),
    "norm 2": lambda x: tf.norm(x, 2, axis=(-2, -1)),
    "norm 1": lambda x: tf.norm(x, 1, axis=(-2, -1)),
    "norm inf": lambda x: tf.norm(x, np.inf, axis=(-2, -1)),
    "fro": lambda x: tf.norm(x, axis=(-2, -1)),
}  # fmt: skip

for dtype in ("float32", "float64", "complex128"):
    real = dtype.startswith("f")
    for batch in ((), (2,)):
        a = draw(*batch, 3, 3, dtype=dtype) + 2 * np.eye(3, dtype=dtype)
        b = draw(*batch, 3, 2, dtype=dtype)
        good = a @ adjoint(a) + np.eye(3, dtype=dtype)
        with tf.Graph().as_default(), tf.Session() as sess:
            x = tf.placeholder(dtype, a.shape)
            y = tf.placeholder(dtype, b.shape)

            def check(label, out, inputs, feed, real=real, dtype=dtype, sess=sess):
                size = tf.reduce_sum(tf.abs(out))
                slopes = tf.gradients(size, inputs)
                value, *slopes = sess.run([out, *slopes], feed)
                show("%s %s" % (label, dtype), value)
                # TensorFlow does not conjugate in these.
                known = real and label != "inv adjoint" or label not in (
                    "det", "inv adjoint", "sqrtm", "tridiagonal",
                )  # fmt: skip
                for slope in slopes if known else ():
                    show("  slope", slope)

            for label, function in square.items():
                if label == "sign" and not real:
                    continue
                if label == "sign":
                    show(label, sess.run(function(x), {x: a}))
                    continue
                check(label, function(x), [x], {x: a})
            for label, function in positive.items():
                check(label, function(x), [x], {x: good})
            for label, function in real_only.items() if real else ():
                check(label, function(x), [x], {x: a})
            for adjoint_flag in (False, True):
                out = tf.linalg.solve(x, y, adjoint=adjoint_flag)
                check("solve", out, [x, y], {x: a, y: b})
                for lower in (False, True):
                    out = tf.linalg.triangular_solve(x, y, lower=lower, adjoint=adjoint_flag)
                    check("triangular", out, [x, y], {x: a, y: b})
            check("cholesky_solve", tf.linalg.cholesky_solve(x, y), [x, y], {x: a, y: b})
            out = tf.linalg.lstsq(x[..., :2], y, l2_regularizer=0.5 * real)
            check("lstsq over", out, [x, y], {x: a, y: b})
            out = tf.linalg.lstsq(x[..., :2, :], y[..., :2, :], l2_regularizer=0.5 * real)
            check("lstsq under", out, [x, y], {x: a, y: b})
            out = tf.linalg.lstsq(x[..., :2], y, fast=False)
            show("lstsq slow", sess.run(out, {x: a, y: b}))
            lu, p = tf.linalg.lu(x)
            for value in sess.run([lu, p], {x: a}):
                show("lu", value)
            if real:
                show("rank", sess.run(tf.linalg.matrix_rank(x), {x: a}))
                check("pinv", tf.linalg.pinv(x[..., :2]), [x], {x: a})
            else:
                show("logm", sess.run(tf.linalg.logm(x), {x: good}))
            check("tridiagonal", tf.linalg.tridiagonal_solve(x, y), [x, y], {x: a, y: b})

with tf.Session() as sess:
    matrix = tf.constant(np.arange(6.0).reshape(2, 3))
    other = tf.constant(np.arange(12.0).reshape(3, 4))
    batch = tf.constant(np.arange(24.0).reshape(2, 3, 4))
    for equation, inputs in (
        ("ij,jk->ik", (matrix, other)), ("ij,jk", (matrix, other)), ("ij->ji", (matrix,)),
        ("ij->", (matrix,)), ("ij->i", (matrix,)), ("ij,ij->", (matrix, matrix)),
        ("bij,jk->bik", (batch, tf.transpose(other))), ("abc,abd->acd", (batch, batch)),
        ("...ij->...ji", (batch,)), ("...ij,...kj->...ik", (batch, batch)),
        ("ij,jk,bjk->bi", (matrix, other, batch)), ("i,j->ij", (matrix[0], matrix[1])),
        ("abc->ca", (batch,)), ("ij,kj->", (matrix, matrix)), ("ii", (other[:, :3],)),
    ):  # fmt: skip
        out = tf.einsum(equation, *inputs)
        slopes = tf.gradients(tf.reduce_sum(out * out), list(inputs))
        show(equation, sess.run(out))
        for slope in sess.run(slopes):
            show("  slope", slope)
    for bad in ("ij->jj", "ij->k", "ij,jk->ik", "i1->i"):
        try:
            tf.einsum(bad, matrix)
        except ValueError:
            print(bad, "is refused")
    try:
        sess.run(tf.linalg.inv(np.ones((2, 2))))
    except tf.errors.InvalidArgumentError as e:
        print("Input is not invertible" in str(e))
    for op in (tf.linalg.inv, tf.linalg.det, tf.linalg.cholesky, tf.linalg.svd):
        try:
            op(tf.zeros([3]))
        except ValueError:
            print("rank 1 is refused")
    for sizes in ([0, 0], [2, 0, 0]):
        empty = tf.zeros(sizes)
        print(*[np.shape(v) for v in sess.run([tf.linalg.inv(empty), tf.linalg.det(empty)])])
