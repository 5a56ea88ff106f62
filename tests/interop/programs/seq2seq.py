# SPDX-License-Identifier: Apache-2.0
"""Decoders, helpers, attention and beam search of tf.contrib.seq2seq."""

import numpy as np

import caudal as tf

s2s = tf.contrib.seq2seq
rnn = tf.contrib.rnn
f32 = tf.float32
data = np.sin(np.arange(2 * 4 * 3) * 0.9).reshape(2, 4, 3).astype(np.float32)
memory_data = np.cos(np.arange(2 * 5 * 4) * 0.6).reshape(2, 5, 4).astype(np.float32)
table_data = np.sin(np.arange(6 * 3) * 1.3).reshape(6, 3).astype(np.float32)


def flat(structure):
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flat(part)]
    if isinstance(structure, tf.TensorArray):
        return [structure.stack()]
    return [structure]


def fill(session):
    for number, v in enumerate(tf.global_variables()):
        size = int(np.prod(v.get_shape().as_list()))
        values = np.sin(np.arange(size) * 0.7 + number).reshape(v.get_shape().as_list()) * 0.8
        v.load(values.astype(v.dtype.as_numpy_dtype), session)


def report(title, results, gradients_of=None):
    print(
        title, [(t.name, str(t.get_shape()) if t.dtype == f32 else t.dtype.name) for t in results]
    )
    for v in tf.global_variables():
        print(v.name, v.get_shape())
    gradients = []
    if gradients_of is not None:
        loss = sum(tf.reduce_sum(tf.square(t) + t) for t in gradients_of)
        gradients = [g for g in tf.gradients(loss, tf.trainable_variables()) if g is not None]
    with tf.Session() as session:
        fill(session)
        for value in session.run(results):
            print("value", np.shape(value), *np.ravel(value))
        for value in session.run(gradients):
            print("gradient", value.shape, np.abs(value).sum(), *value.ravel()[:5])


def start(seed=None):
    tf.reset_default_graph()
    if seed is not None:
        tf.set_random_seed(seed)
    return tf.constant(data, name="x"), tf.constant([4, 2], name="lengths")


def decode(title, cell, helper, output_layer=None, gradients=True, **kwargs):
    state = cell.zero_state(2, f32)
    decoder = s2s.BasicDecoder(cell, helper, state, output_layer)
    print(decoder.output_size, decoder.output_dtype)
    outputs, state, lengths = s2s.dynamic_decode(decoder, **kwargs)
    print(type(outputs).__name__, type(state).__name__)
    report(
        title, flat(outputs) + flat(state) + [lengths], [outputs.rnn_output] if gradients else None
    )


x, n = start()
decode("training", rnn.GRUCell(3), s2s.TrainingHelper(x, n))
x, n = start()
decode(
    "imputed",
    rnn.BasicLSTMCell(2),
    s2s.TrainingHelper(tf.transpose(x, [1, 0, 2]), n, time_major=True),
    tf.layers.Dense(5, name="out"),
    impute_finished=True,
    output_time_major=True,
    scope="mine",
)
x, n = start()
decode("three steps", rnn.BasicRNNCell(2), s2s.TrainingHelper(x, n), maximum_iterations=3)
x, n = start()
decode("no step", rnn.BasicRNNCell(2), s2s.TrainingHelper(x, n), maximum_iterations=0)

