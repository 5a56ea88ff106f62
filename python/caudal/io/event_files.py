# SPDX-License-Identifier: Apache-2.0
"""Event files: written by a thread of their own, and read."""

import os
import queue
import threading
import time
import weakref

from caudal import _core
from caudal.framework import errors, files

_END = object()


class _File:
    """Where events go: after an error, which may leave half a record, to another file."""

    def __init__(self, folder, suffix):
        self._folder = folder
        self._suffix = suffix
        self._failures = 0
        self._file = None
        self._lock = threading.Lock()

    def _call(self, name, *args):
        with self._lock:
            if self._file is None:
                again = ".%d" % self._failures if self._failures else ""
                self._file = _core.EventWriter(self._folder, self._suffix + again)
            try:
                getattr(self._file, name)(*args)
            except _core.Error as error:
                self._failures += 1
                self._file = None
                raise errors.from_core(error) from None

    def open(self):
        self._call("open")

    def write(self, event):
        self._call("write", event.SerializeToString())

    def flush(self):
        self._call("flush")

    def close(self):
        self._call("close")


class _Worker(threading.Thread):
    """The thread that writes one file; it ends with the file closed when it gets _END."""

    def __init__(self, file, max_queue, flush_secs):
        super().__init__(name="event file", daemon=True)
        self.file = file
        self.events = queue.Queue(max_queue)
        self.error = None
        self.flush_secs = flush_secs
        self.ended = False

    def run(self):
        due = None  # when what was written has to be on the disk
        while not self.ended:
            try:
                wait = None if due is None else max(0, due - time.monotonic())
                event = self.events.get(timeout=wait)
            except queue.Empty:
                self._try(self.file.flush)
                due = None
                continue
            if event is _END:
                self.ended = True
            else:
                self._try(self.file.write, event)
                if due is None:
                    due = time.monotonic() + self.flush_secs
            self.events.task_done()
        self._try(self.file.close)

    def _try(self, function, *args):
        if self.error is None:  # until somebody was told, nothing more is tried
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001 - of the disk, or of serializing
                self.error = error

    def finish(self):
        """Returns when everything is written and the file closed."""
        if threading.current_thread() is self:  # collecting garbage
            self.ended = True
        elif self.is_alive():
            self.events.put(_END)
            self.join()


class EventFileWriter:
    """Writes events to a file in a folder without making the caller wait for the disk.

    What goes wrong in writing is raised by the next call. A writer that is not closed is at exit.

    Args:
      logdir: the folder, made if need be.
      max_queue: how many events may wait before `add_event` waits for them.
      flush_secs: after how many seconds an event is on the disk at the latest.
      filename_suffix: what to put behind the name of the file.
    """

    def __init__(self, logdir, max_queue=10, flush_secs=120, filename_suffix=None):
        self._logdir = files.as_path(logdir)
        try:
            os.makedirs(self._logdir, exist_ok=True)
        except OSError as error:
            raise files.error_of(error, self._logdir) from None
        suffix = filename_suffix or ""
        suffix = suffix.decode() if isinstance(suffix, bytes) else suffix
        self._file = _File(self._logdir, suffix)
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        self._finish = None
        self.reopen()
        if suffix:
            self._file.open()

    def _raise_error(self):
        error, self._worker.error = self._worker.error, None
        if error is not None:
            raise error

    def get_logdir(self):
        """The folder."""
        return self._logdir

    def add_event(self, event):
        """Hands over an Event to be written; it must not be changed afterwards."""
        if self._finish is not None:
            self._raise_error()
            self._worker.events.put(event)

    def flush(self):
        """Returns once everything handed over is on the disk."""
        if self._finish is not None:
            self._worker.events.join()
            self._raise_error()
            self._file.flush()

    def close(self):
        """Flushes and closes the file; what is handed over later is dropped."""
        if self._finish is not None:
            self._finish()
            self._finish = None
            self._raise_error()

    def reopen(self):
        """Goes on after `close`, in a new file."""
        if self._finish is None:
            self._worker = _Worker(self._file, self._max_queue, self._flush_secs)
            self._worker.start()
            self._finish = weakref.finalize(self, self._worker.finish)


def summary_iterator(path):
    """The Events of a file, one after the other.

    Args:
      path: an event file, as `tf.summary.FileWriter` writes.

    Raises:
      tf.errors.NotFoundError: if there is no such file.
      tf.errors.DataLossError: for a damaged or truncated file.
    """
    from caudal import proto
    from caudal.io.tf_record import tf_record_iterator

    for record in tf_record_iterator(path):
        yield proto.Event.FromString(record)
