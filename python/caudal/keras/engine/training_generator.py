# SPDX-License-Identifier: Apache-2.0
"""Loops over the batches of generators and Sequences."""

import contextlib
import warnings

import numpy as np

from caudal.keras.engine.training_arrays import Training
from caudal.keras.engine.training_utils import iter_sequence_infinite
from caudal.keras.utils.data_utils import GeneratorEnqueuer, OrderedEnqueuer, Sequence
from caudal.keras.utils.generic_utils import Progbar, to_list, unpack_singleton


def _number_of_steps(generator, steps, name):
    if steps is not None:
        return steps
    if isinstance(generator, Sequence):
        return len(generator)
    raise ValueError(
        "`%s=None` is only valid for a generator based on the `keras.utils.Sequence` class. Please "
        "specify `%s` or use the `keras.utils.Sequence` class." % (name, name)
    )


def _check_processes(generator, use_multiprocessing, workers):
    if use_multiprocessing and workers > 1 and not isinstance(generator, Sequence):
        warnings.warn(
            "Using a generator with `use_multiprocessing=True` and multiple workers may duplicate "
            "your data. Please consider using the `keras.utils.Sequence` class.",
            UserWarning,
            stacklevel=4,
        )


@contextlib.contextmanager
def _batches_of(generator, max_queue_size, workers, use_multiprocessing, shuffle=False):
    """Context: an iterator of the batches, made by workers if there are any."""
    is_sequence = isinstance(generator, Sequence)
    if workers <= 0:
        yield iter_sequence_infinite(generator) if is_sequence else generator
        return
    if is_sequence:
        enqueuer = OrderedEnqueuer(generator, use_multiprocessing, shuffle=shuffle)
    else:
        enqueuer = GeneratorEnqueuer(generator, use_multiprocessing)
    enqueuer.start(workers=workers, max_queue_size=max_queue_size)
    try:
        yield enqueuer.get()
    finally:
        enqueuer.stop()


def _parts(batch):
    """(x, y, sample weights or None) of what a generator gave."""
    if hasattr(batch, "__len__"):
        if len(batch) == 2:
            return (*batch, None)
        if len(batch) == 3:
            return batch
    raise ValueError(
        "Output of generator should be a tuple `(x, y, sample_weight)` or `(x, y)`. Found: %s"
        % (batch,)
    )


def _size(x):
    """Number of samples in the inputs of a batch; 1 if all inputs are tensors of the graph."""
    if x is None or len(x) == 0:
        return 1 if x is None or isinstance(x, (list, tuple, dict)) else 0
    if isinstance(x, (list, tuple)):
        x = x[0]
    elif isinstance(x, dict):
        x = next(iter(x.values()))
    return int(x.shape[0]) if hasattr(x, "shape") else len(x)


def _is_generator(data):
    return isinstance(data, Sequence) or hasattr(data, "__next__") or hasattr(data, "next")


def _validation(model, data, steps, generated, stack):
    """A function that evaluates the validation data: batch size -> the values.

    Returns also the arrays of the data, or None.
    """
    if _is_generator(data):
        steps = _number_of_steps(data, steps or None, "validation_steps")
        batches = stack.enter_context(_batches_of(data, **generated))
        return lambda size: model.evaluate_generator(batches, steps, workers=0), None
    if len(data) not in (2, 3):
        raise ValueError(
            "`validation_data` should be a tuple `(val_x, val_y, val_sample_weight)` or "
            "`(val_x, val_y)`. Found: %s" % (data,)
        )
    x, y, weights = (*data, None)[:3]
    arrays = model._standardize_user_data(x, y, weights)
    x, y, weights = arrays
    arrays = x + y + weights + model._phase(0.0)

    def evaluate(size):
        return model.evaluate(x, y, batch_size=size, sample_weight=weights, verbose=0)

    return evaluate, arrays