start()
decode(
    "greedy",
    rnn.GRUCell(4),
    s2s.GreedyEmbeddingHelper(tf.constant(table_data), [1, 2], 3),
    tf.layers.Dense(6, use_bias=False),
    maximum_iterations=5,
)
start(3)
decode(
    "sampled",
    rnn.GRUCell(4),
    s2s.SampleEmbeddingHelper(
        lambda ids: tf.one_hot(ids, 3), [1, 2], 3, softmax_temperature=0.7, seed=5
    ),
    tf.layers.Dense(6),
    maximum_iterations=5,
)
x, n = start(3)
decode(
    "scheduled ids",
    rnn.GRUCell(6),
    s2s.ScheduledEmbeddingTrainingHelper(
        x, n, tf.constant(table_data), 0.5, seed=1, scheduling_seed=2
    ),
    parallel_iterations=1,
)
x, n = start(3)
decode(
    "scheduled outputs",
    rnn.GRUCell(3),
    s2s.ScheduledOutputTrainingHelper(x, n, 0.5, seed=4),
    parallel_iterations=1,
)
x, n = start(4)
decode(
    "scheduled, function and more",
    rnn.GRUCell(3),
    s2s.ScheduledOutputTrainingHelper(
        x, n, 0.6, seed=9, next_inputs_fn=lambda o: o * 0.5, auxiliary_inputs=x[:, :, :1]
    ),
    parallel_iterations=1,
)
x, n = start()
decode(
    "inference",
    rnn.GRUCell(3),
    s2s.InferenceHelper(
        sample_fn=lambda o: o,
        sample_shape=[3],
        sample_dtype=f32,
        start_inputs=x[:, 0],
        end_fn=lambda s: s[:, 0] > 0.9,
        next_inputs_fn=lambda s: s * 2.0,
    ),
    maximum_iterations=3,
)
x, n = start()
decode(
    "custom",
    rnn.GRUCell(3),
    s2s.CustomHelper(
        lambda: (tf.fill([2], False), x[:, 0]),
        lambda time, outputs, state: tf.fill([2], time),
        lambda time, outputs, state, sample_ids: (sample_ids >= [2, 1], x[:, 1], state),
    ),
)


def attend(title, make, lengths=None, size=None, gradients=True, **kwargs):
    x, n = start()
    mechanism = make(tf.constant(memory_data, name="memory"), lengths)
    print([str(mechanism.keys.get_shape()), mechanism.alignments_size, mechanism.batch_size])
    cell = s2s.AttentionWrapper(
        kwargs.pop("cell", rnn.GRUCell)(4), mechanism, attention_layer_size=size, **kwargs
    )
    print(cell.output_size, cell.state_size)
    decode(title, cell, s2s.TrainingHelper(x, n), gradients=gradients)


attend("luong", lambda m, n: s2s.LuongAttention(4, m))
attend("luong scaled", lambda m, n: s2s.LuongAttention(4, m, n, scale=True), [3, 5], 3)
attend("bahdanau", lambda m, n: s2s.BahdanauAttention(6, m), size=2, cell=rnn.BasicLSTMCell)
attend(
    "bahdanau normalized",
    lambda m, n: s2s.BahdanauAttention(6, m, n, normalize=True, score_mask_value=-9.0),
    [1, 4],
    output_attention=False,
    alignment_history=True,
)
attend(
    "hardmax",
    lambda m, n: s2s.LuongAttention(4, m, n, probability_fn=s2s.hardmax, name="Hard"),
    [2, 5],
    gradients=False,
)
attend("luong monotonic", lambda m, n: s2s.LuongMonotonicAttention(4, m, n, scale=True), [3, 5])
attend(
    "bahdanau monotonic",
    lambda m, n: s2s.BahdanauMonotonicAttention(
        3, m, mode="recursive", normalize=True, score_bias_init=0.3
    ),
)
attend(
    "hard monotonic",
    lambda m, n: s2s.LuongMonotonicAttention(4, m, mode="hard"),
    gradients=False,
)

x, n = start()
mechanisms = [
    s2s.LuongAttention(4, tf.constant(memory_data)),
    s2s.BahdanauAttention(2, tf.constant(memory_data[:, :3])),
]
decode(
    "two mechanisms",
    s2s.AttentionWrapper(
        rnn.GRUCell(4),
        mechanisms,
        attention_layer_size=[2, 3],
        cell_input_fn=lambda i, a: tf.concat([i, a * 0.5], 1),
        initial_cell_state=tf.constant(memory_data[:, 1]),
    ),
    s2s.TrainingHelper(x, n),
)

start()
for mode in ("recursive", "parallel", "hard"):
    p = np.abs(data[:, :, 0]) if mode != "hard" else np.float32(data[:, :, 0] > 0)
    previous = np.float32([[0, 1, 0, 0], [0.5, 0.25, 0.25, 0]])
    report(mode, [s2s.monotonic_attention(tf.constant(p), tf.constant(previous), mode)])
report("cumprod", [s2s.safe_cumprod(tf.constant([[0.5, 0.0, 0.3]]), axis=1, exclusive=True)])


