# SPDX-License-Identifier: Apache-2.0
"""The files of checkpoints, and the `checkpoint` file that says which is the latest."""

import collections
import glob
import os
import re
import time

from caudal.framework import errors, files
from caudal.platform import tf_logging

__all__ = [
    "CheckpointManager",
    "checkpoint_exists",
    "generate_checkpoint_state_proto",
    "get_checkpoint_mtimes",
    "get_checkpoint_state",
    "latest_checkpoint",
    "meta_graph_filename",
    "remove_checkpoint",
    "update_checkpoint_state",
]

_V2 = 2


def _state_file(save_dir, latest_filename):
    return os.path.join(save_dir, latest_filename or "checkpoint")


def generate_checkpoint_state_proto(save_dir, model_checkpoint_path,
                                    all_model_checkpoint_paths=None,
                                    all_model_checkpoint_timestamps=None,
                                    last_preserved_timestamp=None):  # fmt: skip
    """A CheckpointState message.

    Args:
      save_dir: folder of the checkpoints. If it is relative, paths are made relative to it.
      model_checkpoint_path: prefix of the latest checkpoint.
      all_model_checkpoint_paths: list of the prefixes of those that are kept, oldest first.
      all_model_checkpoint_timestamps: list of float, seconds when each was made.
      last_preserved_timestamp: float, when the last one that is not deleted was made.

    Raises:
      ValueError: if the numbers of paths and times differ.
    """
    from caudal import proto

    paths = list(all_model_checkpoint_paths or [])
    latest = model_checkpoint_path
    if not paths or paths[-1] != latest:
        if paths:
            tf_logging.info("%s is not in all_model_checkpoint_paths. Manually adding it.", latest)
        paths.append(latest)
    times = all_model_checkpoint_timestamps
    if times and len(times) != len(paths):
        raise ValueError(
            "Checkpoint timestamps, if provided, must match checkpoint paths (got paths %s and "
            "timestamps %s)" % (paths, times)
        )
    if not os.path.isabs(save_dir):
        paths = [p if os.path.isabs(p) else os.path.relpath(p, save_dir) for p in paths]
        if not os.path.isabs(latest):
            latest = os.path.relpath(latest, save_dir)
    return proto.CheckpointState(
        model_checkpoint_path=latest,
        all_model_checkpoint_paths=paths,
        all_model_checkpoint_timestamps=times,
        last_preserved_timestamp=last_preserved_timestamp,
    )


def update_checkpoint_state(save_dir, model_checkpoint_path, all_model_checkpoint_paths=None,
                            latest_filename=None, all_model_checkpoint_timestamps=None,
                            last_preserved_timestamp=None):  # fmt: skip
    """Writes the `checkpoint` file of a folder.

    Args:
      save_dir: the folder.
      model_checkpoint_path: prefix of the latest checkpoint.
      all_model_checkpoint_paths: list of the prefixes of those that are kept, oldest first.
      latest_filename: name of the file; default "checkpoint".
      all_model_checkpoint_timestamps, last_preserved_timestamp: see
        `generate_checkpoint_state_proto`.

    Raises:
      RuntimeError: if a checkpoint has the name of the file.
    """
    update_checkpoint_state_internal(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        latest_filename,
        False,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )


def update_checkpoint_state_internal(save_dir, model_checkpoint_path,
                                     all_model_checkpoint_paths=None, latest_filename=None,
                                     save_relative_paths=False,
                                     all_model_checkpoint_timestamps=None,
                                     last_preserved_timestamp=None):  # fmt: skip
    """`update_checkpoint_state`; `save_relative_paths` makes all paths relative to `save_dir`."""
    from google.protobuf import text_format

    path = _state_file(save_dir, latest_filename)
    if save_relative_paths:
        all_model_checkpoint_paths = [
            os.path.relpath(p, save_dir) if os.path.isabs(p) else p
            for p in all_model_checkpoint_paths or []
        ]
        if os.path.isabs(model_checkpoint_path):
            model_checkpoint_path = os.path.relpath(model_checkpoint_path, save_dir)
    state = generate_checkpoint_state_proto(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )
    if path == state.model_checkpoint_path:
        raise RuntimeError(
            "Save path '%s' conflicts with path used for checkpoint state.  Please use a different "
            "save path." % model_checkpoint_path
        )
    files.write(path, text_format.MessageToString(state))


