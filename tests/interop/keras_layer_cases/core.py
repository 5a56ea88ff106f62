# SPDX-License-Identifier: Apache-2.0
"""Dense, Dropout, Masking, Lambda, layers of shapes, Embedding."""

FIRST = {"data_format": "channels_first"}
MASK = {"mask": [[1, 1, 0], [1, 0, 0]]}
RANDOM = {"random": True}
CODE = {"no_config": True}

DENSE_PENALTIES = {
    "kernel_regularizer": "l2",
    "bias_regularizer": "l1",
    "activity_regularizer": {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.03}},
    "kernel_constraint": "max_norm",
    "bias_constraint": "non_neg",
}


def twice(x):
    return 2 * x + 1


def two_outputs(x):
    return [x * 2, x + 1]


def scaled(x, factor, shift=1):
    return x * factor + shift


def mixed(inputs):
    return inputs[0] * 2 - inputs[1]


def rows(x):
    return x[:, :2]


CASES = [
    ("dense", "Dense", {"units": 3}, (2, 4)),
    ("dense_relu", "Dense", {"units": 3, "activation": "relu", "use_bias": False}, (2, 4)),
    ("dense_softmax", "Dense", {"units": 3, "activation": "softmax"}, (2, 4)),
    ("dense_penalties", "Dense", dict(units=3, **DENSE_PENALTIES), (2, 4)),
    ("dense_initializers", "Dense", {"units": 3, "kernel_initializer": "he_normal",
                                     "bias_initializer": "ones"}, (2, 4)),
    ("dense_min_max", "Dense", {
        "units": 3, "kernel_constraint": {"class_name": "MinMaxNorm", "config": {"rate": 0.5}},
        "bias_constraint": {"class_name": "UnitNorm", "config": {"axis": 0}}}, (2, 4)),
    ("dense_frozen", "Dense", {"units": 3, "trainable": False}, (2, 4)),
    ("dense_3d", "Dense", {"units": 2, "activation": "tanh"}, (2, 3, 4)),
    ("dense_3d_softmax", "Dense", {"units": 3, "activation": "softmax"}, (2, 3, 4)),
    ("dense_4d", "Dense", {"units": 2}, (2, 3, 2, 4)),
    ("dense_masked", "Dense", {"units": 2}, (2, 3, 4), MASK),
    *[("activation_" + name, "Activation", {"activation": name}, (2, 3, 4))
      for name in ("elu", "exponential", "hard_sigmoid", "linear", "relu", "selu", "sigmoid",
                   "softmax", "softplus", "softsign", "tanh")],
    ("activation_masked", "Activation", {"activation": "relu"}, (2, 3, 4), MASK),
    ("masking", "Masking", {}, (2, 3, 4), MASK),
    ("masking_value", "Masking", {"mask_value": 1.0}, (2, 3, 2), {"integers": 3}),
    ("dropout", "Dropout", {"rate": 0.4, "seed": 7}, (4, 6)),
    ("dropout_noise_shape", "Dropout", {"rate": 0.4, "seed": 7, "noise_shape": [None, 1, 5]},
     (4, 3, 5)),
    ("dropout_masked", "Dropout", {"rate": 0.4, "seed": 9}, (2, 3, 4), MASK),
    ("dropout_none", "Dropout", {"rate": 0.0}, (4, 6)),
    ("dropout_all", "Dropout", {"rate": 2.0}, (4, 6)),
    ("dropout_unseeded", "Dropout", {"rate": 0.5}, (4, 6), RANDOM),
    ("dropout_training", "Dropout", {"rate": 0.4, "seed": 5}, (4, 6),
     {"call": {"training": True}}),
    ("spatial_dropout1d", "SpatialDropout1D", {"rate": 0.4}, (3, 4, 5), RANDOM),
    ("spatial_dropout2d", "SpatialDropout2D", {"rate": 0.4}, (2, 4, 5, 3), RANDOM),
    ("spatial_dropout2d_first", "SpatialDropout2D", dict(rate=0.4, **FIRST), (2, 3, 4, 5), RANDOM),
    ("spatial_dropout3d", "SpatialDropout3D", {"rate": 0.4}, (2, 3, 2, 2, 3), RANDOM),
    ("spatial_dropout3d_first", "SpatialDropout3D", dict(rate=0.4, **FIRST), (2, 3, 2, 2, 3),
     RANDOM),
    ("reshape", "Reshape", {"target_shape": (4, 3)}, (2, 2, 6)),
    ("reshape_free", "Reshape", {"target_shape": (-1, 3)}, (2, 2, 6)),
    ("reshape_vector", "Reshape", {"target_shape": [12]}, (2, 2, 6)),
    ("permute", "Permute", {"dims": (2, 1)}, (2, 3, 4)),
    ("permute_4d", "Permute", {"dims": (3, 1, 2)}, (2, 3, 4, 5)),
    ("flatten", "Flatten", {}, (2, 3, 4)),
    ("flatten_4d", "Flatten", {}, (2, 3, 2, 2)),
    ("flatten_first", "Flatten", FIRST, (2, 3, 2, 4)),
    ("flatten_first_3d", "Flatten", FIRST, (2, 3, 4)),
    ("flatten_first_5d", "Flatten", FIRST, (2, 3, 2, 4, 2)),
    ("repeat_vector", "RepeatVector", {"n": 3}, (2, 4)),
    ("lambda", "Lambda", {"function": twice}, (2, 3), CODE),
    ("lambda_arguments", "Lambda", {"function": scaled, "arguments": {"factor": 3}}, (2, 3),
     CODE),
    ("lambda_shape", "Lambda", {"function": rows, "output_shape": (2,)}, (2, 3), CODE),
    ("lambda_no_shape", "Lambda", {"function": rows}, (2, 3), CODE),
    ("lambda_shape_function", "Lambda",
     {"function": rows, "output_shape": lambda shape: (shape[0], 2)}, (2, 3), CODE),
    ("lambda_two_inputs", "Lambda", {"function": mixed}, [(2, 3), (2, 3)], CODE),
    ("lambda_two_outputs", "Lambda",
     {"function": two_outputs, "output_shape": lambda shape: [shape, shape]}, (2, 3), CODE),
    ("lambda_mask", "Lambda", {"function": twice, "mask": lambda inputs, mask: mask}, (2, 3, 4),
     dict(CODE, **MASK)),
    ("activity_regularization", "ActivityRegularization", {"l1": 0.2, "l2": 0.1}, (2, 3)),
    ("embedding", "Embedding", {"input_dim": 6, "output_dim": 3}, (2, 4), {"integers": 6}),
    ("embedding_masked", "Embedding", {"input_dim": 6, "output_dim": 3, "mask_zero": True}, (2, 4),
     {"integers": 6}),
    ("embedding_length", "Embedding", {"input_dim": 6, "output_dim": 3, "input_length": 4}, (2, 4),
     {"integers": 6}),
    # Keras nests the tuple of lengths in the shape that it writes.
    ("embedding_lengths", "Embedding", {"input_dim": 6, "output_dim": 2, "mask_zero": True,
                                        "input_length": (None, 4)}, (2, 3, 4),
     dict(CODE, integers=6)),
    ("embedding_penalties", "Embedding", {
        "input_dim": 6, "output_dim": 3, "embeddings_initializer": "normal",
        "embeddings_regularizer": "l2", "activity_regularizer": "l1",
        "embeddings_constraint": "unit_norm"}, (2, 4), {"integers": 6}),
]  # fmt: skip
