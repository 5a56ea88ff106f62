# SPDX-License-Identifier: Apache-2.0
"""FuncGraph: the graph of a branch or of a loop's condition or body."""

from caudal import _core
from caudal.framework.graph import Graph
from caudal.framework.operation import Operation
from caudal.framework.scopes import default_graphs
from caudal.framework.tensor import Tensor

# Captured constants of these dtypes are copied: they often are shapes and axes, and have no
# gradient that an outer graph could ask for.
_COPIED = frozenset((3, 4, 5, 6, 7, 9, 10))


VARIABLE_OPS = ("VariableV2", "Variable", "VarHandleOp", "CapturedRef")


def _source(tensor):
    """The node of the variable that a reference leads to."""
    op = tensor._op
    while op.type not in VARIABLE_OPS and op.inputs and op.inputs[0]._dtype._is_ref_dtype:
        op = op.inputs[0]._op
    return op


def _variable_name(op):
    """The name under which a session keeps a variable."""
    core = op._graph._core
    if op.type == "CapturedRef":
        return core.get_attr(op._id, "outer")
    if op.type not in VARIABLE_OPS:
        return op.name
    name = core.get_attr(op._id, "shared_name") or op.name
    container = core.get_attr(op._id, "container")
    name, container = (
        v.decode() if isinstance(v, bytes) else v for v in (name, container)
    )  # fmt: skip
    return "%s|%s" % (container, name) if container else name


def _variable_read(tensor):
    """The name of the variable that `tensor` is the shared read of, or None."""
    op = tensor._op
    if op.type != "Identity":
        return None
    source = op.inputs[0]
    if source._op.type not in ("Variable", "VariableV2") or op.name != source._op.name + "/read":
        return None
    return _variable_name(source._op)


