# SPDX-License-Identifier: Apache-2.0
"""Data to learn from, and a check that a layer keeps all promises of layers."""

import functools

import numpy as np

from caudal.keras import backend as K
from caudal.keras.layers import Input
from caudal.keras.models import Model, Sequential

__all__ = ["get_test_data", "keras_test", "layer_test"]


def get_test_data(num_train=1000, num_test=500, input_shape=(10,), output_shape=(2,),
                  classification=True, num_classes=2):  # fmt: skip
    """Random examples that a model can learn.

    Args:
      num_train, num_test: numbers of examples.
      input_shape: shape of an example.
      output_shape: shape of a target, for regression.
      classification: whether the targets are classes.
      num_classes: number of classes.

    Returns:
      (inputs, targets) for training, and the same for the test.
    """
    count = num_train + num_test
    if classification:
        targets = centers = np.random.randint(0, num_classes, size=(count,))
    else:
        centers = np.random.random((count,))
        targets = np.zeros((count, *output_shape), dtype=K.floatx())
    inputs = np.zeros((count, *input_shape), dtype=K.floatx())
    for i in range(count):
        inputs[i] = np.random.normal(loc=centers[i], scale=0.7, size=input_shape)
        if not classification:
            targets[i] = np.random.normal(loc=centers[i], scale=0.7, size=output_shape)
    return (inputs[:num_train], targets[:num_train]), (inputs[num_train:], targets[num_train:])


def _random_input(shape, dtype):
    sizes = [np.random.randint(1, 4) if size is None else size for size in shape]
    return (10 * np.random.random(sizes)).astype(dtype)


def _check_shape(layer, expected, actual):
    fits = len(expected) == len(actual) and all(
        want is None or want == have for want, have in zip(expected, actual)
    )
    if not fits:
        raise AssertionError(
            "Layer %s: compute_output_shape gives %s, the output has the shape %s"
            % (layer.name, expected, actual)
        )


def _check_model(model, layer, inputs, expected_shape, expected_output):
    """Checks the output, a model from the configuration, and a step of training."""
    output = model.predict(inputs)
    _check_shape(layer, expected_shape, output.shape)
    if expected_output is not None:
        np.testing.assert_allclose(output, expected_output, rtol=1e-3)
    known = {type(layer).__name__: type(layer)}
    again = type(model).from_config(model.get_config(), custom_objects=known)
    if model.weights:
        again.set_weights(model.get_weights())
    np.testing.assert_allclose(again.predict(inputs), output, rtol=1e-3)
    model.compile("rmsprop", "mse")
    model.train_on_batch(inputs, output)
    return output


def layer_test(layer_cls, kwargs={}, input_shape=None, input_dtype=None,  # noqa: B006
               input_data=None, expected_output=None, expected_output_dtype=None,
               fixed_batch_size=False):  # fmt: skip
    """Checks a layer: weights, shape and dtype, configuration, training, in both kinds of models.

    Args:
      layer_cls: class of the layer.
      kwargs: its arguments.
      input_shape: shape of the input with the batch; None in it: any size.
      input_dtype: dtype of the input; default: `K.floatx()`.
      input_data: array; default: random values of the shape.
      expected_output: array; default: the output is not compared.
      expected_output_dtype: default: that of the input.
      fixed_batch_size: whether the model knows the size of the batch.

    Returns:
      The output of a Sequential model with the layer.

    Raises:
      AssertionError: if a promise is broken.
    """
    if input_data is None:
        if not input_shape:
            raise ValueError("layer_test needs input_shape or input_data")
        input_dtype = input_dtype or K.floatx()
        input_data = _random_input(input_shape, input_dtype)
    elif input_shape is None:
        input_shape = input_data.shape
    input_dtype = input_dtype or input_data.dtype
    expected_output_dtype = expected_output_dtype or input_dtype

    layer = layer_cls(**kwargs)
    layer.set_weights(layer.get_weights())
    expected_shape = layer.compute_output_shape(input_shape)

    form = {"batch_shape": input_shape} if fixed_batch_size else {"shape": input_shape[1:]}
    x = Input(dtype=input_dtype, **form)
    y = layer(x)
    if K.dtype(y) != expected_output_dtype:
        raise AssertionError(
            "Layer %s gives %s, expected %s" % (layer.name, K.dtype(y), expected_output_dtype)
        )
    if layer.supports_masking:
        layer.compute_mask(x, None)
    _check_model(Model(x, y), layer, input_data, expected_shape, expected_output)

    config = layer.get_config()
    config["batch_input_shape"] = input_shape if fixed_batch_size else (None, *input_shape[1:])
    model = Sequential()
    model.add(layer_cls.from_config(config))
    return _check_model(model, layer, input_data, expected_shape, expected_output)


def keras_test(func):
    """Decorator: a test that starts and ends with a graph of its own."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        K.clear_session()
        try:
            return func(*args, **kwargs)
        finally:
            K.clear_session()

    return wrapper
