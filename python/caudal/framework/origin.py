# SPDX-License-Identifier: Apache-2.0
"""Where in the user's program a node is being made."""

import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_getframe = sys._getframe


def origin():
    """(file, line, function) of the innermost frame outside of this package, or None."""
    frame = _getframe(1)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_PACKAGE) and code.co_filename[:1] != "<":
            return code.co_filename, frame.f_lineno, code.co_name
        frame = frame.f_back
    return None


def describe(where):
    """Text of an origin, as it appears in error messages."""
    if where is None:
        return "unknown place"
    file, line, function = where
    return 'File "%s", line %d, in %s' % (file, line, function)
