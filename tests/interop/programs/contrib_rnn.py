# SPDX-License-Identifier: Apache-2.0
"""Cells of tf.contrib.rnn: variables, outputs, states and gradients of two steps."""

import numpy as np

import caudal as tf

rnn = tf.contrib.rnn
f32 = tf.float32


def flat(structure):
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in flat(part)]
    return [structure]


def fill(session):
    for number, v in enumerate(tf.global_variables()):
        size = int(np.prod(v.get_shape().as_list()))
        values = np.sin(np.arange(size) * 0.7 + number).reshape(v.get_shape().as_list()) * 0.6
        if "period" in v.name or "ratio_on" in v.name:
            values = np.abs(values) + 1.0
        v.load(values.astype(v.dtype.as_numpy_dtype), session)


def report(title, results, targets, feed):
    for v in tf.global_variables():
        print(title, v.name, v.get_shape(), v in tf.trainable_variables())
    loss = sum(tf.reduce_sum(tf.square(t) + t * 0.3) for t in results)
    targets = targets + tf.trainable_variables()
    gradients = tf.gradients(loss, targets)
    with tf.Session() as session:
        fill(session)
        for value in session.run(results, feed):
            print("value", value.shape, *value.ravel())
        pairs = [(t, g) for t, g in zip(targets, gradients) if g is not None]
        print("without", [t.name for t, g in zip(targets, gradients) if g is None])
        for value in session.run([g for _, g in pairs], feed):
            if hasattr(value, "values"):
                value = value.values
            print("gradient", value.shape, np.abs(value).sum(), *value.ravel()[:5])


def show(title, make, shape=(3,)):
    tf.reset_default_graph()
    x = tf.placeholder(f32, (2,) + shape, name="x")
    cell = make()
    state = cell.zero_state(2, f32)
    print(title, cell.state_size, cell.output_size, [t.name for t in flat(state)][:2])
    with tf.variable_scope("two") as scope:
        _, middle = cell(x, state)
        scope.reuse_variables()
        output, last = cell(x * 0.5, middle)
    if "block" not in title and "cudnn" not in title:  # those are one op in TensorFlow
        print(output.name, type(last).__name__, len(cell.weights))
    data = np.cos(np.arange(2 * int(np.prod(shape)))).reshape((2,) + shape)
    report(title, [output] + flat(last), [x], {x: data})


def steps(title, make, first=None):
    """A cell that cannot be called twice with the same state: one call."""
    tf.reset_default_graph()
    x = tf.placeholder(f32, [2, 3], name="x")
    cell = make()
    state = tf.split(tf.sin(tf.range(2.0 * sum(flat(cell.state_size)))), 1)[0]
    state = tf.reshape(state, [2, -1])
    if isinstance(cell.state_size, tuple):
        parts = tf.split(state, list(flat(cell.state_size)), 1)
        state = type(cell.state_size)(*parts) if hasattr(cell.state_size, "_fields") else parts
    output, last = cell(x if first is None else first(x), state)
    report(title, [output] + flat(last), [x], {x: np.cos(np.arange(6)).reshape(2, 3)})


show("coupled", lambda: rnn.CoupledInputForgetGateLSTMCell(4))
show(
    "coupled, peepholes",
    lambda: rnn.CoupledInputForgetGateLSTMCell(
        4, use_peepholes=True, num_proj=3, proj_clip=0.4, num_unit_shards=2, state_is_tuple=False
    ),
)
show(
    "coupled, norm",
    lambda: rnn.CoupledInputForgetGateLSTMCell(4, layer_norm=True, norm_gain=0.5, norm_shift=0.1),
)
show("norm", lambda: rnn.LayerNormBasicLSTMCell(4))
show("no norm", lambda: rnn.LayerNormBasicLSTMCell(4, layer_norm=False, forget_bias=0.5))
steps(
    "frequencies",
    lambda: rnn.GridLSTMCell(
        2, use_peepholes=True, cell_clip=0.5, feature_size=2, frequency_skip=1,
        num_frequency_blocks=[2],
    ),
)  # fmt: skip
show(
    "grid, shared",
    lambda: rnn.GridLSTMCell(
        2,
        share_time_frequency_weights=True,
        couple_input_forget_gates=True,
        use_peepholes=True,
        feature_size=2,
        frequency_skip=1,
        num_frequency_blocks=[1, 2],
        start_freqindex_list=[0, 0],
        end_freqindex_list=[2, 3],
        state_is_tuple=False,
    ),
)
show(
    "grid, both ways",
    lambda: rnn.BidirectionalGridLSTMCell(
        2, feature_size=2, frequency_skip=2, num_frequency_blocks=[2], backward_slice_offset=1
    ),
    (4,),
)


