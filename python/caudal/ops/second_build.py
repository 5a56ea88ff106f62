# SPDX-License-Identifier: Apache-2.0
"""Running the functions of a loop a second time as if it were the first.

That a loop writes a variable may be known only when its body has been built. The body is built
anew then: variables that it made are found again, what it left in collections is taken out.
"""

from caudal.framework.function_graph import FuncGraph
from caudal.ops import variable_scope, variable_store


def _outermost(graph):
    return graph.root if isinstance(graph, FuncGraph) else graph


def builds(graph):
    """The builds under way in a program, outermost first."""
    return _outermost(graph).__dict__.get("_builds", ())


class Build:
    """What one loop's functions do to the program around the loop. A context manager.

    Args:
      graph: the graph that the loop is in.
    """

    def __init__(self, graph):
        self._graph = _outermost(graph)
        self._made = []  # (name asked for, variable) of all builds
        self._pending = {}  # name -> the variables that a further build finds

    def __enter__(self):
        self._store = variable_store._get_default_variable_store()
        self._scopes = variable_scope._scope_store()
        self._saved = [dict(d) for d in self._dicts()]
        self._collections = {k: list(v) for k, v in self._graph._collections.items()}
        self._graph.__dict__.setdefault("_builds", []).append(self)
        return self

    def __exit__(self, *unused):
        self._graph._builds.remove(self)

    def _dicts(self):
        return (self._store._vars, self._store._partitioned_vars, self._scopes.counts)

    def again(self):
        """Takes back what the functions did, before they run again."""
        for now, before in zip(self._dicts(), self._saved):
            now.clear()
            now.update(before)
        made = {id(variable) for _, variable in self._made}
        for name, items in self._graph._collections.items():
            before = self._collections.get(name, [])
            items[:] = before + [v for v in items[len(before) :] if id(v) in made]
        self._pending = {}
        for name, variable in self._made:
            self._pending.setdefault(name, []).append(variable)
        self._made = []

    def _found(self, name):
        pending = self._pending.get(name)
        return pending.pop(0) if pending else None


def made_before(graph, name):
    """The variable that an earlier build made in the place of a new one, or None."""
    under_way = builds(graph)
    for i in reversed(range(len(under_way))):
        variable = under_way[i]._found(name)
        if variable is not None:
            for build in under_way[i:]:
                build._made.append((name, variable))
            return variable
    return None


def will_find(graph, name):
    """Whether a new variable of this name will be one that an earlier build made."""
    return any(build._pending.get(name) for build in builds(graph))


def record(graph, name, variable):
    """Tells the builds under way of a new variable."""
    for build in builds(graph):
        # Variables behind handles come twice: as what was asked for, and as the kind it became.
        if not build._made or build._made[-1][1] is not variable:
            build._made.append((name, variable))
