# SPDX-License-Identifier: Apache-2.0
"""Quantisation and its simulation."""

import numpy as np

from property.catalog import case, const, op, real, stateful


def nudged(low, high, num_bits=8, narrow_range=False):
    first, last = int(narrow_range), 2**num_bits - 1
    scale = (high - low) / (last - first)
    zero = np.clip(np.floor(first - low / scale + 0.5), first, last)
    return (first - zero) * scale, (last - zero) * scale, scale


def fake(x, low, high, **attrs):
    low, high, scale = nudged(low, high, **attrs)
    return np.floor((np.clip(x, low, high) - low) / scale + 0.5) * scale + low


def fake_grad(dy, x, low, high, **attrs):
    first, last, _ = nudged(low, high, **attrs)
    below, above = x < first, x > last
    axes = tuple(range(x.ndim - np.ndim(low)))
    inside = np.where(below | above, 0, dy)
    return inside, np.where(below, dy, 0).sum(axes), np.where(above, dy, 0).sum(axes)


ARGS = [dict(min=-1.5, max=1.0), dict(min=0.5, max=2.0, num_bits=4, narrow_range=True)]
COARSE = {"float32": 1e-5}


def simulated(*args, **kwargs):
    """A line of an op whose gradient is not that of the staircase which it computes: what it is
    instead, test_special_math_ops.py checks."""
    line = op(*args, grad=False, **kwargs)
    line.checks_gradient = True


simulated(
    "FakeQuantWithMinMaxArgs",
    lambda x, min, max, **kw: fake(x, min, max, **kw),
    cases=[case(real()[5, 3], **ARGS[0]), case(real()[7], **ARGS[1]), case(real()[0], **ARGS[0])],
    bad=[case(real()[2], min=1.0, max=0.0), case(real()[2], num_bits=1)],
    tol=COARSE,
    dtypes="float32",
)
op(
    "FakeQuantWithMinMaxArgsGradient",
    lambda dy, x, min, max, **kw: fake_grad(dy, x, min, max, **kw)[0],
    cases=[case(real()[5, 3], real()[5, 3], **ARGS[0]), case(real()[7], real()[7], **ARGS[1])],
    bad=[case(real()[2], real()[3])],
    dtypes="float32",
)
LOW, HIGH = const(-1.3, "float32"), const(0.9, "float32")
simulated(
    "FakeQuantWithMinMaxVars",
    fake,
    cases=[case(real()[5, 3], LOW, HIGH), case(real()[4], LOW, HIGH, num_bits=3)],
    bad=[case(real()[2], const([0.0], "float32"), HIGH), case(real()[2], LOW, HIGH, num_bits=17)],
    tol=COARSE,
    dtypes="float32",
)
op(
    "FakeQuantWithMinMaxVarsGradient",
    fake_grad,
    cases=[case(real()[5, 3], real()[5, 3], LOW, HIGH)],
    bad=[case(real()[2], real()[3], LOW, HIGH)],
    dtypes="float32",
)
LOWS, HIGHS = const([-1.3, 0.0, -0.2], "float32"), const([0.9, 1.5, 0.1], "float32")
simulated(
    "FakeQuantWithMinMaxVarsPerChannel",
    fake,
    cases=[case(real()[4, 3], LOWS, HIGHS), case(real()[3], LOWS, HIGHS, narrow_range=True)],
    bad=[case(real()[4, 2], LOWS, HIGHS), case(real()[()], LOWS, HIGHS)],
    tol=COARSE,
    dtypes="float32",
)
op(
    "FakeQuantWithMinMaxVarsPerChannelGradient",
    fake_grad,
    cases=[case(real()[4, 3], real()[4, 3], LOWS, HIGHS)],
    bad=[case(real()[4, 2], real()[4, 2], LOWS, HIGHS)],
    dtypes="float32",
)


def round_trip(x, low, high, bits, signed=True, given=True, narrow=False, half_up=False):
    first = -(2 ** (bits - 1)) + narrow if signed else 0
    last = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    if not given:
        low, high = (x.min(), x.max()) if x.size else (0, 0)
    from_low = first / low if first * low > 0 else np.inf
    from_high = last / high if last * high > 0 else np.inf
    scale = min(from_low, from_high)
    if np.isinf(scale):
        return np.zeros_like(x)
    y = np.clip(x, first / scale, last / scale) if given else x
    return (np.floor(y * scale + 0.5) if half_up else np.rint(y * scale)) / scale


