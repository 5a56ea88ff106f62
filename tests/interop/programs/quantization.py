# SPDX-License-Identifier: Apache-2.0
"""Quantisation, its simulation, and gradients that pass through the rounding."""

import numpy as np

import caudal as tf

x = np.array([[0.0, 1.0, -3.0, 7.0], [0.31, -0.7, 3.3, -9.0]], np.float32)


def show(sess, name, values):
    for value in sess.run(list(values)):
        value = np.asarray(value)
        print(name, value.shape, *value.ravel().astype(np.float64).tolist())


with tf.Session() as sess:
    for kind in (tf.qint8, tf.quint8, tf.qint16, tf.quint16):
        for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
            q, low, high = tf.quantization.quantize(x, -2.0, 5.0, kind, mode=mode)
            back = tf.quantization.dequantize(q, low, high, mode=mode)
            show(sess, "%s %s" % (kind.name, mode), [tf.bitcast(q, kind.name[1:]), low, high, back])
    q = tf.quantization.quantize(x, 1.0, 5.0, tf.qint8, "SCALED", "HALF_TO_EVEN")
    show(sess, "half to even", [tf.bitcast(q[0], tf.int8), q[1], q[2]])
    for given in (True, False):
        for signed in (True, False):
            for mode in ("HALF_TO_EVEN", "HALF_UP"):
                for kind in (tf.float32, tf.float64):
                    v = tf.constant(x, kind)
                    y = tf.quantization.quantize_and_dequantize(
                        v, tf.constant(-2, kind), tf.constant(5, kind), signed, 5, given, mode,
                        narrow_range=given,
                    )  # fmt: skip
                    show(sess, "round trip", [y, tf.gradients(y * 2, v)[0]])
    y = tf.raw_ops.QuantizeAndDequantizeV3(input=x, input_min=-2.0, input_max=5.0, num_bits=6)
    show(sess, "bits as tensor", [y])
    for narrow in (False, True):
        v = tf.constant(x)
        y = tf.quantization.fake_quant_with_min_max_args(v, -2.3, 5.1, 5, narrow)
        show(sess, "args", [y, tf.gradients(y, v)[0]])
        for limits in ((-2.3, 5.1), (1.3, 5.1), (-4.0, -1.0), (0.0, 0.0)):
            low, high = tf.constant(limits[0]), tf.constant(limits[1])
            y = tf.quantization.fake_quant_with_min_max_vars(v, low, high, 5, narrow)
            show(sess, "vars", [y, *tf.gradients(y * x, [v, low, high])])
        low, high = tf.constant([-1.0, -2, -3, -0.4]), tf.constant([1.0, 2, 3, 0.4])
        y = tf.quantization.fake_quant_with_min_max_vars_per_channel(v, low, high, 4, narrow)
        show(sess, "channels", [y, *tf.gradients(y * x, [v, low, high])])
