# SPDX-License-Identifier: Apache-2.0
"""`tf.summary.FileWriter`: writes what TensorBoard shows."""

import threading
import time

from caudal.framework import ops
from caudal.io.event_files import EventFileWriter
from caudal.platform import tf_logging


class SummaryToEventTransformer:
    """Makes Events of summaries, graphs and so on, and hands them to a writer.

    Args:
      event_writer: an object with `add_event`.
      graph: a Graph to be written first.
      graph_def: a GraphDef to be written instead; `graph` is better.
    """

    def __init__(self, event_writer, graph=None, graph_def=None):
        self.event_writer = event_writer
        self._session_run_tags = {}
        self._seen_summary_tags = set()
        if graph is None and graph_def is None:
            return
        self.add_graph(graph=graph, graph_def=graph_def)
        from caudal.framework import meta_graph

        if graph is None and isinstance(graph_def, ops.Graph):
            graph, graph_def = graph_def, None
        if graph_def is None:
            graph_def = graph.as_graph_def(add_shapes=True)
        self.add_meta_graph(meta_graph.create_meta_graph_def(graph_def=graph_def))

    def add_summary(self, summary, global_step=None):
        """Writes a summary.

        Args:
          summary: a `Summary`, or a serialized one as the ops make it.
          global_step: the step that it is of.
        """
        from caudal import proto

        summary = proto.of(proto.Summary, summary)
        event = proto.Event(summary=summary)
        for value in event.summary.value:
            # What describes a tag is of use only once in a file.
            if value.tag in self._seen_summary_tags:
                value.ClearField("metadata")
            else:
                self._seen_summary_tags.add(value.tag)
        self._add_event(event, global_step)

    def add_session_log(self, session_log, global_step=None):
        """Writes a `SessionLog`: that a session started or stopped."""
        from caudal import proto

        session_log = proto.of(proto.SessionLog, session_log)
        self._add_event(proto.Event(session_log=session_log), global_step)

    def add_graph(self, graph, global_step=None, graph_def=None):
        """Writes a graph.

        Args:
          graph: a Graph, such as `sess.graph`.
          global_step: the step that it is of.
          graph_def: a GraphDef instead; `graph` is better.

        Raises:
          ValueError: if both are given.
          TypeError: if neither is a graph.
        """
        from caudal import proto

        if graph is not None and graph_def is not None:
            raise ValueError("Please pass only graph, or graph_def (deprecated), but not both.")
        given = graph if graph is not None else graph_def
        if isinstance(given, ops.Graph):
            if graph is None:
                tf_logging.warning(
                    "When passing a `Graph` object, please use the `graph` named argument instead "
                    "of `graph_def`."
                )
            given = given.as_graph_def(add_shapes=True)
        elif _is_message(given, "GraphDef"):
            tf_logging.warning(
                "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a `Graph` object "
                "instead, such as `sess.graph`."
            )
        else:
            raise TypeError(
                "The passed graph must be an instance of `Graph` or the deprecated `GraphDef`"
            )
        self._add_event(proto.Event(graph_def=given.SerializeToString()), global_step)

    def add_meta_graph(self, meta_graph_def, global_step=None):
        """Writes a `MetaGraphDef`; TypeError for anything else."""
        from caudal import proto

        if not _is_message(meta_graph_def, "MetaGraphDef"):
            raise TypeError(
                "meta_graph_def must be type MetaGraphDef, saw type: %s" % type(meta_graph_def)
            )
        event = proto.Event(meta_graph_def=meta_graph_def.SerializeToString())
        self._add_event(event, global_step)

    def add_run_metadata(self, run_metadata, tag, global_step=None):
        """Writes what a traced run reported; TensorBoard shows it with the graph.

        Args:
          run_metadata: a `tf.RunMetadata`.
          tag: a name for it, not used before with this writer.
          global_step: the step that it is of.

        Raises:
          ValueError: if the tag was used before.
        """
        from caudal import proto

        if tag in self._session_run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._session_run_tags[tag] = True
        tagged = proto.TaggedRunMetadata(tag=tag, run_metadata=run_metadata.SerializeToString())
        self._add_event(proto.Event(tagged_run_metadata=tagged), global_step)

    def _add_event(self, event, step):
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)


def _is_message(value, name):
    return getattr(getattr(value, "DESCRIPTOR", None), "name", None) == name


class FileWriter(SummaryToEventTransformer):
    """Writes summaries and graphs to an event file, for TensorBoard.

    Events are written by a thread of their own; what goes wrong in that is raised by a later call.

    Args:
      logdir: the folder, made if need be.
      graph: a Graph to be written first, such as `sess.graph`.
      max_queue: how many events may wait before adding one waits for them.
      flush_secs: after how many seconds an event is on the disk at the latest.
      graph_def: a GraphDef to be written instead; `graph` is better.
      filename_suffix: what to put behind the name of the file.
      session: not needed: events never go through a session here.
    """

    def __init__(self, logdir, graph=None, max_queue=10, flush_secs=120, graph_def=None,
                 filename_suffix=None, session=None):  # fmt: skip
        self._closed = False
        super().__init__(
            EventFileWriter(logdir, max_queue, flush_secs, filename_suffix), graph, graph_def
        )

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def get_logdir(self):
        """The folder."""
        return self.event_writer.get_logdir()

    def _warn_if_closed(self):
        if self._closed:
            tf_logging.warning(
                "Attempting to use a closed FileWriter. The operation will be a noop unless the "
                "FileWriter is explicitly reopened."
            )

    def _add_event(self, event, step):
        self._warn_if_closed()
        super()._add_event(event, step)

    def add_event(self, event):
        """Writes an `Event` as it is."""
        self._warn_if_closed()
        self.event_writer.add_event(event)

    def flush(self):
        """Returns once everything added is on the disk."""
        self._warn_if_closed()
        self.event_writer.flush()

    def close(self):
        """Flushes and closes the file."""
        self.event_writer.close()
        self._closed = True

    def reopen(self):
        """Goes on after `close`, in a new file."""
        self.event_writer.reopen()
        self._closed = False


class FileWriterCache:
    """One FileWriter for each folder."""

    _cache = {}
    _lock = threading.RLock()

    @staticmethod
    def clear():
        """Closes all writers and forgets them."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._cache.values():
                writer.close()
            FileWriterCache._cache.clear()

    @staticmethod
    def get(logdir):
        """The writer of a folder, made with the default graph if there is none."""
        with FileWriterCache._lock:
            if logdir not in FileWriterCache._cache:
                FileWriterCache._cache[logdir] = FileWriter(logdir, graph=ops.get_default_graph())
            return FileWriterCache._cache[logdir]
