# SPDX-License-Identifier: Apache-2.0
"""Fourier and cosine transforms, frames, windows and mel scales, with gradients."""

import numpy as np

import caudal as tf

signal = tf.signal
rng = np.random.RandomState(5)
x_value = rng.normal(size=(2, 4, 12)).astype(np.float32)
z_value = (rng.normal(size=(2, 4, 6)) + 1j * rng.normal(size=(2, 4, 6))).astype(np.complex64)


def show(label, value):
    value = np.asarray(value)
    parts = np.stack([value.real, value.imag]) if value.dtype.kind == "c" else value
    numbers = ["%.6g" % (round(float(v), 6) + 0.0) for v in np.ravel(parts)]
    print(label, value.dtype, value.shape, *numbers)


of_complex = [
    signal.fft, signal.ifft, signal.fft2d, signal.ifft2d, signal.fft3d, signal.ifft3d,
    signal.fftshift, lambda z: signal.ifftshift(z, axes=[-1]), signal.irfft, signal.irfft2d,
    lambda z: signal.irfft(z, [11]), lambda z: signal.irfft(z, [14]),
    lambda z: signal.irfft2d(z, [4, 11]), lambda z: signal.inverse_stft(z, 10, 4, 10),
    lambda z: signal.inverse_stft(z, 8, 4, 10, window_fn=signal.inverse_stft_window_fn(4)),
]  # fmt: skip
of_real = [
    signal.rfft, signal.rfft2d, lambda x: signal.rfft(x, [13]), lambda x: signal.rfft(x, [16]),
    lambda x: signal.rfft2d(x, [6, 15]), lambda x: signal.dct(x, type=1), signal.dct,
    lambda x: signal.dct(x, norm="ortho"), lambda x: signal.dct(x, type=3),
    lambda x: signal.dct(x, type=3, norm="ortho"), lambda x: signal.dct(x, n=5),
    lambda x: signal.dct(x, n=15), signal.idct, lambda x: signal.idct(x, norm="ortho"),
    lambda x: signal.frame(x, 5, 3), lambda x: signal.frame(x, 5, 3, pad_end=True, pad_value=2),
    lambda x: signal.frame(x, 2, 1, axis=1), lambda x: signal.overlap_and_add(x, 5),
    lambda x: signal.stft(x, 6, 2), lambda x: signal.stft(x, 5, 4, window_fn=None, pad_end=True),
    lambda x: signal.stft(x, 8, 3, fft_length=10, window_fn=signal.hamming_window),
    lambda x: signal.mfccs_from_log_mel_spectrograms(x),
]  # fmt: skip

with tf.Session() as sess:
    x = tf.placeholder(tf.float32, [2, 4, 12])
    z = tf.placeholder(tf.complex64, [2, 4, 6])
    for kind, functions, place, value in (
        ("complex", of_complex, z, z_value),
        ("real", of_real, x, x_value),
    ):
        for i, function in enumerate(functions):
            out = function(place)
            weights = tf.cos(tf.cast(tf.reshape(tf.range(tf.size(out)), tf.shape(out)), tf.float32))
            size = tf.reduce_sum(tf.math.real(out) * weights)
            slope = tf.gradients(size, place)[0]
            print(kind, i, out.shape)
            for label, v in zip(("value", "slope"), sess.run([out, slope], {place: value})):
                show(label, v)
    show("rfft3d", sess.run(signal.rfft3d(x), {x: x_value}))
    show("irfft3d", sess.run(signal.irfft3d(z), {z: z_value}))
    for window in (signal.hann_window, signal.hamming_window):
        for n in (0, 1, 2, 4, 8):
            show("window", sess.run(window(n)))
            show("window", sess.run(window(n, periodic=False)))
    show("mel", sess.run(signal.linear_to_mel_weight_matrix(5, 17, 8000, 80.0, 3600.0)))
    for wrong in (
        lambda: signal.linear_to_mel_weight_matrix(num_mel_bins=0),
        lambda: signal.linear_to_mel_weight_matrix(sample_rate=0),
        lambda: signal.hann_window(3, dtype=tf.int32),
        lambda: signal.dct(x_value, norm="other"),
    ):
        try:
            wrong()
        except ValueError as e:
            print(str(e)[:30])
