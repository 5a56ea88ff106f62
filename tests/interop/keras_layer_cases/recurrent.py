# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers, convolutional ones included, and layers around layers."""

FIRST = {"data_format": "channels_first"}
MASK = {"mask": [[1, 1, 0, 1], [1, 0, 0, 0]]}
LEFT = {"mask": [[0, 1, 1, 1], [0, 0, 1, 1]]}
RANDOM = {"random": True}
FIXED = {"fixed_batch": True}
# What a step of training reads of the states is a matter of luck under TensorFlow 1.
STATEFUL = {**FIXED, **RANDOM}
PENALTIES = {
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l1",
    "bias_regularizer": "l2",
    "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.03}},
    "kernel_constraint": "max_norm",
    "recurrent_constraint": "non_neg",
    "bias_constraint": "unit_norm",
}
X = (2, 4, 3)
IMAGES = (2, 3, 5, 4, 2)


def layer(name, **kwargs):
    return {"layer": name, "kwargs": kwargs}


def of_each(kind, **more):
    """The ways in which a recurrent layer may be called."""
    states = [(2, 3), (2, 3)] if kind == "LSTM" else [(2, 3)]
    base = {"units": 3, **more}
    name = "_".join([kind.lower(), *sorted(more)])
    rows = [
        ("", {}, X, {}),
        ("_sequences", {"return_sequences": True}, X, {}),
        ("_state", {"return_state": True, "return_sequences": True}, X, {}),
        ("_backwards", {"go_backwards": True, "return_sequences": True}, X, {}),
        ("_unrolled", {"unroll": True, "return_state": True}, X, {}),
        ("_masked", {"return_state": True}, X, MASK),
        ("_masked_sequences", {"return_sequences": True}, X, LEFT),
        ("_masked_unrolled", {"unroll": True, "return_sequences": True}, X, MASK),
        ("_masked_backwards", {"go_backwards": True, "return_sequences": True}, X, MASK),
        ("_stateful", {"stateful": True, "return_sequences": True}, X, STATEFUL),
        ("_stateful_masked", {"stateful": True}, X, {**STATEFUL, **MASK}),
        ("_initial_state", {"return_state": True}, [X, *states], {}),
        ("_initial_state_masked", {}, [X, *states], LEFT),
        ("_no_bias", {"use_bias": False}, X, {}),
        ("_relu", {"activation": "relu"}, X, {}),
        ("_linear", {"activation": None}, X, {}),
        ("_penalties", {**PENALTIES, "return_sequences": True}, X, {}),
        ("_dropout", {"dropout": 0.4, "recurrent_dropout": 0.3}, X, RANDOM),
    ]
    return [(name + s, kind, {**base, **kwargs}, x, options) for s, kwargs, x, options in rows]


CASES = of_each("SimpleRNN") + of_each("GRU") + of_each("LSTM")
for kind, more in (
    ("GRU", {"reset_after": True}),
    ("GRU", {"implementation": 2}),
    ("GRU", {"implementation": 2, "reset_after": True}),
    ("LSTM", {"implementation": 2}),
    ("LSTM", {"unit_forget_bias": False}),
    ("LSTM", {"recurrent_activation": "sigmoid"}),
    ("GRU", {"recurrent_activation": "sigmoid"}),
):
    CASES += [
        row for row in of_each(kind, **more) if "penalties" in row[0] or "_masked" not in row[0]
    ][:3]

CELLS = [layer("LSTMCell", units=2), layer("GRUCell", units=4), layer("SimpleRNNCell", units=3)]
CASES += [
    ("rnn_cell", "RNN", {"cell": layer("LSTMCell", units=2)}, X),
    ("rnn_cell_dropout", "RNN", {"cell": layer("GRUCell", units=2, dropout=0.2)}, X, RANDOM),
    ("rnn_stack", "RNN", {"cell": CELLS}, X),
    ("rnn_stack_states", "RNN", {"cell": CELLS, "return_state": True}, X),
    ("rnn_stack_unrolled", "RNN", {"cell": CELLS, "unroll": True}, X),
    ("rnn_stack_stateful", "RNN", {"cell": CELLS, "stateful": True}, X, STATEFUL),
    ("rnn_stack_initial", "RNN", {"cell": CELLS}, [X, (2, 2), (2, 2), (2, 4), (2, 3)]),
    ("rnn_stacked_cells", "RNN", {"cell": layer("StackedRNNCells", cells=CELLS)}, X),
    (
        "rnn_stack_penalties",
        "RNN",
        {"cell": [layer("LSTMCell", units=2, kernel_regularizer="l2"), CELLS[1]]},
        X,
    ),
]

