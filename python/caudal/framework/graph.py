# SPDX-License-Identifier: Apache-2.0
"""Graph: the Python face of the core's append-only graph, with the scopes of the program."""

import re
import weakref

from caudal import _core
from caudal.framework import device as device_lib
from caudal.framework import errors, op_registry, versions
from caudal.framework.operation import Operation
from caudal.framework.origin import describe, origin
from caudal.framework.tensor import Tensor

_SCOPE_NAME = re.compile("^[A-Za-z0-9_.\\-/]*$")
_TOP_NAME = re.compile("^[A-Za-z0-9.][A-Za-z0-9_.\\-/]*$")
core_error = _core.Error
_by_core = weakref.WeakValueDictionary()  # id of a core graph -> Graph


def raise_graph_error(error, graph, where=None):
    """Turns an error of the core, met while building, into the Python exception that TF raises."""
    message = error.message
    if where is not None and where[0] not in message:
        message += "\n  " + describe(where)
    if error.code == 12:
        raise NotImplementedError(message) from None
    raise (TypeError if error.kind == "type" else ValueError)(message) from None


class Graph:
    """A program: operations and the tensors between them.

    Operations go to the default graph, see `as_default`. A graph is not safe for building from
    several threads at once without a lock of the caller.
    """

    # Graphs of branches and loop bodies capture tensors of their outer graph, others refuse them.
    outer_graph = None
    building_function = False

    def __init__(self):
        self._setup(_core.Graph())

    def _setup(self, core):
        self._core = core
        _by_core[id(core)] = self
        self._ops = []  # by node id; None until asked for
        self._name_stack = ""
        self._control_stack = []
        self._device_stack = []  # canonical strings, functions, and None for "reset"
        self._device = ""  # merged, valid while _device_functions is false
        self._device_functions = False
        self._colocation_stack = []
        self._attr_scope_map = {}
        self._gradient_override = {}
        self._plain = True  # no control, device-function, colocation or attr scope is open
        self._collections = {}
        self._seed_value = None
        self._finalized = False
        self._unfeedable = set()
        self._unfetchable = set()
        self._container_name = ""
        self._gradient_functions = {}  # of custom_gradient, by their name

    # -- Operations and tensors by id, name or object ------------------------------------------

    def _op(self, node_id):
        ops = self._ops
        try:
            op = ops[node_id]
            if op is not None:
                return op
        except IndexError:
            ops.extend([None] * (node_id + 1 - len(ops)))
        op = ops[node_id] = Operation(self, node_id)
        return op

    def _tensor(self, key):
        outputs, index = self._op(key >> 16).outputs, key & 0xFFFF
        return outputs[index] if index < len(outputs) else self._op(key >> 16)._more_outputs(index)

    def get_operations(self):
        """All operations, in the order in which they were made."""
        op = self._op
        return [op(i) for i in range(self._core.num_nodes())]

    def get_operation_by_name(self, name):
        """Raises: KeyError if there is none, TypeError if `name` is not a string."""
        if not isinstance(name, (str, bytes)):
            raise TypeError(
                "Operation names are strings (or similar), not %s." % type(name).__name__
            )
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name):
        """The tensor "op:index". Raises: KeyError, ValueError, TypeError."""
        if not isinstance(name, (str, bytes)):
            raise TypeError("Tensor names are strings (or similar), not %s." % type(name).__name__)
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(self, obj, allow_tensor=True, allow_operation=True):
        """The Tensor or Operation that `obj` is, names, or converts to.

        Raises:
          TypeError: if `obj` is nothing of that kind.
          ValueError: if it belongs to another graph, or is a malformed name.
          KeyError: if no such name is in this graph.
        """
        if isinstance(obj, Tensor) or isinstance(obj, Operation):
            element = obj
        elif isinstance(obj, (str, bytes)):
            name = obj.decode() if isinstance(obj, bytes) else obj
            return self._element_by_name(name, allow_tensor, allow_operation)
        else:
            convert = getattr(obj, "_as_graph_element", None)
            element = convert() if convert is not None else None
        allowed = (Tensor,) * allow_tensor + (Operation,) * allow_operation
        if not isinstance(element, allowed):
            raise TypeError(
                "Can not convert a %s into a %s."
                % (type(obj).__name__, " or ".join(c.__name__ for c in allowed))
            )
        if element._graph is not self:
            kind = "Tensor" if isinstance(element, Tensor) else "Operation"
            if element._graph.building_function and element._graph.root is self:
                op = element._op if isinstance(element, Tensor) else element
                raise ValueError(
                    "Operation '%s' has been marked as not fetchable: it is part of a branch or of "
                    "a loop, which has to return what is wanted outside; %s is not an element of "
                    "this graph." % (op.name, obj)
                )
            raise ValueError("%s %s is not an element of this graph." % (kind, obj))
        return element

    _as_graph_element_locked = as_graph_element

    def _element_by_name(self, name, allow_tensor, allow_operation):
        if ":" in name and allow_tensor:
            op_name, _, index = name.rpartition(":")
            if not index.isdigit() or ":" in op_name:
                raise ValueError(
                    "The name %r looks like a Tensor name, but is not a valid one. Tensor names "
                    'must be of the form "<op_name>:<output_index>".' % name
                )
            node_id = self._core.find(op_name)
            if node_id < 0:
                raise KeyError(
                    "The name %r refers to a Tensor which does not exist. The operation, %r, does "
                    "not exist in the graph." % (name, op_name)
                )
            count = self._core.num_outputs(node_id)
            if int(index) >= count:
                raise KeyError(
                    "The name %r refers to a Tensor which does not exist. The operation, %r, "
                    "exists but only has %d outputs." % (name, op_name, count)
                )
            return self._op(node_id).outputs[int(index)]
        if ":" in name:
            raise ValueError("Name %r appears to refer to a Tensor, not a Operation." % name)
        node_id = self._core.find(name)
        if allow_operation:
            if node_id < 0:
                raise KeyError("The name %r refers to an Operation not in the graph." % name)
            return self._op(node_id)
        known = "refers to an" if node_id >= 0 else "looks like an (invalid)"
        raise ValueError(
            "The name %r %s Operation%s, not a Tensor. Tensor names must be of the form "
            '"<op_name>:<output_index>".' % (name, known, " name" if node_id < 0 else "")
        )

    # -- Adding nodes --------------------------------------------------------------------------

    def _check_not_finalized(self):
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def _add(self, op_type, name, keys, attrs):
        """Adds a node; returns its id. `name` is complete: scopes were applied by the caller."""
        if self._finalized:
            self._check_not_finalized()
        where = origin()
        try:
            variable = self._variable_behind(op_type, keys)
            if self._plain and variable is None:
                return self._core.add(op_type, name, keys, attrs, self._device, (), where)
            return self._add_scoped(op_type, name, keys, attrs, where, variable)
        except core_error as error:
            raise_graph_error(error, self, where)

    def _variable_behind(self, op_type, keys):
        """The operation of the variable that a new node gets by reference, or None."""
        position = op_registry.ref_input(op_type)
        if position is None or position >= len(keys):
            return None
        variable = self._op(keys[position] >> 16)
        # Ops on handles are placed like any others.
        return None if variable.type == "VarHandleOp" else variable

    def _add_scoped(self, op_type, name, keys, attrs, where, variable=None):
        control = ()
        if self._control_stack:
            producers = {key >> 16 for key in keys}
            control = []
            for scope in self._control_stack:
                # An input made inside the scope waits already.
                if scope.seen.isdisjoint(producers):
                    control.extend(i for i in scope.ids if i not in producers and i not in control)
        extra = {}
        if self._attr_scope_map:
            extra.update((k, v) for k, v in self._attr_scope_map.items() if v is not None)
        mapped = self._gradient_override.get(op_type)
        if mapped is not None:
            extra["_gradient_op_type"] = mapped
        device = self._device
        near = self._colocation_stack
        if variable is not None:
            near, device = [*near, variable], ""
        if near:
            groups = []
            for op in near:
                groups.extend(g for g in op.colocation_groups() if g not in groups)
                if op.device:
                    device = op.device
            extra["_class"] = sorted(groups)
        if extra:
            attrs = {**extra, **(attrs or {})}
        node_id = self._core.add(op_type, name, keys, attrs, device, control, where)
        for scope in self._control_stack:
            scope.seen.add(node_id)
        if self._device_functions and not near:
            self._apply_device_functions(self._op(node_id))
        return node_id

    def _apply_scopes_to(self, first_id):
        """Gives nodes that the core added by itself what the open scopes ask of new nodes."""
        if self._plain and not self._device:
            return
        core = self._core
        for node_id in range(first_id, core.num_nodes()):
            producers = {key >> 16 for key in core.node_inputs(node_id)}
            for scope in self._control_stack:
                if scope.seen.isdisjoint(producers):
                    for control in scope.ids:
                        if control not in producers:
                            core.add_control_input(node_id, control)
                scope.seen.add(node_id)
            if self._device_functions:
                self._apply_device_functions(self._op(node_id))
            elif self._device and not core.node_device(node_id):
                core.set_device(node_id, self._device)

    def _apply_device_functions(self, op):
        """Asks the open device scopes, innermost first, for the device of a new node."""
        for entry in reversed(self._device_stack):
            if entry is None:
                break
            if callable(entry):
                op._set_device(entry(op))
            else:
                op._set_device_from_string(device_lib.merge(entry, op.device))

    def create_op(self, op_type, inputs, dtypes=None, input_types=None, name=None, attrs=None,
                  op_def=None, compute_shapes=True, compute_device=True):  # fmt: skip
        """Adds a node of type `op_type` from a flat list of tensors; returns the Operation."""
        inputs = [self._own(t) for t in inputs]
        if attrs:
            attrs = {k: getattr(v, "_enum", v) for k, v in attrs.items()}
        full = self._full_name(name or op_type)
        return self._op(self._add(op_type, full, [t._key for t in inputs], attrs or None))

    def _full_name(self, name):
        if name[-1:] == "/":
            return name
        stack = self._name_stack
        if stack:
            return stack + "/" + name
        if not _TOP_NAME.match(name):
            raise ValueError("'%s' is not a valid node name" % name)
        return name

    def _own(self, tensor):
        """The tensor itself; ValueError for one of another graph."""
        if tensor._graph is not self:
            raise ValueError("Tensor %s is not an element of this graph." % (tensor,))
        return tensor

    # -- Names and scopes ----------------------------------------------------------------------

    def unique_name(self, name, mark_as_used=True):
        """`name` under the current scope, with a suffix if it is taken."""
        if self._name_stack:
            name = self._name_stack + "/" + name
        return self._core.unique_name(name, mark_as_used)

    def get_name_scope(self):
        return self._name_stack

    def name_scope(self, name):
        """Context manager that puts names of new operations under "name/"."""
        return NameScope(self, name)

    def _enter_name(self, name):
        """Opens a scope, returns its text ("a/b/"); the caller restores the old one."""
        if name:
            if isinstance(name, bytes):
                name = name.decode()
            if not (_SCOPE_NAME if self._name_stack else _TOP_NAME).match(name):
                raise ValueError("'%s' is not a valid scope name" % name)
            self._name_stack = name = name[:-1] if name[-1] == "/" else self.unique_name(name)
            return name + "/"
        self._name_stack = ""
        return ""

    def as_default(self):
        """Context manager that makes this the graph that new operations go to."""
        from caudal.framework.scopes import default_graphs

        return default_graphs.controller(self)

    def control_dependencies(self, control_inputs):
        """Context manager: operations made inside run after all of `control_inputs`.

        None instead of a list ignores the scopes around it.
        """
        if control_inputs is None:
            return ControlScope(self, (), True)
        ids = []
        for c in control_inputs:
            if type(c).__name__ == "IndexedSlices" and hasattr(c, "op"):
                c = c.op
            op = self._control_op(c)
            if op is not None and op._id not in ids:
                ids.append(op._id)
        return ControlScope(self, tuple(ids), False)

    def _control_op(self, obj):
        element = self.as_graph_element(obj)
        return element._op if isinstance(element, Tensor) else element

    def device(self, device_name_or_function):
        """Context manager: where operations made inside run.

        Scopes merge: an inner one wins for the fields it sets. None ignores the scopes around it; a
        function gets each new Operation and returns its device.
        """
        entry = device_name_or_function
        if entry is not None and not callable(entry):
            entry = device_lib.canonical(entry)
        return DeviceScope(self, entry)

    def _update_device(self):
        self._device_functions = False
        merged = ""
        for entry in self._device_stack:
            if entry is None:
                merged, self._device_functions = "", False
            elif callable(entry):
                self._device_functions = True
            else:
                merged = device_lib.merge(merged, entry)
        self._device = "" if self._device_functions else merged
        self._update_plain()

    def _update_plain(self):
        self._plain = not (
            self._control_stack
            or self._device_functions
            or self._colocation_stack
            or self._attr_scope_map
            or self._gradient_override
        )

    def colocate_with(self, op, ignore_existing=False):
        """Context manager: operations made inside share the device of `op`."""
        if op is None and not ignore_existing:
            raise ValueError(
                "Trying to reset colocation (op is None) but ignore_existing is not True"
            )
        if op is not None:
            element = op if isinstance(op, Operation) else getattr(op, "op", None)
            if not isinstance(element, Operation):
                element = self._control_op(op)
            op = element if element._graph is self else None
        return ColocationScope(self, op, ignore_existing)

    def gradient_override_map(self, op_type_map):
        """Context manager: nodes made inside use the gradients registered under other names.

        Args:
          op_type_map: dict of op type to the name given to `tf.RegisterGradient`.
        """
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        for key, value in op_type_map.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        return MapScope(self, "_gradient_override", op_type_map)

    def _kernel_label_map(self, op_to_kernel_label_map):
        return MapScope(self, "_attr_scope_map", {})

    def _attr_scope(self, attr_map):
        """Context manager: adds attrs to the nodes made inside."""
        plain = {k: v if v is None else _attr_of(v) for k, v in attr_map.items()}
        return MapScope(self, "_attr_scope_map", plain)

    def container(self, container_name):
        """Context manager: the default container of stateful nodes made inside."""
        return AttributeScope(self, "_container_name", container_name)

    # -- Collections ---------------------------------------------------------------------------

    def add_to_collection(self, name, value):
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names, value):
        """Adds `value` to each named collection; a name given twice counts once."""
        names = (names,) if isinstance(names, str) else dict.fromkeys(names)
        for name in names:
            self.add_to_collection(name, value)

    def get_collection_ref(self, name):
        """The list itself: changes to it change the collection."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name, scope=None):
        """A copy; with `scope`, a regular expression, only items whose name begins with it."""
        items = self._collections.get(name)
        if items is None:
            return []
        if scope is None:
            return list(items)
        matches = re.compile(scope).match
        return [item for item in items if hasattr(item, "name") and matches(item.name)]

    def get_all_collection_keys(self):
        return [key for key in self._collections if isinstance(key, str)]

    @property
    def collections(self):
        return list(self._collections)

    def clear_collection(self, name):
        self._check_not_finalized()
        self._collections.pop(name, None)

    # -- State ---------------------------------------------------------------------------------

    @property
    def seed(self):
        return self._seed_value

    @seed.setter
    def seed(self, value):
        self._seed_value = value

    @property
    def _seed(self):
        return self.seed

    @property
    def _last_id(self):
        return self._core.num_nodes()

    @property
    def version(self):
        return self._core.num_nodes()

    @property
    def graph_def_versions(self):
        """A VersionDef message: the version of the format that is written."""
        from caudal import proto

        return proto.VersionDef(producer=versions.GRAPH_DEF_VERSION)

    def as_graph_def(self, from_version=None, add_shapes=False):
        """The graph as a GraphDef message.

        If and While nodes come with functions in its library. Ops and attrs are TensorFlow 1.15's.

        Args:
          from_version: only nodes that were added since `version` had this value.
          add_shapes: whether nodes get an attr `_output_shapes` with what is known.

        Raises:
          tf.errors.UnimplementedError: for what a GraphDef cannot express, such as second
            derivatives through a loop.
          ValueError: if the message would be larger than 2 GB.
        """
        from caudal import proto

        return proto.GraphDef.FromString(self._graph_def_bytes(from_version, add_shapes))

    def _graph_def_bytes(self, from_version=None, add_shapes=False):
        try:
            data = self._core.to_graph_def(from_version or 0, add_shapes)
        except core_error as error:
            raise errors.from_core(error) from None
        if len(data) >= 1 << 31:
            raise ValueError("GraphDef cannot be larger than 2GB.")
        return data

    @property
    def finalized(self):
        return self._finalized

    def finalize(self):
        """Makes the graph read-only."""
        self._finalized = True
        self._core.finalize()

    def _unsafe_unfinalize(self):
        self._finalized = False
        self._core.unfinalize()

    @property
    def _container(self):
        return self._container_name

    def is_feedable(self, tensor):
        return tensor not in self._unfeedable

    def prevent_feeding(self, tensor):
        self._unfeedable.add(tensor)

    def is_fetchable(self, tensor_or_op):
        op = tensor_or_op._op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return op not in self._unfetchable and tensor_or_op not in self._unfetchable

    def prevent_fetching(self, op):
        self._unfetchable.add(op)

    def _repr_html_(self):
        from caudal.framework import graph_display

        return graph_display.graph_html(self)

    def _get_control_flow_context(self):
        return None

    def _set_control_flow_context(self, context):
        if context is not None:
            raise NotImplementedError("control-flow contexts do not exist: tf.cond and "
                                      "tf.while_loop own their graphs")  # fmt: skip


def _attr_of(value):
    from caudal.framework.operation import _plain_attr

    return value if isinstance(value, (str, bytes, int, float, list)) else _plain_attr(value)


class NameScope:
    """Of Graph.name_scope."""

    __slots__ = ("_graph", "_name", "_old")

    def __init__(self, graph, name):
        self._graph = graph
        self._name = name

    def __enter__(self):
        self._old = self._graph._name_stack
        return self._graph._enter_name(self._name)

    def __exit__(self, *exc):
        self._graph._name_stack = self._old
        return False


class ControlScope:
    """Of Graph.control_dependencies: which nodes must run first, and which wait already."""

    __slots__ = ("_graph", "ids", "seen", "reads", "_clear", "_old", "_old_colocation")

    def __init__(self, graph, ids, clear):
        self._graph = graph
        self.ids = ids
        self.seen = set()
        self.reads = {}  # variable -> its value after the nodes of `ids`
        self._clear = clear

    def __enter__(self):
        graph = self._graph
        self._old = graph._control_stack
        graph._control_stack = [] if self._clear else self._old + [self]
        graph._update_plain()
        return self

    def __exit__(self, *exc):
        self._graph._control_stack = self._old
        self._graph._update_plain()
        return False


class DeviceScope:
    """Of Graph.device."""

    __slots__ = ("_graph", "_entry", "_old")

    def __init__(self, graph, entry):
        self._graph = graph
        self._entry = entry

    def __enter__(self):
        self._old = self._graph._device_stack
        self._graph._device_stack = self._old + [self._entry]
        self._graph._update_device()

    def __exit__(self, *exc):
        self._graph._device_stack = self._old
        self._graph._update_device()
        return False


class ColocationScope:
    """Of Graph.colocate_with; hides the device scopes around it."""

    __slots__ = ("_graph", "_op", "_ignore", "_old", "_devices")

    def __init__(self, graph, op, ignore_existing):
        self._graph = graph
        self._op = op
        self._ignore = ignore_existing

    def __enter__(self):
        graph = self._graph
        self._old, self._devices = graph._colocation_stack, graph._device_stack
        stack = [] if self._ignore else list(self._old)
        if self._op is not None:
            stack.append(self._op)
            graph._device_stack = []
        graph._colocation_stack = stack
        graph._update_device()

    def __exit__(self, *exc):
        self._graph._colocation_stack = self._old
        self._graph._device_stack = self._devices
        self._graph._update_device()
        return False


class AttributeScope:
    """Sets an attribute of an object for a while."""

    __slots__ = ("_object", "_attribute", "_value", "_old")

    def __init__(self, obj, attribute, value):
        self._object = obj
        self._attribute = attribute
        self._value = value

    def __enter__(self):
        self._old = getattr(self._object, self._attribute)
        setattr(self._object, self._attribute, self._value)
        return self._value

    def __exit__(self, *exc):
        setattr(self._object, self._attribute, self._old)
        return False


class MapScope(AttributeScope):
    """Adds entries to a dict attribute of a graph for a while."""

    __slots__ = ()

    def __enter__(self):
        self._value = {**getattr(self._object, self._attribute), **self._value}
        super().__enter__()
        self._object._update_plain()

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self._object._update_plain()
        return False