def fit_generator(model, generator, steps_per_epoch=None, epochs=1, verbose=1, callbacks=None,
                  validation_data=None, validation_steps=None, class_weight=None,
                  max_queue_size=10, workers=1, use_multiprocessing=False, shuffle=True,
                  initial_epoch=0):  # fmt: skip
    """See `Model.fit_generator`."""
    validates = validation_data is not None and bool(
        isinstance(validation_data, Sequence) or validation_data
    )
    model._make_train_function()
    if validates:
        model._make_test_function()
    _check_processes(generator, use_multiprocessing, workers)
    steps = _number_of_steps(generator, steps_per_epoch, "steps_per_epoch")
    labels = list(model.metrics_names)
    val_labels = ["val_" + label for label in labels]
    generated = {
        "max_queue_size": max_queue_size,
        "workers": workers,
        "use_multiprocessing": use_multiprocessing,
    }
    if validates and _is_generator(validation_data):
        _number_of_steps(validation_data, validation_steps or None, "validation_steps")
    training = Training(
        model, callbacks, labels, steps, None, verbose,
        epochs=epochs, do_validation=validates, metrics=labels + val_labels,
    )  # fmt: skip
    training.begin()
    with contextlib.ExitStack() as stack:
        evaluate = None
        if validates:
            evaluate, arrays = _validation(
                model, validation_data, validation_steps, generated, stack
            )
            for callback in training.callbacks if arrays is not None else ():
                callback.validation_data = arrays
        batches = stack.enter_context(_batches_of(generator, shuffle=shuffle, **generated))
        for epoch in range(initial_epoch, epochs):
            for metric in model.stateful_metric_functions:
                metric.reset_states()
            training.begin_epoch(epoch)
            done, size = _train_on(training, model, batches, steps, class_weight)
            logs = {}
            if evaluate is not None and abs(done) == steps:
                logs.update(zip(val_labels, map(float, to_list(evaluate(size)))))
            if training.end_epoch(epoch, abs(done), logs):
                break
    return training.end()


def _train_on(training, model, batches, steps, class_weight):
    """Trains on so many batches: their number, negative if it was stopped, and the last size."""
    size = 1
    for index in range(steps):
        x, y, weights = _parts(next(batches))
        size = _size(x)
        logs = training.begin_batch(index, size) if training.on_begin else None
        values = model.train_on_batch(x, y, sample_weight=weights, class_weight=class_weight)
        if training.end_batch(index, size, to_list(values), logs):
            return -(index + 1), size
    return steps, size


def evaluate_generator(model, generator, steps=None, max_queue_size=10, workers=1,
                       use_multiprocessing=False, verbose=0):  # fmt: skip
    """See `Model.evaluate_generator`."""
    model._make_test_function()
    for metric in model.stateful_metric_functions:
        metric.reset_states()
    _check_processes(generator, use_multiprocessing, workers)
    steps = _number_of_steps(generator, steps, "steps")
    bar = Progbar(target=steps) if verbose == 1 else None
    results, sizes = [], []
    with _batches_of(generator, max_queue_size, workers, use_multiprocessing) as batches:
        while len(results) < steps:
            x, y, weights = _parts(next(batches))
            size = _size(x)
            if size == 0:
                raise ValueError(
                    "Received an empty batch. Batches should contain at least one item."
                )
            results.append(to_list(model.test_on_batch(x, y, sample_weight=weights)))
            sizes.append(size)
            if bar is not None:
                bar.update(len(results))
    stateful = model.stateful_metric_names
    means = [
        np.float64(values[-1] if name in stateful else np.average(values, weights=sizes))
        for name, values in zip(model.metrics_names, zip(*results))
    ]
    return unpack_singleton(means)


def predict_generator(model, generator, steps=None, max_queue_size=10, workers=1,
                      use_multiprocessing=False, verbose=0):  # fmt: skip
    """See `Model.predict_generator`."""
    model._make_predict_function()
    _check_processes(generator, use_multiprocessing, workers)
    steps = _number_of_steps(generator, steps, "steps")
    bar = Progbar(target=steps) if verbose == 1 else None
    results = []
    with _batches_of(generator, max_queue_size, workers, use_multiprocessing) as batches:
        while len(results) < steps:
            batch = next(batches)
            # Generators for training are fine: their targets are left alone.
            x = _parts(batch)[0] if isinstance(batch, tuple) else batch
            results.append(to_list(model.predict_on_batch(x)))
            if bar is not None:
                bar.update(len(results))
    outputs = [part[0] if len(part) == 1 else np.concatenate(part) for part in zip(*results)]
    return unpack_singleton(outputs)