CONV = {"filters": 3, "kernel_size": 2}
CASES += [
    ("conv_lstm", "ConvLSTM2D", CONV, IMAGES),
    ("conv_lstm_sequences", "ConvLSTM2D", {**CONV, "return_sequences": True}, IMAGES),
    ("conv_lstm_state", "ConvLSTM2D", {**CONV, "return_state": True, "padding": "same"}, IMAGES),
    ("conv_lstm_strides", "ConvLSTM2D", {**CONV, "strides": (2, 1), "kernel_size": 3}, IMAGES),
    ("conv_lstm_dilated", "ConvLSTM2D", {**CONV, "dilation_rate": 2, "padding": "same"}, IMAGES),
    ("conv_lstm_first", "ConvLSTM2D", {**CONV, **FIRST, "return_sequences": True}, (2, 3, 2, 5, 4)),
    (
        "conv_lstm_backwards",
        "ConvLSTM2D",
        {**CONV, "go_backwards": True, "use_bias": False, "recurrent_activation": "sigmoid"},
        IMAGES,
    ),
    ("conv_lstm_stateful", "ConvLSTM2D", {**CONV, "stateful": True}, IMAGES, STATEFUL),
    ("conv_lstm_penalties", "ConvLSTM2D", {**CONV, **PENALTIES}, IMAGES),
    ("conv_lstm_dropout", "ConvLSTM2D", {**CONV, "dropout": 0.2, "recurrent_dropout": 0.2},
     IMAGES, RANDOM),
    ("conv_rnn", "ConvRNN2D", {"cell": layer("ConvLSTM2DCell", **CONV)}, IMAGES),
]  # fmt: skip

DENSE = layer("Dense", units=2, kernel_regularizer="l2")
CASES += [
    ("time_dense", "TimeDistributed", {"layer": DENSE}, X),
    ("time_dense_fixed", "TimeDistributed", {"layer": DENSE}, X, FIXED),
    ("time_dense_masked", "TimeDistributed", {"layer": DENSE}, X, MASK),
    ("time_dense_masked_fixed", "TimeDistributed", {"layer": DENSE}, X, {**MASK, **FIXED}),
    ("time_activity", "TimeDistributed",
     {"layer": layer("Dense", units=2, activity_regularizer="l1")}, X),
    ("time_conv", "TimeDistributed", {"layer": layer("Conv2D", **CONV)}, IMAGES),
    ("time_flatten", "TimeDistributed", {"layer": layer("Flatten")}, IMAGES),
    ("time_pool_fixed", "TimeDistributed", {"layer": layer("MaxPooling2D")}, IMAGES, FIXED),
    ("time_embedding", "TimeDistributed",
     {"layer": layer("Embedding", input_dim=6, output_dim=2, mask_zero=True)}, (2, 4, 3),
     {"integers": 6}),
    ("time_lstm", "TimeDistributed", {"layer": layer("LSTM", units=2)}, (2, 3, 4, 2)),
    ("time_dropout", "TimeDistributed", {"layer": layer("Dropout", rate=0.5)}, X, RANDOM),
    ("time_normalization", "TimeDistributed", {"layer": layer("BatchNormalization")}, X),
    ("time_masking", "TimeDistributed", {"layer": layer("Masking")}, X),
    ("time_time", "TimeDistributed",
     {"layer": layer("TimeDistributed", layer=layer("Dense", units=2))}, (2, 3, 4, 2)),
]  # fmt: skip

LSTM = layer("LSTM", units=3)
SEQUENCES = layer("LSTM", units=3, return_sequences=True)
EVERYTHING = layer("GRU", units=3, return_sequences=True, return_state=True)
CASES += [
    ("both_%s_%s" % (mode, name), "Bidirectional", {"layer": inner, "merge_mode": mode}, X)
    for mode in ("concat", "sum", "mul", "ave", None)
    for name, inner in (("last", LSTM), ("sequences", SEQUENCES), ("states", EVERYTHING))
]
CASES += [
    ("both_masked", "Bidirectional", {"layer": SEQUENCES}, X, MASK),
    ("both_masked_apart", "Bidirectional", {"layer": EVERYTHING, "merge_mode": None}, X, MASK),
    ("both_masked_last", "Bidirectional", {"layer": LSTM, "merge_mode": "sum"}, X, LEFT),
    ("both_initial", "Bidirectional", {"layer": LSTM}, [X] + [(2, 3)] * 4),
    ("both_stateful", "Bidirectional",
     {"layer": layer("SimpleRNN", units=3, stateful=True)}, X, STATEFUL),
    ("both_backwards", "Bidirectional",
     {"layer": layer("SimpleRNN", units=3, go_backwards=True, return_sequences=True)}, X),
    ("both_unrolled", "Bidirectional", {"layer": layer("GRU", units=3, unroll=True)}, X),
    ("both_penalties", "Bidirectional", {"layer": layer("LSTM", units=3, **PENALTIES)}, X),
    ("both_dropout", "Bidirectional",
     {"layer": layer("LSTM", units=3, dropout=0.2, recurrent_dropout=0.2)}, X, RANDOM),
    ("both_stack", "Bidirectional", {"layer": layer("RNN", cell=CELLS, return_state=True)}, X),
    ("both_images", "Bidirectional",
     {"layer": layer("ConvLSTM2D", return_sequences=True, **CONV)}, IMAGES),
]  # fmt: skip