def time_frequency():
    tf.reset_default_graph()
    x = tf.placeholder(f32, [2, 3])
    cell = rnn.TimeFreqLSTMCell(
        2, use_peepholes=True, cell_clip=0.6, feature_size=2, frequency_skip=1
    )
    state = tf.reshape(tf.cos(tf.range(16.0)), [2, 8])
    output, last = cell(x, state)
    print(cell.state_size, cell.output_size)
    report("time, frequency", [output, last], [x], {x: np.cos(np.arange(6)).reshape(2, 3)})


time_frequency()
show("update gate", lambda: rnn.UGRNNCell(4, initializer=tf.zeros_initializer()))
show("intersection", lambda: rnn.IntersectionRNNCell(4, num_in_proj=4))
show("intersection, square", lambda: rnn.IntersectionRNNCell(3, y_activation=tf.tanh))
steps(
    "phased",
    lambda: rnn.PhasedLSTMCell(4, use_peepholes=True),
    lambda x: (tf.reduce_sum(x * x, 1, keepdims=True), x),
)
steps(
    "phased, no peepholes",
    lambda: rnn.PhasedLSTMCell(2, trainable_ratio_on=False),
    lambda x: (tf.reduce_sum(x * x, 1, keepdims=True), x),
)
show("nas", lambda: rnn.NASCell(4))
show("nas, projected", lambda: rnn.NASCell(4, num_proj=2, use_bias=True))
show("groups", lambda: rnn.GLSTMCell(4, number_of_groups=2, num_proj=2), (4,))
show("sru", lambda: rnn.SRUCell(4))
show("independent", lambda: rnn.IndRNNCell(4))
show("indy gru", lambda: rnn.IndyGRUCell(4))
show("indy lstm", lambda: rnn.IndyLSTMCell(4))
steps("highway", lambda: rnn.HighwayWrapper(rnn.BasicRNNCell(3)))
steps(
    "highway, two gates",
    lambda: rnn.HighwayWrapper(rnn.GRUCell(3), couple_carry_transform_gates=False),
)
show("attention", lambda: rnn.AttentionCellWrapper(rnn.BasicRNNCell(4), 3))
show(
    "attention, sizes",
    lambda: rnn.AttentionCellWrapper(rnn.BasicLSTMCell(4), 3, 2, attn_vec_size=5, input_size=6),
)
show(
    "attention, joined",
    lambda: rnn.AttentionCellWrapper(rnn.GRUCell(2), 2, state_is_tuple=False),
)
show("in", lambda: rnn.InputProjectionWrapper(rnn.BasicRNNCell(4), 5, activation=tf.tanh))
show("out", lambda: rnn.OutputProjectionWrapper(rnn.BasicLSTMCell(4), 5, activation=tf.sigmoid))
steps(
    "embedding",
    lambda: rnn.EmbeddingWrapper(rnn.GRUCell(4), 10, 5),
    lambda x: tf.constant([[3], [3]]),
)
show(
    "convolution 1",
    lambda: rnn.Conv1DLSTMCell(input_shape=[5, 2], output_channels=2, kernel_shape=[3]),
    (5, 2),
)
show(
    "convolution 2",
    lambda: rnn.Conv2DLSTMCell(
        input_shape=[3, 4, 2], output_channels=1, kernel_shape=[2, 3], use_bias=False
    ),
    (3, 4, 2),
)
show(
    "convolution 3",
    lambda: rnn.Conv3DLSTMCell(input_shape=[2, 2, 3, 1], output_channels=1, kernel_shape=[1, 2, 2]),
    (2, 2, 3, 1),
)
show("lstm block", lambda: rnn.LSTMBlockCell(4))
show("lstm block, peepholes", lambda: rnn.LSTMBlockCell(4, use_peephole=True, cell_clip=0.4))
show("gru block", lambda: rnn.GRUBlockCell(4))
show("gru block 2", lambda: rnn.GRUBlockCellV2(num_units=4))
show("cudnn lstm", lambda: tf.contrib.cudnn_rnn.CudnnCompatibleLSTMCell(4))
show("cudnn gru", lambda: tf.contrib.cudnn_rnn.CudnnCompatibleGRUCell(3))


