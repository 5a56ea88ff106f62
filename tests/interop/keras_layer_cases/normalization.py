# SPDX-License-Identifier: Apache-2.0
"""Batch normalization, activations with parameters, noise."""

PENALTIES = {
    "beta_regularizer": "l2",
    "gamma_regularizer": "l1",
    "beta_constraint": "max_norm",
    "gamma_constraint": "non_neg",
    "beta_initializer": "ones",
    "moving_mean_initializer": "ones",
}
MASK = {"mask": [[1, 1, 0], [1, 0, 0]]}
# One pass over the variance here, two in TensorFlow.
LOOSE = {"tolerance": 1e-4}
RANDOM = {"random": True}

CASES = [
    ("batch", "BatchNormalization", {"momentum": 0.8}, (5, 4), LOOSE),
    ("batch_default", "BatchNormalization", {}, (5, 4), LOOSE),
    ("batch_3d", "BatchNormalization", {"momentum": 0.8}, (3, 4, 5), LOOSE),
    ("batch_3d_axis1", "BatchNormalization", {"axis": 1, "epsilon": 0.01}, (3, 4, 5), LOOSE),
    ("batch_masked", "BatchNormalization", {}, (2, 3, 4), dict(LOOSE, **MASK)),
    ("batch_4d", "BatchNormalization", {"momentum": 0.7}, (3, 4, 5, 2), LOOSE),
    ("batch_4d_axis1", "BatchNormalization", {"axis": 1, "momentum": 0.7}, (3, 2, 4, 5), LOOSE),
    ("batch_4d_axis2", "BatchNormalization", {"axis": 2}, (3, 4, 3, 2), LOOSE),
    ("batch_5d", "BatchNormalization", {}, (2, 3, 2, 2, 3), LOOSE),
    ("batch_plain", "BatchNormalization", {"center": False, "scale": False}, (5, 4), LOOSE),
    ("batch_4d_plain", "BatchNormalization", {"center": False, "scale": False}, (3, 4, 5, 2),
     LOOSE),
    ("batch_center", "BatchNormalization", {"scale": False}, (5, 4), LOOSE),
    ("batch_scale", "BatchNormalization", {"center": False, "axis": 1}, (3, 4, 5), LOOSE),
    ("batch_penalties", "BatchNormalization", PENALTIES, (5, 4), LOOSE),
    ("batch_training", "BatchNormalization", {}, (5, 4), dict(LOOSE, call={"training": True})),
    ("batch_inference", "BatchNormalization", {}, (5, 4), dict(LOOSE, call={"training": False})),
    ("batch_frozen", "BatchNormalization", {"trainable": False}, (5, 4), LOOSE),
    ("batch_fixed", "BatchNormalization", {}, (5, 4), dict(LOOSE, fixed_batch=True)),
    ("leaky_relu", "LeakyReLU", {}, (2, 3, 4)),
    ("leaky_relu_alpha", "LeakyReLU", {"alpha": 0.1}, (2, 3, 4), MASK),
    ("prelu", "PReLU", {}, (2, 3, 4)),
    ("prelu_shared", "PReLU", {"shared_axes": [1, 2]}, (2, 3, 2, 4)),
    ("prelu_shared_one", "PReLU", {"shared_axes": 1, "alpha_initializer": "ones",
                                   "alpha_regularizer": "l2", "alpha_constraint": "non_neg"},
     (2, 3, 4)),
    ("elu", "ELU", {}, (2, 3, 4)),
    ("elu_alpha", "ELU", {"alpha": 0.4}, (2, 3, 4)),
    ("thresholded_relu", "ThresholdedReLU", {"theta": 0.3}, (2, 3, 4)),
    ("softmax", "Softmax", {}, (2, 3, 4)),
    ("softmax_axis", "Softmax", {"axis": 1}, (2, 3, 4)),
    ("relu", "ReLU", {}, (2, 3, 4)),
    ("relu_all", "ReLU", {"max_value": 0.5, "negative_slope": 0.2, "threshold": 0.1}, (2, 3, 4)),
    ("relu_max", "ReLU", {"max_value": 0.5}, (2, 3, 4)),
    ("relu_slope", "ReLU", {"negative_slope": 0.2}, (2, 3, 4)),
    ("relu_threshold", "ReLU", {"threshold": 0.25}, (2, 3, 4)),
    ("relu_slope_threshold", "ReLU", {"negative_slope": 0.5, "threshold": 0.25}, (2, 3, 4)),
    ("relu_slope_max", "ReLU", {"negative_slope": 0.5, "max_value": 0.25}, (2, 3, 4)),
    ("gaussian_noise", "GaussianNoise", {"stddev": 0.5}, (2, 3, 4), RANDOM),
    ("gaussian_dropout", "GaussianDropout", {"rate": 0.3}, (2, 3, 4), RANDOM),
    ("gaussian_dropout_none", "GaussianDropout", {"rate": 0.0}, (2, 3, 4)),
    ("alpha_dropout", "AlphaDropout", {"rate": 0.3, "seed": 4}, (4, 3, 4)),
    ("alpha_dropout_rows", "AlphaDropout", {"rate": 0.3, "seed": 4, "noise_shape": (4, 1, 4)},
     (4, 3, 4)),
]  # fmt: skip