def get_checkpoint_state(checkpoint_dir, latest_filename=None):
    """The CheckpointState message of a folder, or None.

    Args:
      checkpoint_dir: the folder.
      latest_filename: name of the file; default "checkpoint".

    Raises:
      ValueError: if the file names no checkpoint.
    """
    from google.protobuf import text_format

    from caudal import proto

    checkpoint_dir = files.as_path(checkpoint_dir)
    path = _state_file(checkpoint_dir, latest_filename)
    if not os.path.exists(path):
        return None
    state = proto.CheckpointState()
    try:
        text_format.Merge(files.read(path).decode(), state)
    except (errors.OpError, text_format.ParseError, UnicodeDecodeError) as error:
        tf_logging.warning("%s: %s", type(error).__name__, error)
        tf_logging.warning("%s: Checkpoint ignored", path)
        return None
    if not state.model_checkpoint_path:
        raise ValueError("Invalid checkpoint state loaded from " + checkpoint_dir)

    def absolute(p):
        return p if os.path.isabs(p) else os.path.join(checkpoint_dir, p)

    state.model_checkpoint_path = absolute(state.model_checkpoint_path)
    for i, p in enumerate(state.all_model_checkpoint_paths):
        state.all_model_checkpoint_paths[i] = absolute(p)
    return state


def _matches(path):
    """Files of that name or, where there is none, of that pattern."""
    return [path] if os.path.exists(path) else glob.glob(path)