def beams(title, attention=False, history=False, layer=True, **kwargs):
    start()
    width = 3
    cell = rnn.GRUCell(4)
    if attention:
        memory = s2s.tile_batch(tf.constant(memory_data), width)
        lengths = s2s.tile_batch(tf.constant([5, 3]), width)
        cell = s2s.AttentionWrapper(
            cell, s2s.LuongAttention(4, memory, lengths), 4, alignment_history=history
        )
    decoder = s2s.BeamSearchDecoder(
        cell,
        tf.constant(table_data),
        [1, 2],
        4,
        cell.zero_state(2 * width, f32),
        width,
        output_layer=tf.layers.Dense(6) if layer else None,
        **kwargs,
    )
    print(decoder.output_size, decoder.output_dtype)
    outputs, state, lengths = s2s.dynamic_decode(decoder, maximum_iterations=5)
    print(type(outputs).__name__, type(outputs.beam_search_decoder_output).__name__)
    report(title, flat(outputs) + flat(state) + [lengths])


beams("beams")
beams("length penalty", length_penalty_weight=0.8)
beams("attention", attention=True)
beams("coverage", attention=True, coverage_penalty_weight=0.3, length_penalty_weight=0.5)
beams("history", attention=True, history=True)

start()
ids = tf.constant([[[1, 2, 3]], [[4, 5, 6]], [[7, 8, 9]]])
parents = tf.constant([[[0, 0, 0]], [[0, 1, 1]], [[2, 1, 2]]])
report("tree", [s2s.gather_tree(ids, parents, max_sequence_lengths=[3], end_token=10)])

start()
logits = tf.constant(np.sin(np.arange(2 * 3 * 5) * 1.1).reshape(2, 3, 5).astype(np.float32))
targets = tf.constant([[1, 2, 0], [4, 3, 3]])
weights = tf.constant([[1.0, 0.5, 0.0], [1.0, 1.0, 2.0]])
flags = [
    (True, True, False, False),
    (True, False, False, False),
    (False, True, False, False),
    (False, False, False, False),
    (False, False, True, True),
    (False, False, True, False),
    (False, False, False, True),
    (True, False, False, True),
    (False, True, True, False),
]
losses = [s2s.sequence_loss(logits, targets, weights, *f) for f in flags]
report("losses", losses)
report(
    "loss function",
    [
        s2s.sequence_loss(
            logits,
            targets,
            weights,
            softmax_loss_function=lambda labels, logits: (
                tf.reduce_sum(logits, 1) * tf.cast(labels, f32)
            ),
        )
    ],
)


def attempt(title, function):
    tf.reset_default_graph()
    try:
        function()
        print(title, "went well")
    except (ValueError, TypeError, NotImplementedError, tf.errors.OpError) as error:
        lines = [line.strip() for line in str(error).split("\n") if line.strip()]
        print(title, type(error).__name__, lines[-1].replace("TypeError: ", "")[:50])


attempt("no decoder", lambda: s2s.dynamic_decode(3))
attempt("no helper", lambda: s2s.BasicDecoder(rnn.GRUCell(2), 3, 3))
attempt(
    "no layer",
    lambda: s2s.BasicDecoder(rnn.GRUCell(2), s2s.TrainingHelper(data, [1, 2]), 3, output_layer=4),
)
attempt("lengths", lambda: s2s.TrainingHelper(data, 3))
attempt("start", lambda: s2s.GreedyEmbeddingHelper(table_data, 1, 2))
attempt("end", lambda: s2s.GreedyEmbeddingHelper(tf.constant(table_data), [1], [2]))
attempt("mechanism", lambda: s2s.AttentionWrapper(rnn.GRUCell(2), 3))
attempt("depth", lambda: s2s.LuongAttention(3, memory_data)(tf.zeros([2, 4]), None))
attempt("mode", lambda: s2s.monotonic_attention([[0.5]], [[1.0]], "other"))
attempt("rank", lambda: s2s.sequence_loss(tf.zeros([2, 3]), tf.zeros([2]), tf.zeros([2])))
attempt(
    "flags",
    lambda: s2s.sequence_loss(
        tf.zeros([1, 2, 3]), tf.zeros([1, 2], tf.int32), tf.zeros([1, 2]), sum_over_timesteps=True
    ),
)
attempt("before", lambda: s2s.CustomHelper(None, None, None).batch_size)
attempt(
    "state",
    lambda: s2s.AttentionWrapper(rnn.GRUCell(2), s2s.LuongAttention(2, memory_data))(
        tf.zeros([2, 2]), tf.zeros([2, 2])
    ),
)
