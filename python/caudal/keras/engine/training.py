# SPDX-License-Identifier: Apache-2.0
"""Model: a network that can be trained, evaluated and used for predictions."""

import inspect
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras import losses, optimizers
from caudal.keras.engine import training_arrays, training_compile, training_generator
from caudal.keras.engine.network import Network
from caudal.keras.engine.training_utils import (
    check_array_length_consistency,
    check_loss_and_target_compatibility,
    check_sparse_labels,
    given_weights,
    standardize_class_weights,
    standardize_input_data,
    standardize_sample_weights,
)
from caudal.keras.legacy import interfaces
from caudal.keras.utils.data_utils import Sequence
from caudal.keras.utils.generic_utils import has_arg, slice_arrays, to_list, unpack_singleton

_UNCOMPILED = (
    "You must compile a model before training/testing. Use `model.compile(optimizer, loss)`."
)
# Arguments of tf.keras that mean nothing for a model that runs as a graph.
_EAGER_ARGUMENTS = ("run_eagerly", "distribute", "cloning", "experimental_run_tf_function")


def _all_layers(layer):
    """A layer and those inside of it, at all depths."""
    found, pending = [], [layer]
    while pending:
        layer = pending.pop()
        found.append(layer)
        if hasattr(layer, "_sublayers"):
            pending += [inner for inner in layer._sublayers() if inner not in found]
    return found


def _is_generator(x):
    return isinstance(x, Sequence) or inspect.isgenerator(x)


def _ones(y, weights, modes):
    """Weights with arrays of ones for the missing ones."""
    return [
        np.ones([int(n) for n in a.shape[: 1 if mode is None else 2]], K.floatx())
        if w is None and a is not None
        else w
        for a, w, mode in zip(y, weights, modes)
    ]


