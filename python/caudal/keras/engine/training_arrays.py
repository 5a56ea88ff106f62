# SPDX-License-Identifier: Apache-2.0
"""Loops over the batches of arrays: what `fit`, `evaluate` and `predict` do."""

import time

import numpy as np

from caudal.keras import backend as K
from caudal.keras import callbacks as cbks
from caudal.keras.engine.training_batches import Batches
from caudal.keras.engine.training_utils import batch_shuffle, check_num_samples, make_batches
from caudal.keras.utils.generic_utils import Progbar, to_list, unpack_singleton

_SHOW_SECONDS = 0.1  # least time between two changes of a progress bar


def _with_weights(model, arrays):
    """Inputs, targets and weights with ones for weights that are not given."""
    arrays = list(arrays)
    inputs, targets = len(model._feed_inputs), len(model._feed_targets)
    for i, mode in enumerate(model._feed_sample_weight_modes):
        at = inputs + targets + i
        if at < len(arrays) and arrays[at] is None:
            target = arrays[inputs + i]
            arrays[at] = np.ones(target.shape[: 1 if mode is None else 2], K.floatx())
    return arrays


class Totals:
    """Sums of what a function returns batch by batch, and their averages over the samples.

    Args:
      labels: names of the values.
      stateful: names of those that are taken as they are: the last one counts.
    """

    def __init__(self, labels, stateful=()):
        self.labels = labels
        self._stateful = [label in stateful for label in labels]
        self.reset()

    def reset(self):
        self.sums = [0.0] * len(self._stateful)
        self.seen = 0

    def add(self, values, size):
        """Counts the values of a batch of `size` samples."""
        if not self._stateful:
            self._stateful = [False] * len(values)
            self.reset()
        self.seen += size
        sums = self.sums
        for i, stateful in enumerate(self._stateful):
            value = float(values[i])
            sums[i] = value if stateful else sums[i] + value * size

    def means(self):
        """The averages since the last reset."""
        seen = self.seen
        return [s if last else s / seen for s, last in zip(self.sums, self._stateful)]

    def since(self, sums, seen):
        """As `means`, over what came after earlier values of `sums` and `seen`."""
        size = self.seen - seen
        return [
            s if last else (s - old) / size for s, old, last in zip(self.sums, sums, self._stateful)
        ]


class Training:
    """The side of a training that callbacks and the progress bar see.

    Args:
      model: a Model.
      callbacks: list of callbacks of the user, or None.
      labels: names of what the training function returns.
      steps: number of batches in an epoch, if that is what counts.
      samples: number of samples in an epoch, otherwise.
      verbose: 0, 1 (a bar), 2 (a line per epoch).
      **params: further entries of the callbacks' `params`.
    """

    def __init__(self, model, callbacks, labels, steps, samples, verbose, **params):
        stateful = model.stateful_metric_names
        self.totals = Totals(labels, stateful)
        self.model = getattr(model, "callback_model", None) or model
        model.history = self.history = cbks.History()
        self.by_steps = steps is not None
        self.bar = None
        members = []
        if verbose:
            mode = "steps" if self.by_steps else "samples"
            self.bar = cbks.ProgbarLogger(mode, stateful_metrics=stateful)
            members.append(self.bar)
        if callbacks is not None and not isinstance(callbacks, (list, tuple)):
            raise TypeError("`callbacks` must be a list of callbacks, but is %r" % (callbacks,))
        members += [*(callbacks or []), self.history]
        self.callbacks = cbks.CallbackList(members)
        self.callbacks.set_model(self.model)
        params.update(steps=steps, samples=samples, verbose=verbose)
        self.callbacks.set_params(params)
        self._others = list(callbacks or ())
        self.shows_batches = self.bar is not None and verbose == 1
        self.metrics = params["metrics"]

    def begin(self, validation_data=None):
        self.callbacks.on_train_begin()
        self.model.stop_training = False
        if validation_data is not None:
            validation_data = _with_weights(self.model, validation_data)
            for callback in self.callbacks:
                callback.validation_data = validation_data

    def begin_epoch(self, epoch):
        self.totals.reset()
        self._shown = (list(self.totals.sums), 0)
        self._batches_shown = 0
        self._next_show = 0.0
        self.callbacks.on_epoch_begin(epoch)
        # Batches are told only to those who listen; the bar hears of them from time to time.
        self._listeners = cbks.CallbackList(self._others)
        self.on_begin = self._listeners.has("on_batch_begin")
        self._on_end = self._listeners.has("on_batch_end")

    def begin_batch(self, index, size):
        """Calls the callbacks; returns the logs of the batch."""
        logs = {"batch": index, "size": size}
        self._listeners.on_batch_begin(index, logs)
        return logs

    def end_batch(self, index, size, values, logs=None):
        """Counts the values of a batch, calls the callbacks; returns whether to stop."""
        totals = self.totals
        totals.add(values, size)
        if self._on_end:
            if logs is None:
                logs = {"batch": index, "size": size}
            logs.update(zip(totals.labels, values))
            self._listeners.on_batch_end(index, logs)
        if self.shows_batches and time.perf_counter() >= self._next_show:
            self._show(index)
            self._next_show = time.perf_counter() + _SHOW_SECONDS
        return self.model.stop_training

    def _show(self, index):
        """Tells the bar of all batches since it was last told, as if they were one."""
        totals, bar = self.totals, self.bar
        logs = {"batch": index, "size": totals.seen - self._shown[1]}
        if not logs["size"]:
            return
        logs.update(zip(totals.labels, totals.since(*self._shown)))
        bar.on_batch_begin(index, logs)
        if self.by_steps:
            bar.seen += index - self._batches_shown
        bar.on_batch_end(index, logs)
        self._shown = (list(totals.sums), totals.seen)
        self._batches_shown = index + 1

    def end_epoch(self, epoch, batches, logs):
        """Ends an epoch of so many batches; `logs` holds the values of the validation."""
        totals = self.totals
        if self.bar is not None and batches:
            self._show(batches - 1)
        if totals.seen:
            means = dict(zip(totals.labels, totals.means()))
            logs.update((k, means[k]) for k in self.metrics if k in means)
        self.callbacks.on_epoch_end(epoch, logs)
        return self.model.stop_training

    def end(self):
        self.callbacks.on_train_end()
        return self.history


