# SPDX-License-Identifier: Apache-2.0
"""Commands that work on files: `python -m caudal.tools.freeze_graph` and `... inspect`."""
