# SPDX-License-Identifier: Apache-2.0
"""Messages to the user: `tf.logging`, on top of Python's logger named "tensorflow"."""

import collections
import sys
import threading

__all__ = [
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "TaskLevelStatusMessage",
    "WARN",
    "debug",
    "error",
    "fatal",
    "flush",
    "get_logger",
    "get_verbosity",
    "info",
    "log",
    "log_every_n",
    "log_first_n",
    "log_if",
    "set_verbosity",
    "vlog",
    "warn",
    "warning",
]

# The levels of Python's logging module, which is imported with the first message only.
DEBUG = 10
INFO = 20
WARN = 30
ERROR = 40
FATAL = 50

_lock = threading.Lock()
_logger = None
_counts = collections.Counter()
_THIS_FILE = __file__


def get_logger():
    """The Python logger behind these functions, made at the first use."""
    global _logger
    if _logger is not None:
        return _logger
    import logging

    with _lock:
        if _logger is None:
            logger = logging.getLogger("tensorflow")
            interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
            if logger.level == logging.NOTSET:
                logger.setLevel(INFO if interactive else WARN)
            # A program that configured the root logger decides by itself where messages go.
            if not logging.getLogger().handlers and not logger.handlers:
                handler = logging.StreamHandler(sys.stdout if interactive else sys.stderr)
                handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
                logger.addHandler(handler)
            _logger = logger
    return _logger


def log(level, msg, *args, **kwargs):
    """Writes a message of the given level."""
    get_logger().log(level, msg, *args, **kwargs)


def debug(msg, *args, **kwargs):
    """Writes a message of level DEBUG."""
    get_logger().debug(msg, *args, **kwargs)


def info(msg, *args, **kwargs):
    """Writes a message of level INFO."""
    get_logger().info(msg, *args, **kwargs)


def warning(msg, *args, **kwargs):
    """Writes a message of level WARN."""
    get_logger().warning(msg, *args, **kwargs)


warn = warning


def error(msg, *args, **kwargs):
    """Writes a message of level ERROR."""
    get_logger().error(msg, *args, **kwargs)


def fatal(msg, *args, **kwargs):
    """Writes a message of level FATAL; the program goes on."""
    get_logger().fatal(msg, *args, **kwargs)


def vlog(level, msg, *args, **kwargs):
    """Writes a message of a numeric level."""
    get_logger().log(level, msg, *args, **kwargs)


def TaskLevelStatusMessage(msg):
    """Writes a status message as an error, so that it is always seen."""
    error(msg)


def flush():
    """Kept for programs that call it; every message is written at once."""


def _call_site():
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == _THIS_FILE:
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)


def _count_at_call_site():
    site = _call_site()
    with _lock:
        seen = _counts[site]
        _counts[site] += 1
    return seen


def log_every_n(level, msg, n, *args):
    """Writes the 1st, (n+1)th, ... message that comes from the same line of the program."""
    log_if(level, msg, _count_at_call_site() % n == 0, *args)


def log_first_n(level, msg, n, *args):
    """Writes only the first n messages that come from the same line of the program."""
    log_if(level, msg, _count_at_call_site() < n, *args)


def log_if(level, msg, condition, *args):
    """Writes a message if `condition` holds."""
    if condition:
        log(level, msg, *args)


_LEVEL_NAMES = {
    "DEBUG": DEBUG,
    "INFO": INFO,
    "WARN": WARN,
    "WARNING": WARN,
    "ERROR": ERROR,
    "FATAL": FATAL,
}


def get_verbosity():
    """The lowest level that is written."""
    return get_logger().getEffectiveLevel()


def set_verbosity(v):
    """Sets the lowest level that is written (a level or its name)."""
    get_logger().setLevel(_LEVEL_NAMES.get(v, v))
