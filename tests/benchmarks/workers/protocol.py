# SPDX-License-Identifier: Apache-2.0
"""A worker's side: prepares one benchmark, then times a round whenever it is told to."""

import json
import sys
import time

import numpy as np

ROUND_SECONDS = 0.4


def reply(**values):
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def peak_memory():
    """Largest resident size of this process so far, in bytes."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def serve(step, parts=1):
    """Calibrates a round of about ROUND_SECONDS, then runs one for every line of input.

    Args:
      step: what is measured.
      parts: how many like steps it is made of; times are those of one.
    """
    for _ in range(5 if parts == 1 else 1):
        step()
    count, elapsed = 0, 0.0
    while elapsed < ROUND_SECONDS / 4:
        count = count * 2 or 1
        start = time.perf_counter()
        for _ in range(count):
            step()
        elapsed = time.perf_counter() - start
    count = max(1, int(count * ROUND_SECONDS / elapsed))
    reply(ready=True, count=count)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(count):
            step()
        seconds = (time.perf_counter() - start) / count / parts
        reply(seconds=seconds, peak=peak_memory())


def images(batch=50, batches=8):
    """A few batches of random pictures and labels, walked through in turn."""
    rng = np.random.RandomState(0)
    xs = rng.uniform(size=(batches, batch, 28, 28, 1)).astype(np.float32)
    ys = rng.randint(0, 10, (batches, batch)).astype(np.int64)
    return xs, ys


def iris():
    rng = np.random.RandomState(0)
    return rng.normal(size=(90, 4)).astype(np.float32), rng.randint(0, 3, 90).astype(np.int64)


def skip_grams(words, batch, batches=64):
    """Word numbers as a text has them: the frequent ones have small numbers."""
    rng = np.random.RandomState(0)

    def draw(*shape):
        return np.minimum(np.exp(rng.uniform(0, np.log(words), shape)), words - 1).astype(np.int32)

    return draw(batches, batch), draw(batches, batch, 1)


def pictures_and_noise(batch=128, batches=8):
    rng = np.random.RandomState(0)
    pictures = rng.uniform(size=(batches, batch, 784)).astype(np.float32)
    return pictures, rng.normal(size=(batches, batch, 100)).astype(np.float32)


def in_turn(values):
    while True:
        yield from values
