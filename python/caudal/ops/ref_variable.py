# SPDX-License-Identifier: Apache-2.0
"""Variable: a tensor that lives in the session between runs."""

import enum

from caudal.framework import behavior, dtypes, ops, tensor_shape
from caudal.ops import array_ops, state_ops
from caudal.ops.initial_values import guarded


class VariableSynchronization(enum.Enum):
    """When copies of a variable on several replicas are brought together."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How updates from several replicas are combined."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3

    def __hash__(self):
        return hash(self.value)


# Keyword arguments that a variable creator gets, and their order in the constructor.
_ARGUMENTS = ("initial_value", "trainable", "collections", "validate_shape", "caching_device",
              "name", "variable_def", "dtype", "expected_shape", "import_scope", "constraint",
              "use_resource", "synchronization", "aggregation", "shape")  # fmt: skip
_USE_RESOURCE = _ARGUMENTS.index("use_resource")
_VARIABLE_DEF = _ARGUMENTS.index("variable_def")
_DEFAULTS = {"validate_shape": True, "synchronization": VariableSynchronization.AUTO,
             "aggregation": VariableAggregation.NONE}  # fmt: skip


def creator_stack(graph):
    """The creators that `tf.variable_creator_scope` has open in a graph, outermost first."""
    return graph.__dict__.setdefault("_variable_creator_stack", [])


class _VariableType(type):
    """Sends the making of a Variable through the open creator scopes."""

    @property
    def __signature__(cls):
        import inspect

        signature = inspect.signature(cls.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *args, **kwargs):
        make = super().__call__
        graph = ops.get_default_graph()
        if cls._has_memory and builds(graph):
            make = _once_per_build(graph, make)
        if cls is Variable:
            make = _maker(make)
        creators = creator_stack(ops.get_default_graph()) if cls is Variable else ()
        if not creators:
            return make(*args, **kwargs)
        if len(args) > len(_ARGUMENTS):
            raise TypeError("Variable takes at most %d arguments" % len(_ARGUMENTS))
        full = {name: _DEFAULTS.get(name) for name in _ARGUMENTS}
        full.update(zip(_ARGUMENTS, args))
        unknown = set(kwargs) - set(_ARGUMENTS)
        if unknown:
            raise TypeError("Variable got an unexpected keyword argument %r" % unknown.pop())
        full.update(kwargs)
        create = make
        for creator in creators:
            create = _chain(creator, create)
        return create(**full)


def builds(graph):
    """The builds of loops that are under way: see second_build."""
    return getattr(graph, "root", graph).__dict__.get("_builds", ())


def _once_per_build(graph, make):
    """`make`, which finds again what an earlier build of a loop made."""

    def make_or_find(*args, **kwargs):
        from caudal.ops import second_build

        at = _ARGUMENTS.index("name")
        name = args[at] if len(args) > at else kwargs.get("name")
        variable = second_build.made_before(graph, name)
        if variable is None:
            variable = make(*args, **kwargs)
            second_build.record(graph, name, variable)
        return variable

    return make_or_find


def _maker(make_ref):
    """Makes the kind of variable that `use_resource` or the program's default asks for."""

    def make(*args, **kwargs):
        variable_def = kwargs.get("variable_def")
        if variable_def is None and len(args) > _VARIABLE_DEF:
            variable_def = args[_VARIABLE_DEF]
        if variable_def is not None:
            cls = class_of(variable_def)
            return make_ref(*args, **kwargs) if cls is Variable else cls(*args, **kwargs)
        use_resource = kwargs.get("use_resource")
        if use_resource is None and len(args) > _USE_RESOURCE:
            use_resource = args[_USE_RESOURCE]
        if use_resource is None:
            use_resource = behavior.resource_variables_enabled()
        if not use_resource:
            return make_ref(*args, **kwargs)
        from caudal.ops.resource_variable_ops import ResourceVariable

        return ResourceVariable(*args, **kwargs)

    return make


def class_of(variable_def):
    """The class of the variables that a VariableDef message describes."""
    if not getattr(variable_def, "is_resource", False):
        return Variable
    from caudal.ops.resource_variable_ops import ResourceVariable

    return ResourceVariable


def _without_scope(name, scope):
    """`name` without the name scope before it."""
    if scope:
        scope = scope.rstrip("/") + "/"
        if name.startswith(scope):
            return name[len(scope) :]
    return name


def _chain(creator, create):
    return lambda **kwargs: creator(create, **kwargs)


