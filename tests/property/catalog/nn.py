# SPDX-License-Identifier: Apache-2.0
"""Matrix products, convolutions, pools, normalisations, softmax and losses."""

import dataclasses
import itertools

import numpy as np

from property.catalog import case, const, ints, op, real

# -- Products and biases ---------------------------------------------------------------------------


def transposed(x, wanted):
    return np.swapaxes(x, -1, -2) if wanted else x


def product(x, y, transpose_a=False, transpose_b=False, adj_x=False, adj_y=False):
    x, y = np.conj(x) if adj_x else x, np.conj(y) if adj_y else y
    return transposed(x, transpose_a or adj_x) @ transposed(y, transpose_b or adj_y)


op("MatMul", product,
   cases=[case(real()[2, 3], real()[3, 4]), case(real()[3, 2], real()[3, 4], transpose_a=True),
          case(real()[2, 3], real()[4, 3], transpose_b=True),
          case(real()[3, 2], real()[4, 3], transpose_a=True, transpose_b=True),
          case(real()[1, 1], real()[1, 1]), case(real()[0, 3], real()[3, 2]),
          case(real()[2, 0], real()[0, 3]), case(real()[19, 21], real()[21, 33])],
   bad=[case(real()[2, 3], real()[4, 5]), case(real()[2], real()[2, 2]),
        case(real()[2, 3], real()[3, 4], transpose_a=True)])  # fmt: skip

_batches = [case(real()[2, 2, 3], real()[2, 3, 4]),
            case(real()[2, 1, 3, 2], real()[2, 1, 3, 4], adj_x=True),
            case(real()[0, 2, 3], real()[0, 3, 4]),
            case(real()[2, 2, 3], real()[2, 4, 3], adj_y=True)]  # fmt: skip
op("BatchMatMul", product, cases=_batches,
   bad=[case(real()[2, 2, 3], real()[3, 3, 4]),
        case(real()[2, 2, 3], real()[2, 4, 4])])  # fmt: skip
op("BatchMatMulV2", product,
   cases=[*_batches, case(real()[2, 3], real()[5, 3, 2]), case(real()[3, 1, 2, 3], real()[2, 3, 1]),
          case(real()[1, 2, 3], real()[2, 3, 2])],
   bad=[case(real()[2, 2, 3], real()[3, 3, 4])])  # fmt: skip


def first(x, data_format):
    return data_format == "NCHW" and x.ndim > 2


def bias_add(x, b, data_format="NHWC"):
    if not first(x, data_format):
        return x + b
    axis = 1 if x.ndim >= 4 else x.ndim - 3
    return x + b.reshape([-1] + [1] * (x.ndim - axis - 1))


def bias_add_grad(dy, data_format="NHWC"):
    axis = (1 if dy.ndim >= 4 else 0) if first(dy, data_format) else dy.ndim - 1
    return dy.sum(axis=tuple(i for i in range(dy.ndim) if i != axis), dtype=dy.dtype)


op("BiasAdd", bias_add,
   cases=[case(real()[2, 3], real()[3]), case(real()[2, 2, 2, 5], real()[5]),
          case(real()[0, 3], real()[3]), case(real()[7, 70], real()[70]),
          case(real()[2, 3, 2, 2], real()[3], data_format="NCHW")],
   bad=[case(real()[2, 3], real()[4]), case(real()[3], real()[3])])  # fmt: skip
op("BiasAddGrad", bias_add_grad, tol=1e-5,
   cases=[case(real()[2, 3]), case(real()[3, 2, 2, 5]), case(real()[0, 3]), case(real()[300, 33]),
          case(real()[2, 3, 2, 2], data_format="NCHW")],
   bad=[case(real()[3])])  # fmt: skip

# -- Convolutions ----------------------------------------------------------------------------------

NHWC, NCHW = (0, 2, 3, 1), (0, 3, 1, 2)


def last(x, data_format):
    return x.transpose(NHWC) if data_format == "NCHW" else x


def like(x, data_format):
    return x.transpose(NCHW) if data_format == "NCHW" else x


