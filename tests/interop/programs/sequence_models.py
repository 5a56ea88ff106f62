# SPDX-License-Identifier: Apache-2.0
"""tf.contrib.legacy_seq2seq and tf.contrib.crf: variables, outputs, gradients."""

import numpy as np

import caudal as tf

legacy = tf.contrib.legacy_seq2seq
crf = tf.contrib.crf
rnn = tf.contrib.rnn
f32 = tf.float32


def flat(structure):
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flat(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flat(part)]
    return [structure]


def run(title, build, names=True, gradients=True):
    tf.reset_default_graph()
    results = flat(build())
    print(title, [t.name for t in results] if names else len(results))
    for v in tf.global_variables():
        print(v.name, v.get_shape())
    loss = sum(tf.reduce_sum(tf.square(t) + t) for t in results if t.dtype == f32)
    pairs = zip(tf.trainable_variables(), tf.gradients(loss, tf.trainable_variables()))
    gradients = [tf.convert_to_tensor(g) for _, g in pairs if g is not None and gradients]
    with tf.Session() as session:
        for number, v in enumerate(tf.global_variables()):
            size = int(np.prod(v.get_shape().as_list()))
            values = np.sin(np.arange(size) * 0.7 + number).reshape(v.get_shape().as_list())
            v.load(values * 0.7, session)
        for value in session.run(results):
            print("value", np.shape(value), *np.ravel(value))
        for value in session.run(gradients):
            print("gradient", value.shape, np.abs(value).sum(), *value.ravel()[:4])


def inputs(count=2):
    return [tf.constant(np.sin(np.arange(6) + i).reshape(2, 3), f32) for i in range(count)]


def ids(count=3):
    return [tf.constant([i % 4, (i + 2) % 4]) for i in range(count)]


def states():
    return tf.constant(np.cos(np.arange(24)).reshape(2, 3, 4), f32)


def start():
    return tf.constant(np.sin(np.arange(8)).reshape(2, 4), f32)


def feed(value=False):
    return tf.placeholder_with_default(value, [])


gru = rnn.GRUCell
run("plain", lambda: legacy.rnn_decoder(inputs(), start(), gru(4)))
run(
    "loop",
    lambda: legacy.rnn_decoder(inputs(3), start(), gru(4), lambda prev, i: prev[:, :3] * float(i)),
)
run("basic", lambda: legacy.basic_rnn_seq2seq(inputs(), inputs(3), rnn.BasicLSTMCell(2)))
run("tied", lambda: legacy.tied_rnn_seq2seq(inputs(), inputs(), gru(4)))
run("embedding", lambda: legacy.embedding_rnn_decoder(ids(), start(), gru(4), 5, 3))
projection = np.cos(np.arange(20)).reshape(4, 5).astype(np.float32), np.zeros(5, np.float32)
run(
    "fed back",
    lambda: legacy.embedding_rnn_decoder(
        ids(), start(), gru(4), 5, 3, projection, True, update_embedding_for_previous=False
    ),
)
run("model", lambda: legacy.embedding_rnn_seq2seq(ids(), ids(2), gru(4), 5, 6, 3))
for value in (True, False):
    run(
        "model, chosen",
        lambda value=value: legacy.embedding_rnn_seq2seq(
            ids(), ids(2), rnn.BasicLSTMCell(2), 5, 6, 3, feed_previous=feed(value)
        ),
        names=False,
        gradients=not value,  # TensorFlow 1 loses some rows of a conditional's gradient
    )
run("tied model", lambda: legacy.embedding_tied_rnn_seq2seq(ids(), ids(), gru(4), 5, 3))
run(
    "tied model, chosen",
    lambda: legacy.embedding_tied_rnn_seq2seq(
        ids(), ids(), gru(4), 5, 3, num_decoder_symbols=4, feed_previous=feed()
    ),
    names=False,
)
run(
    "attention",
    lambda: legacy.attention_decoder(inputs(), start(), states(), gru(4), 3, num_heads=2),
)
run(
    "attention of the start",
    lambda: legacy.attention_decoder(
        inputs(), start(), states(), gru(4), initial_state_attention=True
    ),
)
run(
    "embedding, attention",
    lambda: legacy.embedding_attention_decoder(ids(), start(), states(), gru(4), 5, 3),
)
run(
    "attention model",
    lambda: legacy.embedding_attention_seq2seq(ids(), ids(), rnn.BasicLSTMCell(4), 5, 6, 3),
)
run(
    "attention model, chosen",
    lambda: legacy.embedding_attention_seq2seq(
        ids(), ids(2), gru(4), 5, 6, 3, num_heads=2, feed_previous=feed()
    ),
    names=False,
)
run(
    "many",
    lambda: legacy.one2many_rnn_seq2seq(
        ids(),
        {"a": ids(2), "b": ids(3)},
        gru(4),
        {"a": gru(4), "b": gru(4)},
        5,
        {"a": 6, "b": 4},
        3,
    ),
)


