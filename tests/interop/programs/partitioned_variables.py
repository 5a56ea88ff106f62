# SPDX-License-Identifier: Apache-2.0
"""Variables in parts: names, slices, reuse, lookups, optimizers."""

import numpy as np

import caudal as tf

P = tf.fixed_size_partitioner
with tf.variable_scope("s", partitioner=P(3)):
    table = tf.get_variable("table", initializer=tf.reshape(tf.range(14.0), [7, 2]),
                            regularizer=lambda v: 0.01 * tf.reduce_sum(v * v))  # fmt: skip
    ones = tf.get_variable("ones", [2, 5], initializer=tf.ones_initializer(), partitioner=P(2, 1))
    scalar = tf.get_variable("scalar", [], initializer=tf.zeros_initializer())
with tf.variable_scope("s", reuse=True):
    print(tf.get_variable("table") is table, tf.get_variable("ones", [2, 5]) is ones)
for v in [*table, *ones]:
    info = v._get_save_slice_info()
    print(v.name, v.shape.as_list(), info.full_name, info.spec)
print(table.name, table.shape, len(table), scalar.name, table.dtype.name)
print([v.name for v in tf.global_variables()], len(tf.losses.get_regularization_losses()))
print([t.name for t in tf.losses.get_regularization_losses()])
parts = tf.create_partitioned_variables([5, 2], [2, 1], tf.ones_initializer(), name="made")
print([(v.op.name, v.shape.as_list()) for v in parts])
for make in (
    tf.variable_axis_size_partitioner(64),
    tf.variable_axis_size_partitioner(64, max_shards=3),
    tf.variable_axis_size_partitioner(16, axis=1),
    tf.min_max_variable_partitioner(max_partitions=4, min_slice_size=100), P(50),
):  # fmt: skip
    print([list(make(shape=tf.TensorShape(s), dtype=tf.float64)) for s in ([16, 4], [3, 9])])
for case in (
    lambda: tf.get_variable("a", [4, 6], partitioner=lambda **kw: [2, 2]),
    lambda: tf.get_variable("b", [4, 6], partitioner=lambda **kw: [2]),
    lambda: tf.get_variable("c", [4, 6], partitioner=3),
    lambda: tf.get_variable("s/table"),
    lambda: tf.get_variable("s/table", [7, 2], partitioner=P(3)),
    lambda: tf.variable_axis_size_partitioner(0),
):  # fmt: skip
    try:
        case()
    except ValueError as error:
        print(str(error).splitlines()[0][:60])

ids = tf.constant([[0, 6, 3], [3, 1, 5]])
found = [tf.nn.embedding_lookup(table, ids, partition_strategy=s) for s in ("div", "mod")]
loss = tf.reduce_sum(found[0] ** 2) + tf.reduce_sum(tf.matmul(table, ones) ** 2)
optimizer = tf.train.MomentumOptimizer(0.01, 0.9)
step = optimizer.minimize(loss)
print([v.op.name for v in optimizer.variables()])
print([optimizer.get_slot(v, "momentum")._get_save_slice_info().spec for v in table])
changed = ones.assign(np.arange(10, dtype=np.float32).reshape(2, 5))
added = ones.assign_add(tf.ones([2, 5]))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print([v.tolist() for v in sess.run(found)])
    for _ in range(3):
        sess.run(step)
        print(sess.run(loss), sess.run(table.as_tensor()).tolist())
        print(sess.run(1 + tf.convert_to_tensor(ones)).tolist())
    print([v.tolist() for v in sess.run(changed)], [v.tolist() for v in sess.run(added)])
    print(sess.run(tf.convert_to_tensor(ones)).tolist(), sess.run(list(table))[2].tolist())
