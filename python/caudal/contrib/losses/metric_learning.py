# SPDX-License-Identifier: Apache-2.0
"""Losses of embeddings: near for the same label, far for others."""

import numpy as np

from caudal.framework import dtypes, ops, sparse_tensor
from caudal.ops import (
    array_ops,
    logging_ops,
    math_ops,
    matmul_ops,
    nn_impl,
    script_ops,
    segment_ops,
    shape_ops,
    sparse_ops,
)

__all__ = [
    "cluster_loss",
    "contrastive_loss",
    "lifted_struct_loss",
    "npairs_loss",
    "npairs_loss_multilabel",
    "triplet_semihard_loss",
]


def pairwise_distance(feature, squared=False):
    """The Euclidean distances of all pairs of rows, [n, n]."""
    lengths = math_ops.reduce_sum(math_ops.square(feature), axis=[1], keepdims=True)
    products = matmul_ops.matmul(feature, array_ops.transpose(feature))
    distances = math_ops.maximum(lengths + array_ops.transpose(lengths) - 2.0 * products, 0.0)
    if not squared:
        # The slope of the root has no value at 0: those elements become 0 afterwards.
        near = math_ops.cast(math_ops.less_equal(distances, 0.0), distances.dtype)
        distances = math_ops.sqrt(distances + near * 1e-16) * (1.0 - near)
    number = array_ops.shape(feature)[0]
    apart = 1.0 - array_ops.diag(array_ops.ones([number], distances.dtype))
    return distances * apart


def contrastive_loss(labels, embeddings_anchor, embeddings_positive, margin=1.0):
    """The mean of d^2 for pairs that match and of max(margin - d, 0)^2 for pairs that do not.

    Args:
      labels: [n] of 0 and 1: 1 where the rows match.
      embeddings_anchor, embeddings_positive: floats [n, m], of length 1.
      margin: float.
    """
    distances = math_ops.sqrt(
        math_ops.reduce_sum(math_ops.squared_difference(embeddings_anchor, embeddings_positive), 1)
    )
    labels = math_ops.cast(labels, distances.dtype)
    apart = math_ops.square(math_ops.maximum(margin - distances, 0.0))
    return math_ops.reduce_mean(
        labels * math_ops.square(distances) + (1.0 - labels) * apart, name="contrastive_loss"
    )


def _same(labels):
    labels = ops.convert_to_tensor(labels)
    column = array_ops.reshape(labels, [array_ops.shape(labels)[0], 1])
    return math_ops.equal(column, array_ops.transpose(column))


def _extreme(values, mask, axis, largest):
    """The largest or smallest of the masked values along an axis, which stays with size 1."""
    pick, other = math_ops.reduce_max, math_ops.reduce_min
    if not largest:
        pick, other = other, pick
    bound = other(values, axis, keepdims=True)
    return pick((values - bound) * mask, axis, keepdims=True) + bound


def triplet_semihard_loss(labels, embeddings, margin=1.0):
    """For each pair with one label the nearest other point that is farther than the pair.

    Where there is none, the farthest other point. The loss is the mean of max(margin + the
    pair's squared distance - the squared distance to that point, 0).

    Args:
      labels: int tensor [n].
      embeddings: floats [n, m], of length 1.
      margin: float.
    """
    distances = pairwise_distance(embeddings, squared=True)
    dtype = distances.dtype
    same = _same(labels)
    others = math_ops.logical_not(same)
    # Axes: anchor, positive, negative.
    to_negative = shape_ops.expand_dims(distances, 1)
    farther = math_ops.logical_and(
        shape_ops.expand_dims(others, 1), math_ops.greater(to_negative, distances[:, :, None])
    )
    wide = to_negative + array_ops.zeros_like(distances)[:, :, None]
    mask = math_ops.cast(farther, dtype)
    outside = shape_ops.squeeze(_extreme(wide, mask, 2, largest=False), [2])
    inside = _extreme(distances, math_ops.cast(others, dtype), 1, largest=True)
    exists = math_ops.reduce_any(farther, axis=2)
    inside = inside + array_ops.zeros_like(distances)
    chosen = array_ops.where(exists, outside, inside)
    pairs = math_ops.cast(same, dtype) - array_ops.diag(
        array_ops.ones([array_ops.shape(distances)[0]], dtype)
    )
    loss = math_ops.maximum((margin + distances - chosen) * pairs, 0.0)
    return math_ops.truediv(
        math_ops.reduce_sum(loss), math_ops.reduce_sum(pairs), name="triplet_semihard_loss"
    )


