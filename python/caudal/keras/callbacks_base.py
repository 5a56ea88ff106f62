# SPDX-License-Identifier: Apache-2.0
"""Callbacks: the list of them, their base class, and those every training has."""

import time
import warnings
from collections import deque

import numpy as np

from caudal.keras.utils.generic_utils import Progbar

# Hook -> its name in tf.keras, where it has another.
_HOOKS = {
    "on_train_begin": None,
    "on_train_end": None,
    "on_epoch_begin": None,
    "on_epoch_end": None,
    "on_batch_begin": "on_train_batch_begin",
    "on_batch_end": "on_train_batch_end",
}
_SLOW = 0.1  # seconds


class Callback:
    """Base class of callbacks: objects with methods that training calls.

    `logs` is a dict of numbers: `batch`, `size` and the metrics of the batch in `on_batch_end`; the
    metrics of the epoch in `on_epoch_end`. What a callback adds there, later ones see.

    Attributes:
      params: dict: batch_size, epochs, steps, samples, verbose, do_validation, metrics.
      model: the model that is being trained.
      validation_data: list of arrays, inputs, targets and sample weights, or None.
    """

    def __init__(self):
        self.validation_data = None
        self.model = None

    def set_params(self, params):
        self.params = params

    def set_model(self, model):
        self.model = model

    def on_epoch_begin(self, epoch, logs=None):
        """Before an epoch, the first of which is 0."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch and its validation."""

    def on_batch_begin(self, batch, logs=None):
        """Before a step on a batch, the first of which is 0 in every epoch."""

    def on_batch_end(self, batch, logs=None):
        """After a step on a batch."""

    def on_train_begin(self, logs=None):
        """Before training."""

    def on_train_end(self, logs=None):
        """After training."""


def _overridden(callback, hook):
    """The methods of `callback` for a hook, without those that do nothing."""
    out = []
    for name in (hook, _HOOKS[hook]):
        method = getattr(callback, name, None) if name else None
        if method is None or getattr(method, "does_nothing", False):
            continue
        if getattr(method, "__func__", None) is not Callback.__dict__.get(name):
            out.append(method)
    return out


class CallbackList:
    """Callbacks in the order in which they are called.

    Only methods that a callback has of its own are called; `has(hook)` tells a loop whether it can
    leave a hook out, and with it the making of `logs`.

    Args:
      callbacks: list of Callback.
      queue_length: number of batches over which the time in callbacks is watched.
    """

    def __init__(self, callbacks=None, queue_length=10):
        self.callbacks = list(callbacks or [])
        self.queue_length = queue_length
        self._times = {"on_batch_begin": deque(maxlen=queue_length),
                       "on_batch_end": deque(maxlen=queue_length)}  # fmt: skip
        self._methods = {}
        self._batch_time = 0.0
        self._batch_start = None

    def append(self, callback):
        self.callbacks.append(callback)
        self._methods = {}

    def set_params(self, params):
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model):
        for callback in self.callbacks:
            callback.set_model(model)
        self._methods = {}

    def methods(self, hook):
        """The bound methods to call for a hook, such as "on_batch_end"."""
        found = self._methods.get(hook)
        if found is None:
            found = [m for callback in self.callbacks for m in _overridden(callback, hook)]
            self._methods[hook] = found
        return found

    def has(self, hook):
        """Whether a callback does something at the hook."""
        return bool(self.methods(hook))

    def on_epoch_begin(self, epoch, logs=None):
        logs = {} if logs is None else logs
        self._methods = {}  # a callback may have got new methods
        for method in self.methods("on_epoch_begin"):
            method(epoch, logs)
        self._batch_time = 0.0
        for times in self._times.values():
            times.clear()

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        for method in self.methods("on_epoch_end"):
            method(epoch, logs)

    def on_batch_begin(self, batch, logs=None):
        self._call_timed("on_batch_begin", batch, logs)
        self._batch_start = time.perf_counter()

    def on_batch_end(self, batch, logs=None):
        if self._batch_start is not None:
            self._batch_time = time.perf_counter() - self._batch_start
        self._call_timed("on_batch_end", batch, logs)

    def _call_timed(self, hook, batch, logs):
        logs = {} if logs is None else logs
        start = time.perf_counter()
        for method in self.methods(hook):
            method(batch, logs)
        spent = time.perf_counter() - start
        times = self._times[hook]
        times.append(spent)
        if spent > _SLOW and self._batch_time > 0.0:
            median = float(np.median(times))
            if median > _SLOW and median > 0.95 * self._batch_time:
                warnings.warn(
                    "Method %s() is slow compared to the batch update (%f). Check your callbacks."
                    % (hook, median),
                    stacklevel=3,
                )

    def on_train_begin(self, logs=None):
        logs = {} if logs is None else logs
        for method in self.methods("on_train_begin"):
            method(logs)

    def on_train_end(self, logs=None):
        logs = {} if logs is None else logs
        for method in self.methods("on_train_end"):
            method(logs)

    def __iter__(self):
        return iter(self.callbacks)


