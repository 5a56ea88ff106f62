# SPDX-License-Identifier: Apache-2.0
"""Callbacks that watch a metric, save, stop, change the learning rate or report."""

import csv
import json
import os
import warnings
from collections.abc import Iterable

import numpy as np

from caudal.keras import backend as K
from caudal.keras.callbacks_base import Callback


def _direction(callback, mode, more):
    """np.less or np.greater, by which a metric is compared to the best so far.

    Args:
      mode: "min", "max" or "auto"; others give a warning and count as "auto".
      more: whether more is better under "auto".
    """
    if mode not in ("auto", "min", "max"):
        warnings.warn(
            "%s mode %s is unknown, fallback to auto mode." % (type(callback).__name__, mode),
            RuntimeWarning,
            stacklevel=3,
        )
        mode = "auto"
    return np.greater if mode == "max" or (mode == "auto" and more) else np.less


def _worst(monitor_op):
    return np.inf if monitor_op is np.less else -np.inf


def _rate(model):
    """The variable of the learning rate. Raises ValueError where the optimizer has none."""
    if not hasattr(model.optimizer, "lr"):
        raise ValueError('Optimizer must have a "lr" attribute.')
    return model.optimizer.lr


class ModelCheckpoint(Callback):
    """Saves the model after epochs.

    A file is written beside its place and then renamed: a save that fails leaves the last one.

    Args:
      filepath: string with fields in braces, such as "w.{epoch:02d}-{val_loss:.2f}.h5", which
        `epoch` (from 1 on) and the logs fill.
      monitor: name of the metric for `save_best_only`.
      verbose: 1 prints a line for each save.
      save_best_only: save only when the metric is the best so far.
      save_weights_only: use `save_weights` instead of `save`.
      mode: "min", "max" or "auto": by the name of the metric.
      period: number of epochs between saves.
    """

    def __init__(self, filepath, monitor="val_loss", verbose=0, save_best_only=False,
                 save_weights_only=False, mode="auto", period=1, save_freq="epoch"):  # fmt: skip
        super().__init__()
        if save_freq != "epoch":
            raise NotImplementedError(
                'ModelCheckpoint saves after epochs: save_freq must be "epoch", got %r'
                % (save_freq,)
            )
        self.monitor = monitor
        self.verbose = verbose
        self.filepath = os.fspath(filepath)
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = period
        self.epochs_since_last_save = 0
        more = "acc" in monitor or monitor.startswith("fmeasure")
        self.monitor_op = _direction(self, mode, more)
        self.best = _worst(self.monitor_op)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        filepath = self.filepath.format(epoch=epoch + 1, **logs)
        if not self.save_best_only:
            self._say(epoch, "saving model to %s" % filepath)
            return self._save(filepath)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                "Can save best model only with %s available, skipping." % self.monitor,
                RuntimeWarning,
                stacklevel=2,
            )
        elif self.monitor_op(current, self.best):
            self._say(epoch, "%s improved from %0.5f to %0.5f, saving model to %s"
                      % (self.monitor, self.best, current, filepath))  # fmt: skip
            self._save(filepath)
            self.best = current
        else:
            self._say(epoch, "%s did not improve from %0.5f" % (self.monitor, self.best))

    def _say(self, epoch, text):
        if self.verbose > 0:
            print("\nEpoch %05d: %s" % (epoch + 1, text))

    def _save(self, filepath):
        if self.save_weights_only:
            self.model.save_weights(filepath, overwrite=True)
        else:
            self.model.save(filepath, overwrite=True)


class EarlyStopping(Callback):
    """Ends training when a metric gets no better.

    Args:
      monitor: name of the metric.
      min_delta: smaller changes are none.
      patience: number of epochs without a better value after which training ends.
      verbose: 1 prints a line at the end.
      mode: "min", "max" or "auto": by the name of the metric.
      baseline: value that the metric has to pass at first.
      restore_best_weights: whether a model that was stopped gets its weights of the best epoch.
    """

    def __init__(self, monitor="val_loss", min_delta=0, patience=0, verbose=0, mode="auto",
                 baseline=None, restore_best_weights=False):  # fmt: skip
        super().__init__()
        self.monitor = monitor
        self.baseline = baseline
        self.patience = patience
        self.verbose = verbose
        self.restore_best_weights = restore_best_weights
        self.best_weights = None
        self.wait = 0
        self.stopped_epoch = 0
        self.monitor_op = _direction(self, mode, "acc" in monitor)
        self.min_delta = min_delta if self.monitor_op is np.greater else -min_delta
        self.best = _worst(self.monitor_op)

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.stopped_epoch = 0
        self.best_weights = None
        self.best = _worst(self.monitor_op) if self.baseline is None else self.baseline

    def on_epoch_end(self, epoch, logs=None):
        current = self.get_monitor_value(logs)
        if current is None:
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best = current
            self.wait = 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait < self.patience:
            return
        self.stopped_epoch = epoch
        self.model.stop_training = True
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print("Restoring model weights from the end of the best epoch")
            self.model.set_weights(self.best_weights)

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0 and self.verbose > 0:
            print("Epoch %05d: early stopping" % (self.stopped_epoch + 1))

    def get_monitor_value(self, logs):
        """The metric in the logs; None with a warning where it is missing."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                "Early stopping conditioned on metric `%s` which is not available. Available "
                "metrics are: %s" % (self.monitor, ",".join(logs or {})),
                RuntimeWarning,
                stacklevel=3,
            )
        return value


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
      schedule: function of (epoch, current rate) or of (epoch) that gives the rate, a float.
      verbose: 1 prints a line for each epoch.
    """

    def __init__(self, schedule, verbose=0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch, logs=None):
        variable = _rate(self.model)
        try:
            rate = self.schedule(epoch, float(K.get_value(variable)))
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, (float, np.float32, np.float64)):
            raise ValueError('The output of the "schedule" function should be float.')
        K.set_value(variable, rate)
        if self.verbose > 0:
            print("\nEpoch %05d: LearningRateScheduler setting learning rate to %s."
                  % (epoch + 1, rate))  # fmt: skip

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["lr"] = K.get_value(_rate(self.model))