def _npairs(similar, embeddings_anchor, embeddings_positive, reg_lambda, print_losses):
    anchor = math_ops.reduce_mean(math_ops.reduce_sum(math_ops.square(embeddings_anchor), 1))
    positive = math_ops.reduce_mean(math_ops.reduce_sum(math_ops.square(embeddings_positive), 1))
    l2loss = math_ops.multiply(0.25 * reg_lambda, anchor + positive, name="l2loss")
    logits = matmul_ops.matmul(
        embeddings_anchor, embeddings_positive, transpose_a=False, transpose_b=True
    )
    similar = math_ops.cast(similar, logits.dtype)
    similar /= math_ops.reduce_sum(similar, 1, keepdims=True)
    entropy = math_ops.reduce_mean(
        nn_impl.softmax_cross_entropy_with_logits(logits=logits, labels=similar),
        name="xentropy",
    )
    if print_losses:
        entropy = logging_ops.Print(entropy, ["cross entropy:", entropy, "l2loss:", l2loss])
    return l2loss + entropy


def npairs_loss(labels, embeddings_anchor, embeddings_positive, reg_lambda=0.002,
                print_losses=False):  # fmt: skip
    """The cross entropy of inner products, which should be large where labels are equal.

    Args:
      labels: int tensor [n].
      embeddings_anchor, embeddings_positive: floats [n, m].
      reg_lambda: weight of the squared lengths.
      print_losses: whether both parts are printed.
    """
    return _npairs(_same(labels), embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def npairs_loss_multilabel(sparse_labels, embeddings_anchor, embeddings_positive,
                           reg_lambda=0.002, print_losses=False):  # fmt: skip
    """`npairs_loss` of sets of labels, which count by how many they share.

    Args:
      sparse_labels: list of n SparseTensors [number of classes] of 0 and 1.
      embeddings_anchor, embeddings_positive: floats [n, m].
      reg_lambda: weight of the squared lengths.
      print_losses: whether both parts are printed.

    Raises:
      TypeError: for labels that are not sparse.
    """
    if False in [isinstance(label, sparse_tensor.SparseTensor) for label in sparse_labels]:
        raise TypeError("sparse_labels must be a list of SparseTensors, but got %s"
                        % str(sparse_labels))  # fmt: skip
    with ops.name_scope("NpairsLossMultiLabel"):
        rows = [sparse_ops.sparse_tensor_to_dense(label) for label in sparse_labels]
        table = math_ops.cast(array_ops.stack(rows, 0), dtypes.float32)
        shared = matmul_ops.matmul(table, table, transpose_b=True)
        return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def lifted_struct_loss(labels, embeddings, margin=1.0):
    """Each pair with one label against all other points of both its ends, after Song et al.

    Args:
      labels: int tensor [n].
      embeddings: floats [n, m]; not normalized.
      margin: float.
    """
    distances = pairwise_distance(embeddings)
    dtype = distances.dtype
    same = _same(labels)
    others = math_ops.cast(math_ops.logical_not(same), dtype)
    room = margin - distances
    # The largest exponent is taken out of each row's sum.
    most = array_ops.reshape(_extreme(room, others, 1, largest=True), [-1, 1])
    largest = math_ops.maximum(most, array_ops.transpose(most))
    spread = room[None, :, :] - largest[:, :, None]
    sums = math_ops.reduce_sum(math_ops.exp(spread) * others[None, :, :], axis=2)
    own = room[:, None, :] - largest[:, :, None]
    sums += math_ops.reduce_sum(math_ops.exp(own) * others[:, None, :], axis=2)
    energies = math_ops.log(sums) + largest + distances
    pairs = math_ops.cast(same, dtype) - array_ops.diag(
        array_ops.ones([array_ops.shape(distances)[0]], dtype)
    )
    number = math_ops.reduce_sum(pairs) / 2.0
    hinged = math_ops.square(math_ops.maximum(energies * pairs, 0.0))
    return math_ops.truediv(0.25 * math_ops.reduce_sum(hinged), number, name="liftedstruct_loss")


# -- Clusters --------------------------------------------------------------------------------------


def _entropy(counts, total):
    shares = counts[counts > 0] / total
    return -(shares * np.log(shares)).sum()


def _misfit(labels, predictions):
    """1 - the normalized mutual information of two partitions."""
    _, labels = np.unique(labels, return_inverse=True)
    _, predictions = np.unique(predictions, return_inverse=True)
    table = np.zeros((predictions.max() + 1, labels.max() + 1))
    np.add.at(table, (predictions.ravel(), labels.ravel()), 1)
    total = table.sum()
    outer = table.sum(1, keepdims=True) * table.sum(0, keepdims=True)
    found = table > 0
    mutual = (table[found] / total * np.log(total * table[found] / outer[found])).sum()
    mean = (_entropy(table.sum(1), total) + _entropy(table.sum(0), total)) / 2
    return 1.0 - mutual / mean if mean > 0 else 0.0


def _assigned(distances, medoids):
    """For each point the number of its nearest medoid; medoids belong to themselves."""
    nearest = np.argmin(distances[:, medoids], axis=1)
    nearest[medoids] = np.arange(len(medoids))
    return nearest


def _medoids(distances, labels, margin_multiplier, finetuning):
    """Medoids that fit the distances well and the labels badly, found greedily."""
    number, classes = len(labels), len(np.unique(labels))
    chosen = []
    for _ in range(classes):
        scores = {}
        for candidate in range(number):
            if candidate not in chosen:
                trial = [*chosen, candidate]
                energy = -distances[:, trial].min(axis=1).sum()
                misfit = _misfit(labels, _assigned(distances, trial))
                scores[candidate] = energy + margin_multiplier * misfit
        chosen.append(max(scores, key=scores.get))
    for _ in range(5 if finetuning else 0):
        clusters = _assigned(distances, chosen)
        for k in range(classes):
            members = np.flatnonzero(clusters == k)
            scores = []
            for member in members:
                trial = [*chosen[:k], member, *chosen[k + 1 :]]
                misfit = _misfit(labels, _assigned(distances, trial))
                near = -distances[np.ix_(members, [member])].sum()
                scores.append(near + margin_multiplier * misfit)
            chosen[k] = int(members[np.argmax(scores)])
    clusters = _assigned(distances, chosen)
    return np.array(chosen, np.int32), np.float32(_misfit(labels, clusters))


def cluster_loss(labels, embeddings, margin_multiplier, enable_pam_finetuning=True,
                 margin_type="nmi", print_losses=False):  # fmt: skip
    """How much better a wrong clustering fits the embeddings than that of the labels.

    Args:
      labels: int tensor [n].
      embeddings: floats [n, m].
      margin_multiplier: float: weight of how wrong the clustering is.
      enable_pam_finetuning: whether the medoids that were found greedily are exchanged for
        better ones.
      margin_type: "nmi": 1 - normalized mutual information tells how wrong a clustering is.
      print_losses: whether the parts are printed.

    Raises:
      TypeError: for another `margin_type`.
    """
    if not isinstance(margin_type, str) or margin_type != "nmi":
        raise TypeError("Unknown margin_type: %s" % (margin_type,))
    labels = ops.convert_to_tensor(labels)
    distances = pairwise_distance(embeddings)
    chosen, misfit = script_ops.py_func(
        lambda d, y: _medoids(d, y, margin_multiplier, enable_pam_finetuning),
        [distances, labels],
        [dtypes.int32, dtypes.float32],
    )
    chosen.set_shape([None])
    misfit.set_shape([])
    to_chosen = array_ops.gather(distances, chosen)
    predicted = -math_ops.reduce_sum(math_ops.reduce_min(to_chosen, axis=0))
    # Of each label, the member that is nearest to all others.
    same = math_ops.cast(_same(labels), distances.dtype)
    within = math_ops.reduce_sum(distances * same, axis=1)
    _, groups = array_ops.unique(labels)
    wanted = -math_ops.reduce_sum(_group_minima(within, groups))
    loss = math_ops.maximum(predicted + margin_multiplier * misfit - wanted, 0.0)
    if print_losses:
        loss = logging_ops.Print(
            loss, ["clustering_loss: ", loss, array_ops.shape(distances)]
        )  # fmt: skip
    return loss


def _group_minima(values, groups):
    number = math_ops.reduce_max(groups) + 1
    return segment_ops.unsorted_segment_min(values, groups, number)