def latest_checkpoint(checkpoint_dir, latest_filename=None):
    """The prefix of the latest checkpoint of a folder, or None.

    Args:
      checkpoint_dir: the folder.
      latest_filename: name of the file that says so; default "checkpoint".
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not state.model_checkpoint_path:
        return None
    path = state.model_checkpoint_path
    if checkpoint_exists(path):
        return path
    tf_logging.error("Couldn't match files for checkpoint %s", path)
    return None


def checkpoint_exists(checkpoint_prefix):
    """Whether there is a checkpoint of a prefix, in the new format or in the old one."""
    prefix = files.as_path(checkpoint_prefix)
    return bool(_matches(prefix + ".index") or _matches(prefix))


def get_checkpoint_mtimes(checkpoint_prefixes):
    """Seconds when checkpoints were written, a list of float; those that are not there are left
    out.

    Args:
      checkpoint_prefixes: list of prefixes.
    """
    times = []
    for prefix in checkpoint_prefixes:
        found = _matches(prefix + ".index") or _matches(prefix)
        if found:
            times.append(os.stat(found[0]).st_mtime)
    return times


def remove_checkpoint(checkpoint_prefix, checkpoint_format_version=_V2, meta_graph_suffix="meta"):
    """Deletes the files of a checkpoint.

    Args:
      checkpoint_prefix: its prefix.
      checkpoint_format_version: SaverDef.V2, or V1 for the old format of one file.
      meta_graph_suffix: ending of the file with the graph.
    """
    prefix = files.as_path(checkpoint_prefix)
    _delete(meta_graph_filename(prefix, meta_graph_suffix))
    if checkpoint_format_version == _V2:
        # The index first: what is left of a checkpoint without one is none.
        _delete(prefix + ".index")
        for path in glob.glob(glob.escape(prefix) + ".data-?????-of-?????"):
            _delete(path)
    else:
        for path in _matches(prefix):
            _delete(path)


def _delete(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def meta_graph_filename(checkpoint_filename, meta_graph_suffix="meta"):
    """The name of the file with the graph of a checkpoint."""
    return re.sub(r"-[\d\?]+-of-\d+$", "", checkpoint_filename) + "." + meta_graph_suffix


class CheckpointManager:
    """Numbers the checkpoints of a `tf.train.Checkpoint` in a folder, and deletes old ones.

    Args:
      checkpoint: has `save(prefix)` or `write(prefix)`, and `save_counter`.
      directory: the folder.
      max_to_keep: how many to keep; None: all.
      keep_checkpoint_every_n_hours: one of these is kept after every so many hours.
      checkpoint_name: prefix of the names.

    Raises:
      ValueError: if `max_to_keep` is below 1.
    """

    def __init__(
        self,
        checkpoint,
        directory,
        max_to_keep,
        keep_checkpoint_every_n_hours=None,
        checkpoint_name="ckpt",
    ):
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(
                "Expected a positive integer or `None` for `max_to_keep`, got %d." % max_to_keep
            )
        self._checkpoint = checkpoint
        self._max_to_keep = max_to_keep
        self._keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self._directory = files.as_path(directory)
        self._checkpoint_prefix = os.path.join(self._directory, checkpoint_name)
        self._maybe_delete = collections.OrderedDict()
        state = get_checkpoint_state(self._directory)
        now = time.time()
        if state is None:
            self._latest_checkpoint = None
            self._last_preserved_timestamp = now - (keep_checkpoint_every_n_hours or 0) * 3600.0
            return
        self._latest_checkpoint = state.model_checkpoint_path
        self._last_preserved_timestamp = state.last_preserved_timestamp or now
        paths = list(state.all_model_checkpoint_paths)
        times = list(state.all_model_checkpoint_timestamps) or [now] * len(paths)
        for path, seconds in zip(paths, times):
            self._maybe_delete[path] = min(seconds, now)

    @property
    def directory(self):
        return self._directory

    @property
    def checkpoint_interval(self):
        return None

    @property
    def latest_checkpoint(self):
        """The prefix of the latest checkpoint, or None."""
        return self._latest_checkpoint

    @property
    def checkpoints(self):
        """The prefixes of the checkpoints that may be deleted later, oldest first."""
        return list(self._maybe_delete)

    def _sweep(self):
        if not self._max_to_keep:
            return
        hours = self._keep_checkpoint_every_n_hours
        while len(self._maybe_delete) > self._max_to_keep:
            path, seconds = self._maybe_delete.popitem(last=False)
            if hours and seconds - hours * 3600.0 >= self._last_preserved_timestamp:
                self._last_preserved_timestamp = seconds
                continue
            remove_checkpoint(path)

    def _record_state(self):
        update_checkpoint_state_internal(
            self._directory,
            self._latest_checkpoint,
            all_model_checkpoint_paths=self.checkpoints,
            all_model_checkpoint_timestamps=list(self._maybe_delete.values()),
            last_preserved_timestamp=self._last_preserved_timestamp,
            save_relative_paths=True,
        )

    def save(self, checkpoint_number=None):
        """Writes a checkpoint; returns its prefix.

        Args:
          checkpoint_number: int or integer Variable for its name; default: `save_counter`.
        """
        from caudal.train import training_util

        session = _session()
        if checkpoint_number is None:
            number = self._checkpoint.next_number(session)
        elif isinstance(checkpoint_number, int):
            number = checkpoint_number
        else:
            number = training_util.global_step(session, checkpoint_number)
        prefix = "%s-%d" % (self._checkpoint_prefix, number)
        path = self._checkpoint.write(prefix)
        now = time.time()
        self._maybe_delete.pop(path, None)
        self._maybe_delete[path] = now
        self._latest_checkpoint = path
        # The state is right before and after anything is deleted.
        self._record_state()
        self._sweep()
        self._record_state()
        return path


def _session():
    from caudal.framework import ops

    session = ops.get_default_session()
    if session is None:
        raise RuntimeError("A session is needed: open one with `with tf.Session() as sess:`")
    return session
