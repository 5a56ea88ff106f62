# SPDX-License-Identifier: Apache-2.0
"""Commands: `python -m caudal inspect PATH` prints what a file of TensorFlow holds, and `support`
which dtypes each op computes on each device.
"""

import argparse
import sys

from caudal.client import support
from caudal.tools import inspect


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m caudal", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    inspect.add_command(commands)
    support.add_command(commands)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