class Variable(metaclass=_VariableType):
    """A value that `Session.run` keeps from one call to the next.

    A Variable can be used wherever a Tensor can: it then stands for a read of its value. Its three
    nodes are the state (VariableV2), the first assignment (`initializer`) and one shared read.

    Args:
      initial_value: what `initializer` assigns: a Tensor or what converts to one, or a function of
        no arguments that makes it.
      trainable: whether to add the variable to `GraphKeys.TRAINABLE_VARIABLES`; default True.
      collections: list of collection names; default [GraphKeys.GLOBAL_VARIABLES].
      validate_shape: False lets the shape be unknown and change with assignments.
      caching_device: device for the shared read.
      name: default "Variable".
      variable_def: a VariableDef message that describes nodes which are in the graph already.
      dtype: type to convert the initial value to.
      expected_shape: ignored.
      import_scope: prefix of the node names in `variable_def`.
      constraint: function from value to value that optimizers apply after an update.
      use_resource: True makes a ResourceVariable, which is read anew at every use. Reads and
        writes of either kind happen in the order in which they were added to the graph.
      synchronization, aggregation: kept, without effect on one machine.
      shape: shape of the variable; default: that of the initial value.

    Raises:
      ValueError: without initial value, or if its shape is unknown while validate_shape.
    """

    # Makes `ndarray * Variable` call Variable.__rmul__.
    __array_priority__ = 100

    _has_memory = True  # of its own, unlike what stands for another variable
    _is_resource = False

    def __init__(self, initial_value=None, trainable=None, collections=None, validate_shape=True,
                 caching_device=None, name=None, variable_def=None, dtype=None,
                 expected_shape=None, import_scope=None, constraint=None, use_resource=None,
                 synchronization=VariableSynchronization.AUTO,
                 aggregation=VariableAggregation.NONE, shape=None):  # fmt: skip
        self._save_slice_info = None
        self._synchronization = synchronization
        self._aggregation = aggregation
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError("variable_def and initial_value are mutually exclusive.")
            self._init_from_proto(variable_def, import_scope)
            return
        if trainable is None:
            trainable = synchronization is not VariableSynchronization.ON_READ
        self._trainable = trainable
        self._init_from_args(
            initial_value,
            collections,
            validate_shape,
            caching_device,
            name,
            dtype,
            constraint,
            shape,
        )

    def _checked_collections(self, initial_value, collections, constraint):
        """All collections of the variable; ValueError for arguments that cannot be."""
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        if collections is None:
            collections = [ops.GraphKeys.GLOBAL_VARIABLES]
        if not isinstance(collections, (list, tuple, set)):
            raise ValueError(
                "collections argument to Variable constructor must be a list, tuple, or set. Got "
                "%s of type %s" % (collections, type(collections))
            )
        if constraint is not None and not callable(constraint):
            raise ValueError("The `constraint` argument must be a callable.")
        collections = list(collections)
        if self._trainable and ops.GraphKeys.TRAINABLE_VARIABLES not in collections:
            collections.append(ops.GraphKeys.TRAINABLE_VARIABLES)
        return collections

    def _init_from_args(
        self,
        initial_value,
        collections,
        validate_shape,
        caching_device,
        name,
        dtype,
        constraint,
        shape,
    ):
        collections = self._checked_collections(initial_value, collections, constraint)
        self._constraint = constraint
        made_by_function = callable(initial_value)
        if isinstance(initial_value, ops.Tensor) and initial_value.graph.outer_graph is not None:
            raise ValueError(
                "Initializer for variable %s is from inside a control-flow construct, such as a "
                "loop or conditional: give a function that makes it" % (name or "Variable")
            )
        with ops.init_scope():
            graph = ops.get_default_graph()
            with ops.name_scope(
                name, "Variable", [] if made_by_function else [initial_value]
            ) as scope:
                if made_by_function:
                    # What the function adds stays with the variable, which does not exist yet.
                    own = b"loc:@" + scope[:-1].encode()
                    with graph._attr_scope({"_class": [own]}):
                        with ops.name_scope("Initializer"), ops.device(None):
                            value = ops.convert_to_tensor(
                                initial_value(), dtype=dtype, name="initial_value"
                            )
                        self._variable = self._make_state(value, shape, validate_shape, scope)
                else:
                    value = ops.convert_to_tensor(initial_value, dtype=dtype, name="initial_value")
                    self._variable = self._make_state(value, shape, validate_shape, scope)
                self._initial_value = value
                self._initializer_op = state_ops.assign(
                    self._variable,
                    guarded(value),
                    validate_shape=validate_shape,
                    use_locking=True,
                    name="Assign",
                ).op
                if caching_device is not None:
                    with ops.device(caching_device):
                        self._snapshot = array_ops.identity(self._variable, name="read")
                else:
                    with ops.colocate_with(self._variable.op):
                        self._snapshot = array_ops.identity(self._variable, name="read")
            self._caching_device = caching_device
            graph.add_to_collections(collections, self)

    @staticmethod
    def _make_state(value, shape, validate_shape, scope):
        if validate_shape and not value.get_shape().is_fully_defined():
            raise ValueError("initial_value must have a shape specified: %s" % (value,))
        if shape is None:
            shape = value.get_shape() if validate_shape else tensor_shape.unknown_shape()
        return state_ops.variable_op_v2(
            shape, value.dtype.base_dtype, name=scope, container=ops.get_default_graph()._container
        )

    def _init_from_proto(self, variable_def, import_scope):
        from caudal import proto

        graph = ops.get_default_graph()

        def element(name):
            return graph.as_graph_element("%s/%s" % (import_scope, name) if import_scope else name)

        variable_def = proto.of(proto.VariableDef, variable_def)
        self._variable = element(variable_def.variable_name)
        initializer = element(variable_def.initializer_name)
        self._initializer_op = getattr(initializer, "op", initializer)
        self._snapshot = self._snapshot_of(variable_def.snapshot_name, element)
        initial = variable_def.initial_value_name
        self._initial_value = element(initial) if initial else None
        self._trainable = variable_def.trainable
        self._synchronization = VariableSynchronization(variable_def.synchronization)
        self._aggregation = VariableAggregation(variable_def.aggregation)
        self._caching_device = None
        self._constraint = None
        if variable_def.HasField("save_slice_info_def"):
            self._save_slice_info = Variable.SaveSliceInfo(
                save_slice_info_def=variable_def.save_slice_info_def, import_scope=import_scope
            )

    def _snapshot_of(self, name, element):
        return element(name)

    @staticmethod
    def from_proto(variable_def, import_scope=None):
        """The variable that a VariableDef message describes; its nodes must be in the graph."""
        cls = class_of(variable_def)
        return type.__call__(cls, variable_def=variable_def, import_scope=import_scope)

    def _proto_names(self):
        """What a VariableDef says: names of the state, its initializer and the shared read."""
        return self._variable.name, self._initializer_op.name, self._snapshot.name

    def to_proto(self, export_scope=None):
        """A VariableDef message of the variable's nodes, or None if they are outside of a scope.

        Args:
          export_scope: name scope that is taken off the names.
        """
        from caudal import proto

        if export_scope is not None and not self._variable.name.startswith(export_scope):
            return None

        def strip(name):
            return _without_scope(name, export_scope)

        state, initializer, snapshot = self._proto_names()
        made = proto.VariableDef(
            variable_name=strip(state),
            initializer_name=strip(initializer),
            snapshot_name=strip(snapshot),
            is_resource=self._is_resource,
            trainable=self.trainable,
            synchronization=self.synchronization.value,
            aggregation=self.aggregation.value,
        )
        if self._initial_value is not None:
            made.initial_value_name = strip(self._initial_value.name)
        if self._save_slice_info is not None:
            made.save_slice_info_def.MergeFrom(self._save_slice_info.to_proto(export_scope))
        return made

    # What it is --------------------------------------------------------------------------------

    @property
    def name(self):
        return self._variable.name

    @property
    def _shared_name(self):
        return self._variable.op.name

    @property
    def op(self):
        """The node that holds the state."""
        return self._variable.op

    @property
    def dtype(self):
        """The reference type of the value, e.g. float32_ref."""
        return self._variable.dtype

    @property
    def shape(self):
        return self._variable.get_shape()

    def get_shape(self):
        return self.shape

    def set_shape(self, shape):
        """Refines the static shape."""
        self._ref().set_shape(shape)
        self.value().set_shape(shape)

    @property
    def graph(self):
        return self._variable.graph

    @property
    def device(self):
        return self._variable.device

    @property
    def initializer(self):
        """The operation that assigns the initial value."""
        return self._initializer_op

    @property
    def initial_value(self):
        return self._initial_value

    @property
    def constraint(self):
        return self._constraint

    @property
    def trainable(self):
        return self._trainable

    @property
    def synchronization(self):
        return self._synchronization

    @property
    def aggregation(self):
        return self._aggregation

    def __repr__(self):
        return "<tf.Variable '%s' shape=%s dtype=%s>" % (
            self.name,
            self.get_shape(),
            self.dtype.name,
        )

    __str__ = __repr__

    # Reading -----------------------------------------------------------------------------------

    def _as_graph_element(self):
        return self._variable

    def _AsTensor(self):
        """The value for an operation that is being made.

        Inside of `tf.control_dependencies` that is the value after the operations waited for:
        a read of its own, one for each such scope.
        """
        graph = ops.get_default_graph()
        home = self._variable._graph
        if graph is home and not graph._control_stack:
            return self._snapshot
        waiting = None
        while True:
            if waiting is None and any(scope.ids for scope in graph._control_stack):
                waiting = graph
            if graph.outer_graph is None:
                break
            graph = graph.outer_graph
        if waiting is None or graph is not home:
            return self._snapshot
        reads = waiting._control_stack[-1].reads
        read = reads.get(self)
        if read is None:
            with waiting.as_default():
                reads[self] = read = self._read_here()
        return read

    def _read_here(self, name=None):
        """A new read; gradients pass through it wherever the variable is not written."""

        def read():
            if name is not None:
                return array_ops.identity(self._variable, name=name)
            with ops.name_scope(None), ops.colocate_with(self.op):
                return array_ops.identity(self._variable, name=self.op.name + "/read")

        around = getattr(ops.get_default_graph(), "read_variable", None)
        return read() if around is None else around(self._variable, read)

    def _ref(self):
        return self._variable

    def value(self):
        """The shared read of the value, a Tensor."""
        return self._snapshot

    def read_value(self):
        """A new read of the value: a Tensor that control dependencies can order."""
        return self._read_here("read")

    def initialized_value(self):
        """The value if there is one already, else the initial value: a Tensor."""
        from caudal.ops import control_flow_ops

        with ops.init_scope():
            return control_flow_ops.cond(
                state_ops.is_variable_initialized(self), self.read_value, lambda: self.initial_value
            )

    def eval(self, session=None):
        """The value in `session` or the default session, as a NumPy array."""
        return self._variable.eval(session=session)

    def experimental_ref(self):
        return self

    def sparse_read(self, indices, name=None):
        """Rows of the value: `tf.gather` of the variable."""
        return array_ops.gather(self, indices, name=name)

    def gather_nd(self, indices, name=None):
        """Slices of the value: `tf.gather_nd` of the variable."""
        return array_ops.gather_nd(self, indices, name=name)

    # Writing -----------------------------------------------------------------------------------

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """An operation that replaces the value; a Tensor of the new value if `read_value`."""
        result = state_ops.assign(self._variable, value, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def assign_add(self, delta, use_locking=False, name=None, read_value=True):
        """An operation that adds to the value; a Tensor of the new value if `read_value`."""
        result = state_ops.assign_add(self._variable, delta, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def assign_sub(self, delta, use_locking=False, name=None, read_value=True):
        """An operation that subtracts from the value; a Tensor of the new value if `read_value`."""
        result = state_ops.assign_sub(self._variable, delta, use_locking=use_locking, name=name)
        return result if read_value else result.op

    def load(self, value, session=None):
        """Sets the value in a session, without adding to the graph.

        Raises:
          ValueError: if there is no session, or the shape does not fit.
        """
        session = session or ops.get_default_session()
        if session is None:
            raise ValueError(
                "Either session argument should be provided or default session should be "
                "established"
            )
        session.run(self.initializer, {self.initializer.inputs[1]: value})

    def _scatter(self, function, sparse_delta, use_locking, name):
        if not isinstance(sparse_delta, ops.IndexedSlices):
            raise TypeError("sparse_delta is not IndexedSlices: %s" % (sparse_delta,))
        return function(
            self._variable,
            sparse_delta.indices,
            sparse_delta.values,
            use_locking=use_locking,
            name=name,
        )

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        """Subtracts IndexedSlices from the rows that they name; duplicates accumulate."""
        return self._scatter(state_ops.scatter_sub, sparse_delta, use_locking, name)

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        """Adds IndexedSlices to the rows that they name; duplicates accumulate."""
        return self._scatter(state_ops.scatter_add, sparse_delta, use_locking, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        """Raises rows to at least the IndexedSlices."""
        return self._scatter(state_ops.scatter_max, sparse_delta, use_locking, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        """Lowers rows to at most the IndexedSlices."""
        return self._scatter(state_ops.scatter_min, sparse_delta, use_locking, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        """Multiplies rows by IndexedSlices."""
        return self._scatter(state_ops.scatter_mul, sparse_delta, use_locking, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        """Divides rows by IndexedSlices."""
        return self._scatter(state_ops.scatter_div, sparse_delta, use_locking, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Replaces rows by IndexedSlices."""
        return self._scatter(state_ops.scatter_update, sparse_delta, use_locking, name)

    def batch_scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Replaces rows batch by batch, see `tf.batch_scatter_update`."""
        return self._scatter(state_ops.batch_scatter_update, sparse_delta, use_locking, name)

    def scatter_nd_sub(self, indices, updates, name=None):
        """Subtracts `updates` at the given index vectors."""
        return state_ops.scatter_nd_sub(
            self._variable, indices, updates, use_locking=True, name=name
        )

    def scatter_nd_add(self, indices, updates, name=None):
        """Adds `updates` at the given index vectors."""
        return state_ops.scatter_nd_add(
            self._variable, indices, updates, use_locking=True, name=name
        )

    def scatter_nd_update(self, indices, updates, name=None):
        """Replaces what the given index vectors name by `updates`."""
        return state_ops.scatter_nd_update(
            self._variable, indices, updates, use_locking=True, name=name
        )

    def count_up_to(self, limit):
        """The value before it is counted up by one; OutOfRangeError at `limit`."""
        return state_ops.count_up_to(self._variable, limit)

    # Operators ---------------------------------------------------------------------------------

    def __iter__(self):
        raise TypeError("'Variable' object is not iterable.")

    @staticmethod
    def _TensorConversionFunction(v, dtype=None, name=None, as_ref=False):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(v.dtype):
            raise ValueError(
                "Incompatible type conversion requested to type '%s' for variable of type '%s'"
                % (dtypes.as_dtype(dtype).name, v.dtype.name)
            )
        return v._ref() if as_ref else v._AsTensor()

    # Parts of larger variables -----------------------------------------------------------------

    class SaveSliceInfo:
        """Where a variable lies in a larger one under whose name it is saved."""

        def __init__(
            self,
            full_name=None,
            full_shape=None,
            var_offset=None,
            var_shape=None,
            save_slice_info_def=None,
            import_scope=None,
        ):
            if save_slice_info_def is not None:
                d = save_slice_info_def
                full_name = "%s/%s" % (import_scope, d.full_name) if import_scope else d.full_name
                full_shape, var_offset = list(d.full_shape), list(d.var_offset)
                var_shape = list(d.var_shape)
            self.full_name = full_name
            self.full_shape = full_shape
            self.var_offset = var_offset
            self.var_shape = var_shape

        @property
        def spec(self):
            """The text form: full shape, then offset,length of every dimension."""
            shape = " ".join(str(d) for d in self.full_shape) + " "
            return shape + ":".join("%d,%d" % pair for pair in zip(self.var_offset, self.var_shape))

        def to_proto(self, export_scope=None):
            """A SaveSliceInfoDef message, or None if the variable is outside of a name scope."""
            from caudal import proto

            if export_scope is not None and not self.full_name.startswith(export_scope):
                return None
            return proto.SaveSliceInfoDef(
                full_name=_without_scope(self.full_name, export_scope),
                full_shape=self.full_shape,
                var_offset=self.var_offset,
                var_shape=self.var_shape,
            )

    def _set_save_slice_info(self, save_slice_info):
        self._save_slice_info = save_slice_info

    def _get_save_slice_info(self):
        return self._save_slice_info


def _install_operators():
    def operator(name):
        # Looked up at the call: the math module sets Tensor's operators later.
        def method(self, *args, **kwargs):
            return getattr(ops.Tensor, name)(self._AsTensor(), *args, **kwargs)

        method.__name__ = name
        return method

    def getitem(self, item):
        return array_ops._slice_helper(self._AsTensor(), item, var=self)

    for name in ops.Tensor.OVERLOADABLE_OPERATORS:
        setattr(Variable, name, operator(name))
    Variable.__getitem__ = getitem


_install_operators()
VariableV1 = Variable
RefVariable = Variable
ops.register_tensor_conversion_function(Variable, Variable._TensorConversionFunction)