class Geometry:
    """Sizes, padding and taps of a window over the two middle axes of NHWC images."""

    def __init__(self, sizes, taps, strides, padding, data_format="NHWC", dilations=(1, 1, 1, 1),
                 explicit_paddings=()):  # fmt: skip
        h = 2 if data_format == "NCHW" else 1
        self.strides, rates = strides[h : h + 2], dilations[h : h + 2]
        reach = [(k - 1) * r + 1 for k, r in zip(taps, rates)]
        if padding == "SAME":
            self.out = [-(-n // s) for n, s in zip(sizes, self.strides)]
            need = [max((o - 1) * s + k - n, 0)
                    for o, s, k, n in zip(self.out, self.strides, reach, sizes)]  # fmt: skip
            self.pads = [(p // 2, p - p // 2) for p in need]
        else:
            pads = explicit_paddings or [0] * 8
            self.pads = [tuple(pads[2 * i : 2 * i + 2]) for i in (h, h + 1)]
            self.out = [(n + sum(p) - k) // s + 1
                        for n, p, k, s in zip(sizes, self.pads, reach, self.strides)]  # fmt: skip
        self.sizes = sizes
        self.taps = [(i, j, self._slice(i * rates[0], 0), self._slice(j * rates[1], 1))
                     for i, j in itertools.product(*(range(k) for k in taps))]  # fmt: skip

    def _slice(self, start, axis):
        stop = start + (self.out[axis] - 1) * self.strides[axis] + 1
        return slice(start, max(stop, start), self.strides[axis])

    def padded(self, x, value=0):
        return np.pad(x, [(0, 0), *self.pads, (0, 0)], constant_values=value)

    def cropped(self, x):
        (top, _), (left, _) = self.pads
        return x[:, top : top + self.sizes[0], left : left + self.sizes[1]]


def grouped(depthwise):
    """How a tap's filter slice [i, o] acts on channels."""
    return "nhwc,cm->nhwcm" if depthwise else "nhwi,io->nhwo"


def conv(x, f, depthwise=False, data_format="NHWC", **attrs):
    x = last(x, data_format)
    g = Geometry(x.shape[1:3], f.shape[:2], data_format=data_format, **attrs)
    x = g.padded(x)
    y = sum(np.einsum(grouped(depthwise), x[:, a, b], f[i, j]) for i, j, a, b in g.taps)
    channels = f.shape[3] * (f.shape[2] if depthwise else 1)
    return like(y.reshape(*y.shape[:3], channels), data_format)


def conv_to_input(sizes, f, dy, depthwise=False, data_format="NHWC", **attrs):
    shape = np.zeros(sizes, np.int8)
    shape = last(shape, data_format).shape
    dy = last(dy, data_format)
    g = Geometry(shape[1:3], f.shape[:2], data_format=data_format, **attrs)
    dx = g.padded(np.zeros(shape))
    rule = "nhwcm,cm->nhwc" if depthwise else "nhwo,io->nhwi"
    if depthwise:
        dy = dy.reshape(*dy.shape[:3], f.shape[2], f.shape[3])
    for i, j, a, b in g.taps:
        dx[:, a, b] += np.einsum(rule, dy, f[i, j])
    return like(g.cropped(dx), data_format)


def conv_to_filter(x, sizes, dy, depthwise=False, data_format="NHWC", **attrs):
    x, dy = last(x, data_format), last(dy, data_format)
    g = Geometry(x.shape[1:3], sizes[:2], data_format=data_format, **attrs)
    x = g.padded(x)
    df = np.zeros(sizes)
    rule = "nhwc,nhwcm->cm" if depthwise else "nhwi,nhwo->io"
    if depthwise:
        dy = dy.reshape(*dy.shape[:3], sizes[2], sizes[3])
    for i, j, a, b in g.taps:
        df[i, j] = np.einsum(rule, x[:, a, b], dy)
    return df


def by_channel(function):
    return lambda *arrays, **attrs: function(*arrays, depthwise=True, **attrs)


SAME = {"strides": [1, 1, 1, 1], "padding": "SAME"}
STRIDED = {"strides": [1, 2, 2, 1], "padding": "SAME"}
VALID = {"strides": [1, 2, 1, 1], "padding": "VALID"}
DILATED = {"strides": [1, 1, 1, 1], "padding": "VALID", "dilations": [1, 2, 1, 1]}
EXPLICIT = {"strides": [1, 1, 2, 1], "padding": "EXPLICIT",
            "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]}  # fmt: skip
FIRST = {"strides": [1, 1, 2, 1], "padding": "SAME", "data_format": "NCHW"}

# shapes of input, filter and result under the attrs
_convs = [
    ([2, 4, 4, 2], [3, 3, 2, 3], [2, 4, 4, 3], SAME),
    ([1, 5, 4, 1], [2, 3, 1, 2], [1, 3, 2, 2], STRIDED),
    ([2, 5, 4, 3], [2, 2, 3, 1], [2, 2, 3, 1], VALID),
    ([1, 5, 4, 1], [2, 2, 1, 2], [1, 3, 3, 2], DILATED),
    ([1, 3, 4, 2], [2, 2, 2, 2], [1, 5, 2, 2], EXPLICIT),
    ([1, 2, 4, 3], [3, 3, 2, 2], [1, 2, 2, 3], FIRST),
    ([0, 4, 4, 2], [3, 3, 2, 3], [0, 4, 4, 3], SAME),
]
_bad_conv = [case(real()[1, 3, 3, 1], real()[5, 5, 1, 1], strides=[1, 1, 1, 1], padding="VALID"),
             case(real()[1, 3, 3, 3], real()[2, 2, 4, 1], **SAME),
             case(real()[1, 3, 3], real()[2, 2, 3, 1], **SAME),
             case(real()[1, 3, 3, 1], real()[2, 2, 1, 1], strides=[1, 0, 1, 1],
                  padding="SAME")]  # fmt: skip
_TOL = {"float32": 2e-5, "float64": 1e-11}

op("Conv2D", conv, tol=_TOL, bad=_bad_conv,
   cases=[case(real()[tuple(x)], real()[tuple(f)], **a) for x, f, _, a in _convs
          if a is not FIRST] + [case(real()[1, 2, 4, 3], real()[3, 3, 2, 2], **FIRST)])  # fmt: skip
_convs = [c for c in _convs if c[3] is not FIRST] + [
    ([1, 2, 4, 3], [3, 3, 2, 2], [1, 2, 2, 3], {**FIRST, "strides": [1, 1, 2, 1]})
]
op("Conv2DBackpropInput", conv_to_input, tol=_TOL,
   cases=[case(const(x), real()[tuple(f)], real()[tuple(y)], **a) for x, f, y, a in _convs],
   bad=[case(const([1, 9, 9, 1]), real()[2, 2, 1, 1], real()[1, 3, 3, 1], **SAME),
        case(const([1, 9, 9]), real()[2, 2, 1, 1], real()[1, 9, 9, 1], **SAME)])  # fmt: skip
op("Conv2DBackpropFilter", conv_to_filter, tol=_TOL,
   cases=[case(real()[tuple(x)], const(f), real()[tuple(y)], **a) for x, f, y, a in _convs],
   bad=[case(real()[1, 9, 9, 1], const([2, 2, 1, 1]), real()[1, 3, 3, 1], **SAME)])  # fmt: skip

_depthwise = [
    ([2, 4, 4, 2], [3, 3, 2, 2], [2, 4, 4, 4], SAME),
    ([1, 5, 4, 3], [2, 3, 3, 1], [1, 3, 2, 3], STRIDED),
    ([1, 5, 4, 2], [2, 2, 2, 1], [1, 3, 3, 2], DILATED),
    ([0, 4, 4, 2], [3, 3, 2, 2], [0, 4, 4, 4], SAME),
]
op("DepthwiseConv2dNative", by_channel(conv), tol=_TOL,
   cases=[case(real()[tuple(x)], real()[tuple(f)], **a) for x, f, _, a in _depthwise],
   bad=[case(real()[1, 3, 3, 3], real()[2, 2, 2, 1], **SAME)])  # fmt: skip
op("DepthwiseConv2dNativeBackpropInput", by_channel(conv_to_input), tol=_TOL,
   cases=[case(const(x), real()[tuple(f)], real()[tuple(y)], **a) for x, f, y, a in _depthwise],
   bad=[case(const([1, 9, 9, 2]), real()[2, 2, 2, 1], real()[1, 3, 3, 2], **SAME)])  # fmt: skip
op("DepthwiseConv2dNativeBackpropFilter", by_channel(conv_to_filter), tol=_TOL,
   cases=[case(real()[tuple(x)], const(f), real()[tuple(y)], **a) for x, f, y, a in _depthwise],
   bad=[case(real()[1, 9, 9, 2], const([2, 2, 2, 1]), real()[1, 3, 3, 2], **SAME)])  # fmt: skip

# -- Pools -----------------------------------------------------------------------------------------


def pool_geometry(x, ksize, data_format="NHWC", **attrs):
    h = 2 if data_format == "NCHW" else 1
    return Geometry(x.shape[1:3], ksize[h : h + 2], data_format=data_format, **attrs)


def max_pool(x, ksize, data_format="NHWC", **attrs):
    x = last(x, data_format)
    g = pool_geometry(x, ksize, data_format, **attrs)
    low = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    x = g.padded(x, low)
    return like(np.max([x[:, a, b] for _, _, a, b in g.taps], axis=0), data_format)


def chosen(x, g):
    """For every tap, where it is the first maximum of its window."""
    parts = [g.padded(x.astype(np.float64), -np.inf)[:, a, b] for _, _, a, b in g.taps]
    best = np.argmax(parts, axis=0)
    return [best == k for k in range(len(parts))]


def max_pool_grad(x, y, dy, ksize, data_format="NHWC", **attrs):
    x, dy = last(x, data_format), last(dy, data_format)
    g = pool_geometry(x, ksize, data_format, **attrs)
    dx = g.padded(np.zeros_like(x))
    for (_, _, a, b), mine in zip(g.taps, chosen(x, g)):
        dx[:, a, b] += np.where(mine, dy, 0).astype(x.dtype)
    return like(g.cropped(dx), data_format)


def max_pool_grad_grad(x, y, ddx, ksize, data_format="NHWC", **attrs):
    x, ddx = last(x, data_format), last(ddx, data_format)
    g = pool_geometry(x, ksize, data_format, **attrs)
    ddx = g.padded(ddx)
    parts = [np.where(m, ddx[:, a, b], 0) for (_, _, a, b), m in zip(g.taps, chosen(x, g))]
    return like(sum(parts), data_format)


def avg_pool(x, ksize, data_format="NHWC", **attrs):
    x = last(x, data_format)
    g = pool_geometry(x, ksize, data_format, **attrs)
    counts = g.padded(np.ones_like(x))
    x = g.padded(x)
    total = sum(x[:, a, b] for _, _, a, b in g.taps)
    return like(total / sum(counts[:, a, b] for _, _, a, b in g.taps), data_format)


def avg_pool_grad(sizes, dy, ksize, data_format="NHWC", **attrs):
    ones = last(np.ones(sizes), data_format)
    dy = last(dy, data_format)
    g = pool_geometry(ones, ksize, data_format, **attrs)
    ones = g.padded(ones)
    dy = dy / sum(ones[:, a, b] for _, _, a, b in g.taps)
    dx = np.zeros_like(ones)
    for _, _, a, b in g.taps:
        dx[:, a, b] += dy
    return like(g.cropped(dx), data_format)


_pools = [
    ([2, 4, 4, 3], [2, 2, 2, 3], dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")),
    ([1, 5, 3, 2], [1, 3, 2, 2], dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")),
    ([1, 5, 4, 1], [1, 3, 4, 1], dict(ksize=[1, 3, 3, 1], strides=[1, 2, 1, 1], padding="SAME")),
    ([1, 2, 4, 4], [1, 2, 2, 2],
     dict(ksize=[1, 1, 2, 2], strides=[1, 1, 2, 2], padding="SAME", data_format="NCHW")),
    ([0, 4, 4, 2], [0, 2, 2, 2], dict(ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")),
]  # fmt: skip
_bad_pool = [case(real()[1, 3, 3, 1], ksize=[1, 5, 5, 1], strides=[1, 1, 1, 1], padding="VALID"),
             case(real()[3, 3, 1], ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="SAME"),
             case(real()[1, 3, 3, 1], ksize=[1, 0, 2, 1], strides=[1, 1, 1, 1],
                  padding="SAME")]  # fmt: skip
op("MaxPool", max_pool, distinct=True, bad=_bad_pool,
   cases=[case(real()[tuple(x)], **a) for x, _, a in _pools])  # fmt: skip
op("MaxPoolGrad", max_pool_grad, distinct=True,
   cases=[case(real()[tuple(x)], real()[tuple(y)], real()[tuple(y)], **a) for x, y, a in _pools],
   bad=[case(real()[1, 4, 4, 1], real()[1, 2, 2, 1], real()[1, 3, 3, 1], ksize=[1, 2, 2, 1],
             strides=[1, 2, 2, 1], padding="SAME")])  # fmt: skip
op("MaxPoolGradGrad", max_pool_grad_grad, distinct=True,
   cases=[case(real()[tuple(x)], real()[tuple(y)], real()[tuple(x)], **a) for x, y, a in _pools],
   bad=[case(real()[1, 4, 4, 1], real()[1, 3, 3, 1], real()[1, 4, 4, 1], ksize=[1, 2, 2, 1],
             strides=[1, 2, 2, 1], padding="SAME")])  # fmt: skip
op("AvgPool", avg_pool, bad=_bad_pool, cases=[case(real()[tuple(x)], **a) for x, _, a in _pools])
op("AvgPoolGrad", avg_pool_grad,
   cases=[case(const(x), real()[tuple(y)], **a) for x, y, a in _pools],
   bad=[case(const([1, 4, 4, 1]), real()[1, 3, 3, 1], ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1],
             padding="SAME")])  # fmt: skip

# -- Normalisations --------------------------------------------------------------------------------


def channel_axes(x, data_format):
    """(all axes but the channels, how a vector of channels is reshaped)."""
    axis = 1 if data_format == "NCHW" else 3
    shape = [1] * 4
    shape[axis] = -1
    return tuple(i for i in range(4) if i != axis), shape


def statistic(x):
    """An output that takes no part in gradients, as in TensorFlow."""
    return np.asarray(x).astype(object)


def batch_norm(x, scale, offset, mean, variance, epsilon=1e-4, is_training=True,
               data_format="NHWC"):  # fmt: skip
    axes, shape = channel_axes(x, data_format)
    unbiased = variance
    if is_training:
        mean, variance = x.mean(axis=axes), x.var(axis=axes)
        count = x.size // x.shape[1 if data_format == "NCHW" else 3]
        unbiased = variance * count / max(count - 1, 1)
    m, v, s, o = (a.reshape(shape) for a in (mean, variance, scale, offset))
    y = (x - m) / np.sqrt(v + epsilon) * s + o
    return y, *(statistic(a) for a in (mean, unbiased, mean, variance))


def batch_norm_v3(*args, **attrs):
    return (*batch_norm(*args, **attrs), statistic(0.0))


def batch_norm_grad(dy, x, scale, mean, variance, reserve=None, epsilon=1e-4, is_training=True,
                    data_format="NHWC"):  # fmt: skip
    axes, shape = channel_axes(x, data_format)
    m, v, s = (a.reshape(shape) for a in (mean, variance, scale))
    inverse = 1 / np.sqrt(v + epsilon)
    along = dy * (x - m)
    dx = dy
    if is_training:
        level = dy.mean(axis=axes, keepdims=True)
        dx = dy - level - (x - m) * inverse**2 * along.mean(axis=axes, keepdims=True)
    dscale = (along * inverse).sum(axis=axes)
    unused = np.zeros(0 if is_training else ())
    return s * inverse * dx, dscale, dy.sum(axis=axes), unused, unused


def _norm_cases(version):
    extra = [const(np.zeros(()), "float32")] if version == 3 else []
    # Beside narrow images, the other inputs are float32.
    vector, image = real(0.5, 2, "float32" if version > 1 else None)[3], real()[2, 2, 3, 3]
    shift = real(dtype=vector.dtype)[3]
    given = [dataclasses.replace(d, differentiable=False) for d in (shift, vector)]
    forward = [
        case(image, shift, shift, const(np.zeros(0), "float32"),
             const(np.zeros(0), "float32")),
        case(image, shift, shift, *given, is_training=False, epsilon=0.01),
        case(real()[2, 3, 2, 2], shift, shift, const(np.zeros(0), "float32"),
             const(np.zeros(0), "float32"), data_format="NCHW"),
    ]  # fmt: skip
    fixed = const(np.array([0.1, -0.2, 0.3]), "float32"), const(np.array([1.0, 2, 1]), "float32")
    backward = [case(image, image, vector, *fixed, *extra, is_training=False, epsilon=0.01)]
    return forward, backward


# The engine computes these in float32 only: gradients are compared loosely. The training gradient
# takes its statistics as inputs and is checked as the first gradient of the forward op.
for _name, _version in (("", 1), ("V2", 2), ("V3", 3)):
    _forward, _backward = _norm_cases(_version)
    op(f"FusedBatchNorm{_name}", batch_norm_v3 if _version == 3 else batch_norm, cases=_forward,
       dtypes="float32", tol=1e-4, grad_tol=5e-2,
       bad=[case(real()[2, 2, 2, 3], real()[2], real()[3], real()[3], real()[3])])  # fmt: skip
    op(f"FusedBatchNormGrad{_name}", batch_norm_grad, cases=_backward, dtypes="float32", tol=1e-4,
       grad_tol=5e-2,
       bad=[case(real()[2, 2, 2, 3], real()[2, 2, 2, 2], real()[3], real()[3], real()[3],
                 *([real()[1]] if _version == 3 else []))])  # fmt: skip


def lrn_norm(x, depth_radius, bias, alpha):
    squares = np.pad(x * x, [(0, 0)] * 3 + [(depth_radius, depth_radius)])
    width = 2 * depth_radius + 1
    return bias + alpha * sum(squares[..., k : k + x.shape[3]] for k in range(width))


def lrn(x, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5):
    return x / lrn_norm(x, depth_radius, bias, alpha) ** beta


def lrn_grad(dy, x, y, depth_radius=5, bias=1.0, alpha=1.0, beta=0.5):
    norm = lrn_norm(x, depth_radius, bias, alpha)
    slopes = np.pad(dy * y / norm, [(0, 0)] * 3 + [(depth_radius, depth_radius)])
    width = 2 * depth_radius + 1
    total = sum(slopes[..., k : k + x.shape[3]] for k in range(width))
    return dy * norm**-beta - 2 * alpha * beta * x * total


_lrn = [dict(), dict(depth_radius=1, alpha=0.5, beta=0.75),
        dict(depth_radius=2, beta=0.6, bias=2.0)]  # fmt: skip
# No second gradient, as in TensorFlow.
op("LRN", lrn, cases=[case(real()[2, 2, 1, 5], **a) for a in _lrn], dtypes="float32", tol=1e-5,
   grad_tol=5e-2, second=False, bad=[case(real()[2, 2])])  # fmt: skip
op("LRNGrad", lrn_grad, dtypes="float32", tol=1e-5,
   cases=[case(real()[2, 2, 1, 5], real()[2, 2, 1, 5], real()[2, 2, 1, 5], **a) for a in _lrn],
   bad=[case(real()[1, 2, 1, 5], real()[2, 2, 1, 5], real()[2, 2, 1, 5])])  # fmt: skip

# -- Softmax and losses ----------------------------------------------------------------------------


def log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True, initial=-np.inf)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def softmax(x):
    return np.exp(log_softmax(x))


_rows = [case(real()[2, 3]), case(real()[5]), case(real()[2, 2, 4]), case(real()[0, 3]),
         case(real()[3, 0]), case(real()[70, 40])]  # fmt: skip
op("Softmax", softmax, cases=_rows, bad=[case(real()[()])])
op("LogSoftmax", log_softmax, cases=_rows, bad=[case(real()[()])])


def cross_entropy(x, labels):
    x, labels = np.broadcast_arrays(x, labels)
    logs = log_softmax(x)
    return -(labels * logs).sum(axis=1), np.exp(logs) - labels


def sparse_cross_entropy(x, labels):
    logs = log_softmax(x)
    rows = np.arange(len(labels))
    hot = np.zeros_like(x)
    hot[rows, labels] = 1
    return -logs[rows, labels], np.exp(logs) - hot


def distributions(rows, classes):
    """Labels; `backprop` is the gradient of the loss only if each row sums to one."""
    weights = 1.0 + np.arange(rows * classes).reshape(rows, classes) % 7
    return const(weights / weights.sum(axis=1, keepdims=True), dtype=None)


op("SoftmaxCrossEntropyWithLogits", cross_entropy, tol={"float32": 1e-5, "float64": 1e-11},
   cases=[case(real()[2, 3], distributions(2, 3)), case(real()[2, 3], distributions(1, 3)),
          case(real()[1, 3], distributions(2, 3)), case(real()[0, 3], real()[0, 3]),
          case(real()[30, 50], distributions(30, 50))],
   bad=[case(real()[2, 3], real()[2, 4]), case(real()[3], real()[3])])  # fmt: skip
op("SparseSoftmaxCrossEntropyWithLogits", sparse_cross_entropy,
   tol={"float32": 1e-5, "float64": 1e-11},
   cases=[case(real()[2, 3], ints(0, 3)[2]), case(real()[4, 3], ints(0, 3, "int64")[4]),
          case(real()[0, 3], ints(0, 3)[0])],
   bad=[case(real()[2, 3], ints(0, 3)[3]), case(real()[2, 3], ints(0, 3)[2, 1])])  # fmt: skip
op("L2Loss", lambda t: np.sum(t * t) / 2, real())


def top_k(x, k, sorted=True):  # noqa: A002
    order = np.argsort(-x.astype(np.float64), axis=-1, kind="stable")[..., : int(k)]
    return np.take_along_axis(x, order, axis=-1), order


op("TopK", top_k, distinct=True,
   cases=[case(real()[2, 5], k=3), case(real()[4], k=1), case(real()[2, 2, 3], k=3),
          case(real()[0, 3], k=2)],
   bad=[case(real()[2, 3], k=4), case(real()[()], k=1)])  # fmt: skip
op("TopKV2", top_k, distinct=True,
   cases=[case(real()[2, 5], const(3)), case(real()[4], const(1)), case(real()[2, 2, 3], const(2)),
          case(real()[0, 3], const(2))],
   bad=[case(real()[2, 3], const(4)), case(real()[2, 3], const(-1))])  # fmt: skip


def in_top_k(predictions, targets, k):
    score = np.take_along_axis(predictions, targets[:, None].astype(np.int64), axis=1)
    return (predictions > score).sum(axis=1) < k


op("InTopK", in_top_k, dtypes="float32",
   cases=[case(real(dtype="float32")[4, 5], ints(0, 5)[4], k=2)],
   bad=[case(real(dtype="float32")[4, 5], ints(0, 5)[3], k=2)])  # fmt: skip
op("InTopKV2", in_top_k, dtypes="float32",
   cases=[case(real(dtype="float32")[4, 5], ints(0, 5)[4], const(2)),
          case(real(dtype="float32")[4, 5], ints(0, 5, "int64")[4], const(2, "int64"))],
   bad=[case(real(dtype="float32")[4, 5], ints(0, 5)[3], const(2))])  # fmt: skip
