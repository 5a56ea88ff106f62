# SPDX-License-Identifier: Apache-2.0
"""Seeds of random ops: a seed of the graph and a seed of the op make the pair that nodes store."""

from caudal.framework.scopes import get_default_graph

DEFAULT_GRAPH_SEED = 87654321
_LIMIT = 2**31 - 1


def _nodes_so_far(graph):
    """Nodes of the graph, and for a branch or loop body of the graphs around it."""
    count = 0
    while graph is not None:
        count += graph._last_id
        graph = graph.outer_graph
    return count


def get_seed(op_seed):
    """The two seeds for a random op.

    With a graph seed only, the number of nodes made so far serves as seed of the op; with a seed of
    the op only, a fixed graph seed. Nodes draw the same numbers in every session then.

    Args:
      op_seed: int or None.

    Returns:
      Two ints, or (None, None) when neither seed is set: the stream differs from run to run.
    """
    graph = get_default_graph()
    graph_seed = graph.seed
    if graph_seed is None and op_seed is None:
        return None, None
    if graph_seed is None:
        graph_seed = DEFAULT_GRAPH_SEED
    elif op_seed is None:
        op_seed = _nodes_so_far(graph)
    for value in (graph_seed, op_seed):
        if isinstance(value, (str, bytes)):
            raise TypeError("A seed must be an integer, got %r" % (value,))
    seeds = graph_seed % _LIMIT, op_seed % _LIMIT
    # A pair of zeros would mean "differs from run to run".
    return (0, _LIMIT) if seeds == (0, 0) else seeds


def set_random_seed(seed):
    """Sets the seed of the default graph.

    Random ops made from now on draw numbers that repeat with every new session, unless other ops
    are added before them.

    Args:
      seed: int, or None to make random ops unpredictable again.
    """
    get_default_graph().seed = seed
