# SPDX-License-Identifier: Apache-2.0
"""The record of a training, and how it is shown."""

import html

import numpy as np

from caudal.keras.callbacks_base import Callback

_COLOURS = {False: "#1f77b4", True: "#ff7f0e"}  # training, validation


def _numbers(values):
    return np.array([np.mean(v) for v in values], np.float64)


def _curve(values, low, high, colour, width=240, height=60):
    """An SVG line through the finite values."""
    span = (high - low) or 1.0
    step = width / max(1, len(values) - 1)
    points = " ".join(
        "%.1f,%.1f" % (i * step, height - 2 - (v - low) / span * (height - 4))
        for i, v in enumerate(values)
        if np.isfinite(v)
    )
    return '<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>' % (colour, points)


class History(Callback):
    """Keeps the logs of all epochs. Every training has one and `fit` returns it.

    Attributes:
      epoch: list of the numbers of the epochs.
      history: dict from the name of a metric to the list of its values.
    """

    def __init__(self):
        super().__init__()
        self.epoch = []
        self.history = {}

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def _pairs(self):
        """(metric, values in training or None, values in validation or None)."""
        names = [n for n in self.history if not (n[:4] == "val_" and n[4:] in self.history)]
        return [(n, self.history.get(n), self.history.get("val_" + n)) for n in names]

    def plot(self, metrics=None, figsize=None):
        """Draws the metrics over the epochs, those of validation beside those of training.

        Args:
          metrics: list of names; default: all.
          figsize: (width, height) in inches.

        Returns:
          The `matplotlib` figure.

        Raises:
          ImportError: without matplotlib.
          ValueError: for a metric that was not recorded.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError:
            raise ImportError("History.plot needs matplotlib: pip install matplotlib") from None
        pairs = self._pairs()
        if metrics is not None:
            known = {pair[0]: pair for pair in pairs}
            missing = [m for m in metrics if m not in known]
            if missing:
                raise ValueError(
                    "no such metric in the history: %s; there are %s"
                    % (", ".join(missing), ", ".join(known))
                )
            pairs = [known[m] for m in metrics]
        if not pairs:
            raise ValueError("the history is empty: nothing to plot")
        figure, axes = plt.subplots(
            1, len(pairs), figsize=figsize or (4.5 * len(pairs), 3.2), squeeze=False
        )
        epochs = [e + 1 for e in self.epoch]
        for ax, (name, training, validation) in zip(axes[0], pairs):
            ax.plot(epochs[-len(training) :], _numbers(training), label="training")
            if validation is not None:
                ax.plot(epochs[-len(validation) :], _numbers(validation), label="validation")
                ax.legend()
            ax.set_title(name)
            ax.set_xlabel("epoch")
        figure.tight_layout()
        return figure

    def __repr__(self):
        last = ", ".join(
            "%s %.4g" % (name, float(np.mean(values[-1]))) for name, values in self.history.items()
        )
        return "<History of %d epochs%s>" % (len(self.epoch), ": " + last if last else "")

    def _repr_html_(self):
        """A table with the curves, for notebooks."""
        rows = []
        for name, training, validation in self._pairs():
            series = [(_numbers(training), False)]
            if validation is not None:
                series.append((_numbers(validation), True))
            finite = np.concatenate([v[np.isfinite(v)] for v, _ in series])
            low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
            curves = "".join(_curve(v, low, high, _COLOURS[held]) for v, held in series)
            cells = [
                '<span style="color:%s">%.4g</span>' % (_COLOURS[held], v[-1]) for v, held in series
            ]
            rows.append(
                '<tr><td>%s</td><td>%s</td><td><svg width="240" height="60">%s</svg></td></tr>'
                % (html.escape(name), " / ".join(cells), curves)
            )
        return (
            "<table><tr><th>%d epochs</th><th>last (training / validation)</th><th></th></tr>"
            "%s</table>" % (len(self.epoch), "".join(rows))
        )
