# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pools of volumes, pools with argmax and random windows, dilation, samplers, CTC.

References loop over windows of any rank: `taps` lists, for every filter tap, what it sees.
"""

import itertools

import numpy as np

from property.catalog import case, const, ints, op, real, stateful

# -- Windows ---------------------------------------------------------------------------------------


class Windows:
    """Sliding windows over the spatial axes 1 .. n-2 of channels-last arrays."""

    def __init__(self, sizes, taps, strides, padding, rates=None):
        rates = rates or [1] * len(sizes)
        reach = [(k - 1) * r + 1 for k, r in zip(taps, rates)]
        self.sizes, self.strides = sizes, strides
        if padding == "SAME":
            self.out = [-(-n // s) for n, s in zip(sizes, strides)]
            need = [max((o - 1) * s + k - n, 0)
                    for o, s, k, n in zip(self.out, strides, reach, sizes)]  # fmt: skip
            self.pads = [(p // 2, p - p // 2) for p in need]
        else:
            self.out = [(n - k) // s + 1 for n, k, s in zip(sizes, reach, strides)]
            self.pads = [(0, 0)] * len(sizes)
        self.taps = []
        for tap in itertools.product(*(range(k) for k in taps)):
            seen = tuple(slice(t * r, t * r + (o - 1) * s + 1, s)
                         for t, r, o, s in zip(tap, rates, self.out, strides))  # fmt: skip
            self.taps.append((tap, (slice(None), *seen)))

    def padded(self, x, value=0):
        return np.pad(x, [(0, 0), *self.pads, (0, 0)], constant_values=value)

    def cropped(self, x):
        inner = [slice(a, a + n) for (a, _), n in zip(self.pads, self.sizes)]
        return x[(slice(None), *inner)]


def last(x, first):
    return np.moveaxis(x, 1, -1) if first else x


def like(x, first):
    return np.moveaxis(x, -1, 1) if first else x


def spatial(values, first):
    return list(values[2:] if first else values[1:-1])


def conv3d_windows(sizes, filter_sizes, strides, padding, data_format="NDHWC", dilations=(1,) * 5):
    first = data_format == "NCDHW"
    shape = spatial(sizes, first)
    return Windows(shape, filter_sizes[:3], spatial(strides, first), padding,
                   spatial(dilations, first)), first  # fmt: skip


def conv3d(x, f, **attrs):
    w, first = conv3d_windows(x.shape, f.shape, **attrs)
    x = w.padded(last(x, first))
    return like(sum(x[seen] @ f[tap] for tap, seen in w.taps), first)


def conv3d_to_input(sizes, f, dy, **attrs):
    w, first = conv3d_windows(sizes, f.shape, **attrs)
    dx = w.padded(last(np.zeros(sizes), first))
    for tap, seen in w.taps:
        dx[seen] += last(dy, first) @ f[tap].T
    return like(w.cropped(dx), first)


def conv3d_to_filter(x, sizes, dy, **attrs):
    w, first = conv3d_windows(x.shape, sizes, **attrs)
    x, dy = w.padded(last(x, first)), last(dy, first)
    df = np.zeros(sizes)
    for tap, seen in w.taps:
        df[tap] = np.einsum("ndhwi,ndhwo->io", x[seen], dy)
    return df


_SAME = {"strides": [1] * 5, "padding": "SAME"}
_VALID = {"strides": [1, 1, 2, 1, 1], "padding": "VALID"}
_DILATED = {"strides": [1] * 5, "padding": "VALID", "dilations": [1, 1, 2, 1, 1]}
_FIRST = {"strides": [1, 1, 1, 2, 1], "padding": "SAME", "data_format": "NCDHW"}
_convs = [
    ([1, 3, 2, 3, 2], [2, 1, 2, 2, 3], [1, 3, 2, 3, 3], _SAME),
    ([2, 2, 3, 2, 1], [1, 2, 2, 1, 2], [2, 2, 1, 1, 2], _VALID),
    ([1, 2, 4, 2, 2], [2, 2, 1, 2, 1], [1, 1, 2, 2, 1], _DILATED),
    ([1, 2, 2, 3, 2], [2, 2, 1, 2, 2], [1, 2, 2, 2, 2], _FIRST),
    ([0, 2, 2, 2, 1], [1, 1, 1, 1, 2], [0, 2, 2, 2, 2], _SAME),
]
_TOL = {"float32": 2e-5, "float64": 1e-11}
op("Conv3D", conv3d, tol=_TOL,
   cases=[case(real()[tuple(x)], real()[tuple(f)], **a) for x, f, _, a in _convs],
   bad=[case(real()[1, 3, 3, 3, 1], real()[2, 2, 2, 2, 1], **_SAME),
        case(real()[1, 3, 3, 3], real()[2, 2, 2, 1, 1], **_SAME),
        case(real()[1, 3, 3, 3, 1], real()[5, 5, 5, 1, 1], **_VALID)])  # fmt: skip
op("Conv3DBackpropInputV2", conv3d_to_input, tol=_TOL,
   cases=[case(const(x), real()[tuple(f)], real()[tuple(y)], **a) for x, f, y, a in _convs],
   bad=[case(const([1, 3, 3, 3]), real()[2, 2, 2, 1, 1], real()[1, 3, 3, 3, 1],
             **_SAME)])  # fmt: skip
op("Conv3DBackpropFilterV2", conv3d_to_filter, tol=_TOL,
   cases=[case(real()[tuple(x)], const(f), real()[tuple(y)], **a) for x, f, y, a in _convs],
   bad=[case(real()[1, 3, 3, 3, 1], const([2, 2, 2, 1, 1]), real()[1, 2, 3, 3, 1],
             **_SAME)])  # fmt: skip
# The old forms take a tensor of the wanted shape, and know one data format.
_old = [c for c in _convs if c[3] is not _FIRST]
op("Conv3DBackpropInput", lambda x, f, dy, **a: conv3d_to_input(x.shape, f, dy, **a), tol=_TOL,
   cases=[case(real()[tuple(x)], real()[tuple(f)], real()[tuple(y)], **a) for x, f, y, a in _old],
   bad=[case(real()[1, 3, 3, 3, 1], real()[2, 2, 2, 1, 1], real()[1, 2, 3, 3, 1],
             **_SAME)])  # fmt: skip
op("Conv3DBackpropFilter", lambda x, f, dy, **a: conv3d_to_filter(x, f.shape, dy, **a), tol=_TOL,
   cases=[case(real()[tuple(x)], real()[tuple(f)], real()[tuple(y)], **a) for x, f, y, a in _old],
   bad=[case(real()[1, 3, 3, 3, 1], real()[2, 2, 2, 1, 1], real()[1, 2, 3, 3, 1],
             **_SAME)])  # fmt: skip

# -- Pools -----------------------------------------------------------------------------------------


def pool_windows(sizes, ksize, strides, padding, data_format="NHWC"):
    first = data_format.startswith("NC")
    return Windows(spatial(sizes, first), spatial(ksize, first), spatial(strides, first),
                   padding), first  # fmt: skip


def largest(x, w):
    """(maximum, which tap holds the first one) of every window of channels-last x."""
    wide = w.padded(x.astype(np.float64), -np.inf)
    parts = np.stack([wide[seen] for _, seen in w.taps])
    return parts.max(axis=0), parts.argmax(axis=0)


def max_pool(x, **attrs):
    w, first = pool_windows(x.shape, **attrs)
    return like(largest(last(x, first), w)[0].astype(x.dtype), first)


def max_pool_grad(x, y, dy, **attrs):
    w, first = pool_windows(x.shape, **attrs)
    x, dy = last(x, first), last(dy, first)
    choice = largest(x, w)[1]
    dx = w.padded(np.zeros_like(x))
    for k, (_, seen) in enumerate(w.taps):
        dx[seen] += np.where(choice == k, dy, 0).astype(x.dtype)
    return like(w.cropped(dx), first)


def max_pool_grad_grad(x, y, ddx, **attrs):
    w, first = pool_windows(x.shape, **attrs)
    choice = largest(last(x, first), w)[1]
    ddx = w.padded(last(ddx, first))
    parts = [np.where(choice == k, ddx[seen], 0) for k, (_, seen) in enumerate(w.taps)]
    return like(sum(parts), first)


def avg_pool(x, **attrs):
    w, first = pool_windows(x.shape, **attrs)
    x = last(x, first)
    ones, x = w.padded(np.ones_like(x)), w.padded(x)
    return like(sum(x[s] for _, s in w.taps) / sum(ones[s] for _, s in w.taps), first)


def avg_pool_grad(sizes, dy, **attrs):
    w, first = pool_windows(sizes, **attrs)
    ones = w.padded(last(np.ones(sizes), first))
    share = last(dy, first) / sum(ones[s] for _, s in w.taps)
    dx = np.zeros_like(ones)
    for _, seen in w.taps:
        dx[seen] += share
    return like(w.cropped(dx), first)


_volumes = [
    ([1, 2, 4, 2, 2], [1, 1, 2, 1, 2],
     dict(ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="VALID")),
    ([2, 3, 2, 3, 1], [2, 3, 1, 2, 1],
     dict(ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 2, 1], padding="SAME")),
    ([1, 2, 3, 2, 2], [1, 2, 2, 2, 2],
     dict(ksize=[1, 1, 2, 1, 2], strides=[1, 1, 2, 1, 1], padding="SAME", data_format="NCDHW")),
    ([0, 2, 2, 2, 1], [0, 1, 1, 1, 1],
     dict(ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="SAME")),
]  # fmt: skip
_bad = dict(ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="SAME")
_bad_volume = [case(real()[1, 2, 2, 1], **_bad),
               case(real()[1, 2, 2, 2, 1], ksize=[1, 5, 1, 1, 1], strides=[1] * 5, padding="VALID"),
               case(real()[1, 2, 2, 2, 1], ksize=[1, 0, 1, 1, 1], strides=[1] * 5,
                    padding="SAME")]  # fmt: skip
_bad_volume_grad = [case(real()[1, 2, 2, 2, 1], real()[1, 2, 1, 1, 1], real()[1, 2, 1, 1, 1],
                         **_bad)]  # fmt: skip
op("MaxPool3D", max_pool, distinct=True, bad=_bad_volume, grad_tol=2e-2, dtypes="float32",
   cases=[case(real()[tuple(x)], **a) for x, _, a in _volumes])  # fmt: skip
op("MaxPool3DGrad", max_pool_grad, distinct=True, bad=_bad_volume_grad, grad_tol=2e-2,
   dtypes="float32",
   cases=[case(real(differentiable=False)[tuple(x)], real(differentiable=False)[tuple(y)],
               real()[tuple(y)], **a) for x, y, a in _volumes])  # fmt: skip
op("MaxPool3DGradGrad", max_pool_grad_grad, distinct=True, bad=_bad_volume_grad, grad_tol=2e-2,
   dtypes="float32",
   cases=[case(real()[tuple(x)], real()[tuple(y)], real()[tuple(x)], **a)
          for x, y, a in _volumes])  # fmt: skip
op("AvgPool3D", avg_pool, bad=_bad_volume, dtypes="float32 float64",
   cases=[case(real()[tuple(x)], **a) for x, _, a in _volumes])  # fmt: skip
op("AvgPool3DGrad", avg_pool_grad, dtypes="float32 float64",
   cases=[case(const(x), real()[tuple(y)], **a) for x, y, a in _volumes],
   bad=[case(const([1, 2, 2, 2]), real()[1, 1, 1, 1, 1], **_bad)])  # fmt: skip

_images = [
    ([2, 4, 4, 2], [2, 2, 2, 2], [1, 2, 2, 1], [1, 2, 2, 1], "VALID"),
    ([1, 5, 3, 2], [1, 3, 3, 2], [1, 2, 2, 1], [1, 2, 1, 1], "SAME"),
]
_V2 = "float32 float64 int32"


def v2(function):
    """The same pool with ksize and strides as the last two inputs."""
    return lambda *args, **a: function(*args[:-2], ksize=args[-2], strides=args[-1], **a)


def _sizes(k, s):
    return const(k), const(s)


op("MaxPoolV2", v2(max_pool), distinct=True, dtypes=_V2,
   cases=[case(real()[tuple(x)], *_sizes(k, s), padding=p) for x, _, k, s, p in _images],
   bad=[case(real()[1, 2, 2, 1], *_sizes([1, 2, 2], [1, 1, 1, 1]), padding="SAME"),
        case(real()[1, 2, 2, 1], *_sizes([1, 3, 3, 1], [1, 1, 1, 1]),
             padding="VALID")])  # fmt: skip
op("MaxPoolGradV2", v2(max_pool_grad), distinct=True, dtypes=_V2,
   cases=[case(real()[tuple(x)], real()[tuple(y)], real()[tuple(y)], *_sizes(k, s), padding=p)
          for x, y, k, s, p in _images],
   bad=[case(real()[1, 4, 4, 1], real()[1, 2, 2, 1], real()[1, 3, 2, 1],
             *_sizes([1, 2, 2, 1], [1, 2, 2, 1]), padding="SAME")])  # fmt: skip
op("MaxPoolGradGradV2", v2(max_pool_grad_grad), distinct=True, dtypes=_V2,
   cases=[case(real()[tuple(x)], real()[tuple(y)], real()[tuple(x)], *_sizes(k, s), padding=p)
          for x, y, k, s, p in _images],
   bad=[case(real()[1, 4, 4, 1], real()[1, 3, 2, 1], real()[1, 4, 4, 1],
             *_sizes([1, 2, 2, 1], [1, 2, 2, 1]), padding="SAME")])  # fmt: skip


def argmax_pool(x, Targmax="int64", include_batch_in_index=False, **attrs):  # noqa: N803
    w, _ = pool_windows(x.shape, **attrs)
    at = np.arange(x.size, dtype=np.int64).reshape(x.shape)
    if not include_batch_in_index:
        at = at % max(1, x[0].size)
    choice = largest(x, w)[1]
    at = w.padded(at, -1)
    places = np.choose(choice, [at[seen] for _, seen in w.taps])
    return max_pool(x, **attrs), places.astype(Targmax)


_argmax = [dict(ksize=k, strides=s, padding=p, Targmax=t, include_batch_in_index=b)
           for (_, _, k, s, p), t, b in zip(_images, ("int64", "int32"),
                                            (False, True))]  # fmt: skip
op("MaxPoolWithArgmax", argmax_pool, distinct=True, dtypes="float32 float64 int32",
   cases=[case(real()[tuple(i[0])], **a) for i, a in zip(_images, _argmax)],
   bad=[case(real()[1, 2, 2, 2], ksize=[1, 0, 1, 1], strides=[1, 1, 1, 1],
             padding="SAME")])  # fmt: skip


def by_argmax(x, dy, at, include_batch_in_index=False, **_):
    dx = np.zeros(x.shape).reshape(len(x), -1)
    for n in range(len(x)):
        where = at[n].ravel() - (n * dx.shape[1] if include_batch_in_index else 0)
        np.add.at(dx[n], where, dy[n].ravel())
    return dx.reshape(x.shape)


def from_argmax(x, ddx, at, include_batch_in_index=False, **_):
    rows = ddx.reshape(len(x), -1)
    shift = rows.shape[1] if include_batch_in_index else 0
    parts = [rows[n][at[n] - n * shift] for n in range(len(x))]
    return np.stack(parts)


def _places(image, attrs):
    x = np.random.default_rng(1).permutation(np.prod(image[0])).reshape(image[0]).astype(float)
    return const(argmax_pool(x, **attrs)[1], attrs["Targmax"])


op("MaxPoolGradWithArgmax", by_argmax, dtypes="float32 float64",
   cases=[case(real()[tuple(i[0])], real()[tuple(i[1])], _places(i, a), **a)
          for i, a in zip(_images, _argmax)],
   bad=[case(real()[1, 4, 4, 1], real()[1, 3, 2, 1], const(np.zeros([1, 2, 2, 1])),
             **_argmax[0])])  # fmt: skip
op("MaxPoolGradGradWithArgmax", from_argmax, dtypes="float32 float64",
   cases=[case(real()[tuple(i[0])], real()[tuple(i[0])], _places(i, a), **a)
          for i, a in zip(_images, _argmax)],
   bad=[case(real()[1, 4, 4, 1], real()[1, 3, 2, 1], const(np.zeros([1, 2, 2, 1])),
             **_argmax[0])])  # fmt: skip


def windows_between(rows, columns, shape, overlapping):
    h, w = shape[1:3]
    for i in range(len(rows) - 1):
        for j in range(len(columns) - 1):
            extra = 1 if overlapping else 0
            yield (
                i,
                j,
                slice(rows[i], min(rows[i + 1] + extra, h)),
                slice(columns[j], min(columns[j + 1] + extra, w)),
            )


def fractional_max_grad(x, y, dy, rows, columns, overlapping=False):
    dx = np.zeros_like(x)
    for i, j, a, b in windows_between(rows, columns, x.shape, overlapping):
        part = x[:, a, b]
        flat = part.reshape(len(x), -1, x.shape[3])
        best = flat.argmax(axis=1)
        hit = np.zeros_like(flat)
        np.put_along_axis(hit, best[:, None], dy[:, i, j][:, None], axis=1)
        dx[:, a, b] += hit.reshape(part.shape)
    return dx


def fractional_avg_grad(sizes, dy, rows, columns, overlapping=False):
    dx = np.zeros(sizes, dy.dtype)
    for i, j, a, b in windows_between(rows, columns, sizes, overlapping):
        count = (a.stop - a.start) * (b.stop - b.start)
        dx[:, a, b] += dy[:, i, j][:, None, None] / count
    return dx


_borders = const([0, 2, 3, 5], "int64"), const([0, 1, 3, 4], "int64")
op("FractionalMaxPoolGrad", fractional_max_grad, distinct=True, dtypes="float32 float64 int32",
   cases=[case(real()[2, 5, 4, 2], real()[2, 3, 3, 2], real()[2, 3, 3, 2], *_borders,
               overlapping=o) for o in (False, True)],
   bad=[case(real()[2, 5, 4], real()[2, 3, 3, 2], real()[2, 3, 3, 2], *_borders)])  # fmt: skip
op("FractionalAvgPoolGrad", fractional_avg_grad, dtypes="float32 float64",
   cases=[case(const([2, 5, 4, 2], "int64"), real()[2, 3, 3, 2], *_borders, overlapping=o)
          for o in (False, True)],
   bad=[case(const([2, 5, 4], "int64"), real()[2, 3, 3, 2], *_borders)])  # fmt: skip


def _fractional(kind):
    def driver(tf, session, dtype):
        function = getattr(tf.nn, f"fractional_{kind}_pool")
        x = np.random.default_rng(3).permutation(2 * 7 * 9 * 2).reshape(2, 7, 9, 2).astype(dtype)
        fed = tf.placeholder(dtype, x.shape)
        for pseudo, overlapping in itertools.product((False, True), repeat=2):
            y, rows, columns = function(
                fed, [1.0, 1.5, 1.7, 1.0], pseudo, overlapping, True, seed=3, seed2=5
            )
            slope = tf.gradients(y, fed)[0]
            with session() as sess:
                got, r, c, dx = sess.run([y, rows, columns, slope], {fed: x})
                again = sess.run(rows, {fed: x})
            np.testing.assert_array_equal(r, again)
            assert r[0] == 0 and r[-1] == 7 and c[-1] == 9 and got.shape == (2, 4, 5, 2)
            assert {*np.diff(r)} <= {1, 2} and {*np.diff(c)} <= {1, 2}
            want = np.zeros_like(got)
            for i, j, a, b in windows_between(r, c, x.shape, overlapping):
                want[:, i, j] = getattr(x[:, a, b], {"max": "max", "avg": "mean"}[kind])((1, 2))
            np.testing.assert_allclose(got, want, rtol=1e-6)
            if kind == "max":
                ref = fractional_max_grad(x, got, np.ones_like(got), r, c, overlapping)
            else:
                ref = fractional_avg_grad(x.shape, np.ones_like(got), r, c, overlapping)
            np.testing.assert_allclose(dx, ref, rtol=1e-5)

    return driver


stateful("FractionalMaxPool", _fractional("max"), "float32 float64", checks_gradient=True)
stateful("FractionalAvgPool", _fractional("avg"), "float32 float64", checks_gradient=True)

# -- Dilation and data formats ---------------------------------------------------------------------


def dilation_windows(x, f, strides, rates, padding):
    return Windows(x.shape[1:3], f.shape[:2], strides[1:3], padding, rates[1:3])


def dilation_parts(x, f, **attrs):
    w = dilation_windows(x, f, **attrs)
    wide = w.padded(x.astype(np.float64), -np.inf)
    return w, np.stack([wide[seen] + f[tap] for tap, seen in w.taps])


def dilation(x, f, **attrs):
    return dilation_parts(x, f, **attrs)[1].max(axis=0).astype(x.dtype)


def dilation_to_input(x, f, dy, **attrs):
    w, parts = dilation_parts(x, f, **attrs)
    dx = w.padded(np.zeros(x.shape))
    for k, (_, seen) in enumerate(w.taps):
        dx[seen] += np.where(parts.argmax(axis=0) == k, dy, 0)
    return w.cropped(dx).astype(x.dtype)


def dilation_to_filter(x, f, dy, **attrs):
    w, parts = dilation_parts(x, f, **attrs)
    df = np.zeros(f.shape)
    for k, (tap, _) in enumerate(w.taps):
        df[tap] = np.where(parts.argmax(axis=0) == k, dy, 0).sum(axis=(0, 1, 2))
    return df.astype(x.dtype)


_dilations = [
    ([2, 4, 4, 2], [2, 2, 2], [2, 4, 4, 2],
     dict(strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="SAME")),
    ([1, 5, 4, 1], [2, 2, 1], [1, 3, 2, 1],
     dict(strides=[1, 1, 1, 1], rates=[1, 2, 2, 1], padding="VALID")),
    ([1, 5, 4, 1], [2, 1, 1], [1, 3, 2, 1],
     dict(strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="SAME")),
]  # fmt: skip
_D = "float32 float64 int32"
_bad_dilation = [case(real()[1, 3, 3, 2], real()[2, 2, 1], **_dilations[0][3]),
                 case(real()[1, 3, 3, 1], real()[4, 4, 1], **_dilations[1][3])]  # fmt: skip
op("Dilation2D", dilation, dtypes=_D, second=False, bad=_bad_dilation,
   cases=[case(real()[tuple(x)], real()[tuple(f)], **a) for x, f, _, a in _dilations])  # fmt: skip
for _name, _function in (("Input", dilation_to_input), ("Filter", dilation_to_filter)):
    op(f"Dilation2DBackprop{_name}", _function, dtypes=_D,
       cases=[case(real()[tuple(x)], real()[tuple(f)], real()[tuple(y)], **a)
              for x, f, y, a in _dilations],
       bad=[case(real()[1, 3, 3, 1], real()[2, 2, 1], real()[1, 2, 3, 1],
                 **_dilations[0][3])])  # fmt: skip


def dim_map(x, src_format="NHWC", dst_format="NCHW"):
    return np.array([dst_format.index(c) for c in src_format])[x]


def vec_permute(x, src_format="NHWC", dst_format="NCHW"):
    return np.stack([x[src_format.index(c)] for c in dst_format])


op("DataFormatDimMap", dim_map, dtypes="int32 int64",
   cases=[case(ints(-4, 4, dtype=None)[3]), case(ints(-4, 4, dtype=None)[2, 2]),
          case(ints(0, 4, dtype=None)[5], src_format="NHWC", dst_format="HWNC")],
   bad=[case(ints(0, 4, dtype=None)[3], src_format="NHWC", dst_format="NCHX")])  # fmt: skip
op("DataFormatVecPermute", vec_permute, dtypes="int32 int64",
   cases=[case(ints(0, 9, dtype=None)[4]), case(ints(0, 9, dtype=None)[4, 2], dst_format="HWNC")],
   bad=[case(ints(0, 9, dtype=None)[3])])  # fmt: skip

# -- Normalisation with given statistics, biases without formats -----------------------------------


def global_norm(t, m, v, beta, gamma, variance_epsilon, scale_after_normalization):
    scale = gamma if scale_after_normalization else 1
    return (t - m) / np.sqrt(v + variance_epsilon) * scale + beta


def global_norm_grad(t, m, v, gamma, dy, variance_epsilon, scale_after_normalization):
    inverse = 1 / np.sqrt(v + variance_epsilon)
    scale = gamma if scale_after_normalization else 1
    axes = (0, 1, 2)
    db, along = dy.sum(axis=axes), (dy * (t - m)).sum(axis=axes)
    dg = along * inverse if scale_after_normalization else np.zeros_like(along)
    return dy * scale * inverse, -db * scale * inverse, -along * scale * inverse**3 / 2, db, dg


_norms = [dict(variance_epsilon=0.01, scale_after_normalization=s) for s in (False, True)]
_vector = real()[3]
op("BatchNormWithGlobalNormalization", global_norm, dtypes="float32 float64", second=False,
   tol={"float32": 1e-4, "float64": 1e-7},
   cases=[case(real()[2, 2, 1, 3], _vector, real(0.5, 2)[3], _vector, _vector, **a)
          for a in _norms],
   bad=[case(real()[2, 2, 1, 3], real()[2], _vector, _vector, _vector, **_norms[0])])  # fmt: skip
op("BatchNormWithGlobalNormalizationGrad", global_norm_grad, dtypes="float32 float64",
   tol={"float32": 1e-4, "float64": 1e-7},
   cases=[case(real()[2, 2, 1, 3], _vector, real(0.5, 2)[3], _vector, real()[2, 2, 1, 3], **a)
          for a in _norms],
   bad=[case(real()[2, 2, 1, 3], _vector, _vector, _vector, real()[2, 2, 2, 3],
             **_norms[0])])  # fmt: skip
op("BiasAddV1", np.add, cases=[case(real()[2, 3], real()[3]), case(real()[2, 2, 4], real()[4])],
   dtypes="float32 float64 int32",
   bad=[case(real()[2, 3], real()[4]), case(real()[3], real()[3])])  # fmt: skip
