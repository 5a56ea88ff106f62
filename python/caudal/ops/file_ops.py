# SPDX-License-Identifier: Apache-2.0
"""Ops on files as a whole."""

from caudal.framework.op_factory import public

read_file = public("ReadFile")
write_file = public("WriteFile")
matching_files = public("MatchingFiles")
