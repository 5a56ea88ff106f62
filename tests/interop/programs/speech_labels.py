# SPDX-License-Identifier: Apache-2.0
"""Labels of sequences without alignment: training, decoding, errors."""

import numpy as np

import caudal as tf


def plain(value):
    """Values as Python's own, numbers with six digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def show(*values):
    print(*[plain(v) for v in values])


rng = np.random.RandomState(9)
B, T, F, C, H = 2, 12, 5, 6, 8


def sparse_tuple_from(seqs, dtype=np.int32):
    idx, val = [], []
    for n, seq in enumerate(seqs):
        idx.extend(zip([n] * len(seq), range(len(seq))))
        val.extend(seq)
    idx = np.asarray(idx, dtype=np.int64)
    val = np.asarray(val, dtype=dtype)
    return idx, val, np.asarray([len(seqs), idx.max(0)[1] + 1], dtype=np.int64)


inputs = tf.placeholder(tf.float32, [None, None, F])
targets = tf.sparse_placeholder(tf.int32)
seq_len = tf.placeholder(tf.int32, [None])
stack = tf.contrib.rnn.MultiRNNCell(
    [tf.contrib.rnn.LSTMCell(H, state_is_tuple=True)], state_is_tuple=True
)
outputs, _ = tf.nn.dynamic_rnn(stack, inputs, seq_len, dtype=tf.float32)
shape = tf.shape(inputs)
bs, mt = shape[0], shape[1]
outputs = tf.reshape(outputs, [-1, H])
W = tf.Variable(rng.randn(H, C).astype("f4"))
b = tf.Variable(tf.constant(0.0, shape=[C]))
logits = tf.transpose(tf.reshape(tf.matmul(outputs, W) + b, [bs, -1, C]), (1, 0, 2))
loss = tf.nn.ctc_loss(targets, logits, seq_len)
cost = tf.reduce_mean(loss)
opt = tf.train.MomentumOptimizer(1e-2, 0.9).minimize(cost)
decoded, log_prob = tf.nn.ctc_greedy_decoder(logits, seq_len)
bd, blp = tf.nn.ctc_beam_search_decoder(
    logits, seq_len, merge_repeated=False, beam_width=10, top_paths=2
)
ler = tf.reduce_mean(tf.edit_distance(tf.cast(decoded[0], tf.int32), targets))
dense = tf.sparse_tensor_to_dense(decoded[0], default_value=-1)
show(logits, loss, decoded[0], targets, ler)
xs = rng.randn(B, T, F)
tg = sparse_tuple_from([[1, 2, 2], [3, 0, 1, 4]])
fd = {inputs: xs, targets: tg, seq_len: [12, 10]}
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    for i, v in enumerate(tf.trainable_variables()):
        n = v.shape.num_elements()
        s.run(v.assign(np.cos(np.arange(n) * 0.7 + i).reshape(v.shape.as_list()) * 0.4))
    for _ in range(4):
        show(s.run([cost, opt, ler], fd)[::2])
    show(s.run([loss, dense, log_prob], fd))
    d = s.run(decoded[0], fd)
    show(type(d).__name__, d)
    show(s.run([bd, blp], fd))
    show(s.run(targets, fd))
    show(s.run(targets, {targets: tf.SparseTensorValue(*tg)}).values)
    try:
        s.run(cost, {inputs: xs, targets: sparse_tuple_from([[1] * 13, [2]]), seq_len: [12, 10]})
    except Exception as e:
        show(type(e).__name__, e.message.split("\n")[0])
    try:
        s.run(cost, {inputs: xs, targets: tg, seq_len: [13, 10]})
    except Exception as e:
        show(type(e).__name__, e.message.split("\n")[0])
    try:
        s.run(cost, {inputs: xs, targets: sparse_tuple_from([[5], [2]]), seq_len: [12, 10]})
    except Exception as e:
        show(type(e).__name__, e.message.split("\n")[0])
