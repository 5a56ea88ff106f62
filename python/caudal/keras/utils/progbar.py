# SPDX-License-Identifier: Apache-2.0
"""Progbar: a line that shows how far a loop is."""

import sys
import time

import numpy as np

__all__ = ["Progbar"]


def _clock(seconds):
    """1:02:03 for more than an hour, 2:03 for more than a minute, else 3s."""
    if seconds > 3600:
        return "%d:%02d:%02d" % (seconds // 3600, (seconds % 3600) // 60, seconds % 60)
    if seconds > 60:
        return "%d:%02d" % (seconds // 60, seconds % 60)
    return "%ds" % seconds


def _per_step(seconds):
    if seconds >= 1:
        return " %.0fs/step" % seconds
    if seconds >= 1e-3:
        return " %.0fms/step" % (seconds * 1e3)
    return " %.0fus/step" % (seconds * 1e6)


def _redraws_lines():
    """Whether the output is a terminal or a notebook, where a line can be written over."""
    terminal = getattr(sys.stdout, "isatty", None)
    return bool(terminal and terminal()) or "ipykernel" in sys.modules


class Progbar:
    """Writes a bar, the time that is left and averages of values to sys.stdout.

    Args:
      target: number of steps; None: not known.
      width: of the bar, in characters.
      verbose: 0: silent; 1: a bar; 2: one line at the end.
      interval: least number of seconds between two bars.
      stateful_metrics: names of values that are shown as they are, not as averages over the steps.
    """

    def __init__(self, target, width=30, verbose=1, interval=0.05, stateful_metrics=None):
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.stateful_metrics = set(stateful_metrics or ())
        self._redraws = _redraws_lines()
        self._written = 0
        self._seen_so_far = 0
        self._values = {}  # name -> [sum over the steps, steps]
        self._start = time.time()
        self._last_update = 0

    def update(self, current, values=None):
        """Sets the number of finished steps.

        Args:
          current: int.
          values: list of (name, value of the newest steps).
        """
        steps = current - self._seen_so_far
        for name, value in values or []:
            if name in self.stateful_metrics:
                self._values[name] = [value, 1]
            elif name in self._values:
                self._values[name][0] += value * steps
                self._values[name][1] += steps
            else:
                self._values[name] = [value * steps, steps]
        self._seen_so_far = current
        now = time.time()
        if self.verbose == 1:
            if now - self._last_update < self.interval and not self._finished(current):
                return
            self._write_bar(current, now)
        elif self.verbose == 2 and (self.target is None or current >= self.target):
            sys.stdout.write(self._elapsed(now) + self._shown_values() + "\n")
            sys.stdout.flush()
        self._last_update = now

    def add(self, n, values=None):
        """Adds `n` finished steps; see `update`."""
        self.update(self._seen_so_far + n, values)

    def _finished(self, current):
        # Without a target every update counts as the last one.
        return self.target is None or current >= self.target

    def _elapsed(self, now):
        return " - %.0fs" % (now - self._start)

    def _bar(self, current):
        if self.target is None:
            return "%7d/Unknown" % current
        text = "%*d/%d [" % (len(str(self.target)), current, self.target)
        done = int(self.width * current / self.target) if self.target else self.width
        if done > 0:
            text += "=" * (done - 1) + (">" if current < self.target else "=")
        return text + "." * (self.width - done) + "]"

    def _shown_values(self):
        text = ""
        for name, (total, steps) in self._values.items():
            text += " - %s:" % name
            try:
                mean = float(np.mean(total / max(1, steps)))
            except TypeError:
                text += " %s" % (total,)
            else:
                text += " %.4f" % mean if abs(mean) > 1e-3 else " %.4e" % mean
        return text

    def _write_bar(self, current, now):
        sys.stdout.write("\b" * self._written + "\r" if self._redraws else "\n")
        bar = self._bar(current)
        step = (now - self._start) / current if current else 0
        if self.target is not None and current < self.target:
            info = " - ETA: " + _clock(step * (self.target - current))
        else:
            info = self._elapsed(now) + _per_step(step)
        info += self._shown_values()
        length = len(bar) + len(info)
        # What the line before this one was longer is wiped out.
        info += " " * max(0, self._written - length)
        self._written = length
        if self.target is not None and current >= self.target:
            info += "\n"
        sys.stdout.write(bar + info)
        sys.stdout.flush()
