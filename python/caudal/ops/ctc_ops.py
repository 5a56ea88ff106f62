# SPDX-License-Identifier: Apache-2.0
"""Connectionist temporal classification: losses and decoders of unaligned label sequences."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.framework.sparse_tensor import SparseTensor
from caudal.ops import array_ops, math_ops


def ctc_loss(
    labels, inputs=None, sequence_length=None, preprocess_collapse_repeated=False,
    ctc_merge_repeated=True, ignore_longer_outputs_than_inputs=False, time_major=True, logits=None,
):  # fmt: skip
    """Negative log probability of label sequences, summed over their alignments. Op: CTCLoss.

    Args:
      labels: int32 SparseTensor [batch, longest]; values in [0, classes - 1).
      inputs: float [time, batch, classes], logits; the last class is the blank. `logits` is another
        name for it.
      sequence_length: int32 [batch], used times of each sequence.
      preprocess_collapse_repeated: merge equal neighbours among the labels first.
      ctc_merge_repeated: merge equal neighbours of an alignment.
      ignore_longer_outputs_than_inputs: sequences with more labels than times have loss 0 instead
        of an error.
      time_major: False for inputs [batch, time, classes].

    Returns:
      Losses [batch].

    Raises:
      TypeError: if `labels` is no SparseTensor.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = _either(inputs, "inputs", logits, "logits")
    if not time_major:
        inputs = array_ops.transpose(inputs, [1, 0, 2])
    return apply(
        "CTCLoss", inputs, labels.indices, labels.values, sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    ).loss  # fmt: skip


def _either(value, value_name, alias, alias_name):
    if alias is not None:
        if value is not None:
            raise ValueError("Cannot specify both '%s' and '%s'" % (alias_name, value_name))
        return alias
    return value


def ctc_loss_v2(
    labels, logits, label_length, logit_length, logits_time_major=True, unique=None,
    blank_index=None, name=None,
):  # fmt: skip
    """`ctc_loss` with a choice of the blank, and of dense or sparse labels.

    Args:
      labels: int [batch, longest], or a SparseTensor.
      logits: float [time, batch, classes], or [batch, time, classes] if not logits_time_major.
      label_length: int [batch], for dense labels.
      logit_length: int [batch].
      unique: without effect on the result.
      blank_index: class of the blank, negative from the end; by default 0 for dense labels.

    Returns:
      Losses [batch].
    """
    sparse = isinstance(labels, SparseTensor)
    if sparse and blank_index is None:
        raise ValueError("blank_index must be given when using SparseTensor labels.")
    with ops.name_scope(name, "ctc_loss_dense" if not sparse else "ctc_loss", [logits]):
        logits = ops.convert_to_tensor(logits, name="logits")
        if not sparse:
            blank_index = 0 if blank_index is None else blank_index
            labels = dense_labels_to_sparse(labels, label_length)
        values = math_ops.cast(labels.values, dtypes.int32)
        classes = logits.shape.as_list()[2] if logits.shape.rank is not None else None
        if classes is None:
            classes = array_ops.shape(logits)[2]
        if blank_index < 0:
            blank_index += classes
        if isinstance(classes, ops.Tensor) or blank_index != classes - 1:
            # The op wants the blank last.
            logits = array_ops.concat(
                [
                    logits[:, :, :blank_index],
                    logits[:, :, blank_index + 1 :],
                    logits[:, :, blank_index : blank_index + 1],
                ],
                axis=2,
            )
            values = array_ops.where(values < blank_index, values, values - 1)
        labels = SparseTensor(labels.indices, values, labels.dense_shape)
        logit_length = math_ops.cast(logit_length, dtypes.int32)
        return ctc_loss(labels, logits, logit_length, time_major=logits_time_major)


def dense_labels_to_sparse(dense, length):
    """A SparseTensor of the first `length` [batch] entries of the rows of `dense`."""
    dense = ops.convert_to_tensor(dense)
    mask = array_ops.sequence_mask(length, array_ops.shape(dense)[1])
    indices = array_ops.where(mask)
    values = array_ops.gather_nd(dense, indices)
    return SparseTensor(indices, values, array_ops.shape(dense, out_type=dtypes.int64))


def ctc_greedy_decoder(inputs, sequence_length, merge_repeated=True):
    """The most likely class at every time, blanks left out. Op: CTCGreedyDecoder.

    Args:
      inputs: float [time, batch, classes], logits; the last class is the blank.
      sequence_length: int32 [batch].
      merge_repeated: whether equal classes in a row count once.

    Returns:
      (a list with one int64 SparseTensor [batch, longest], [batch, 1] minus the sum of the chosen
      logits).
    """
    result = apply("CTCGreedyDecoder", inputs, sequence_length, merge_repeated=merge_repeated)
    decoded = SparseTensor(result.decoded_indices, result.decoded_values, result.decoded_shape)
    return [decoded], result.log_probability