class BaseLogger(Callback):
    """Puts the means of the metrics over an epoch into its logs. Every training has one.

    Args:
      stateful_metrics: names of metrics whose last value counts instead of the mean.
    """

    def __init__(self, stateful_metrics=None):
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())
        self.seen = 0
        self.totals = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = 0
        self.totals = {}

    def on_batch_end(self, batch, logs=None):
        logs = logs or {}
        size = logs.get("size", 0)
        self.seen += size
        totals = self.totals
        for name, value in logs.items():
            if name in self.stateful_metrics:
                totals[name] = value
            else:
                totals[name] = totals.get(name, 0) + value * size

    def on_epoch_end(self, epoch, logs=None):
        if logs is None:
            return
        for name in self.params["metrics"]:
            if name in self.stateful_metrics and name in self.totals:
                logs[name] = self.totals[name]
            elif name in self.totals:
                logs[name] = self.totals[name] / self.seen


class TerminateOnNaN(Callback):
    """Ends training when the loss of a batch is not finite, and says what else is not."""

    def on_batch_end(self, batch, logs=None):
        logs = logs or {}
        loss = logs.get("loss")
        if loss is None or np.all(np.isfinite(loss)):
            return
        print("Batch %d: Invalid loss, terminating training" % batch)
        values = ["%s: %s" % (k, v) for k, v in logs.items() if not np.all(np.isfinite(v))]
        layers = [
            layer.name
            for layer in getattr(self.model, "layers", ())
            if not all(np.all(np.isfinite(w)) for w in layer.get_weights())
        ]
        print(
            "Not finite: %s; weights of layers: %s" % (", ".join(values), ", ".join(layers) or "-")
        )
        self.model.stop_training = True


class ProgbarLogger(Callback):
    """Prints a progress bar with the metrics.

    Args:
      count_mode: "samples" or "steps", what the bar counts.
      stateful_metrics: names of metrics whose last value is shown instead of the mean.

    Raises:
      ValueError: for another `count_mode`.
    """

    def __init__(self, count_mode="samples", stateful_metrics=None):
        super().__init__()
        if count_mode not in ("samples", "steps"):
            raise ValueError("Unknown `count_mode`: " + str(count_mode))
        self.use_steps = count_mode == "steps"
        self.stateful_metrics = set(stateful_metrics or ())
        self.log_values = []
        self.seen = 0
        self.target = None

    def on_train_begin(self, logs=None):
        self.verbose = self.params["verbose"]
        self.epochs = self.params["epochs"]

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = 0
        self.log_values = []
        if self.verbose:
            print("Epoch %d/%d" % (epoch + 1, self.epochs))
            self.target = self.params["steps" if self.use_steps else "samples"]
            self.progbar = Progbar(
                target=self.target,
                verbose=self.verbose,
                stateful_metrics=self.stateful_metrics,
            )

    def _unfinished(self):
        return self.target is None or self.seen < self.target

    def on_batch_begin(self, batch, logs=None):
        if self._unfinished():
            self.log_values = []

    def on_batch_end(self, batch, logs=None):
        if not self.verbose:
            return
        logs = logs or {}
        self.seen += 1 if self.use_steps else logs.get("size", 0)
        self.log_values += [(k, logs[k]) for k in self.params["metrics"] if k in logs]
        # The last batch is shown together with the validation.
        if self._unfinished():
            self.progbar.update(self.seen, self.log_values)

    def on_epoch_end(self, epoch, logs=None):
        if not self.verbose:
            return
        logs = logs or {}
        self.log_values += [(k, logs[k]) for k in self.params["metrics"] if k in logs]
        self.progbar.update(self.seen, self.log_values)


def _nothing(*args):
    return None


_nothing.does_nothing = True


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
      on_epoch_begin, on_epoch_end: functions of (epoch, logs).
      on_batch_begin, on_batch_end: functions of (batch, logs).
      on_train_begin, on_train_end: functions of (logs).
      **kwargs: further attributes.
    """

    def __init__(self, on_epoch_begin=None, on_epoch_end=None, on_batch_begin=None,
                 on_batch_end=None, on_train_begin=None, on_train_end=None, **kwargs):  # fmt: skip
        super().__init__()
        self.__dict__.update(kwargs)
        self.on_epoch_begin = on_epoch_begin or _nothing
        self.on_epoch_end = on_epoch_end or _nothing
        self.on_batch_begin = on_batch_begin or _nothing
        self.on_batch_end = on_batch_end or _nothing
        self.on_train_begin = on_train_begin or _nothing
        self.on_train_end = on_train_end or _nothing
