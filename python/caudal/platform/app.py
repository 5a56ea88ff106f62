# SPDX-License-Identifier: Apache-2.0
"""Running a program: `tf.app.run`."""

import sys

from caudal.platform import flags

__all__ = ["flags", "run"]


def run(main=None, argv=None):
    """Parses the flags, calls `main(argv)` and exits with what it returns.

    Args:
      main: a function of one argument; default: `main` of the program.
      argv: arguments with the program's name first; default: sys.argv. What is no known flag
        is handed on to `main`.

    Raises:
      SystemExit: always, at the end.
    """
    rest = flags.FLAGS(sys.argv if argv is None else argv, known_only=True)
    main = main or sys.modules["__main__"].main
    sys.exit(main(rest))
