# SPDX-License-Identifier: Apache-2.0
"""Filters, spectra of graphs, least squares, sampled weights and transforms."""

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


rng = np.random.RandomState(21)
s = tf.InteractiveSession()


def values(*a):
    show(*s.run(list(a)))


# Kalman
A = tf.constant([[1.0, 0.1], [0.0, 1.0]])
Hm = tf.constant([[1.0, 0.0]])
Qn = 0.01 * tf.eye(2)
R = tf.constant([[0.5]])


def step(state, z):
    m, P = state
    m = tf.matmul(A, m)
    P = tf.matmul(tf.matmul(A, P), A, transpose_b=True) + Qn
    S = tf.matmul(Hm, tf.matmul(P, Hm, transpose_b=True)) + R
    Kg = tf.matmul(tf.matmul(P, Hm, transpose_b=True), tf.matrix_inverse(S))
    m = m + tf.matmul(Kg, tf.reshape(z, [1, 1]) - tf.matmul(Hm, m))
    return m, tf.matmul(tf.eye(2) - tf.matmul(Kg, Hm), P)


ms, Ps = tf.scan(
    step, tf.constant(rng.randn(6), tf.float32), initializer=(tf.zeros([2, 1]), tf.eye(2))
)
values(ms[-1], Ps[-1])
# spectral clustering
X = np.concatenate([rng.randn(5, 2) * 0.1, rng.randn(5, 2) * 0.1 + 3]).astype("f4")
D2 = tf.reduce_sum(tf.square(X[:, None] - X[None]), -1)
Wm = tf.exp(-D2) - tf.eye(10)
L = tf.diag(tf.reduce_sum(Wm, 1)) - Wm
ev, evec = tf.self_adjoint_eig(L)
values(ev[:3], tf.sign(evec[:, 1] * evec[0, 1]))
values(
    tf.self_adjoint_eigvals(L)[3:5],
    tf.trace(L),
    tf.matrix_diag_part(L)[:2],
    tf.norm(L, ord="fro", axis=[0, 1]),
    tf.norm(L, ord=np.inf, axis=1)[:2],
    tf.matrix_band_part(L, 1, 0)[1],
    tf.diag_part(L)[:2],
)
# linear regression closed form
Xm = tf.constant(np.c_[np.ones(8), rng.rand(8)].astype("f4"))
yv = tf.constant(rng.rand(8, 1).astype("f4"))
XtX = tf.matmul(Xm, Xm, transpose_a=True)
ch = tf.cholesky(XtX + 0.1 * tf.eye(2))
values(
    tf.matmul(tf.matmul(tf.matrix_inverse(XtX), tf.transpose(Xm)), yv),
    tf.matrix_solve_ls(Xm, yv, l2_regularizer=0.1),
    tf.matrix_solve(XtX, tf.matmul(tf.transpose(Xm), yv)),
    tf.cholesky_solve(ch, tf.matmul(Xm, yv, transpose_a=True)),
    tf.matrix_triangular_solve(ch, tf.ones([2, 1]), lower=True, adjoint=True),
    tf.matrix_determinant(XtX),
    tf.linalg.logdet(XtX),
    tf.linalg.slogdet(XtX)[1],
    tf.linalg.expm(XtX * 0.1),
    tf.gradients(tf.matrix_determinant(ch), Xm)[0][0],
    tf.linalg.inv(XtX, adjoint=True),
    tf.linalg.lstsq(Xm, yv, fast=False),
    tf.tensordot(Xm, yv, [[0], [0]]),
    tf.einsum("ij,ik->jk", Xm, yv),
    tf.linalg.matvec(XtX, [1.0, 2.0]),
    tf.cross([1.0, 0, 0], [0, 1.0, 0]),
    tf.linalg.adjoint(XtX),
)
w_mu, w_ls = tf.Variable(np.zeros(2, "f4")), tf.Variable(-1.0 * np.ones(2, "f4"))
eps = tf.constant(rng.randn(4, 2), tf.float32)
w = w_mu + tf.nn.softplus(w_ls) * eps
f = tf.matmul(w, Xm, transpose_b=True)
nll = -tf.reduce_mean(tf.reduce_sum(tf.distributions.Normal(f, 0.1).log_prob(tf.squeeze(yv)), 1))
q = tf.distributions.Normal(w_mu, tf.nn.softplus(w_ls))
elbo = nll + tf.reduce_sum(
    tf.distributions.kl_divergence(q, tf.distributions.Normal([0.0, 0.0], [1.0, 1.0]))
)
tr = tf.train.AdamOptimizer(0.05).minimize(elbo)
s.run(tf.global_variables_initializer())
show([s.run([elbo, tr])[0] for _ in range(4)], s.run([w_mu, w_ls]))
# FFT
sig = (np.sin(np.arange(64) * 0.4) + 0.3 * rng.randn(64)).astype("f4")
F = tf.fft(tf.cast(sig, tf.complex64))
keep = tf.abs(F) > 8.0
den = tf.real(tf.ifft(tf.where(keep, F, tf.zeros_like(F))))
values(
    den[:4],
    tf.reduce_sum(tf.cast(keep, tf.int32)),
    tf.angle(F)[1:4],
    tf.abs(tf.spectral.rfft(sig))[:4],
    tf.spectral.irfft(tf.spectral.rfft(sig))[:3],
    tf.imag(tf.conj(F))[:3],
)
im = tf.constant(rng.rand(4, 4), tf.complex64)
values(
    tf.real(tf.fft2d(im))[0],
    tf.real(tf.ifft2d(tf.fft2d(im)))[1],
    tf.real(tf.fft3d(tf.reshape(im, [2, 2, 4])))[0, 0],
)
xv = tf.Variable(sig)
s.run(xv.initializer)
values(
    tf.gradients(tf.reduce_sum(tf.square(tf.abs(tf.spectral.rfft(xv)))), xv)[0][:4],
    tf.complex(1.0, 2.0) * tf.complex(0.0, 1.0),
)
stft = tf.contrib.signal.stft(
    tf.constant(sig[None]), frame_length=16, frame_step=8, fft_length=16, pad_end=False
)
mag = tf.abs(stft)
mel = tf.contrib.signal.linear_to_mel_weight_matrix(5, 9, 8000, 80.0, 3600.0)
ms = tf.tensordot(mag, mel, 1)
ms.set_shape(mag.shape[:-1].concatenate(mel.shape[-1:]))
mf = tf.contrib.signal.mfccs_from_log_mel_spectrograms(tf.log(ms + 1e-6))[..., :3]
values(
    stft.shape.as_list() and ms[0, 0],
    mf[0, :2],
    tf.signal.frame(tf.range(10.0), 4, 2),
    tf.signal.overlap_and_add(tf.ones([3, 4]), 2),
    tf.signal.hann_window(5),
    tf.signal.hamming_window(4, periodic=False),
    tf.signal.dct([1.0, 2.0, 3.0], type=2, norm="ortho"),
    tf.signal.inverse_stft(stft, 16, 8, window_fn=tf.signal.inverse_stft_window_fn(8))[0, 10:13],
)