def buckets(per_example):
    def model(x, y):
        return legacy.embedding_attention_seq2seq(x, y, gru(4), 5, 6, 3)

    weights = [tf.constant([1.0, 0.5]), tf.constant([1.0, 0.0]), tf.constant([2.0, 1.0])]
    return legacy.model_with_buckets(
        ids(), ids(), ids(), weights, [(1, 1), (2, 3)], model, per_example_loss=per_example
    )


run("buckets", lambda: buckets(False))
run("buckets, examples", lambda: buckets(True))


def losses():
    logits = [tf.constant(np.sin(np.arange(8) + i).reshape(2, 4), f32) for i in range(2)]
    weights = [tf.constant([1.0, 0.5]), tf.constant([0.0, 0.5])]
    return [
        legacy.sequence_loss(logits, ids(2), weights, time, batch)
        for time in (True, False)
        for batch in (True, False)
    ] + [
        legacy.sequence_loss_by_example(
            logits, ids(2), weights, softmax_loss_function=lambda labels, logits: logits[:, 0]
        )
    ]


run("losses", losses)

scores = np.sin(np.arange(3 * 4 * 3) * 1.7).reshape(3, 4, 3).astype(np.float32)
tags = np.array([[0, 1, 2, 0], [2, 2, 1, 0], [1, 0, 0, 0]], np.int32)
lengths = np.array([4, 2, 1], np.int32)
moves = np.cos(np.arange(9) * 0.8).reshape(3, 3).astype(np.float32)


def field(tag_type, steps, fed):
    x = tf.constant(scores[:, :steps])
    if fed:
        x = tf.placeholder_with_default(x, [None, None, 3])
    n = tf.constant(np.minimum(lengths, steps))
    t = tf.constant(tags[:, :steps].astype(tag_type))
    if fed:
        t = tf.placeholder_with_default(t, [None, None])
    likelihood, transitions = crf.crf_log_likelihood(x, t, n)
    best, score = crf.crf_decode(x, transitions, n)
    return [
        likelihood,
        crf.crf_sequence_score(x, t, n, transitions),
        crf.crf_log_norm(x, n, transitions),
        crf.crf_unary_score(t, n, x),
        crf.crf_multitag_sequence_score(x, scores[:, :steps] > -0.5, n, transitions),
        score,
        best,
    ]


run("field", lambda: field(np.int32, 4, False), names=False)
run("field, long tags, fed", lambda: field(np.int64, 4, True), names=False)
run("one step", lambda: field(np.int32, 1, False), names=False)
run("one step, fed", lambda: field(np.int32, 1, True), names=False)
run("pairs", lambda: crf.crf_binary_score(tf.constant(tags), lengths, tf.constant(moves)), False)
for row, length in zip(scores, lengths):
    best, score = crf.viterbi_decode(row[:length], moves)
    print("viterbi", [int(tag) for tag in best], score)


def attempt(title, function):
    tf.reset_default_graph()
    try:
        function()
        print(title, "went well")
    except (ValueError, TypeError) as error:
        print(title, type(error).__name__, str(error).split("\n")[0][:60])


attempt("inputs", lambda: legacy.attention_decoder([], 0, 0, gru(2)))
attempt("heads", lambda: legacy.attention_decoder(inputs(), start(), states(), gru(4), num_heads=0))
attempt("lists", lambda: legacy.sequence_loss([1], [1, 2], [1]))
attempt("short", lambda: legacy.model_with_buckets(ids(), ids(), ids(), [], [(5, 5)], None))
attempt("weights", lambda: legacy.model_with_buckets(ids(), ids(), ids(), ids(1), [(2, 2)], None))
attempt(
    "projection",
    lambda: legacy.embedding_rnn_decoder(
        ids(), start(), gru(4), 5, 3, output_projection=(np.ones([4, 5]), np.zeros([4]))
    ),
)