def _batches(model, f, ins, with_targets=True, repeated=False):
    """The batches of `ins` for a function of the model."""
    tensors = list(model._feed_inputs)
    if with_targets:
        tensors += model._feed_targets + model._feed_sample_weights
    if model._uses_dynamic_learning_phase():
        tensors.append(K.learning_phase())
    tensors += [None] * (len(ins) - len(tensors))
    return Batches(f, ins, tensors, repeated)


def _validates(ins, val_f, val_ins, steps_per_epoch, validation_steps, verbose):
    if val_f is not None and val_ins:
        if verbose and ins and hasattr(ins[0], "shape") and hasattr(val_ins[0], "shape"):
            print(
                "Train on %d samples, validate on %d samples"
                % (int(ins[0].shape[0]), int(val_ins[0].shape[0]))
            )
    if validation_steps:
        if steps_per_epoch is None:
            raise ValueError(
                "Can only use `validation_steps` when doing step-wise training, i.e. "
                "`steps_per_epoch` must be set."
            )
        return True
    if val_f is not None and val_ins:
        if steps_per_epoch:
            raise ValueError(
                "Must specify `validation_steps` to perform validation when doing step-wise "
                "training."
            )
        return True
    return False


def fit_loop(model, f, ins, out_labels=None, batch_size=None, epochs=100, verbose=1,
             callbacks=None, val_f=None, val_ins=None, shuffle=True, callback_metrics=None,
             initial_epoch=0, steps_per_epoch=None, validation_steps=None,
             validation_freq=1):  # fmt: skip
    """Trains a model with `f(ins)`.

    Args:
      f: function from a list of values to the list of values that `out_labels` names.
      ins: list of arrays, None for what is not fed, maybe a number for the learning phase.
      val_f, val_ins: likewise for the validation.
      shuffle: True, False, or "batch" for whole batches in random order.
      callback_metrics: names of the values that callbacks get at the end of an epoch.
      validation_freq: number of epochs from one validation to the next, or the numbers of them.

    Returns:
      The History callback.
    """
    validates = _validates(ins, val_f, val_ins, steps_per_epoch, validation_steps, verbose)
    samples = check_num_samples(ins, batch_size, steps_per_epoch, "steps_per_epoch")
    out_labels = out_labels or []
    training = Training(
        model, callbacks, out_labels, steps_per_epoch, samples, verbose,
        batch_size=batch_size, epochs=epochs, do_validation=validates,
        metrics=callback_metrics or [],
    )  # fmt: skip
    training.begin(val_ins)
    source = None if steps_per_epoch is not None else _batches(model, f, ins, repeated=True)
    order = None if samples is None else np.arange(samples)
    for epoch in range(initial_epoch, epochs):
        for metric in model.stateful_metric_functions:
            metric.reset_states()
        training.begin_epoch(epoch)
        if source is None:
            done = _steps(training, f, ins, steps_per_epoch)
            whole = done == steps_per_epoch
        else:
            if isinstance(shuffle, str) and shuffle == "batch":
                order = batch_shuffle(order, batch_size)
            elif shuffle:
                np.random.shuffle(order)
            batches = make_batches(samples, batch_size)
            done = _pass(training, source, order if shuffle else None, batches)
            whole = done == len(batches) and done
        logs = {}
        if validates and whole and _is_due(validation_freq, epoch):
            if source is None:
                values = test_loop(model, val_f, val_ins, steps=validation_steps)
            else:
                values = test_loop(model, val_f, val_ins, batch_size=batch_size)
            names = ["val_" + label for label in out_labels]
            logs.update(zip(names, map(float, to_list(values))))
        if training.end_epoch(epoch, abs(done), logs):
            break
    return training.end()


