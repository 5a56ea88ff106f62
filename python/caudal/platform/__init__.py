# SPDX-License-Identifier: Apache-2.0
"""What programs need around a graph: flags, logging, running main, tests."""
