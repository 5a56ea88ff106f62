# SPDX-License-Identifier: Apache-2.0
"""Special functions, scans, windows, and gathers whose axis is not constant, with gradients."""

import numpy as np

import caudal as tf


def show(sess, name, y, *inputs):
    value = np.asarray(sess.run(y))
    print(name, value.dtype, value.shape, *value.ravel().tolist())
    for g in tf.gradients(y, list(inputs)) if inputs else []:
        if g is not None:
            print("  gradient", *np.asarray(sess.run(g)).ravel().tolist())


for kind in ("float64", "float32"):
    with tf.Graph().as_default(), tf.Session() as sess:
        a = tf.constant(np.array([0.5, 1.0, 2.5, 8.0], kind))
        x = tf.constant(np.array([[0.2, 1.5, 2.0, 9.0], [3.0, 0.1, 6.0, 5.0]], kind))
        p = tf.constant(np.array([0.1, 0.5, 0.75, 0.9], kind))
        b = tf.constant(np.array([2.0, 0.7, 1.0, 3.0], kind))
        signed = tf.constant(np.array([-20.0, -1.0, -0.01, 0.5, 40.0], kind))
        show(sess, "igamma", tf.igamma(a, x), a, x)
        show(sess, "igammac", tf.igammac(a, x), a, x)
        show(sess, "betainc", tf.betainc(a, b, p), p)
        show(sess, "bessel i0e", tf.math.bessel_i0e(signed), signed)
        show(sess, "bessel i1e", tf.math.bessel_i1e(signed), signed)
        show(sess, "bessel i0", tf.math.bessel_i0(p), p)
        show(sess, "bessel i1", tf.math.bessel_i1(p), p)
        show(sess, "nextafter", tf.math.nextafter(p, b))
        for axis, exclusive, reverse in ((0, False, False), (1, False, True), (-1, True, False)):
            scanned = tf.math.cumulative_logsumexp(x, axis, exclusive, reverse)
            show(sess, "cumulative_logsumexp", tf.exp(scanned), x)
        show(sess, "lgamma", tf.lgamma(x) + tf.digamma(x), x)
        show(sess, "xlogy", tf.math.xlogy(x, x) + tf.math.xdivy(x, x + 1), x)
        show(sess, "polyval", tf.math.polyval([p, a, b], p))
        show(sess, "spread", tf.math.reduce_std(x, 1) + tf.math.reduce_variance(x, 1), x)
        show(sess, "euclid", tf.math.reduce_euclidean_norm(x, 0))
        axis = tf.placeholder_with_default(1, [])
        show(sess, "gather", tf.gather(x, [2, 0, 2], axis=axis) * 3, x)
        cube = tf.constant(np.arange(24, dtype=kind).reshape(2, 3, 4))
        show(sess, "roll", tf.roll(cube, [1, -1], [1, 2])[:, :2], cube)
        show(sess, "cross", tf.cross(cube[:, :, :3], cube[:, :, 1:]), cube)
        image = tf.constant(np.arange(30, dtype=kind).reshape(1, 5, 3, 2))
        for padding in ("SAME", "VALID"):
            windows = tf.extract_image_patches(
                image, [1, 2, 2, 1], [1, 2, 1, 1], [1, 1, 2, 1], padding
            )
            show(sess, "windows " + padding, windows, image)
        volume = tf.constant(np.arange(24, dtype=kind).reshape(1, 2, 3, 4, 1))
        blocks = tf.extract_volume_patches(volume, [1, 2, 2, 2, 1], [1, 1, 1, 2, 1], "VALID")
        show(sess, "blocks", blocks, volume)