def _is_due(validation_freq, epoch):
    if isinstance(validation_freq, int):
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq


def _steps(training, f, ins, steps):
    """An epoch of so many runs on the same values: how many there were, negative if stopped."""
    begins = training.on_begin
    for index in range(steps):
        logs = training.begin_batch(index, 1) if begins else None
        if training.end_batch(index, 1, f(ins), logs):
            return -(index + 1)
    return steps


def _pass(training, source, order, batches):
    """An epoch of batches: how many there were, negative if it was stopped."""
    source.bind()
    call, rows, take = source.call, source.rows, source.take
    begins, end = training.on_begin, training.end_batch
    logs = None
    for index, (start, stop) in enumerate(batches):
        values = rows(start, stop) if order is None else take(order[start:stop])
        if begins:
            logs = training.begin_batch(index, stop - start)
        if end(index, stop - start, call(values), logs):
            return -(index + 1)
    return len(batches)


def predict_loop(model, f, ins, batch_size=32, verbose=0, steps=None, callbacks=None):
    """The outputs of `f` for all samples of `ins`: an array, or a list of arrays."""
    samples = check_num_samples(ins, batch_size, steps, "steps")
    bar = Progbar(target=samples if steps is None else steps) if verbose == 1 else None
    if steps is not None:
        parts = []
        for step in range(steps):
            parts.append(to_list(f(ins)))
            if bar is not None:
                bar.update(step + 1)
        return unpack_singleton([np.concatenate(part, axis=0) for part in zip(*parts)])
    source = _batches(model, f, ins, with_targets=False)
    f = source.call
    outs = None
    for start, stop in make_batches(samples, batch_size):
        values = f(source.rows(start, stop))
        if outs is None:
            outs = [np.empty((samples, *v.shape[1:]), v.dtype) for v in values]
        for out, value in zip(outs, values):
            out[start:stop] = value
        if bar is not None:
            bar.update(stop)
    if outs is None:
        outs = [np.empty((0, *v.shape[1:]), v.dtype) for v in to_list(f(source.rows(0, 0)))]
    return unpack_singleton(outs)


def test_loop(model, f, ins, batch_size=None, verbose=0, steps=None):
    """The averages of what `f` returns over all samples: a number, or a list of numbers."""
    stateful = getattr(model, "stateful_metric_names", ())
    for metric in getattr(model, "stateful_metric_functions", ()):
        metric.reset_states()
    samples = check_num_samples(ins, batch_size, steps, "steps")
    totals = Totals(list(getattr(model, "metrics_names", ())), stateful)
    bar = Progbar(target=samples if steps is None else steps) if verbose == 1 else None
    if steps is not None:
        for step in range(steps):
            totals.add(to_list(f(ins)), 1)
            if bar is not None:
                bar.update(step + 1)
        return unpack_singleton([np.float64(x) for x in totals.means()])
    source = _batches(model, f, ins)
    f = source.call
    for start, stop in make_batches(samples, batch_size):
        totals.add(to_list(f(source.rows(start, stop))), stop - start)
        if bar is not None:
            bar.update(stop)
    means = totals.means() if totals.seen else [0.0]
    return unpack_singleton([np.float64(x) for x in means])
