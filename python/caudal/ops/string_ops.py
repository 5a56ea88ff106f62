# SPDX-License-Identifier: Apache-2.0
"""Ops on strings."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply, public
from caudal.framework.sparse_tensor import SparseTensor

as_string = public("AsString")
decode_base64 = public("DecodeBase64")
encode_base64 = public("EncodeBase64")
string_strip = public("StringStrip")
string_lower = public("StringLower", order=["input", "encoding"])
string_upper = public("StringUpper", order=["input", "encoding"])
string_to_hash_bucket_fast = public("StringToHashBucketFast")
string_to_hash_bucket_strong = public("StringToHashBucketStrong")
unicode_script = public("UnicodeScript")
unicode_transcode = public("UnicodeTranscode")
unsorted_segment_join = public("UnsortedSegmentJoin")


def string_join(inputs, separator="", name=None):
    """Joins strings element by element. Op: StringJoin.

    Args:
      inputs: list of string tensors of one shape; scalars go with every element.
      separator: put in between.
      name: name of the node.
    """
    return apply("StringJoin", inputs, separator=separator, name=name)


def string_format(template, inputs, placeholder="{}", summarize=3, name=None):
    """Text with tensors put in at its placeholders. Op: StringFormat.

    Args:
      template: str.
      inputs: a tensor, or a list with one for each placeholder.
      placeholder: what marks a place.
      summarize: elements shown at both ends of each dimension; -1: all.
      name: name of the node.

    Returns:
      String scalar.
    """
    if tensor_util.is_tensor(inputs) or not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    inputs = ops.convert_n_to_tensor(inputs)
    if template.count(placeholder) != len(inputs):
        raise ValueError(
            "%s placeholder(s) in template does not match %s tensor(s) provided as input"
            % (template.count(placeholder), len(inputs))
        )
    return apply("StringFormat", inputs, template=template, placeholder=placeholder,
                 summarize=summarize, name=name)  # fmt: skip


def _one_of(first, first_name, second, second_name):
    if second is not None:
        if first is not None:
            raise ValueError("Cannot specify both '%s' and '%s'" % (second_name, first_name))
        return second
    return first


def regex_full_match(input, pattern, name=None):  # noqa: A002
    """Whether the whole of each string matches a regular expression (RE2's notation).

    Ops: StaticRegexFullMatch, RegexFullMatch.
    """
    if isinstance(pattern, (str, bytes)):
        return apply("StaticRegexFullMatch", input, pattern=pattern, name=name)
    return apply("RegexFullMatch", input, pattern, name=name)


def regex_replace(input, pattern, rewrite, replace_global=True, name=None):  # noqa: A002
    """Replaces matches of a regular expression (RE2's notation) in each string.

    Ops: StaticRegexReplace, RegexReplace.

    Args:
      input: string tensor.
      pattern: the expression; str or string scalar.
      rewrite: the replacement, in which \\0 to \\9 stand for groups.
      replace_global: all matches, or only the first.
      name: name of the node.
    """
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        return apply("StaticRegexReplace", input, pattern=pattern, rewrite=rewrite,
                     replace_global=replace_global, name=name)  # fmt: skip
    return apply("RegexReplace", input, pattern, rewrite, replace_global=replace_global, name=name)


def _sparse(result):
    indices, values, shape = result
    indices.set_shape([None, 2])
    values.set_shape([None])
    shape.set_shape([2])
    return SparseTensor(indices, values, shape)


def _check_result_type(result_type):
    if result_type not in ("SparseTensor", "RaggedTensor"):
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


def _ragged_from(sparse):
    from caudal.ops.ragged import ragged_tensor

    return ragged_tensor.RaggedTensor.from_sparse(sparse)


def string_split(
    source, sep=None, skip_empty=True, delimiter=None, result_type="SparseTensor", name=None
):
    """Splits each string of a vector at the characters of `sep`. Op: StringSplit.

    Args:
      source: string [n].
      sep: each of its characters separates; "" splits into characters; None: a space.
      skip_empty: leave empty pieces out.
      delimiter: old name of `sep`.
      result_type: "SparseTensor" or "RaggedTensor".
      name: prefix of the nodes.

    Returns:
      SparseTensor [n, most pieces] of strings.
    """
    delimiter = _one_of(sep, "sep", delimiter, "delimiter")
    if delimiter is None:
        delimiter = " "
    with ops.name_scope(name, "StringSplit", [source]):
        delimiter = ops.convert_to_tensor(delimiter, dtype=dtypes.string)
        source = ops.convert_to_tensor(source, dtype=dtypes.string)
        _check_result_type(result_type)
        split = _sparse(apply("StringSplit", source, delimiter, skip_empty=skip_empty))
        return split if result_type == "SparseTensor" else _ragged_from(split)


def string_split_v2(source, sep=None, maxsplit=-1):
    """Splits each string of a vector at `sep`, as Python's str.split. Op: StringSplitV2."""
    sep = "" if sep is None else sep
    sep = ops.convert_to_tensor(sep, dtype=dtypes.string)
    source = ops.convert_to_tensor(source, dtype=dtypes.string)
    return _sparse(apply("StringSplitV2", source, sep, maxsplit=maxsplit))


def strings_split(
    input=None,  # noqa: A002
    sep=None,
    maxsplit=-1,
    result_type="SparseTensor",
    source=None,
    name=None,
):
    """Splits each string at `sep` as Python's str.split does. Op: StringSplitV2.

    Args:
      input: string [n].
      sep: text that separates; None or "": runs of white space.
      maxsplit: most splits of a string; -1: all.
      result_type: "SparseTensor" or "RaggedTensor".
      source: old name of `input`.
      name: prefix of the nodes.
    """
    input = _one_of(input, "input", source, "source")  # noqa: A001
    with ops.name_scope(name, "StringSplit", [input]):
        input = ops.convert_to_tensor(input, dtype=dtypes.string, name="input")  # noqa: A001
        _check_result_type(result_type)
        if result_type == "SparseTensor" and input.shape.rank == 0:
            from caudal.ops import array_ops

            input = array_ops.stack([input])  # noqa: A001
        split = string_split_v2(input, sep, maxsplit)
        return split if result_type == "SparseTensor" else _ragged_from(split)


def reduce_join(
    inputs,
    axis=None,
    keep_dims=None,
    separator="",
    name=None,
    reduction_indices=None,
    keepdims=None,
):
    """Joins strings along axes. Op: ReduceJoin.

    Args:
      inputs: string tensor.
      axis: int, list or tensor of ints; the first one runs fastest. None: all, row by row.
      keep_dims, keepdims: keep joined dimensions with size 1.
      separator: put in between.
      name: name of the node.
      reduction_indices: old name of `axis`.
    """
    axis = _one_of(axis, "axis", reduction_indices, "reduction_indices")
    keepdims = _one_of(keepdims, "keepdims", keep_dims, "keep_dims") or False
    inputs = ops.convert_to_tensor(inputs, dtype=dtypes.string)
    if axis is None:
        rank = inputs.shape.rank
        if rank is not None:
            axis = ops.convert_to_tensor(np.arange(rank - 1, -1, -1, dtype=np.int32))
        else:
            from caudal.ops import array_ops

            axis = array_ops.range(array_ops.rank(inputs) - 1, -1, -1)
    return apply("ReduceJoin", inputs, axis, keep_dims=keepdims, separator=separator, name=name)


def reduce_join_v2(inputs, axis=None, keepdims=False, separator="", name=None):
    """`reduce_join` with the arguments of TensorFlow 2."""
    return reduce_join(inputs, axis, None, separator, name, None, keepdims)


def string_length(input, name=None, unit="BYTE"):  # noqa: A002
    """Length of each string in bytes, or in characters of UTF-8 (`unit="UTF8_CHAR"`)."""
    return apply("StringLength", input, unit=unit, name=name)


def substr(input, pos, len, name=None, unit="BYTE"):  # noqa: A002
    """A part of each string. Op: Substr.

    Args:
      input: string tensor.
      pos: int32 or int64, where the part begins; negative from the end. Broadcasts.
      len: as `pos`: its length, cut at the end of the string.
      name: name of the node.
      unit: "BYTE" or "UTF8_CHAR".

    Raises:
      InvalidArgumentError: when run, if a position is outside of its string.
    """
    return apply("Substr", input, pos, len, unit=unit, name=name)


substr_deprecated = substr


def string_to_hash_bucket(string_tensor=None, num_buckets=None, name=None, input=None):  # noqa: A002
    """A number below `num_buckets` for each string. Op: StringToHashBucket."""
    string_tensor = _one_of(string_tensor, "string_tensor", input, "input")
    return apply("StringToHashBucket", string_tensor, num_buckets=num_buckets, name=name)


def string_to_number(string_tensor=None, out_type=dtypes.float32, name=None, input=None):  # noqa: A002
    """The number that each string stands for. Op: StringToNumber.

    Args:
      string_tensor: string tensor.
      out_type: float32, float64, int32 or int64.
      name: name of the node.
      input: another name of `string_tensor`.

    Raises:
      InvalidArgumentError: when run, for text that is no number.
    """
    string_tensor = _one_of(string_tensor, "string_tensor", input, "input")
    return apply("StringToNumber", string_tensor, out_type=out_type, name=name)


# -- Ragged results --------------------------------------------------------------------------------


def _ragged(values, row_splits):
    from caudal.ops.ragged import ragged_tensor

    return ragged_tensor.RaggedTensor.from_row_splits(values, row_splits, validate=False)


def _nested(input, name, flat):  # noqa: A002
    """Ragged tensors for a string tensor of any known rank; `flat(vector)` gives (splits, values
    ...). For a scalar, plain vectors."""
    from caudal.ops import array_ops

    input = ops.convert_to_tensor(input, dtype=dtypes.string, name=name)  # noqa: A001
    rank = input.shape.rank
    if rank is None:
        raise ValueError("Rank of `%s` must be statically known." % name)
    splits, *values = flat(array_ops.reshape(input, [-1]))
    if rank == 0:
        for v in values:
            v.set_shape([None])
        return values
    results = [_ragged(v, splits) for v in values]
    for axis in reversed(range(1, rank)):
        size = array_ops.shape(input, out_type=dtypes.int64)[axis]
        outer = [_uniform(r, size) for r in results]
        results = outer
    return results


def _uniform(ragged, size):
    from caudal.ops import array_ops

    rows = ragged.nrows()
    splits = array_ops.range(array_ops.constant(0, dtypes.int64), rows + 1, size)
    return _ragged(ragged, splits)


def string_bytes_split(input, name=None):  # noqa: A002
    """The bytes of each string: one more dimension, ragged. A scalar gives a vector."""
    from caudal.ops import array_ops, math_ops

    with ops.name_scope(name, "StringsByteSplit", [input]):

        def flat(vector):
            pieces = apply("StringSplit", vector, "", skip_empty=False)
            lengths = math_ops.cast(string_length(vector), dtypes.int64)
            zero = array_ops.constant([0], dtypes.int64)
            return array_ops.concat([zero, math_ops.cumsum(lengths)], 0), pieces[1]

        return _nested(input, "input", flat)[0]


def _decode(input, input_encoding, errors, replacement_char, replace_control, offsets):  # noqa: A002
    op_name = "UnicodeDecodeWithOffsets" if offsets else "UnicodeDecode"

    def flat(vector):
        return apply(
            op_name, vector, input_encoding=input_encoding, errors=errors,
            replacement_char=replacement_char, replace_control_characters=replace_control,
        )  # fmt: skip

    return _nested(input, "input", flat)


def unicode_decode(input, input_encoding, errors="replace", replacement_char=0xFFFD,
                   replace_control_characters=False, name=None):  # noqa: A002  # fmt: skip
    """Code points of each string: one more dimension, ragged. Op: UnicodeDecode.

    Args:
      input: string tensor of known rank.
      input_encoding: "UTF-8", "UTF-16-BE", "UTF-32-BE", or another that Python knows.
      errors: "strict", "replace" or "ignore" bytes that are no character.
      replacement_char: code point that replaces them.
      replace_control_characters: replace the characters below 0x20 too.
      name: prefix of the nodes.
    """
    with ops.name_scope(name, "UnicodeDecode", [input]):
        return _decode(input, input_encoding, errors, replacement_char,
                       replace_control_characters, False)[0]  # fmt: skip


def unicode_decode_with_offsets(input, input_encoding, errors="replace", replacement_char=0xFFFD,
                                replace_control_characters=False, name=None):  # noqa: A002  # fmt: skip
    """(code points, byte offsets) of each string. Op: UnicodeDecodeWithOffsets."""
    with ops.name_scope(name, "UnicodeDecodeWithOffsets", [input]):
        points, starts = _decode(input, input_encoding, errors, replacement_char,
                                 replace_control_characters, True)  # fmt: skip
        return points, starts


def _split_characters(points):
    from caudal.ops import array_ops

    values = points if isinstance(points, ops.Tensor) else points.flat_values
    count = array_ops.shape(values, out_type=dtypes.int64)[0]
    splits = array_ops.range(array_ops.constant(0, dtypes.int64), count + 1)
    letters = apply("UnicodeEncode", values, splits, output_encoding="UTF-8", errors="ignore")
    return letters if isinstance(points, ops.Tensor) else points.with_flat_values(letters)


def unicode_split(input, input_encoding, errors="replace", replacement_char=0xFFFD, name=None):  # noqa: A002
    """The characters of each string as strings of UTF-8: one more dimension, ragged."""
    with ops.name_scope(name, "UnicodeSplit", [input]):
        points = _decode(input, input_encoding, errors, replacement_char, False, False)[0]
        return _split_characters(points)


def unicode_split_with_offsets(
    input,  # noqa: A002
    input_encoding,
    errors="replace",
    replacement_char=0xFFFD,
    name=None,
):
    """(characters, byte offsets) of each string."""
    with ops.name_scope(name, "UnicodeSplitWithOffsets", [input]):
        points, starts = _decode(input, input_encoding, errors, replacement_char, False, True)
        return _split_characters(points), starts


def unicode_encode(input, output_encoding, errors="replace", replacement_char=65533, name=None):  # noqa: A002
    """Strings from code points in the last dimension, dense or ragged. Op: UnicodeEncode.

    Args:
      input: int32 tensor of rank at least 1, or RaggedTensor.
      output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".
      errors: "strict", "replace" or "ignore" numbers that are no character.
      replacement_char: code point that replaces them.
      name: prefix of the nodes.
    """
    from caudal.ops import array_ops

    def encode(values, splits):
        return apply(
            "UnicodeEncode", values, splits, output_encoding=output_encoding, errors=errors,
            replacement_char=replacement_char,
        )  # fmt: skip

    with ops.name_scope(name, "UnicodeEncode", [input]):
        if hasattr(input, "row_splits"):
            if hasattr(input.values, "row_splits"):
                return input.with_values(
                    unicode_encode(input.values, output_encoding, errors, replacement_char)
                )
            if input.values.shape.rank == 1:
                return encode(input.values, input.row_splits)
            raise ValueError("the innermost dimension must be ragged, or the input dense")
        points = ops.convert_to_tensor(input, dtype=dtypes.int32)
        rank = points.shape.rank
        if rank is None:
            raise ValueError("Rank of input_tensor must be statically known.")
        if rank == 0:
            raise ValueError("input_tensor's rank must be at least 1.")
        shape = array_ops.shape(points, out_type=dtypes.int64)
        count = apply("Prod", shape[:-1], [0])
        splits = array_ops.range(array_ops.constant(0, dtypes.int64), count + 1) * shape[-1]
        result = array_ops.reshape(encode(array_ops.reshape(points, [-1]), splits), shape[:-1])
        result.set_shape(points.shape[:-1])
        return result


def ngrams(data, ngram_width, separator=" ", pad_values=None, padding_width=None,
           preserve_short_sequences=False, name=None):  # fmt: skip
    """Runs of neighbouring strings, joined. Op: StringNGrams.

    Args:
      data: string tensor or RaggedTensor; n-grams are made along its last dimension.
      ngram_width: int, or a tuple of ints.
      separator: put between the strings.
      pad_values: (left, right), or one str for both; None: no padding.
      padding_width: at most this many pads on a side.
      preserve_short_sequences: give rows too short for any n-gram back as one.
      name: prefix of the nodes.
    """
    from caudal.ops import array_ops

    with ops.name_scope(name, "StringNGrams", [data]):
        if pad_values is None:
            left, right = "", ""
        elif isinstance(pad_values, (list, tuple)):
            if not (isinstance(pad_values[0], str) and isinstance(pad_values[1], str)):
                raise TypeError("pad_values must be a string, tuple of strings, or None.")
            left, right = pad_values
        else:
            if not isinstance(pad_values, str):
                raise TypeError("pad_values must be a string, tuple of strings, or None.")
            left = right = pad_values
        if padding_width is not None and padding_width < 1:
            raise ValueError("padding_width must be greater than 0.")
        if padding_width is not None and pad_values is None:
            raise ValueError("pad_values must be provided if padding_width is set.")
        widths = list(ngram_width) if isinstance(ngram_width, (list, tuple)) else [ngram_width]
        if any(w < 1 for w in widths):
            raise ValueError("All ngram_widths must be greater than 0. Got %s" % (ngram_width,))
        pad_width = 0 if pad_values is None else -1 if padding_width is None else padding_width
        is_ragged = hasattr(data, "row_splits")
        if not is_ragged:
            data = ops.convert_to_tensor(data, dtype=dtypes.string)
            if data.shape.rank != 1:
                from caudal.ops.ragged import ragged_tensor

                data = ragged_tensor.RaggedTensor.from_tensor(data, ragged_rank=data.shape.rank - 1)
        inner = data
        while hasattr(inner, "row_splits") and hasattr(inner.values, "row_splits"):
            inner = inner.values
        values, splits = (
            (inner.values, inner.row_splits)
            if hasattr(inner, "row_splits")
            else (inner, array_ops.stack([0, array_ops.shape(inner)[0]]))
        )
        grams, new_splits = apply(
            "StringNGrams", values, splits, separator=separator, ngram_widths=widths,
            left_pad=left, right_pad=right, pad_width=pad_width,
            preserve_short_sequences=preserve_short_sequences,
        )  # fmt: skip
        if not hasattr(inner, "row_splits"):
            return grams
        result = _ragged(grams, new_splits)
        return result if inner is data else _replace_inner(data, result)


def _replace_inner(data, inner):
    if hasattr(data.values.values, "row_splits"):
        return data.with_values(_replace_inner(data.values, inner))
    return data.with_values(inner)
