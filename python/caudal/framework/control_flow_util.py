# SPDX-License-Identifier: Apache-2.0
"""Questions about compilation by XLA, which nothing here is."""


def IsInXLAContext(op):
    return False


def GraphOrParentsInXlaContext(graph):
    return False


def InXlaContext(graph):
    return False


def GetContainingXLAContext(ctxt):
    return None
