# SPDX-License-Identifier: Apache-2.0
"""K-means: centers of clusters, found in full batches or in mini-batches."""

import numpy as np

from caudal.framework import constant_op, dtypes, ops, tensor_shape
from caudal.framework.op_factory import apply, public
from caudal.ops import (
    array_ops,
    check_ops,
    control_flow_ops,
    math_ops,
    nn_impl,
    random_ops,
    state_ops,
)
from caudal.ops.ref_variable import Variable

SQUARED_EUCLIDEAN_DISTANCE = "squared_euclidean"
COSINE_DISTANCE = "cosine"
RANDOM_INIT = "random"
KMEANS_PLUS_PLUS_INIT = "kmeans_plus_plus"
KMC2_INIT = "kmc2"
CLUSTERS_VAR_NAME = "clusters"

kmc2_chain_initialization = public("KMC2ChainInitialization", "kmc2_chain_initialization")
kmeans_plus_plus_initialization = public("KmeansPlusPlusInitialization")
nearest_neighbors = public("NearestNeighbors")


class KMeans:
    """Builds the graph of k-means.

    Args:
      inputs: float32 tensor [points, width], or a list of such tensors.
      num_clusters: int or int tensor.
      initial_clusters: "random", "kmeans_plus_plus", "kmc2", a tensor [num_clusters, width], or a
        function (inputs, num_clusters) that makes one.
      distance_metric: "squared_euclidean" or "cosine".
      use_mini_batch: True moves centers towards the points of each batch by running means; False
        makes them the means of this batch.
      mini_batch_steps_per_iteration: after how many mini-batches the centers in use change.
      random_seed: for the choice of the first centers.
      kmeans_plus_plus_num_retries: further tries for each center.
      kmc2_chain_length: points that "kmc2" looks at for each center.

    Raises:
      ValueError: for an unknown metric or way to begin.
    """

    def __init__(self, inputs, num_clusters, initial_clusters=RANDOM_INIT,
                 distance_metric=SQUARED_EUCLIDEAN_DISTANCE, use_mini_batch=False,
                 mini_batch_steps_per_iteration=1, random_seed=0,
                 kmeans_plus_plus_num_retries=2, kmc2_chain_length=200):  # fmt: skip
        known = (RANDOM_INIT, KMEANS_PLUS_PLUS_INIT, KMC2_INIT)
        if isinstance(initial_clusters, str) and initial_clusters not in known:
            raise ValueError(
                "Unsupported initialization algorithm '%s'" % initial_clusters
            )  # fmt: skip
        if distance_metric not in (SQUARED_EUCLIDEAN_DISTANCE, COSINE_DISTANCE):
            raise ValueError("Unsupported distance metric '%s'" % distance_metric)
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        self._inputs = [ops.convert_to_tensor(x, dtype=dtypes.float32) for x in inputs]
        self._num_clusters = ops.convert_to_tensor(num_clusters)
        self._initial_clusters = initial_clusters
        self._distance_metric = distance_metric
        self._use_mini_batch = use_mini_batch
        self._steps = int(mini_batch_steps_per_iteration)
        self._seed = 0 if random_seed is None else random_seed
        self._retries = kmeans_plus_plus_num_retries
        self._chain_length = kmc2_chain_length

    # Distances ---------------------------------------------------------------------------------

    def _normalized_centers(self):
        """Whether the centers in use have unit length: running means of mini-batches do not."""
        return self._distance_metric == COSINE_DISTANCE and (
            not self._use_mini_batch or self._steps > 1
        )

    def _prepared(self, clusters):
        """Inputs and centers, of unit length where directions are compared."""
        if self._distance_metric != COSINE_DISTANCE:
            return self._inputs, clusters
        if not self._normalized_centers():
            clusters = nn_impl.l2_normalize(clusters, axis=1)
        return [nn_impl.l2_normalize(x, axis=1) for x in self._inputs], clusters

    def _all_scores(self, inputs, clusters):
        products = [math_ops.matmul(x, clusters, transpose_b=True) for x in inputs]
        if self._distance_metric == COSINE_DISTANCE:
            return [1 - product for product in products]
        length = math_ops.reduce_sum(math_ops.square(clusters), 1, keepdims=True)
        return [
            math_ops.reduce_sum(math_ops.square(x), 1, keepdims=True)
            - 2 * product
            + array_ops.transpose(length)
            for x, product in zip(inputs, products)
        ]

    def _nearest(self, inputs, clusters):
        """[(index, score)] of the nearest center of each point."""
        found = []
        for x in inputs:
            index, score = apply("NearestNeighbors", x, clusters, np.int64(1))
            if self._distance_metric == COSINE_DISTANCE:
                score *= 0.5
            found.append(
                (apply("Squeeze", index, squeeze_dims=[-1]),
                 apply("Squeeze", score, squeeze_dims=[-1]))
            )  # fmt: skip
        return found

    # The first centers ---------------------------------------------------------------------------

    def _first_centers(self, points, wanted):
        """`wanted` rows chosen from the points, or all points if there are no more."""
        count = math_ops.cast(array_ops.shape(points)[0], dtypes.int64)
        wanted = math_ops.cast(wanted, dtypes.int64)
        if callable(self._initial_clusters):
            return self._initial_clusters(self._inputs, math_ops.cast(wanted, dtypes.int32))
        if not isinstance(self._initial_clusters, str):
            return ops.convert_to_tensor(self._initial_clusters, dtype=dtypes.float32)
        choose = {
            RANDOM_INIT: self._random,
            KMEANS_PLUS_PLUS_INIT: self._plus_plus,
            KMC2_INIT: self._chain,
        }[self._initial_clusters]
        return control_flow_ops.cond(
            math_ops.less_equal(count, wanted),
            lambda: array_ops.identity(points),
            lambda: choose(points, count, wanted),
        )

    def _random(self, points, count, wanted):
        indices = random_ops.random_uniform(
            array_ops.reshape(wanted, [-1]),
            minval=0,
            maxval=count,
            seed=self._seed,
            dtype=dtypes.int64,
        )
        return array_ops.gather(points, indices)

    def _plus_plus(self, points, count, wanted):
        return apply(
            "KmeansPlusPlusInitialization",
            points,
            wanted,
            np.int64(self._seed),
            np.int64(self._retries),
        )

    def _chain(self, points, count, wanted):
        """Centers by Markov chains over random points."""
        seed = self._seed

        def sample(n):
            indices = random_ops.random_uniform(
                [n], minval=0, maxval=count, seed=seed, dtype=dtypes.int64
            )
            return array_ops.gather(points, indices)

        def more(i, centers):
            return i < wanted

        def step(i, centers):
            points_seen = sample(self._chain_length)
            _, distances = apply("NearestNeighbors", points_seen, centers, np.int64(1))
            chosen = apply(
                "KMC2ChainInitialization",
                apply("Squeeze", distances, squeeze_dims=[-1]),
                math_ops.cast(i, dtypes.int64) + np.int64(seed),
            )
            row = array_ops.reshape(array_ops.gather(points_seen, chosen), [1, -1])
            row.set_shape([1, points.shape[1].value])
            return [i + 1, array_ops.concat([centers, row], 0)]

        width = points.shape[1].value
        first = array_ops.reshape(sample(1), [1, -1])
        first.set_shape([1, width])
        _, centers = control_flow_ops.while_loop(
            more,
            step,
            [constant_op.constant(1, dtypes.int64), first],
            shape_invariants=[
                tensor_shape.scalar(),
                tensor_shape.TensorShape([None, width]),
            ],
        )
        return centers

    def _initializer(self, clusters, updated, initialized):
        """An operation that chooses centers as long as there are too few."""
        points = self._inputs[0]
        if len(self._inputs) > 1:
            points = array_ops.concat(self._inputs, 0)
        have = array_ops.shape(array_ops.identity(clusters))[0]
        missing = math_ops.cast(self._num_clusters, dtypes.int32) - have

        def nothing():
            check = check_ops.assert_equal(initialized, True)
            with ops.control_dependencies([check]):
                return array_ops.identity(initialized)

        def choose():
            new = self._first_centers(points, missing)
            if self._distance_metric == COSINE_DISTANCE:
                new = nn_impl.l2_normalize(new, axis=1)
            whole = control_flow_ops.cond(
                math_ops.equal(have, 0),
                lambda: array_ops.identity(new),
                lambda: array_ops.concat([clusters, new], 0),
            )
            writes = [state_ops.assign(clusters, whole, validate_shape=False)]
            if updated is not clusters:
                writes.append(state_ops.assign(updated, whole, validate_shape=False))
            filled = math_ops.equal(
                array_ops.shape(whole)[0], math_ops.cast(self._num_clusters, dtypes.int32)
            )
            with ops.control_dependencies(writes):
                return array_ops.identity(state_ops.assign(initialized, filled))

        return control_flow_ops.cond(math_ops.equal(missing, 0), nothing, choose)

    # Training ------------------------------------------------------------------------------------

    def training_graph(self):
        """Adds the graph.

        Returns:
          (all_scores, cluster_idx, scores, cluster_centers_initialized, init_op, training_op):
          tuples with one tensor per input of the distances to all centers, the nearest center and
          the distance to it; a bool Variable; the operation that chooses the first centers, to be
          run until that is true; and the operation of one step.
        """
        empty = constant_op.constant([], dtype=dtypes.float32)
        clusters = Variable(
            empty, name=CLUSTERS_VAR_NAME, validate_shape=False, trainable=True
        )  # fmt: skip
        initialized = Variable(False, dtype=dtypes.bool, name="initialized", trainable=False)
        updated, counts, steps = clusters, None, None
        if self._use_mini_batch:
            if self._steps > 1:
                updated = Variable(
                    empty, name="clusters_updated", validate_shape=False, trainable=False
                )
                steps = Variable(
                    self._steps, dtype=dtypes.int64, name="update_in_steps", trainable=False
                )
            counts = Variable(
                array_ops.ones([self._num_clusters], dtype=dtypes.int64), trainable=False
            )
        init_op = self._initializer(clusters, updated, initialized)
        inputs, centers = self._prepared(clusters)
        all_scores = self._all_scores(inputs, centers)
        nearest_to = centers
        if self._distance_metric == COSINE_DISTANCE:
            nearest_to = nn_impl.l2_normalize(centers, axis=1)
        found = self._nearest(inputs, nearest_to)
        indices = [index for index, _ in found]
        if self._use_mini_batch:
            training_op = self._mini_batch(inputs, indices, clusters, updated, counts, steps)
        else:
            training_op = self._full_batch(inputs, indices, clusters)
        return (
            tuple(all_scores),
            tuple(indices),
            tuple(score for _, score in found),
            initialized,
            init_op,
            training_op,
        )

    def _full_batch(self, inputs, indices, clusters):
        sums, counts = [], []
        for x, index in zip(inputs, indices):
            number = array_ops.shape(array_ops.identity(clusters))[0]
            sums.append(array_ops.unsorted_segment_sum(x, index, number))
            ones = array_ops.ones([array_ops.shape(x)[0], 1], dtype=dtypes.float32)
            counts.append(array_ops.unsorted_segment_sum(ones, index, number))
        means = math_ops.add_n(sums) / (math_ops.add_n(counts) + 1e-6)
        if self._normalized_centers():
            means = nn_impl.l2_normalize(means, axis=1)
        return state_ops.assign(clusters, means).op

    def _mini_batch(self, inputs, indices, clusters, updated, counts, steps):
        moves = []
        for x, index in zip(inputs, indices):
            unique, position = array_ops.unique(array_ops.reshape(index, [-1]))
            number = array_ops.shape(unique)[0]
            old = array_ops.gather(counts, unique)
            ones = array_ops.ones_like(position, dtype=dtypes.int64)
            new = array_ops.unsorted_segment_sum(ones, position, number)
            sums = array_ops.unsorted_segment_sum(x, position, number)
            column = array_ops.reshape(math_ops.cast(new, dtypes.float32), [-1, 1])
            total = array_ops.reshape(math_ops.cast(old + new, dtypes.float32), [-1, 1])
            delta = (sums - column * array_ops.gather(updated, unique)) / total
            moves.append(state_ops.scatter_add(counts, unique, new))
            moves.append(state_ops.scatter_add(updated, unique, delta))
        step = control_flow_ops.group(*moves)
        if steps is None:
            return step

        def publish():
            with ops.control_dependencies([step]):
                centers = array_ops.identity(updated._ref())
                if self._distance_metric == COSINE_DISTANCE:
                    centers = nn_impl.l2_normalize(centers, axis=1)
                writes = [
                    state_ops.assign(clusters, centers),
                    state_ops.assign(updated, centers),
                    state_ops.assign(steps, self._steps),
                ]
            with ops.control_dependencies(writes):
                return constant_op.constant(True)

        with ops.control_dependencies([step]):
            left = array_ops.identity(state_ops.assign_sub(steps, 1))
        return control_flow_ops.cond(
            math_ops.equal(left, 0), publish, lambda: constant_op.constant(False)
        ).op
