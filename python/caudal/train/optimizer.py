# SPDX-License-Identifier: Apache-2.0
"""Base class of optimizers: from a loss to an operation that changes variables."""

from caudal.framework import custom_gradient, dtypes, gradients_impl, nest, ops
from caudal.ops import array_ops, control_flow_ops, math_ops, state_ops, variables
from caudal.train import slot_creator


def _key(variable):
    """What a slot is filed under; the same for a Variable and its reference Tensor."""
    return variable.op.graph, variable.op.name


def _sum_duplicates(values, indices):
    """(values, indices) with every index once and the values of equal indices added."""
    unique, position = array_ops.unique(indices)
    count = array_ops.shape(unique)[0]
    return array_ops.unsorted_segment_sum(values, position, count), unique


_deduplicate_indexed_slices = _sum_duplicates  # TensorFlow's name, which subclasses use


def _outermost(graph):
    """The graph that variables are in: in a branch or loop body, the one around it."""
    return getattr(graph, "root", graph)


def _depth(cls, method):
    """How far up from a class its method is defined."""
    return next(i for i, base in enumerate(cls.__mro__) if method in vars(base))


def _of_slices(method):
    def behind_handle(self, grad, handle, indices):
        return method(self, ops.IndexedSlices(grad, indices), handle)

    behind_handle.made_of = method
    return behind_handle


# Methods for reference variables, and for variables behind handles with what makes them of those.
_FORMS = (
    ("_apply_dense", "_resource_apply_dense", lambda method: method),
    ("_apply_sparse", "_resource_apply_sparse", _of_slices),
    (
        "_apply_sparse_duplicate_indices",
        "_resource_apply_sparse_duplicate_indices",
        _of_slices,
    ),
)