class Model(Network):
    """A network with training.

    `Model(inputs, outputs)` takes what connects tensors of `Input` with the outputs. A subclass
    makes its layers in `__init__` and connects them in `call`; its inputs are known from the first
    data.
    """

    # Configuration ------------------------------------------------------------------------------

    def compile(self, optimizer, loss=None, metrics=None, loss_weights=None,
                sample_weight_mode=None, weighted_metrics=None, target_tensors=None,
                **kwargs):  # fmt: skip
        """Says how to train the model.

        Args:
          optimizer: name, Keras optimizer, or optimizer of `tf.train`.
          loss: name, function or object; for several outputs also a list of them, or a dict by
            the name of the output. The total is their sum. None: no loss of the outputs.
          metrics: list of names, functions or objects, or a dict of such by the name of the output.
            "accuracy" stands for the one that fits the loss.
          loss_weights: list or dict of factors of the outputs' losses.
          sample_weight_mode: "temporal" for weights of shape (samples, timesteps); also a list or
            dict of that and None.
          weighted_metrics: as `metrics`; they take the weights of samples and classes.
          target_tensors: tensors that take the place of the targets: one, a list or a dict.
          **kwargs: for `Session.run`: feed_dict, fetches, options, run_metadata.

        Raises:
          ValueError, TypeError: for what cannot be understood, or does not fit the outputs.
        """
        if kwargs.pop("run_eagerly", False):
            raise ValueError("Models run as graphs; run_eagerly=True is not supported")
        for name in _EAGER_ARGUMENTS:
            kwargs.pop(name, None)
        self.optimizer = optimizers.get(optimizer)
        self.loss = [] if loss is None else loss
        self.metrics = metrics or []
        self.loss_weights = loss_weights
        self.sample_weight_mode = sample_weight_mode
        self.weighted_metrics = weighted_metrics
        self._function_kwargs = kwargs
        if not self.built or not self.outputs:
            # The rest follows when the first data says what the inputs are.
            self._is_compiled = False
            return
        training_compile.compile_model(
            self, loss, metrics, loss_weights, sample_weight_mode, weighted_metrics, target_tensors
        )
        self._is_compiled = True
        self.train_function = self.test_function = self.predict_function = None
        self._collected_trainable_weights = self.trainable_weights
        object.__setattr__(self, "_compiled_layers", _all_layers(self))
        self._consistent_flags = None

    def _check_trainable_weights_consistency(self):
        collected = self.__dict__.get("_collected_trainable_weights")
        if collected is None:
            return
        # Weights are counted again only when a layer was frozen or set free.
        layers = self.__dict__.get("_compiled_layers") or _all_layers(self)
        flags = [layer.trainable for layer in layers]
        if flags == self._consistent_flags:
            return
        if len(self.trainable_weights) == len(collected):
            self._consistent_flags = flags
        else:
            warnings.warn(
                "Discrepancy between trainable weights and collected trainable weights, did you "
                "set `model.trainable` without calling `model.compile` after ?",
                UserWarning,
                stacklevel=3,
            )

    def _learning_phase(self):
        """The learning phase of the model's graph, which need not be that of this thread."""
        with self.outputs[0].graph.as_default():
            return K.learning_phase()

    def _uses_dynamic_learning_phase(self):
        return self.uses_learning_phase and not isinstance(self._learning_phase(), int)

    def _phase(self, value):
        """[value] if runs are to be told whether they train, else []."""
        return [value] if self._uses_dynamic_learning_phase() else []

    def _function(self, outputs, updates, name, with_targets=True):
        inputs = list(self._feed_inputs)
        if with_targets:
            inputs += self._feed_targets + self._feed_sample_weights
        if self._uses_dynamic_learning_phase():
            inputs.append(self._learning_phase())
        arguments = getattr(self, "_function_kwargs", {})
        return K.function(inputs, outputs, updates=updates, name=name, **arguments)

    def _make_train_function(self):
        if not hasattr(self, "train_function"):
            raise RuntimeError("You must compile your model before using it.")
        self._check_trainable_weights_consistency()
        if self.train_function is None:
            with self.total_loss.graph.as_default(), K.name_scope("training"):
                with K.name_scope(type(self.optimizer).__name__):
                    steps = self.optimizer.get_updates(
                        params=self._collected_trainable_weights, loss=self.total_loss
                    )
                self.train_function = self._function(
                    [self.total_loss] + self.metrics_tensors,
                    self.updates + steps + self.metrics_updates,
                    "train_function",
                )

    def _make_test_function(self):
        if not hasattr(self, "test_function"):
            raise RuntimeError("You must compile your model before using it.")
        if self.test_function is None:
            self.test_function = self._function(
                [self.total_loss] + self.metrics_tensors,
                self.state_updates + self.metrics_updates,
                "test_function",
            )

    def _make_predict_function(self):
        if getattr(self, "predict_function", None) is None:
            self.predict_function = self._function(
                self.outputs, self.state_updates, "predict_function", with_targets=False
            )

    # Data ---------------------------------------------------------------------------------------

    def _set_inputs(self, inputs, outputs=None, training=None):
        """Connects a subclass to inputs that are like the ones given.

        Args:
          inputs: array or tensor, or a list of them. Arrays become placeholders of their shape.
          outputs: tensors, if they are known already.
          training: True, False, or None for what `fit` and `predict` say.
        """
        if self._connects_by_build():
            first = to_list(inputs, allow_tuple=True)[0]
            self.build(input_shape=(None, *[int(n) for n in first.shape[1:]]))
            return
        if self.inputs:
            raise ValueError("Model inputs are already set.")
        self.inputs, self.input_names = [], []
        self._feed_inputs, self._feed_input_names, self._feed_input_shapes = [], [], []
        for i, value in enumerate(to_list(inputs, allow_tuple=True)):
            name = "input_%d" % (i + 1)
            if isinstance(value, list):
                value = np.asarray(value)
                value = value[:, None] if value.ndim == 1 else value
            if not K.is_tensor(value):
                shape = (None, *value.shape[1:]) if value.ndim > 1 else (None, 1)
                value = K.placeholder(shape=shape, name=name)
            self.inputs.append(value)
            self.input_names.append(name)
            if K.is_placeholder(value):
                self._feed_inputs.append(value)
                self._feed_input_names.append(name)
                self._feed_input_shapes.append(K.int_shape(value))
        if outputs is None:
            arguments = {"training": training} if has_arg(self.call, "training") else {}
            outputs = self.call(unpack_singleton(self.inputs), **arguments)
        self.outputs = to_list(outputs, allow_tuple=True)
        self.output_names = ["output_%d" % (i + 1) for i in range(len(self.outputs))]
        self.built = True

    def _connects_by_build(self):
        """Whether `build` makes the inputs, as for Sequential."""
        return hasattr(self, "_build_input_shape")

    def _standardize_user_data(self, x, y=None, sample_weight=None, class_weight=None,
                               check_array_lengths=True, batch_size=None):  # fmt: skip
        """x, y and weights as lists of arrays that fit the model; see `fit`."""
        x, y, weights = self._standardized(x, y, sample_weight, class_weight, batch_size)
        return x, y, _ones(y, weights, self._feed_sample_weight_modes if y else [])

    def _standardized(self, x, y=None, sample_weight=None, class_weight=None, batch_size=None):
        """As `_standardize_user_data`, with None for weights that are not given."""
        values = []  # what a model that is not built or compiled yet is made for
        if not self.built or not self.inputs:
            values += self._checked_values(x, "inputs", "x")
            if not self.inputs:
                self._set_inputs(x)
        if y is not None:
            if not self.optimizer:
                raise RuntimeError(_UNCOMPILED)
            if not self._is_compiled:
                values += self._checked_values(y, "targets", "y")
                self._compile_late(values, y)
        if any(K.is_tensor(v) for v in values):
            # The model stands on these tensors: nothing is to be fed.
            return [], [], []
        shapes = self._feed_input_shapes if self._is_graph_network else None
        x = standardize_input_data(
            x, self._feed_input_names, shapes, check_batch_axis=False, exception_prefix="input"
        )
        weights = []
        if y is None:
            y = []
        else:
            y, weights = self._standardized_targets(y, sample_weight, class_weight)
            check_array_length_consistency(
                x, y, [w if w is not None else a for w, a in zip(weights, y)]
            )
        if self.stateful and batch_size and x and x[0].shape[0] % batch_size != 0:
            raise ValueError(
                "In a stateful network, you should only pass inputs with a number of samples that "
                "can be divided by the batch size. Found: %d samples" % x[0].shape[0]
            )
        return x, y, weights

    @staticmethod
    def _checked_values(data, what, name):
        if isinstance(data, dict):
            raise ValueError("Please do not pass a dictionary as model %s." % what)
        values = list(data) if isinstance(data, (list, tuple)) else [data]
        if not all(isinstance(v, np.ndarray) or K.is_tensor(v) for v in values):
            raise ValueError(
                "Please provide as model %s either a single array or a list of arrays. You passed: "
                "%s=%s" % (what, name, data)
            )
        return values

    def _compile_late(self, values, y):
        symbolic = [K.is_tensor(v) for v in values]
        if any(symbolic) and not all(symbolic):
            raise ValueError(
                "Do not pass inputs that mix Numpy arrays and symbolic tensors. You passed: %s"
                % (values,)
            )
        targets = [v for v in to_list(y, allow_tuple=True) if K.is_tensor(v)]
        self.compile(
            self.optimizer,
            loss=self.loss or None,
            metrics=self.metrics,
            loss_weights=self.loss_weights,
            sample_weight_mode=self.sample_weight_mode,
            weighted_metrics=self.weighted_metrics,
            target_tensors=targets or None,
            **self._function_kwargs,
        )

    def _target_shapes(self):
        """The shape that the targets of each output must have, None where anything goes."""
        shapes = []
        for shape, loss in zip(self._feed_output_shapes, self._feed_loss_fns):
            if loss is losses.sparse_categorical_crossentropy:
                if K.image_data_format() == "channels_first" and len(shape) in (4, 5):
                    shapes.append((shape[0], 1, *shape[2:]))
                else:
                    shapes.append((*shape[:-1], 1))
            elif getattr(losses, getattr(loss, "__name__", ""), None) is None:
                shapes.append(None)
            else:
                shapes.append(shape)
        return shapes

    def _standardized_targets(self, y, sample_weight, class_weight):
        names, fitting = self._feed_output_names, self._is_graph_network
        shapes = self._target_shapes() if fitting else None
        y = standardize_input_data(
            y, names, shapes, check_batch_axis=False, exception_prefix="target"
        )
        weights = [
            None if a is None else given_weights(a, samples, classes, mode)
            for a, samples, classes, mode in zip(
                y,
                standardize_sample_weights(sample_weight, names),
                standardize_class_weights(class_weight, names),
                self._feed_sample_weight_modes,
            )
        ]
        if fitting:
            check_loss_and_target_compatibility(y, self._feed_loss_fns, shapes)
            parts = (y, self._feed_loss_fns, names, self._feed_output_shapes)
            for a, loss, name, shape in zip(*parts):
                check_sparse_labels(a, loss, name, shape)
        return y, weights

    def _values(self, function, x, y, weights, phase):
        """The values for a function. Weights that are not given are not fed, unless the function
        is the user's own."""
        if self._feed_targets and not y:
            raise ValueError(
                "No targets were given (y=None), but the model has losses of its outputs %s"
                % self._feed_output_names
            )
        if not isinstance(function, K.Function):
            weights = _ones(y, weights, self._feed_sample_weight_modes)
        return x + y + weights + self._phase(phase)

    # Loops over arrays --------------------------------------------------------------------------

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose=1, callbacks=None,
            validation_split=0.0, validation_data=None, shuffle=True, class_weight=None,
            sample_weight=None, initial_epoch=0, steps_per_epoch=None, validation_steps=None,
            validation_freq=1, max_queue_size=10, workers=1, use_multiprocessing=False,
            **kwargs):  # fmt: skip
        """Trains the model for a number of passes over the data.

        Args:
          x: array of shape (samples, ...); for several inputs a list of arrays, or a dict by the
            name of the input; None if all inputs are tensors of the graph. A generator or Sequence
            is handed to `fit_generator`.
          y: likewise, for the outputs.
          batch_size: number of samples per update of the weights, by default 32.
          epochs: number of the last epoch.
          verbose: 0: silent; 1: a bar; 2: a line per epoch.
          callbacks: list of `keras.callbacks.Callback`.
          validation_split: share of the samples, from the end, that is kept for validation.
          validation_data: (x, y) or (x, y, sample weights) for validation after each epoch.
          shuffle: whether each epoch takes the samples in another order; "batch": whole batches in
            another order, for HDF5 files.
          class_weight: dict from the number of a class to its weight in the loss.
          sample_weight: array (samples,), or (samples, timesteps) with the mode "temporal".
          initial_epoch: number of epochs that are done already.
          steps_per_epoch: number of batches in an epoch; for inputs that are tensors.
          validation_steps: likewise for the validation.
          validation_freq: epochs from one validation to the next, or a list of numbers of epochs.
          max_queue_size, workers, use_multiprocessing: for `fit_generator`.

        Returns:
          `keras.callbacks.History`; its `history` is a dict of lists with one value per epoch.

        Raises:
          RuntimeError: for a model that is not compiled.
          ValueError: for data that does not fit the model.
        """
        if "nb_epoch" in kwargs:
            warnings.warn(
                "The `nb_epoch` argument in `fit` has been renamed `epochs`.", stacklevel=2
            )
            epochs = kwargs.pop("nb_epoch")
        if kwargs:
            raise TypeError("Unrecognized keyword arguments: " + str(kwargs))
        if _is_generator(x):
            if y is not None or sample_weight is not None:
                raise ValueError("A generator gives targets and weights with its inputs")
            return self.fit_generator(
                x, steps_per_epoch, epochs, verbose, callbacks, validation_data, validation_steps,
                class_weight, max_queue_size, workers, use_multiprocessing, shuffle, initial_epoch,
            )  # fmt: skip
        if batch_size is None and steps_per_epoch is None:
            batch_size = 32
        _check_batch_size(batch_size)
        if validation_split and not 0.0 < validation_split < 1.0:
            raise ValueError(
                "`validation_split` is a share from 0 up to, but without, 1, got %r"
                % (validation_split,)
            )
        if x is None and y is None and steps_per_epoch is None:
            raise ValueError(
                "If fitting from data tensors, you should specify the `steps_per_epoch` argument."
            )
        x, y, weights = self._standardized(x, y, sample_weight, class_weight, batch_size)
        validation, val = False, ([], [], [])
        if validation_data:
            validation = True
            val_x, val_y, val_weight = _validation_parts(validation_data)
            val = self._standardized(val_x, val_y, val_weight, None, batch_size)
        elif validation_split:
            validation = True
            if any(K.is_tensor(t) for t in x):
                raise ValueError(
                    "If your data is in the form of symbolic tensors, you cannot use "
                    "`validation_split`."
                )
            samples = int((x or y)[0].shape[0])
            split = int(samples * (1.0 - validation_split))
            val = [slice_arrays(part, split) for part in (x, y, weights)]
            x, y, weights = (slice_arrays(part, 0, split) for part in (x, y, weights))
        elif validation_steps:
            validation = True
        self._make_train_function()
        ins = self._values(self.train_function, x, y, weights, 1.0)
        labels = list(self.metrics_names)
        val_f, val_ins, shown = None, [], []
        if validation:
            self._make_test_function()
            val_f = self.test_function
            val_ins = self._values(val_f, *val, 0.0)
            shown = ["val_" + label for label in labels]
        return training_arrays.fit_loop(
            self, self.train_function, ins, out_labels=labels, batch_size=batch_size,
            epochs=epochs, verbose=verbose, callbacks=callbacks, val_f=val_f, val_ins=val_ins,
            shuffle=shuffle, callback_metrics=labels + shown, initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
            validation_freq=validation_freq,
        )  # fmt: skip

    def evaluate(self, x=None, y=None, batch_size=None, verbose=1, sample_weight=None, steps=None,
                 max_queue_size=10, workers=1, use_multiprocessing=False):  # fmt: skip
        """The loss and the metrics over all samples.

        Args: as for `fit`; `steps` is the number of batches for inputs that are tensors.

        Returns:
          The loss, or a list of the values that `metrics_names` names.
        """
        if _is_generator(x):
            return self.evaluate_generator(
                x, steps, max_queue_size, workers, use_multiprocessing, verbose
            )
        if batch_size is None and steps is None:
            batch_size = 32
        _check_batch_size(batch_size)
        if x is None and y is None and steps is None:
            raise ValueError(
                "If evaluating from data tensors, you should specify the `steps` argument."
            )
        data = self._standardized(x, y, sample_weight, None, batch_size)
        self._make_test_function()
        ins = self._values(self.test_function, *data, 0.0)
        return training_arrays.test_loop(
            self, self.test_function, ins, batch_size=batch_size, verbose=verbose, steps=steps
        )

    def predict(self, x, batch_size=None, verbose=0, steps=None, max_queue_size=10, workers=1,
                use_multiprocessing=False):  # fmt: skip
        """The outputs for all samples.

        Args: as for `fit`; `steps` is the number of batches for inputs that are tensors.

        Returns:
          Array, or a list of arrays for several outputs.
        """
        if _is_generator(x):
            return self.predict_generator(
                x, steps, max_queue_size, workers, use_multiprocessing, verbose
            )
        if batch_size is None and steps is None:
            batch_size = 32
        _check_batch_size(batch_size)
        if x is None and steps is None:
            raise ValueError(
                "If predicting from data tensors, you should specify the `steps` argument."
            )
        x, _, _ = self._standardized(x)
        if self.stateful and batch_size and x:
            samples = int(x[0].shape[0])
            if samples > batch_size and samples % batch_size != 0:
                raise ValueError(
                    "In a stateful network, you should only pass inputs with a number of samples "
                    "that can be divided by the batch size. Found: %d samples. Batch size: %d."
                    % (samples, batch_size)
                )
        self._make_predict_function()
        return training_arrays.predict_loop(
            self, self.predict_function, x + self._phase(0.0), batch_size=batch_size,
            verbose=verbose, steps=steps,
        )  # fmt: skip

    # Single batches -----------------------------------------------------------------------------

    def train_on_batch(self, x, y, sample_weight=None, class_weight=None, reset_metrics=True):
        """One update of the weights from one batch; arguments as for `fit`.

        Returns:
          The loss before the update, or a list of the values that `metrics_names` names.
        """
        data = self._standardized(x, y, sample_weight, class_weight)
        self._make_train_function()
        function = self.train_function
        return unpack_singleton(function(self._values(function, *data, 1.0)))

    def test_on_batch(self, x, y, sample_weight=None, reset_metrics=True):
        """The loss and the metrics of one batch; see `evaluate`."""
        data = self._standardized(x, y, sample_weight)
        self._make_test_function()
        function = self.test_function
        return unpack_singleton(function(self._values(function, *data, 0.0)))

    def predict_on_batch(self, x):
        """The outputs for one batch; see `predict`."""
        x, _, _ = self._standardized(x)
        self._make_predict_function()
        return unpack_singleton(self.predict_function(x + self._phase(0.0)))

    def reset_metrics(self):
        """Sets the metrics that keep a state back to their beginning."""
        for metric in getattr(self, "stateful_metric_functions", ()):
            metric.reset_states()

    # Loops over generators ----------------------------------------------------------------------

    @interfaces.legacy_generator_methods_support
    def fit_generator(self, generator, steps_per_epoch=None, epochs=1, verbose=1, callbacks=None,
                      validation_data=None, validation_steps=None, class_weight=None,
                      max_queue_size=10, workers=1, use_multiprocessing=False, shuffle=True,
                      initial_epoch=0):  # fmt: skip
        """Trains the model on batches that a generator makes while the model computes.

        Args:
          generator: of (x, y) or (x, y, sample weights) without end, or a Sequence. Each is a whole
            batch, of any size.
          steps_per_epoch: number of batches in an epoch; default: the length of the Sequence.
          validation_data: generator or Sequence, or arrays as for `fit`.
          validation_steps: number of batches of a generator for the validation.
          max_queue_size: how many batches are made ahead.
          workers: number of threads or processes that make batches; 0: none.
          use_multiprocessing: processes instead of threads.
          shuffle: whether the batches of a Sequence come in another order in each epoch.
          Others: as for `fit`.

        Returns:
          `keras.callbacks.History`.

        Raises:
          ValueError: for a generator whose values are not of this kind.
        """
        return training_generator.fit_generator(
            self, generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose,
            callbacks=callbacks, validation_data=validation_data,
            validation_steps=validation_steps, class_weight=class_weight,
            max_queue_size=max_queue_size, workers=workers,
            use_multiprocessing=use_multiprocessing, shuffle=shuffle, initial_epoch=initial_epoch,
        )  # fmt: skip

    @interfaces.legacy_generator_methods_support
    def evaluate_generator(self, generator, steps=None, max_queue_size=10, workers=1,
                           use_multiprocessing=False, verbose=0):  # fmt: skip
        """The loss and the metrics over batches of a generator; arguments as `fit_generator`."""
        return training_generator.evaluate_generator(
            self, generator, steps=steps, max_queue_size=max_queue_size, workers=workers,
            use_multiprocessing=use_multiprocessing, verbose=verbose,
        )  # fmt: skip

    @interfaces.legacy_generator_methods_support
    def predict_generator(self, generator, steps=None, max_queue_size=10, workers=1,
                          use_multiprocessing=False, verbose=0):  # fmt: skip
        """The outputs for batches of a generator, of x or of (x, y); see `fit_generator`."""
        return training_generator.predict_generator(
            self, generator, steps=steps, max_queue_size=max_queue_size, workers=workers,
            use_multiprocessing=use_multiprocessing, verbose=verbose,
        )  # fmt: skip


def _check_batch_size(batch_size):
    if batch_size is None:
        return
    if not isinstance(batch_size, (int, np.integer)):
        raise TypeError("batch_size must be an integer, but is %r" % (batch_size,))
    if batch_size < 1:
        raise ValueError("batch_size must be at least 1, but is %d" % batch_size)


def _validation_parts(data):
    """(x, y, sample weights or None) of the argument `validation_data`."""
    if len(data) == 2:
        return (*data, None)
    if len(data) == 3:
        return data
    raise ValueError(
        "When passing validation_data, it must contain 2 (x_val, y_val) or 3 (x_val, y_val, "
        "val_sample_weights) items, however it contains %d items" % len(data)
    )