class ReduceLROnPlateau(Callback):
    """Makes the learning rate smaller when a metric gets no better.

    Args:
      monitor: name of the metric.
      factor: float < 1 the rate is multiplied by.
      patience: number of epochs without a better value before that.
      verbose: 1 prints a line for each change.
      mode: "min", "max" or "auto": by the name of the metric.
      min_delta: smaller changes are none.
      cooldown: number of epochs after a change that do not count.
      min_lr: smallest rate.

    Raises:
      ValueError: for a factor of 1 or more.
    """

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto",
                 min_delta=1e-4, cooldown=0, min_lr=0, **kwargs):  # fmt: skip
        super().__init__()
        if factor >= 1.0:
            raise ValueError("ReduceLROnPlateau does not support a factor >= 1.0.")
        if "epsilon" in kwargs:
            min_delta = kwargs.pop("epsilon")
            warnings.warn(
                "`epsilon` argument is deprecated and will be removed, use `min_delta` instead.",
                stacklevel=2,
            )
        if kwargs:
            raise TypeError("ReduceLROnPlateau got unexpected arguments: %s" % ", ".join(kwargs))
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.mode = mode
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self):
        compare = _direction(self, self.mode, "acc" in self.monitor)
        sign = 1 if compare is np.greater else -1
        self.monitor_op = lambda a, b: compare(a, b + sign * self.min_delta)
        self.best = _worst(compare)
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs=None):
        self._reset()

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        variable = _rate(self.model)
        logs["lr"] = K.get_value(variable)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                "Reduce LR on plateau conditioned on metric `%s` which is not available. Available "
                "metrics are: %s" % (self.monitor, ",".join(logs)),
                RuntimeWarning,
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch, variable)

    def _reduce(self, epoch, variable):
        old = float(K.get_value(variable))
        if old <= self.min_lr:
            return
        new = max(old * self.factor, self.min_lr)
        K.set_value(variable, new)
        if self.verbose > 0:
            print("\nEpoch %05d: ReduceLROnPlateau reducing learning rate to %s."
                  % (epoch + 1, new))  # fmt: skip
        self.cooldown_counter = self.cooldown
        self.wait = 0

    def in_cooldown(self):
        return self.cooldown_counter > 0


class RemoteMonitor(Callback):
    """Sends the logs of every epoch to a server, by HTTP POST.

    Args:
      root, path: parts of the address.
      field: name of the field of the form that holds the logs as JSON.
      headers: dict of HTTP headers.
      send_as_json: send the logs as a JSON body instead of a form.

    Raises:
      ImportError: at the end of an epoch, without the package `requests`.
    """

    def __init__(self, root="http://localhost:9000", path="/publish/epoch/end/", field="data",
                 headers=None, send_as_json=False):  # fmt: skip
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch, logs=None):
        try:
            import requests
        except ImportError:
            raise ImportError(
                "RemoteMonitor requires the `requests` library: pip install requests"
            ) from None
        send = {"epoch": epoch}
        for name, value in (logs or {}).items():
            send[name] = value.item() if isinstance(value, (np.ndarray, np.generic)) else value
        body = {"json": send} if self.send_as_json else {"data": {self.field: json.dumps(send)}}
        try:
            requests.post(self.root + self.path, headers=self.headers, **body)
        except requests.exceptions.RequestException:
            warnings.warn(
                "Warning: could not reach RemoteMonitor root server at " + str(self.root),
                stacklevel=2,
            )


def _cell(value):
    if isinstance(value, Iterable) and not isinstance(value, str) and np.ndim(value) > 0:
        return '"[%s]"' % ", ".join(map(str, value))
    return value


class CSVLogger(Callback):
    """Writes the logs of every epoch as a line of a CSV file.

    Args:
      filename: string.
      separator: what stands between the fields.
      append: whether to write behind what the file holds.
    """

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename = filename
        self.sep = separator
        self.append = append
        self.keys = None
        self.writer = None
        self.append_header = True

    def on_train_begin(self, logs=None):
        if self.append:
            self.append_header = (
                not os.path.exists(self.filename) or os.path.getsize(self.filename) == 0
            )
        self.csv_file = open(self.filename, "a" if self.append else "w", newline="\n")

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
        if self.model.stop_training:  # validation may be missing in the last epoch
            logs = {key: logs.get(key, "NA") for key in self.keys}
        if self.writer is None:
            self.writer = csv.DictWriter(
                self.csv_file, fieldnames=["epoch", *self.keys], delimiter=self.sep
            )
            if self.append_header:
                self.writer.writeheader()
        row = {key: _cell(logs[key]) for key in self.keys}
        self.writer.writerow({"epoch": epoch, **row})
        self.csv_file.flush()

    def on_train_end(self, logs=None):
        self.csv_file.close()
        self.writer = None
        # Training again goes on in the same file.
        self.append_header = not self.append
