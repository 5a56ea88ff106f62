# SPDX-License-Identifier: Apache-2.0
"""Quantisation, and its simulation in floating point."""

from caudal.framework.op_factory import apply, public

dequantize = public("Dequantize", drop=("T",))
fake_quant_with_min_max_args = public("FakeQuantWithMinMaxArgs")
fake_quant_with_min_max_args_gradient = public("FakeQuantWithMinMaxArgsGradient")
fake_quant_with_min_max_vars = public("FakeQuantWithMinMaxVars")
fake_quant_with_min_max_vars_gradient = public("FakeQuantWithMinMaxVarsGradient")
fake_quant_with_min_max_vars_per_channel = public("FakeQuantWithMinMaxVarsPerChannel")
fake_quant_with_min_max_vars_per_channel_gradient = public(
    "FakeQuantWithMinMaxVarsPerChannelGradient"
)
quantized_concat = public("QuantizedConcat")


def quantize_v2(
    input,  # noqa: A002
    min_range,
    max_range,
    T,  # noqa: N803
    mode="MIN_COMBINED",
    name=None,
    round_mode="HALF_AWAY_FROM_ZERO",
):
    """Numbers of a range as integers. Op: QuantizeV2.

    Args:
      input: a float32 tensor.
      min_range, max_range: float32 scalars; a range that has no zero is widened to one that has.
      T: qint8, quint8, qint16, quint16 or qint32.
      mode: "MIN_COMBINED", "MIN_FIRST" or "SCALED": how the range maps to the integers.
      round_mode: "HALF_AWAY_FROM_ZERO", or with mode SCALED "HALF_TO_EVEN".

    Returns:
      (output, output_min, output_max).
    """
    return apply(
        "QuantizeV2", input, min_range, max_range, T=T, mode=mode, round_mode=round_mode, name=name
    )


def quantize(
    input,  # noqa: A002
    min_range,
    max_range,
    T,  # noqa: N803
    mode="MIN_COMBINED",
    round_mode="HALF_AWAY_FROM_ZERO",
    name=None,
):
    """Numbers of a range as integers. Op: QuantizeV2.

    Args:
      input, min_range, max_range, T, mode, round_mode: as in `quantize_v2`.
    """
    return quantize_v2(input, min_range, max_range, T, mode, name, round_mode)


def quantize_and_dequantize(
    input,  # noqa: A002
    input_min,
    input_max,
    signed_input=True,
    num_bits=8,
    range_given=False,
    round_mode="HALF_TO_EVEN",
    name=None,
    narrow_range=False,
):
    """Numbers rounded to what integers of a width can hold; gradients pass unchanged. Op:
    QuantizeAndDequantizeV2.

    Args:
      input: a float tensor.
      input_min, input_max: scalars of its dtype: the range, used if `range_given`.
      signed_input: whether the integers have a sign.
      num_bits: their width.
      range_given: otherwise the range is that of `input`.
      round_mode: "HALF_TO_EVEN" or "HALF_UP".
      narrow_range: leave out the lowest integer.
    """
    return apply(
        "QuantizeAndDequantizeV2", input, input_min, input_max, signed_input=signed_input,
        num_bits=num_bits, range_given=range_given, round_mode=round_mode,
        narrow_range=narrow_range, name=name,
    )  # fmt: skip