def sequence(title, make, lengths=None, initial=False):
    tf.reset_default_graph()
    x = tf.placeholder(f32, [4, 2, 3], name="x")
    start = tf.reshape(tf.sin(tf.range(4.0)), [2, 2])
    start = (start, start * 0.5) if initial else None
    outputs, state = make()(
        x, initial_state=start, dtype=None if initial else f32, sequence_length=lengths
    )
    print(title, outputs.get_shape(), type(state).__name__)
    report(title, [outputs] + flat(state), [x], {x: np.sin(np.arange(24)).reshape(4, 2, 3)})


sequence("fused", lambda: rnn.LSTMBlockFusedCell(2, use_peephole=True))
sequence("fused, lengths", lambda: rnn.LSTMBlockFusedCell(2), [3, 1])
sequence("fused, state", lambda: rnn.LSTMBlockFusedCell(2, cell_clip=0.5), initial=True)
sequence("adaptor", lambda: rnn.FusedRNNCellAdaptor(rnn.BasicLSTMCell(2), use_dynamic_rnn=True))
sequence(
    "reversed",
    lambda: rnn.TimeReversedFusedRNN(rnn.FusedRNNCellAdaptor(rnn.BasicRNNCell(2))),
    [3, 4],
)


def stacked(title, lengths, dynamic):
    tf.reset_default_graph()
    x = tf.placeholder(f32, [2, 4, 3], name="x")
    cells = [[rnn.GRUCell(2), rnn.BasicRNNCell(3)] for _ in range(2)]
    if dynamic:
        outputs, fw, bw = rnn.stack_bidirectional_dynamic_rnn(
            cells[0], cells[1], x, dtype=f32, sequence_length=lengths
        )
    else:
        outputs, fw, bw = rnn.stack_bidirectional_rnn(
            cells[0], cells[1], tf.unstack(x, axis=1), dtype=f32, sequence_length=lengths
        )
        outputs = tf.stack(outputs)
    data = {x: np.sin(np.arange(24)).reshape(2, 4, 3)}
    report(title, [outputs] + flat(fw) + flat(bw), [x], data)


stacked("stack", None, False)
stacked("stack, lengths", [2, 4], False)
stacked("dynamic stack", None, True)
stacked("dynamic stack, lengths", [2, 4], True)


def attempt(title, function):
    tf.reset_default_graph()
    try:
        function()
        print(title, "went well")
    except (ValueError, TypeError, NotImplementedError) as error:
        lines = [line.strip() for line in str(error).split("\n") if line.strip()]
        print(title, type(error).__name__, lines[-1].replace("ValueError: ", "")[:60])


def call(cell, size=3):
    return cell(tf.zeros([2, size]), cell.zero_state(2, f32))


gru = rnn.GRUCell
attempt("block", lambda: rnn.GRUBlockCell())
attempt("length", lambda: rnn.AttentionCellWrapper(gru(2), 0))
attempt("output size", lambda: rnn.OutputProjectionWrapper(gru(2), 0))
attempt("classes", lambda: rnn.EmbeddingWrapper(gru(2), 0, 1))
attempt("ndims", lambda: rnn.Conv2DLSTMCell(input_shape=[5], output_channels=3, kernel_shape=[2]))
attempt("divisible", lambda: rnn.GLSTMCell(3, number_of_groups=2))
attempt("blocks", lambda: rnn.GridLSTMCell(4))
attempt(
    "count",
    lambda: call(rnn.GridLSTMCell(4, feature_size=2, frequency_skip=1, num_frequency_blocks=[3])),
)
attempt("intersect", lambda: call(rnn.IntersectionRNNCell(4)))
attempt("no dtype", lambda: rnn.LSTMBlockFusedCell(3)(tf.zeros([3, 2, 2])))
attempt("no cells", lambda: rnn.stack_bidirectional_rnn(None, None, []))
attempt("no list", lambda: rnn.stack_bidirectional_rnn([gru(2)], gru(2), []))
attempt("depth", lambda: rnn.stack_bidirectional_rnn([gru(2)], [gru(2)] * 2, []))
print(rnn.transpose_batch_time(tf.zeros([2, 3, 4])).get_shape())
print(rnn.best_effort_input_batch_size([tf.placeholder(f32), tf.zeros([3, 5, 2])]))