class FuncGraph(Graph):
    """A graph of its own inside of another one.

    Tensors of the graphs around it can be used: each becomes an input. Collections, seeds and the
    container are those of the outermost graph.
    """

    building_function = True

    def __init__(self, name, outer_graph):
        self._subgraph = _core.Subgraph(name)
        self._setup(self._subgraph.graph)
        self.name = name
        self.outer_graph = outer_graph
        self.captures = {}  # tensor of an outer graph -> input of this graph
        self.outer_controls = []  # operations around that this graph's node waits for
        self._awaited = {}  # operation around -> the node here that stands for its end
        self._refs = {}  # outer variable's tensor -> its stand-in
        self._written = set()  # names of outer variables that are written in here
        self._hoisted = set()  # names of those that are read around this graph
        self._live = frozenset()  # names of those that must be read in here
        self.predicate = None  # of a branch: the condition
        self.starts = ()  # of a loop: (input, first value) of its variables
        self._copies = {}  # outer constants -> copies
        self._name_stack = outer_graph._name_stack
        self._device_stack = outer_graph._device_stack
        self._gradient_override = outer_graph._gradient_override
        self._collections = outer_graph._collections
        self._gradient_functions = outer_graph._gradient_functions
        self._container_name = outer_graph._container_name
        self._update_device()
        root = self.root
        for attribute in _SHARED:
            if attribute in root.__dict__:
                self.__dict__[attribute] = root.__dict__[attribute]

    @property
    def root(self):
        """The outermost graph."""
        graph = self.outer_graph
        while graph.outer_graph is not None:
            graph = graph.outer_graph
        return graph

    @property
    def seed(self):
        return self.outer_graph.seed

    @seed.setter
    def seed(self, value):
        self.outer_graph.seed = value

    @property
    def _last_id(self):
        return self.outer_graph._last_id + self._core.num_nodes()

    def as_graph_element(self, obj, allow_tensor=True, allow_operation=True):
        """As for any graph; names are looked up in the graphs around this one, too."""
        try:
            return super().as_graph_element(obj, allow_tensor, allow_operation)
        except KeyError:
            if not isinstance(obj, (str, bytes)):
                raise
            return self.outer_graph.as_graph_element(obj, allow_tensor, allow_operation)

    def _is_outer(self, graph):
        mine = self.outer_graph
        while mine is not None:
            if mine is graph:
                return True
            mine = mine.outer_graph
        return False

    def add_input(self, dtype, shape, name):
        """A Placeholder of this graph; `shape` in the core's form."""
        attrs = {"dtype": dtype._enum, "shape": shape}
        return self._add_free("Placeholder", name, attrs)

    def _add_free(self, op_type, name, attrs):
        """Adds a node without inputs that no open scope of this graph influences."""
        full = self._name_stack + "/" + name if self._name_stack else name
        node_id = self._core.add(op_type, full, (), attrs, "", (), None)
        return self._op(node_id).outputs[0]

    def capture(self, tensor, as_ref=False):
        """What stands for a tensor of a graph around this one."""
        inner = self.captures.get(tensor)
        if inner is None or as_ref:
            if not self._is_outer(tensor._graph):
                raise ValueError(
                    "%s must be from the same graph as the function %s: it was made inside of "
                    "another branch or loop body, which must return it" % (tensor, self.name)
                )
            if tensor._dtype._is_ref_dtype:
                variable = tensor._op
                if variable.type in VARIABLE_OPS or as_ref:
                    if as_ref:
                        self._mark_written(_source(tensor))
                    return self._capture_ref(tensor)
            name = _variable_read(tensor)
            if name is not None:
                if name in self._live:
                    return self._read_again(tensor)
                self._hoisted.add(name)
            if tensor._dtype._enum in _COPIED and tensor._op.type == "Const":
                return self._copy_constant(tensor)
            inner = self._capture_value(tensor)
        return inner

    def _read_again(self, tensor):
        """A read here of the variable that `tensor` is a read of."""
        from caudal.framework.op_factory import apply

        op = tensor._op
        return self.build(lambda: apply(op.type, op.inputs[0], name=op.name.rpartition("/")[2]))

    def _capture_value(self, tensor):
        shape = tensor._graph._core.output_shape(tensor._key)
        name = tensor._op.name.rpartition("/")[2]
        inner = self.add_input(tensor._dtype._base, shape, name)
        self.captures[tensor] = inner
        return inner

    def _copy_constant(self, tensor):
        inner = self._copies.get(tensor)
        if inner is None:
            core, node_id = tensor._graph._core, tensor._op._id
            attrs = {"value": core.get_attr(node_id, "value"), "dtype": tensor._dtype._enum}
            inner = self._add_free("Const", tensor._op.name.rpartition("/")[2], attrs)
            self._copies[tensor] = inner
        return inner

    def _capture_ref(self, tensor):
        """A node that names the variable of an outer graph, so that it can be written here."""
        op = tensor._op
        while op.type not in VARIABLE_OPS:
            self.wait_for(op)
            if not op.inputs or not op.inputs[0]._dtype._is_ref_dtype:
                raise ValueError("%s does not come from a variable" % (tensor,))
            op = op.inputs[0]._op
        variable = op.outputs[0]
        inner = self._refs.get(variable)
        if inner is None:
            attrs = {
                "dtype": variable._dtype._base._enum,
                "shape": op._graph._core.output_shape(variable._key),
                "outer": _variable_name(op),
            }
            name = op.name.rpartition("/")[2]
            inner = self._refs[variable] = self._add_free("CapturedRef", name, attrs)
        return inner

    def _mark_written(self, op):
        name, graph = _variable_name(op), self
        while isinstance(graph, FuncGraph):
            graph._written.add(name)
            graph = graph.outer_graph

    def read_variable(self, tensor, read):
        """A read of an outer variable, made by `read()` in this graph or in one around it.

        A variable that is not written in here is read around: the value becomes an input, through
        which gradients pass. A branch that is taken only if the variable has a value reads it by
        itself. A loop that turns out to write what it read so is built anew.
        """
        name = _variable_name(_source(tensor))
        if name in self._written or name in self._live or self._asks_for(name):
            return self.build(read)
        self._hoisted.add(name)
        outer = self.outer_graph
        if isinstance(outer, FuncGraph):
            return self.capture(outer.read_variable(tensor, read))
        default_graphs.stack.append(outer)
        try:
            return self.capture(read())
        finally:
            default_graphs.stack.pop()

    def _asks_for(self, name):
        """Whether the condition of this branch tests if a variable has a value."""
        ops, seen = [] if self.predicate is None else [self.predicate._op], set()
        while ops and len(seen) < 64:
            op = ops.pop()
            if op in seen:
                continue
            seen.add(op)
            if op.type in ("IsVariableInitialized", "VarIsInitializedOp"):
                if _variable_name(_source(op.inputs[0])) == name:
                    return True
            ops.extend(t._op for t in op.inputs)
        return False

    def wait_for(self, op):
        """Makes the node that owns this graph run after an operation around it."""
        if op not in self.outer_controls:
            self.outer_controls.append(op)

    def _control_op(self, obj):
        element = obj if isinstance(obj, (Tensor, Operation)) else None
        if element is None:
            convert = getattr(obj, "_as_graph_element", None)
            element = convert() if convert is not None else None
        if element is not None and element._graph is not self and self._is_outer(element._graph):
            return self._stand_in(element._op if isinstance(element, Tensor) else element)
        return super()._control_op(obj)

    def _stand_in(self, op):
        """A node here to wait for instead of an operation around."""
        inner = self._awaited.get(op)
        if inner is None:
            name = op.name.rpartition("/")[2] + "_done"
            full = self._name_stack + "/" + name if self._name_stack else name
            inner = self._op(self._core.add("NoOp", full, (), {}, "", (), None))
            self._awaited[op] = inner
        return inner

    def wait_for_what_is_needed(self, outputs):
        """Waits for the operations around on which `outputs` depend."""
        if not self._awaited:
            return
        stack, seen = [t._op for t in outputs], set()
        while stack:
            op = stack.pop()
            if op not in seen:
                seen.add(op)
                stack.extend(t._op for t in op.inputs)
                stack.extend(op.control_inputs)
        for outer, inner in self._awaited.items():
            if inner in seen:
                self.wait_for(outer)

    def build(self, function, *args):
        """Calls `function` with this graph as the default one."""
        default_graphs.stack.append(self)
        try:
            return function(*args)
        finally:
            default_graphs.stack.pop()

    def finish(self, inputs, outputs):
        """Fixes the formal inputs and outputs."""
        self.wait_for_what_is_needed(outputs)
        self._subgraph.set_inputs([t._key for t in inputs])
        self._subgraph.set_outputs([t._key for t in outputs])


# Attributes that other modules keep on a graph and that belong to the program, not to one graph.
_SHARED = ("_variable_creator_stack",)


def unify_captures(graphs):
    """Lets every graph capture what any of them captures; returns the outer tensors in order."""
    outer = list(dict.fromkeys(t for graph in graphs for t in graph.captures))
    for graph in graphs:
        for tensor in outer:
            if tensor not in graph.captures:
                graph._capture_value(tensor)
    return outer
