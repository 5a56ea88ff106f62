# SPDX-License-Identifier: Apache-2.0
"""Commands: `python -m caudal support` prints which dtypes each op computes on each device."""

import argparse
import sys

from caudal.client import support


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m caudal", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    support.add_command(commands)
    options = parser.parse_args(arguments)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
