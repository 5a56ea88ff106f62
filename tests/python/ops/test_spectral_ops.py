# SPDX-License-Identifier: Apache-2.0
"""tf.signal and tf.spectral: shapes that are known or not, restoring signals, refusals."""

import numpy as np
import pytest

import caudal as tf

signal = tf.signal


def run(tensor, feed=None):
    with tf.Session() as sess:
        return sess.run(tensor, feed)


def test_names():
    assert tf.fft is tf.spectral.fft is tf.signal.fft
    assert tf.spectral.dct is tf.signal.dct


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("length", [None, [3], [6], [9]])
def test_real_transforms_cut_and_pad(known, length):
    value = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    x = tf.placeholder(tf.float32, [2, 6] if known else [None, None])
    n = 6 if length is None else length[0]
    forward = run(signal.rfft(x, length), {x: value})
    np.testing.assert_allclose(forward, np.fft.rfft(value, n), atol=1e-5)
    z = tf.placeholder(tf.complex64, forward.shape if known else [None, None])
    back = run(signal.irfft(z, [n]), {z: forward})
    np.testing.assert_allclose(back, np.fft.irfft(forward, n), atol=1e-5)
    longer = run(signal.irfft(z, [n + 5]), {z: forward})
    np.testing.assert_allclose(longer, np.fft.irfft(forward, n + 5), atol=1e-5)


def test_double_precision():
    value = np.random.default_rng(1).normal(size=6)
    spectrum = run(signal.rfft(tf.constant(value)))
    assert spectrum.dtype == np.complex128
    np.testing.assert_allclose(run(signal.irfft(tf.constant(spectrum))), value, rtol=1e-12)
    assert run(signal.rfft(value)).dtype == np.complex64  # arrays are taken as float32


def test_transforms_of_nothing():
    assert run(tf.fft(np.zeros((2, 0), np.complex64))).shape == (2, 0)
    np.testing.assert_array_equal(run(signal.rfft(np.zeros((2, 0), np.float32), [4])), 0)
    with pytest.raises(ValueError, match="at least rank 1"):
        tf.fft(tf.constant(1j, tf.complex64))


@pytest.mark.parametrize("known", [True, False])
def test_short_time_transform_is_restored(known):
    value = np.random.default_rng(2).normal(size=(2, 64)).astype(np.float32)
    x = tf.placeholder(tf.float32, value.shape if known else [None, None])
    length = 16 if known else tf.placeholder_with_default(16, [])
    spectra = signal.stft(x, length, 4)
    window = signal.inverse_stft_window_fn(4)
    back = signal.inverse_stft(spectra, length, 4, window_fn=window)
    got = run(back, {x: value})
    np.testing.assert_allclose(got[:, 16:-16], value[:, 16:-16], atol=1e-4)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("pad_end", [True, False])
def test_frames(known, pad_end):
    value = np.arange(2 * 9 * 3, dtype=np.float32).reshape(2, 9, 3)
    x = tf.placeholder(tf.float32, value.shape if known else [None, None, None])
    got = run(signal.frame(x, 4, 2, pad_end=pad_end, pad_value=-1, axis=1), {x: value})
    padded = np.concatenate([value, np.full((2, 4, 3), -1, np.float32)], 1)
    count = 5 if pad_end else 3
    wanted = np.stack([padded[:, 2 * i : 2 * i + 4] for i in range(count)], 1)
    np.testing.assert_array_equal(got, wanted)


def test_frames_of_unknown_rank():
    x = tf.placeholder(tf.float32)
    frames = signal.frame(x, 2, 2)
    assert run(frames, {x: np.zeros((3, 4, 7))}).shape == (3, 4, 3, 2)
    added = signal.overlap_and_add(x, 1)
    np.testing.assert_array_equal(run(added, {x: np.ones((2, 3))}), [1, 2, 2, 1])


def test_cosine_transforms_undo_each_other():
    value = np.random.default_rng(3).normal(size=(2, 7)).astype(np.float32)
    x = tf.placeholder(tf.float32, [None, None])
    for kind in (2, 3):
        back = signal.idct(signal.dct(x, kind, norm="ortho"), kind, norm="ortho")
        np.testing.assert_allclose(run(back, {x: value}), value, atol=1e-5)
    np.testing.assert_allclose(
        run(signal.idct(signal.dct(x)), {x: value}), value * 14, rtol=1e-3, atol=1e-4
    )
    with pytest.raises(NotImplementedError, match="axis must be -1"):
        signal.dct(value, axis=0)
    with pytest.raises(ValueError, match="Only Types"):
        signal.dct(value, type=9)


def test_complex_builders():
    z = tf.complex(tf.constant([1.0, 2.0]), tf.constant([0.5, -1.0]))
    assert z.dtype == tf.complex64
    np.testing.assert_array_equal(run(tf.abs(z) ** 2), np.float32([1.25, 5.0]))
    with pytest.raises(TypeError, match="incorrect types"):
        tf.complex(tf.constant(1.0), tf.constant(1.0, tf.float64))
    x = tf.constant([1.0, 2.0])
    assert tf.math.real(x) is x and tf.math.conj(x) is x
    np.testing.assert_array_equal(run(tf.math.imag(x)), [0, 0])


def test_padding_of_unknown_shapes():
    x, n = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    samples = np.arange(6.0).reshape(2, 3)
    got = run(signal.rfft(x, n), {x: samples, n: [8]})
    np.testing.assert_allclose(got, np.fft.rfft(samples, 8), atol=1e-5)
    got = run(signal.irfft(signal.rfft(x, n), n), {x: samples, n: [8]})
    np.testing.assert_allclose(got[:, :3], samples, atol=1e-5)


def test_the_gradient_of_frames_is_a_tensor():
    x = tf.ones([9])
    (grad,) = tf.gradients(signal.frame(x, 4, 2), x)
    assert run(grad).tolist() == [1, 1, 2, 2, 2, 2, 1, 1, 0]
