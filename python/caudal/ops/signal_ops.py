# SPDX-License-Identifier: Apache-2.0
"""Frames of signals, windows, short-time spectra, mel scales."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.ops import array_ops, dct_ops, fourier_ops, math_ops, shape_ops

# -- Windows ---------------------------------------------------------------------------------------


def hann_window(window_length, periodic=True, dtype=dtypes.float32, name=None):
    """A raised cosine that begins at zero, of rank 1.

    Args:
      window_length: int or int32 scalar.
      periodic: whether one sample more would close a period (even lengths only).
      dtype: a float dtype.
      name: name scope.
    """
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(window_length, periodic=True, dtype=dtypes.float32, name=None):
    """A raised cosine that begins at 0.08; see `hann_window`."""
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


def _raised_cosine(name, default, length, periodic, dtype, a, b):
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError("dtype must be a floating point type. Found %s" % dtype)
    with ops.name_scope(name, default, [length, periodic]):
        length = ops.convert_to_tensor(length, dtypes.int32, name="window_length")
        length.shape.assert_has_rank(0)
        known = tensor_util.constant_value(length)
        if known is not None and known == 1:
            return array_ops.ones([1], dtype=dtype)
        periodic = math_ops.cast(
            ops.convert_to_tensor(periodic, dtypes.bool, name="periodic"), dtypes.int32
        )
        period = length + periodic * (1 - length % 2) - 1
        if known is None:
            period = math_ops.maximum(period, 1)
        count = math_ops.cast(array_ops.range(length), dtype)
        angle = (2 * np.pi) * count / math_ops.cast(period, dtype)
        window = a - b * math_ops.cos(angle)
        if known is None:
            one = math_ops.cast(math_ops.equal(length, 1), dtype)
            window = one + (1 - one) * window
        return window


# -- Frames ----------------------------------------------------------------------------------------


def frame(signal, frame_length, frame_step, pad_end=False, pad_value=0, axis=-1, name=None):
    """Cuts an axis into frames, which may overlap.

    Args:
      signal: tensor [..., samples, ...] of known rank.
      frame_length, frame_step: int or int32 scalars.
      pad_end: whether frames that reach beyond the end are filled with `pad_value`; else dropped.
      pad_value: a scalar of the signal's dtype.
      axis: the axis of the samples.
      name: name scope.

    Returns:
      A tensor [..., frames, frame_length, ...].
    """
    with ops.name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = ops.convert_to_tensor(signal, name="signal")
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        if signal.shape.rank is None:
            if axis != -1:
                raise ValueError("a signal of unknown rank has its samples in the last axis")
            dims = None
            known = None
        else:
            dims = signal.shape.as_list()
            if not -len(dims) <= axis < len(dims):
                raise IndexError("axis %d of a signal of rank %d" % (axis, len(dims)))
            axis = axis + len(dims) if axis < 0 else axis
            known = dims[axis]
        size = known if known is not None else shape_ops.shape(signal)[axis]
        if all(isinstance(v, int) for v in (size, length, step)):
            if step < 1:
                raise ValueError("frame_step must be positive, got %d" % step)
            count = -(-size // step) if pad_end else max(0, 1 + (size - length) // step)
            gap = max(0, length + step * (count - 1) - size) if pad_end else 0
        elif pad_end:
            count = -(-size // step)
            gap = math_ops.maximum(0, length + step * (count - 1) - size)
        else:
            count, gap = math_ops.maximum(0, 1 + (size - length) // step), 0
        if not (isinstance(gap, int) and gap == 0):
            signal = _extended(signal, axis, gap, pad_value, dims)
        starts = array_ops.range(count) * step
        picks = array_ops.expand_dims(starts, 1) + array_ops.expand_dims(array_ops.range(length), 0)
        if dims is None:
            rest = shape_ops.shape(signal)[:-1]
            flat = array_ops.reshape(signal, [-1, shape_ops.shape(signal)[-1]])
            frames = array_ops.gather(flat, picks, axis=1)
            return array_ops.reshape(frames, array_ops.concat([rest, shape_ops.shape(picks)], 0))
        # Behind a reshape, so that the gradient is a tensor and no IndexedSlices.
        signal = array_ops.reshape(signal, shape_ops.shape(signal))
        frames = array_ops.gather(signal, picks, axis=axis)
        ints = [v if isinstance(v, int) else None for v in (count, length)]
        frames.set_shape([*dims[:axis], *ints, *dims[axis + 1 :]])
        return frames


def _scalar(value, name):
    """An int where known, else a scalar tensor."""
    tensor = ops.convert_to_tensor(value, name=name)
    tensor.shape.assert_has_rank(0)
    if not tensor.dtype.is_integer:
        raise ValueError("%s must be an integer. Got %s" % (name, tensor.dtype))
    known = tensor_util.constant_value(tensor)
    return math_ops.cast(tensor, dtypes.int32) if known is None else int(known)


def _extended(signal, axis, gap, value, dims):
    value = ops.convert_to_tensor(value, dtype=signal.dtype.base_dtype, name="pad_value")
    value.shape.assert_has_rank(0)
    if dims is None:
        before = array_ops.zeros_like(shape_ops.shape(signal))
        after = array_ops.concat([before[:-1], [gap]], 0)
    else:
        before = np.zeros(len(dims), np.int32)
        after = [gap if i == axis else 0 for i in range(len(dims))]
        after = np.array(after, np.int32) if isinstance(gap, int) else array_ops.stack(after)
    pads = array_ops.stack([before, after], axis=1)
    return array_ops.pad(signal, pads, constant_values=value)


def overlap_and_add(signal, frame_step, name=None):
    """Adds frames at their places: the transposed operation of `frame`.

    Args:
      signal: [..., frames, frame_length].
      frame_step: int or int32 scalar.
      name: name scope.

    Returns:
      [..., samples] with samples = (frames - 1) * frame_step + frame_length.
    """
    with ops.name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = ops.convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        step = _scalar(frame_step, "frame_step")
        rank = signal.shape.rank
        dynamic = None
        sizes = [None, None] if rank is None else signal.shape.as_list()[-2:]
        if None in sizes:
            dynamic = shape_ops.shape(signal)
            sizes = [dynamic[i - 2] if n is None else n for i, n in enumerate(sizes)]
        count, length = sizes
        total = (count - 1) * step + length
        places = array_ops.expand_dims(array_ops.range(count) * step, 1)
        places = places + array_ops.expand_dims(array_ops.range(length), 0)
        if rank is None:
            flat = array_ops.reshape(signal, [-1, count, length])
            result = _added(flat, places, total, 3)
            return array_ops.reshape(result, array_ops.concat([dynamic[:-2], [total]], 0))
        return _added(signal, places, total, rank)


def _added(frames, places, total, rank):
    outer = list(range(rank - 2))
    moved = array_ops.transpose(frames, [rank - 2, rank - 1, *outer])
    sums = array_ops.unsorted_segment_sum(moved, places, total)
    return array_ops.transpose(sums, [*range(1, rank - 1), 0])


# -- Short-time Fourier transforms -----------------------------------------------------------------


def _enclosing_power_of_two(length):
    if isinstance(length, int):
        return 1 << max(0, (length - 1)).bit_length() if length > 1 else 1
    value = math_ops.cast(length, dtypes.float32)
    exponent = math_ops.ceil(math_ops.log(value) / np.log(2.0).astype(np.float32))
    return math_ops.cast(math_ops.pow(2.0, exponent), dtypes.int32)


def _length_vector(n):
    return [n] if isinstance(n, int) else array_ops.stack([n])


def stft(
    signals, frame_length, frame_step, fft_length=None, window_fn=hann_window, pad_end=False,
    name=None,
):  # fmt: skip
    """Fourier transforms of windowed frames.

    Args:
      signals: float tensor [..., samples].
      frame_length, frame_step: int or int32 scalars.
      fft_length: samples per transform, by default the least power of two that holds a frame.
      window_fn: window_fn(frame_length, dtype=...) gives the window; None for none.
      pad_end: whether frames beyond the end are filled with zeros.
      name: name scope.

    Returns:
      complex tensor [..., frames, fft_length // 2 + 1].
    """
    with ops.name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = ops.convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        if fft_length is None:
            fft_length = _enclosing_power_of_two(length)
        else:
            fft_length = _scalar(fft_length, "fft_length")
        frames = frame(signals, length, step, pad_end=pad_end)
        if window_fn is not None:
            frames *= window_fn(length, dtype=frames.dtype)
        return fourier_ops.rfft(frames, _length_vector(fft_length))


def inverse_stft_window_fn(frame_step, forward_window_fn=hann_window, name=None):
    """The window function with which `inverse_stft` restores what was windowed by another.

    Args:
      frame_step: int or int32 scalar.
      forward_window_fn: the window of `stft`.
      name: name scope.

    Returns:
      A function of (frame_length, dtype).
    """
    with ops.name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
        step = _scalar(frame_step, "frame_step")

        def inverse_window(frame_length, dtype):
            with ops.name_scope(None, "inverse_stft_window_fn"):
                length = _scalar(frame_length, "frame_length")
                window = forward_window_fn(length, dtype=dtype)
                overlaps = -(-length // step)
                energy = array_ops.pad(math_ops.square(window), [(0, overlaps * step - length)])
                energy = array_ops.reshape(energy, [overlaps, step])
                energy = math_ops.reduce_sum(energy, 0, keepdims=True)
                energy = array_ops.reshape(array_ops.tile(energy, [overlaps, 1]), [overlaps * step])
                return window / energy[:length]

        return inverse_window


def inverse_stft(
    stfts, frame_length, frame_step, fft_length=None, window_fn=hann_window, name=None
):
    """Signals from short-time spectra.

    Args:
      stfts: complex tensor [..., frames, fft_length // 2 + 1].
      frame_length, frame_step, fft_length: as given to `stft`.
      window_fn: applied to each frame before they are added; `inverse_stft_window_fn` makes one
        that restores the signal. None for none.
      name: name scope.

    Returns:
      float tensor [..., samples].
    """
    with ops.name_scope(name, "inverse_stft", [stfts]):
        stfts = ops.convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        if fft_length is None:
            fft_length = _enclosing_power_of_two(length)
        else:
            fft_length = _scalar(fft_length, "fft_length")
        frames = fourier_ops.irfft(stfts, _length_vector(fft_length))
        if isinstance(length, int) and isinstance(fft_length, int):
            if length > fft_length:
                frames = _extended_last(frames, length - fft_length)
            elif length < fft_length:
                frames = frames[..., :length]
        else:
            frames = frames[..., :length]
            frames = _extended_last(frames, math_ops.maximum(0, length - fft_length))
        if window_fn is not None:
            frames *= window_fn(length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, step)


def _extended_last(frames, gap):
    dims = None if frames.shape.rank is None else frames.shape.as_list()
    return _extended(frames, -1 if dims is None else len(dims) - 1, gap, 0, dims)


# -- The mel scale ---------------------------------------------------------------------------------


def _to_mel(hertz, name=None):
    with ops.name_scope(name, "hertz_to_mel", [hertz]):
        return 1127.0 * math_ops.log(1.0 + ops.convert_to_tensor(hertz) / 700.0)


def _is_tensor(value):
    return isinstance(value, ops.Tensor)


def linear_to_mel_weight_matrix(
    num_mel_bins=20, num_spectrogram_bins=129, sample_rate=8000, lower_edge_hertz=125.0,
    upper_edge_hertz=3800.0, dtype=dtypes.float32, name=None,
):  # fmt: skip
    """Weights [num_spectrogram_bins, num_mel_bins] that turn linear spectra into mel spectra:
    triangles of equal width on the mel scale.

    Args:
      num_mel_bins, num_spectrogram_bins: ints.
      sample_rate: samples per second: a number or a scalar tensor.
      lower_edge_hertz, upper_edge_hertz: ends of the first and the last triangle.
      dtype: a float dtype.
      name: name scope.

    Raises:
      ValueError: for numbers out of range.
    """
    dtype = dtypes.as_dtype(dtype)
    with ops.name_scope(name, "linear_to_mel_weight_matrix"):
        if num_mel_bins <= 0:
            raise ValueError("num_mel_bins must be positive. Got: %s" % num_mel_bins)
        if lower_edge_hertz < 0.0:
            raise ValueError("lower_edge_hertz must be non-negative. Got: %s" % lower_edge_hertz)
        if lower_edge_hertz >= upper_edge_hertz:
            raise ValueError(
                "lower_edge_hertz %.1f >= upper_edge_hertz %.1f"
                % (lower_edge_hertz, upper_edge_hertz)
            )
        known = tensor_util.constant_value(sample_rate) if _is_tensor(sample_rate) else sample_rate
        if known is not None:
            if known <= 0.0:
                raise ValueError("sample_rate must be positive. Got: %s" % known)
            if upper_edge_hertz > known / 2:
                raise ValueError(
                    "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate /"
                    " 2). Got: %s for sample_rate: %s" % (upper_edge_hertz, known)
                )
        if not dtype.is_floating:
            raise ValueError("dtype must be a floating point type. Got: %s" % dtype)
        rate = math_ops.cast(sample_rate, dtype, name="sample_rate")
        low = ops.convert_to_tensor(lower_edge_hertz, dtype, name="lower_edge_hertz")
        high = ops.convert_to_tensor(upper_edge_hertz, dtype, name="upper_edge_hertz")
        zero = ops.convert_to_tensor(0.0, dtype)
        # The constant part of a spectrum belongs to no triangle.
        frequencies = math_ops.linspace(zero, rate / 2.0, num_spectrogram_bins)[1:]
        spectrum = array_ops.expand_dims(_to_mel(frequencies), 1)
        ends = math_ops.linspace(_to_mel(low), _to_mel(high), num_mel_bins + 2)
        edges = [array_ops.expand_dims(ends[i : num_mel_bins + i], 0) for i in range(3)]
        rising = (spectrum - edges[0]) / (edges[1] - edges[0])
        falling = (edges[2] - spectrum) / (edges[2] - edges[1])
        weights = math_ops.maximum(zero, math_ops.minimum(rising, falling))
        return array_ops.pad(weights, [[1, 0], [0, 0]])


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms, name=None):
    """Mel-frequency cepstral coefficients [..., bins] of log mel spectra [..., bins]: a cosine
    transform of type 2."""
    with ops.name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectra = ops.convert_to_tensor(log_mel_spectrograms, dtypes.float32)
        bins = spectra.shape.as_list()[-1] if spectra.shape.rank else None
        if bins == 0:
            raise ValueError("num_mel_bins must be positive. Got: %s" % spectra)
        if bins is None:
            bins = shape_ops.shape(spectra)[-1]
        number = math_ops.cast(bins, dtypes.float32)
        return dct_ops.dct(spectra, type=2) * math_ops.rsqrt(number * 2.0)