def ctc_beam_search_decoder(
    inputs, sequence_length, beam_width=100, top_paths=1, merge_repeated=True
):
    """The most likely label sequences, by a search over prefixes. Op: CTCBeamSearchDecoder.

    Args:
      inputs, sequence_length: as in `ctc_greedy_decoder`.
      beam_width: prefixes kept at every time.
      top_paths: sequences returned, at most beam_width.
      merge_repeated: whether equal labels in a row of the result count once.

    Returns:
      (a list of `top_paths` int64 SparseTensors [batch, longest], log probabilities
      [batch, top_paths]).
    """
    result = apply("CTCBeamSearchDecoder", inputs, sequence_length, beam_width=beam_width,
                   top_paths=top_paths, merge_repeated=merge_repeated)  # fmt: skip
    parts = zip(result.decoded_indices, result.decoded_values, result.decoded_shape)
    return [SparseTensor(*part) for part in parts], result.log_probability


def ctc_beam_search_decoder_v2(inputs, sequence_length, beam_width=100, top_paths=1):
    """`ctc_beam_search_decoder` that keeps equal labels in a row."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, False)


def collapse_repeated(labels, seq_length, name=None):
    """Merges equal neighbours in rows of labels.

    Args:
      labels: [batch, longest].
      seq_length: int [batch], used entries of each row.

    Returns:
      (the rows with zeros behind, [batch, longest of the results], their lengths).
    """
    with ops.name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = ops.convert_to_tensor(labels, name="labels")
        seq_length = ops.convert_to_tensor(seq_length, name="seq_length")
        # The first entry stays, and every other that differs from the one before.
        first = array_ops.ones_like(labels[:, :1], dtypes.bool)
        keep = array_ops.concat([first, math_ops.not_equal(labels[:, 1:], labels[:, :-1])], axis=1)
        used = array_ops.sequence_mask(seq_length, maxlen=array_ops.shape(labels)[1])
        keep = math_ops.logical_and(keep, used)
        lengths = math_ops.reduce_sum(math_ops.cast(keep, seq_length.dtype), axis=1)
        longest = math_ops.reduce_max(lengths)
        places = math_ops.cast(array_ops.where(array_ops.sequence_mask(lengths, longest)),
                               dtypes.int32)  # fmt: skip
        batch = array_ops.shape(labels)[0]
        shape = array_ops.stack([batch, math_ops.cast(longest, dtypes.int32)])
        rows = array_ops.scatter_nd(places, array_ops.boolean_mask(labels, keep), shape)
        rows.set_shape([labels.shape.dims[0] if labels.shape.rank is not None else None, None])
        return rows, lengths


def ctc_unique_labels(labels, name=None):
    """The distinct labels of every row, in order of appearance, and where each label is there.

    Args:
      labels: int [batch, longest]; zeros pad the rows.

    Returns:
      (distinct labels, int64 [batch, longest] with zeros behind, indices of each entry of `labels`
      among them).
    """
    with ops.name_scope(name, "ctc_unique_labels", [labels]):
        labels = ops.convert_to_tensor(labels, name="labels")
        longest = array_ops.shape(labels)[1]
        # Entry j is the first of its label when no earlier entry equals it.
        equal = math_ops.equal(array_ops.expand_dims(labels, 2), array_ops.expand_dims(labels, 1))
        first_at = math_ops.argmax(math_ops.cast(equal, dtypes.int32), axis=2,
                                   output_type=dtypes.int32)  # fmt: skip
        own = math_ops.equal(first_at, array_ops.expand_dims(array_ops.range(longest), 0))
        rank = math_ops.cumsum(math_ops.cast(own, dtypes.int32), axis=1) - 1
        row = array_ops.expand_dims(array_ops.range(array_ops.shape(labels)[0]), 1)
        row += array_ops.zeros_like(first_at)
        indices = array_ops.gather_nd(rank, array_ops.stack([row, first_at], axis=2))
        count = math_ops.reduce_sum(math_ops.cast(own, dtypes.int32), axis=1)
        places = math_ops.cast(array_ops.where(array_ops.sequence_mask(count, longest)),
                               dtypes.int32)  # fmt: skip
        distinct = array_ops.scatter_nd(
            places, array_ops.boolean_mask(labels, own), array_ops.shape(labels)
        )
        distinct.set_shape(labels.shape)
        return math_ops.cast(distinct, dtypes.int64), indices
