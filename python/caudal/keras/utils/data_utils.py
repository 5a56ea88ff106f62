# SPDX-License-Identifier: Apache-2.0
"""Sequences of batches, and workers that make batches while a model computes."""

import multiprocessing
import queue
import random
import sys
import threading
import warnings
from abc import abstractmethod
from contextlib import closing
from multiprocessing.pool import ThreadPool

import numpy as np

from caudal.keras.utils.data_utils_files import _hash_file, get_file, validate_file

__all__ = ["GeneratorEnqueuer", "OrderedEnqueuer", "Sequence", "SequenceEnqueuer", "_hash_file",
           "get_file", "validate_file"]  # fmt: skip


class Sequence:
    """Batches with numbers: `sequence[i]` is a whole batch, `len(sequence)` the number of them.

    Unlike a generator, workers may make its batches in parallel, each batch once per epoch.
    """

    @abstractmethod
    def __getitem__(self, index):
        """The batch number `index`."""
        raise NotImplementedError

    @abstractmethod
    def __len__(self):
        """The number of batches."""
        raise NotImplementedError

    def on_epoch_end(self):
        """Called after every epoch, for example to put the samples into another order."""

    def __iter__(self):
        for index in range(len(self)):
            yield self[index]


# What workers draw from, by the number of the enqueuer. A process gets its copy when it starts.
_sources = {}
_numbers = iter(range(sys.maxsize))
_PAUSE = 0.1  # seconds between two epochs of a Sequence that nobody asks for


def _start_process(sources, seed=None):
    _sources.update(sources)
    if seed is not None:
        np.random.seed(seed + multiprocessing.current_process().ident)


def _item(number, index):
    return _sources[number][index]


def _next_item(number):
    return next(_sources[number])


class SequenceEnqueuer:
    """Makes batches ahead, in threads or processes.

    `start()`, then draw from the iterator `get()`, then `stop()`.

    Args:
      sequence: what the batches come from.
      use_multiprocessing: processes instead of threads.
    """

    def __init__(self, sequence, use_multiprocessing=False):
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.uid = next(_numbers)
        self.workers = 0
        self.queue = None
        self.run_thread = None
        self.stop_signal = None
        self._wanted = threading.Event()  # set while someone waits for a batch

    def is_running(self):
        return self.stop_signal is not None and not self.stop_signal.is_set()

    def start(self, workers=1, max_queue_size=10):
        """Starts the workers.

        Args:
          workers: number of threads or processes.
          max_queue_size: how many batches are made ahead.
        """
        self.workers = workers
        self.queue = queue.Queue(max_queue_size)
        self.stop_signal = threading.Event()
        self.run_thread = threading.Thread(target=self._run, daemon=True)
        self.run_thread.start()

    def stop(self, timeout=None):
        """Stops the workers and waits for them, at most `timeout` seconds."""
        self.stop_signal.set()
        with self.queue.mutex:
            self.queue.queue.clear()
            self.queue.unfinished_tasks = 0
            self.queue.not_full.notify_all()
            self.queue.all_tasks_done.notify_all()
        self._wanted.set()
        self.run_thread.join(timeout)
        _sources.pop(self.uid, None)

    def _pool(self, seed=None):
        """Workers that see the current state of the source."""
        _sources[self.uid] = self.sequence
        if not self.use_multiprocessing:
            return ThreadPool(self.workers)
        arguments = ({self.uid: self.sequence}, seed)
        return multiprocessing.Pool(self.workers, _start_process, arguments)

    def _wait_until_taken(self):
        """Waits until all batches were taken and more are wanted, or for `stop`."""
        with self.queue.all_tasks_done:
            while self.queue.unfinished_tasks and self.is_running():
                self.queue.all_tasks_done.wait()
        # Often nobody wants more; but who does not ask at once may be glad of batches made ahead.
        self._wanted.wait(_PAUSE)

    def _batches(self):
        """The batches as they come; ends with `stop`."""
        while self.is_running():
            self._wanted.set()
            batch = self.queue.get().get()
            self._wanted.clear()
            self.queue.task_done()
            if batch is not None:
                yield batch

    @abstractmethod
    def _run(self):
        """Hands work to the workers, in a thread of its own."""
        raise NotImplementedError

    @abstractmethod
    def get(self):
        """An iterator of the batches; batches that are None are left out."""
        raise NotImplementedError


class OrderedEnqueuer(SequenceEnqueuer):
    """Makes the batches of a Sequence, epoch after epoch, in the order of their numbers.

    Args:
      sequence: Sequence.
      use_multiprocessing: processes instead of threads.
      shuffle: whether every epoch has another order.
    """

    def __init__(self, sequence, use_multiprocessing=False, shuffle=False):
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle

    def _run(self):
        order = list(range(len(self.sequence)))
        while self.is_running():
            if self.shuffle:
                random.shuffle(order)
            # A pool per epoch: new processes see what on_epoch_end changed.
            with closing(self._pool()) as pool:
                for index in order:
                    if not self.is_running():
                        return
                    self.queue.put(pool.apply_async(_item, (self.uid, index)))
                self._wait_until_taken()
            if self.is_running():
                self.sequence.on_epoch_end()
                order = order if len(order) == len(self.sequence) else [*range(len(self.sequence))]

    def get(self):
        try:
            yield from self._batches()
        except Exception:
            self.stop()
            raise


class GeneratorEnqueuer(SequenceEnqueuer):
    """Draws from a generator ahead.

    With several threads the generator has to be safe for them; several processes draw from a copy
    of the generator each.

    Args:
      sequence: the generator.
      use_multiprocessing: processes instead of threads.
      wait_time: not used any more.
      random_seed: NumPy's seed in processes, which add their number to it.
    """

    def __init__(self, sequence, use_multiprocessing=False, wait_time=None, random_seed=None):
        super().__init__(sequence, use_multiprocessing)
        self.random_seed = random_seed
        if wait_time is not None:
            warnings.warn("`wait_time` is not used anymore.", DeprecationWarning, stacklevel=2)

    def _run(self):
        with closing(self._pool(self.random_seed)) as pool:
            while self.is_running():
                self.queue.put(pool.apply_async(_next_item, (self.uid,)))

    def get(self):
        try:
            while self.is_running():
                try:
                    result = self.queue.get()
                    batch = result.get()
                except StopIteration:
                    break
                self.queue.task_done()
                if batch is not None:
                    yield batch
            yield from self._last_batches()
        except Exception as error:
            self.stop()
            if "generator already executing" in str(error):
                raise RuntimeError(
                    "Your generator is NOT thread-safe. Keras requires a thread-safe generator "
                    "when `use_multiprocessing=False, workers > 1`."
                ) from error
            raise

    def _last_batches(self):
        """What is in the queue still when one worker has found the generator at its end."""
        while self.queue.qsize():
            result = self.queue.get()
            result.wait()
            if result.successful() and result.get() is not None:
                yield result.get()