class Optimizer:
    """Computes gradients of a loss and applies them to variables.

    A subclass implements `_apply_dense` and `_apply_sparse`; where it needs them `_create_slots`,
    `_prepare` (makes tensors of hyperparameters) and `_finish` (runs after all updates).

    Args:
      use_locking: kept for the update operations; every update is atomic anyway.
      name: name of the scope of the update operations, and of the slots.

    Raises:
      ValueError: if the name is empty.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking, name):
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots = {}  # slot name -> variable key -> slot
        self._non_slot_dict = {}  # (name, graph) -> variable

    def __init_subclass__(cls, **kwargs):
        """Newer methods for reference variables serve variables behind handles, too."""
        super().__init_subclass__(**kwargs)
        for plain, other, behind_handle in _FORMS:
            if _depth(cls, plain) < _depth(cls, other):
                setattr(cls, other, behind_handle(getattr(cls, plain)))

    def get_name(self):
        return self._name

    # Use ---------------------------------------------------------------------------------------

    def minimize(self, loss, global_step=None, var_list=None, gate_gradients=GATE_OP,
                 aggregation_method=None, colocate_gradients_with_ops=False, name=None,
                 grad_loss=None):  # fmt: skip
        """An operation that lowers `loss` by one step on the variables.

        Args:
          loss: Tensor of floating type; all its elements are added. Or a function of no arguments
            that makes one.
          global_step: Variable to count up by one.
          var_list: variables to change; default: the trainable ones, or of them those that the
            function reads.
          gate_gradients: GATE_GRAPH waits for all gradients before any is used. In every mode all
            gradients are of the values before the step.
          aggregation_method, colocate_gradients_with_ops, grad_loss: as for `tf.gradients`.
          name: name of the operation; default: that of the optimizer.

        Raises:
          ValueError: if no variable has a gradient.
        """
        grads_and_vars = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if all(grad is None for grad, _ in grads_and_vars):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                "support gradients, between variables %s and loss %s."
                % ([str(v) for _, v in grads_and_vars], loss)
            )
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(self, loss, var_list=None, gate_gradients=GATE_OP,
                          aggregation_method=None, colocate_gradients_with_ops=False,
                          grad_loss=None):  # fmt: skip
        """A list of (gradient or None, variable); the arguments are those of `minimize`.

        Raises:
          TypeError: for what is no variable; ValueError: for other bad arguments.
        """
        if callable(loss):
            return self._gradients_of_call(loss, var_list, grad_loss)
        if gate_gradients not in (Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                "Optimizer.GATE_GRAPH.  Not %s" % gate_gradients
            )
        self._assert_valid_dtypes([loss] if grad_loss is None else [loss, grad_loss])
        if var_list is None:
            var_list = variables.trainable_variables() + ops.get_collection(
                ops.GraphKeys.TRAINABLE_RESOURCE_VARIABLES
            )
        else:
            var_list = nest.flatten(var_list)
        var_list = var_list + ops.get_collection(ops.GraphKeys._STREAMING_MODEL_PORTS)
        if not var_list:
            raise ValueError("No variables to optimize.")
        for var in var_list:
            if not isinstance(var, (variables.Variable, ops.Tensor)):
                raise TypeError("Argument is not a Variable: %s" % (var,))
        grads = gradients_impl.gradients(
            loss,
            [_target(var) for var in var_list],
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == Optimizer.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == Optimizer.GATE_GRAPH:
            grads = control_flow_ops.tuple(grads)
        self._assert_valid_dtypes([var for grad, var in zip(grads, var_list) if grad is not None])
        return list(zip(grads, var_list))

    def _gradients_of_call(self, loss, var_list, grad_loss):
        """`compute_gradients` where the loss is a function."""
        graph = ops.get_default_graph()
        start = graph.version
        value = loss()
        if var_list is None:
            var_list = custom_gradient.variables_read(graph, start)
        else:
            var_list = nest.flatten(var_list)
        with ops.control_dependencies([value]):
            grads = gradients_impl.gradients(
                value, [_target(var) for var in var_list], grad_ys=grad_loss
            )
        return list(zip(grads, var_list))

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """An operation that changes the variables by their gradients.

        Args:
          grads_and_vars: list of (gradient, variable) as from `compute_gradients`.
          global_step: Variable to count up by one, after the updates.
          name: name of the operation; default: that of the optimizer.

        Raises:
          TypeError: if a gradient is no Tensor or IndexedSlices and does not convert to one.
          ValueError: if all gradients are None.
        """
        grads_and_vars = [(_as_gradient(grad), var) for grad, var in grads_and_vars]
        if not grads_and_vars:
            raise ValueError("No variables provided.")
        for _, var in grads_and_vars:
            if not isinstance(getattr(var, "op", None), ops.Operation):
                raise NotImplementedError("Trying to optimize unsupported type ", var)
        updated = [(grad, var) for grad, var in grads_and_vars if grad is not None]
        if not updated:
            raise ValueError(
                "No gradients provided for any variable: %s."
                % ([str(v) for _, v in grads_and_vars],)
            )
        with ops.init_scope():
            self._create_slots([var for _, var in updated])
        with ops.name_scope(name, self._name) as scope:
            self._prepare()
            update_ops = []
            for grad, var in updated:
                with ops.name_scope("update_" + var.op.name), ops.colocate_with(var.op):
                    update_ops.append(self._update(grad, var))
            if global_step is None:
                apply_updates = self._finish(update_ops, scope)
            else:
                with ops.control_dependencies([self._finish(update_ops, "update")]):
                    with ops.colocate_with(global_step.op):
                        apply_updates = state_ops.assign_add(global_step, 1, name=scope)
        if not isinstance(apply_updates, ops.Operation):
            apply_updates = apply_updates.op
        train_ops = ops.get_collection_ref(ops.GraphKeys.TRAIN_OP)
        if apply_updates not in train_ops:
            train_ops.append(apply_updates)
        return apply_updates

    def _update(self, grad, var):
        """The operation that changes one variable."""
        if isinstance(var, ops.Tensor):
            raise NotImplementedError("Trying to update a Tensor ", var)
        constraint = getattr(var, "constraint", None)
        if isinstance(grad, ops.IndexedSlices):
            if constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if self._handles(var, "_resource_apply_sparse_duplicate_indices") or self._handles(
                var, "_resource_apply_sparse"
            ):
                return self._resource_apply_sparse_duplicate_indices(grad.values, var, grad.indices)
            return self._apply_sparse_duplicate_indices(grad, var)
        if self._handles(var, "_resource_apply_dense"):
            update = self._resource_apply_dense(grad, var)
        else:
            update = self._apply_dense(grad, var)
        if constraint is None:
            return update
        with ops.control_dependencies([update]):
            return var.assign(constraint(var.read_value()))

    def _handles(self, var, method):
        """Whether the subclass updates variables behind handles by a method of its own."""
        found = getattr(type(self), method)
        own = found is not getattr(Optimizer, method) and not hasattr(found, "made_of")
        return own and slot_creator.is_resource(var)

    # State -------------------------------------------------------------------------------------

    def get_slot(self, var, name):
        """The slot variable `name` that goes with `var`, or None."""
        named = self._slots.get(name)
        return None if not named else named.get(_key(var))

    def get_slot_names(self):
        """Sorted names of the slots that were made."""
        return sorted(self._slots)

    def variables(self):
        """The variables that hold the state of this optimizer in the current graph."""
        graph = _outermost(ops.get_default_graph())
        found = [v for v in self._non_slot_dict.values() if v.op.graph is graph]
        for named in self._slots.values():
            found += [v for v in named.values() if v.op.graph is graph]
        return sorted(found, key=lambda v: v.name)

    def _slot_dict(self, slot_name):
        return self._slots.setdefault(slot_name, {})

    def _get_or_make_slot(self, var, val, slot_name, op_name):
        """The slot of `var`; made with the value `val` if there is none."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = slot_creator.create_slot(var, val, op_name)
        return named[_key(var)]

    def _get_or_make_slot_with_initializer(
        self, var, initializer, shape, dtype, slot_name, op_name
    ):
        """The slot of `var`; made with an initializer, shape and dtype if there is none."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = slot_creator.create_slot_with_initializer(
                var, initializer, shape, dtype, op_name
            )
        return named[_key(var)]

    def _zeros_slot(self, var, slot_name, op_name):
        """The slot of `var`; made of zeros if there is none."""
        named = self._slot_dict(slot_name)
        if _key(var) not in named:
            named[_key(var)] = slot_creator.create_zeros_slot(var, op_name)
        return named[_key(var)]

    def _create_non_slot_variable(self, initial_value, name, colocate_with):
        """A variable that goes with no other one; once per graph."""
        key = (name, colocate_with.op.graph)
        var = self._non_slot_dict.get(key)
        if var is None:
            with ops.colocate_with(colocate_with.op):
                var = variables.Variable(
                    initial_value,
                    name=name,
                    trainable=False,
                    use_resource=slot_creator.is_resource(colocate_with) or None,
                )
            self._non_slot_dict[key] = var
        return var

    def _get_non_slot_variable(self, name, graph=None):
        return self._non_slot_dict.get((name, _outermost(graph)))

    def _non_slot_variables(self):
        return self._non_slot_dict.values()

    # For subclasses ----------------------------------------------------------------------------

    def _valid_dtypes(self):
        """Types of losses, variables and gradients that are accepted."""
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _assert_valid_dtypes(self, tensors):
        valid = self._valid_dtypes()
        for t in tensors:
            dtype = dtypes.as_dtype(t.dtype).base_dtype
            if dtype not in valid:
                order = [
                    d
                    for d in (dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16)
                    if d in valid
                ]
                order += [d for d in valid if d not in order]
                raise ValueError("Invalid type %r for %s, expected: %s." % (dtype, t.name, order))

    def _create_slots(self, var_list):
        """Makes the slots of these variables."""

    def _prepare(self):
        """Makes tensors that all updates share."""

    def _apply_dense(self, grad, var):
        """An operation that changes `var` by a dense gradient."""
        if type(self)._resource_apply_dense is not Optimizer._resource_apply_dense:
            return self._resource_apply_dense(grad, var)
        raise NotImplementedError()

    def _apply_sparse(self, grad, var):
        """An operation that changes `var` by IndexedSlices without duplicate indices."""
        if type(self)._resource_apply_sparse is not Optimizer._resource_apply_sparse:
            return self._resource_apply_sparse(grad.values, var, grad.indices)
        raise NotImplementedError()

    def _apply_sparse_duplicate_indices(self, grad, var):
        """As `_apply_sparse`, for indices that may repeat: adds up their values first."""
        values, indices = _sum_duplicates(grad.values, grad.indices)
        return self._apply_sparse(ops.IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_dense(self, grad, handle):
        """As `_apply_dense` for variables behind handles: `handle` is the variable."""
        raise NotImplementedError()

    def _resource_apply_sparse(self, grad, handle, indices):
        """As `_apply_sparse` for variables behind handles: `handle` is the variable."""
        raise NotImplementedError()

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        """As `_resource_apply_sparse`, for indices that may repeat: adds up their values first."""
        values, unique = _sum_duplicates(grad, indices)
        return self._resource_apply_sparse(values, handle, unique)

    def _finish(self, update_ops, name_scope):
        """The operation that stands for all updates; called inside of the name scope."""
        return control_flow_ops.group(*update_ops, name=name_scope)

    def _call_if_callable(self, param):
        """Hyperparameters may be functions of no arguments."""
        return param() if callable(param) else param

    def _scalar(self, value, name):
        """A hyperparameter as a tensor."""
        return ops.convert_to_tensor(self._call_if_callable(value), name=name)


def _target(var):
    """What gradients are taken of: the reference, so that every read of the variable counts."""
    return var._ref() if isinstance(var, variables.Variable) else var


def _as_gradient(grad):
    if grad is None:
        return None
    try:
        grad = ops.convert_to_tensor_or_indexed_slices(grad)
    except TypeError:
        raise TypeError(
            "Gradient must be convertible to a Tensor or IndexedSlices, or None: %s" % (grad,)
        ) from None
    if not isinstance(grad, (ops.Tensor, ops.IndexedSlices)):
        raise TypeError("Gradient must be a Tensor, IndexedSlices, or None: %s" % (grad,))
    return grad


def like(tensor, var):
    """A hyperparameter in the dtype of a variable."""
    return math_ops.cast(tensor, var.dtype.base_dtype)
