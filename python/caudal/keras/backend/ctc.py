# SPDX-License-Identifier: Apache-2.0
"""Connectionist temporal classification."""

import caudal as tf
from caudal.framework.sparse_tensor import SparseTensor
from caudal.keras.backend.common import epsilon


def ctc_label_dense_to_sparse(labels, label_lengths):
    """Labels as a SparseTensor.

    Args:
      labels: [batch, longest], of which each row counts up to its length.
      label_lengths: int [batch].
    """
    sizes = tf.cast(tf.shape(labels), tf.int64)
    indices = tf.where(tf.sequence_mask(label_lengths, tf.shape(labels)[1]))
    return SparseTensor(indices, tf.gather_nd(labels, indices), sizes)


def _time_major_logs(y_pred):
    return tf.log(tf.transpose(y_pred, [1, 0, 2]) + epsilon())


def ctc_batch_cost(y_true, y_pred, input_length, label_length):
    """The CTC loss of each sequence.

    Args:
      y_true: [batch, longest label], the labels.
      y_pred: [batch, time, classes], what a softmax returns; the last class is the blank.
      input_length: [batch, 1], the lengths of the sequences in `y_pred`.
      label_length: [batch, 1], the lengths of the labels.

    Returns:
      A tensor [batch, 1].
    """
    label_length = tf.cast(tf.squeeze(label_length, [-1]), tf.int32)
    input_length = tf.cast(tf.squeeze(input_length, [-1]), tf.int32)
    labels = ctc_label_dense_to_sparse(tf.cast(y_true, tf.int32), label_length)
    loss = tf.nn.ctc_loss(
        inputs=_time_major_logs(y_pred), labels=labels, sequence_length=input_length
    )
    return tf.expand_dims(loss, 1)


def ctc_decode(y_pred, input_length, greedy=True, beam_width=100, top_paths=1):
    """The most likely labels.

    Args:
      y_pred: [batch, time, classes], what a softmax returns; the last class is the blank.
      input_length: [batch], the lengths of the sequences.
      greedy: take the most likely class at each step, else search among `beam_width` candidates.
      beam_width: an int.
      top_paths: how many results the search gives.

    Returns:
      (list of the results, each [batch, longest] and filled up with -1; log probabilities
      [batch, number of results]).
    """
    logs = _time_major_logs(y_pred)
    lengths = tf.cast(input_length, tf.int32)
    if greedy:
        decoded, scores = tf.nn.ctc_greedy_decoder(inputs=logs, sequence_length=lengths)
    else:
        decoded, scores = tf.nn.ctc_beam_search_decoder(
            inputs=logs,
            sequence_length=lengths,
            beam_width=beam_width,
            top_paths=top_paths,
        )
    dense = [tf.sparse_to_dense(d.indices, d.dense_shape, d.values, -1) for d in decoded]
    return dense, scores