FLOATS = "float32 float64"
BOUNDS = const(-1.1, None), const(1.7, None)


def round_trip_v2(
    x, low, high, signed_input=True, num_bits=8, range_given=False, round_mode="HALF_TO_EVEN",
    narrow_range=False,
):  # fmt: skip
    half_up = round_mode == "HALF_UP"
    return round_trip(x, low, high, num_bits, signed_input, range_given, narrow_range, half_up)


simulated(
    "QuantizeAndDequantizeV2",
    round_trip_v2,
    cases=[
        case(real()[4, 3], *BOUNDS, range_given=True, num_bits=5),
        case(real(0, 2)[6], *BOUNDS, signed_input=False, round_mode="HALF_UP"),
        case(real()[6], *BOUNDS, narrow_range=True),
    ],
    bad=[
        case(real()[2], const(2, None), const(1, None), range_given=True),
        case(real()[2], *BOUNDS, num_bits=0),
        case(real()[2], const([0.0], None), BOUNDS[1]),
    ],
    dtypes=FLOATS,
)
simulated(
    "QuantizeAndDequantizeV3",
    lambda x, low, high, bits, signed_input=True, range_given=True, narrow_range=False: round_trip(
        x, low, high, int(bits), signed_input, range_given, narrow_range
    ),
    cases=[case(real()[4, 3], *BOUNDS, const(5)), case(real()[6], *BOUNDS, const(8))],
    bad=[case(real()[2], *BOUNDS, const(99))],
    dtypes=FLOATS,
)
simulated(
    "QuantizeAndDequantize",
    lambda x, signed_input=True, num_bits=8, range_given=False, input_min=0, input_max=0: (
        round_trip(x, input_min, input_max, num_bits, signed_input, range_given)
    ),
    cases=[case(real()[4, 3]), case(real()[5], range_given=True, input_min=-1.0, input_max=0.5)],
    bad=[case(real()[2], range_given=True, input_min=1.0, input_max=0.5)],
    dtypes=FLOATS,
)


def _quantize(tf, session, dtype):
    x = np.array([-3.0, -2, 0, 0.3, 1, 5, 7], np.float32)
    for kind in (tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32):
        for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
            q, low, high = tf.quantization.quantize(x, -2.0, 5.0, kind, mode=mode)
            back = tf.quantization.dequantize(q, low, high, mode=mode)
            with session() as sess:
                value, low, high = sess.run([back, low, high])
            step = (high - low) / 255 + 1e-3
            np.testing.assert_allclose(value, np.clip(x, low, high), atol=step)


def _requantize(tf, session, dtype):
    raw = tf.raw_ops
    q, low, high = tf.quantization.quantize([0.0, 1.0, 2.0], -8.0, 8.0, tf.qint32)
    first, last = raw.RequantizationRange(input=q, input_min=low, input_max=high)
    small = raw.Requantize(input=q, input_min=low, input_max=high, requested_output_min=0.0,
                           requested_output_max=4.0, out_type=tf.quint8)  # fmt: skip
    shrunk = raw.QuantizeDownAndShrinkRange(input=q, input_min=low, input_max=high,
                                            out_type=tf.quint8)  # fmt: skip
    a, b = (tf.quantization.quantize([1.0, 2.0], 0.0, h, tf.quint8) for h in (3.0, 5.0))
    both = tf.quantization.quantized_concat(0, [a[0], b[0]], [a[1], b[1]], [a[2], b[2]])
    values = [
        tf.quantization.dequantize(v[0], v[1], v[2], mode="MIN_FIRST")
        for v in (small, shrunk, both)
    ]
    with session() as sess:
        (low, high), values = sess.run([[first, last], values])
    np.testing.assert_allclose([low, high], [0, 2], atol=0.01)
    np.testing.assert_allclose(values[0], [0, 1, 2], atol=0.02)
    np.testing.assert_allclose(values[1], [0, 1, 2], atol=0.02)
    np.testing.assert_allclose(values[2], [1, 2, 1, 2], atol=0.03)


stateful("QuantizeV2", _quantize)
stateful("Dequantize", _quantize)
for name in ("RequantizationRange", "Requantize", "QuantizeDownAndShrinkRange", "QuantizedConcat"):
    stateful(name, _requantize)
