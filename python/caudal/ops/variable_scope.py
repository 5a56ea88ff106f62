# SPDX-License-Identifier: Apache-2.0
"""Named, shared variables: `tf.get_variable` and `tf.variable_scope`."""

import functools
import threading

from caudal.framework import dtypes, ops
from caudal.ops import ref_variable
from caudal.ops.ref_variable import (
    Variable,
    VariableAggregation,
    VariableSynchronization,
)
from caudal.ops.variable_store import (
    AUTO_REUSE,
    _get_default_variable_store,
    _ReuseMode,
    graph_singleton,
)

__all__ = [
    "AUTO_REUSE",
    "VariableScope",
    "VariableSynchronization",
    "VariableAggregation",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "no_regularizer",
    "variable",
    "variable_creator_scope",
    "variable_op_scope",
    "variable_scope",
]

_SCOPES_KEY = ("__varscope",)
_REUSE_TEXT = "The reuse parameter must be True or False or None."


class VariableScope:
    """A name prefix with defaults for the variables that are made under it.

    Args:
      reuse: None or False: variables are made; True: they must exist; tf.AUTO_REUSE: either.
      name: prefix of the variables' names.
      initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource,
        constraint: defaults for `get_variable`.
      name_scope: the name scope in which this scope was opened first.
    """

    def __init__(self, reuse, name="", initializer=None, regularizer=None, caching_device=None,
                 partitioner=None, custom_getter=None, name_scope="", dtype=dtypes.float32,
                 use_resource=None, constraint=None):  # fmt: skip
        self._name = name
        self._initializer = initializer
        self._regularizer = regularizer
        self._reuse = reuse
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    @property
    def name(self):
        return self._name

    @property
    def original_name_scope(self):
        return self._name_scope

    @property
    def reuse(self):
        return self._reuse

    @property
    def initializer(self):
        return self._initializer

    @property
    def dtype(self):
        return self._dtype

    @property
    def use_resource(self):
        return self._use_resource

    @property
    def regularizer(self):
        return self._regularizer

    @property
    def caching_device(self):
        return self._caching_device

    @property
    def partitioner(self):
        return self._partitioner

    @property
    def custom_getter(self):
        return self._custom_getter

    @property
    def constraint(self):
        return self._constraint

    def reuse_variables(self):
        """From now on variables must exist, in this scope and in those opened inside."""
        self._reuse = True

    def set_initializer(self, initializer):
        """Sets the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype):
        """Sets the default dtype."""
        self._dtype = dtype

    def set_use_resource(self, use_resource):
        """Sets what is passed as `use_resource`."""
        self._use_resource = use_resource

    def set_regularizer(self, regularizer):
        """Sets the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device):
        """Sets the default caching device."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner):
        """Sets the default partitioner."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter):
        """Sets the function that comes between `get_variable` and the making of variables."""
        self._custom_getter = custom_getter

    def get_collection(self, name):
        """The items of a collection whose names are under this scope."""
        return ops.get_collection(name, self._name + "/" if self._name else "")

    def trainable_variables(self):
        return self.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self):
        return self.get_collection(ops.GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self):
        return self.get_collection(ops.GraphKeys.LOCAL_VARIABLES)

    def get_variable(self, var_store, name, shape=None, dtype=None, initializer=None,
                     regularizer=None, reuse=None, trainable=None, collections=None,
                     caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, custom_getter=None, constraint=None,
                     synchronization=VariableSynchronization.AUTO,
                     aggregation=VariableAggregation.NONE):  # fmt: skip
        """Finds or makes a variable under this scope, see `tf.get_variable`."""
        if not isinstance(name, str):
            raise TypeError("A variable name is a string, got %r" % (name,))

        def given(value, default):
            return default if value is None else value

        full_name = "/".join(part for part in (self._name, name) if part)
        if not full_name:
            raise ValueError("'' is not a valid node name")
        if not name:
            # The scope's own name: exactly that, although a name scope of it is open.
            full_name += "/"
        initializer = given(initializer, self._initializer)
        # The name of a variable does not depend on name scopes.
        with ops.name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                own = ops.convert_to_tensor(initializer).dtype.base_dtype
                if own != dtypes.as_dtype(dtype):
                    raise ValueError(
                        "Initializer type '%s' and explicit dtype '%s' don't match."
                        % (own, dtypes.as_dtype(dtype))
                    )
            return var_store.get_variable(
                full_name,
                shape=shape,
                dtype=given(dtype, self._dtype),
                initializer=initializer,
                regularizer=given(regularizer, self._regularizer),
                reuse=given(reuse, self._reuse),
                trainable=trainable,
                collections=collections,
                caching_device=given(caching_device, self._caching_device),
                partitioner=given(partitioner, self._partitioner),
                validate_shape=validate_shape,
                use_resource=given(use_resource, self._use_resource),
                custom_getter=given(custom_getter, self._custom_getter),
                constraint=given(constraint, self._constraint),
                synchronization=synchronization,
                aggregation=aggregation,
            )


class _ScopeStore(threading.local):
    """The open variable scope of a graph in this thread, and how often each name was opened."""

    def __init__(self):
        self.current_scope = VariableScope(False)
        self.counts = {}

    def open(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_inner(self, name):
        prefix = name + "/" if name else ""
        for key in self.counts:
            if key.startswith(prefix):
                self.counts[key] = 0


def _scope_store():
    return graph_singleton(_SCOPES_KEY, _ScopeStore)


def get_variable_scope():
    """The variable scope that is open now."""
    return _scope_store().current_scope


def _get_unique_variable_scope(prefix):
    """`prefix`, with a suffix if a scope of that name was opened under the current one."""
    store = _scope_store()
    outer = store.current_scope.name
    base = outer + "/" + prefix if outer else prefix
    if not store.counts.get(base):
        return prefix
    index = 1
    while store.counts.get("%s_%d" % (base, index)):
        index += 1
    return "%s_%d" % (prefix, index)


def _wrap_getter(custom_getter, outer):
    """The getter that calls `custom_getter`, whose own getter is `outer`."""
    if outer is None:
        return custom_getter
    if custom_getter is None:
        return outer

    def wrapped(getter, *args, **kwargs):
        return custom_getter(functools.partial(outer, getter), *args, **kwargs)

    return wrapped


class _pure_variable_scope:  # noqa: N801 - TensorFlow's name
    """Opens a variable scope without touching name scopes."""

    def __init__(self, name_or_scope, reuse=None, initializer=None, regularizer=None,
                 caching_device=None, partitioner=None, custom_getter=None, old_name_scope=None,
                 dtype=None, use_resource=None, constraint=None):  # fmt: skip
        self._name_or_scope = name_or_scope
        self._reuse = reuse
        self._custom_getter = custom_getter
        self._old_name_scope = old_name_scope
        self._given = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
        }

    def __enter__(self):
        store = _scope_store()
        self._store = store
        self._old = store.current_scope
        self._is_object = isinstance(self._name_or_scope, VariableScope)
        base = self._name_or_scope if self._is_object else self._old
        if self._is_object:
            name = base.name
            self._old_counts = dict(store.counts)
            name_scope = self._old_name_scope or base.original_name_scope
        else:
            name = self._name_or_scope
            if self._old.name:
                name = self._old.name + "/" + name if name else self._old.name
            name_scope = self._old_name_scope
            if name_scope is None:
                name_scope = self._name_or_scope
        values = {
            key: getattr(base, key) if value is None else value
            for key, value in self._given.items()
        }
        scope = VariableScope(
            self._reuse or base.reuse,
            name=name,
            name_scope=name_scope,
            custom_getter=_wrap_getter(self._custom_getter, base.custom_getter),
            **values,
        )
        self._name = name
        store.open(name)
        store.current_scope = scope
        return scope

    def __exit__(self, *exc):
        store = self._store
        if self._is_object:
            store.counts = self._old_counts
        else:
            store.close_inner(self._name)
        store.current_scope = self._old
        return False


class variable_scope:  # noqa: N801 - TensorFlow's name
    """Context manager: opens a variable scope, and a name scope of the same name.

    Opening a scope again re-uses its variable names ("a/v") but gets a fresh name scope for other
    operations ("a_1/add").

    Args:
      name_or_scope: string, or VariableScope to open again wherever one is. None: `default_name`.
      default_name: used when `name_or_scope` is None; made unique.
      values: tensors; the scope is opened in their graph.
      initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource,
        constraint: defaults for `get_variable` inside; default: those of the scope around.
      reuse: True: variables must exist; tf.AUTO_REUSE: found or made; None or False: as around.
      auxiliary_name_scope: False leaves name scopes alone.

    Raises:
      TypeError, ValueError: for arguments that make no sense.
    """

    def __init__(self, name_or_scope, default_name=None, values=None, initializer=None,
                 regularizer=None, caching_device=None, partitioner=None, custom_getter=None,
                 reuse=None, dtype=None, use_resource=None, constraint=None,
                 auxiliary_name_scope=True):  # fmt: skip
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                f"auxiliary_name_scope must be `True` or `False`, not {auxiliary_name_scope!r}"
            )
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._values = values
        # False would not make variables of a reused scope new, so it means "as around".
        self._reuse = None if reuse is False else reuse
        self._auxiliary = auxiliary_name_scope
        self._defaults = dict(
            initializer=initializer,
            regularizer=regularizer,
            caching_device=caching_device,
            partitioner=partitioner,
            custom_getter=custom_getter,
            dtype=dtype,
            use_resource=use_resource,
            constraint=constraint,
        )
        self._open = []

    def __enter__(self):
        entered = []
        try:
            scope = self._enter(entered)
        except BaseException:
            for context in reversed(entered):
                context.__exit__(None, None, None)
            raise
        self._open.append(entered)
        return scope

    def __exit__(self, *exc):
        for context in reversed(self._open.pop()):
            context.__exit__(*exc)
        return False

    def _enter(self, entered):
        def enter(context):
            value = context.__enter__()
            entered.append(context)
            return value

        if self._values:
            graph = ops._get_graph_from_inputs(self._values)
            if graph is not ops.get_default_graph():
                enter(graph.as_default())
        target, reuse = self._name_or_scope, self._reuse
        if target is not None:
            if not isinstance(target, (VariableScope, str)):
                raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
            if reuse not in (None, True) and not isinstance(reuse, _ReuseMode):
                raise ValueError(_REUSE_TEXT)
            is_object = isinstance(target, VariableScope)
            wanted = target.name.split("/")[-1] if is_object else target
            opened = self._enter_name_scope(enter, wanted)
            old_name_scope = target.original_name_scope if is_object else opened
            return enter(
                _pure_variable_scope(
                    target, reuse=reuse, old_name_scope=old_name_scope, **self._defaults
                )
            )
        if reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        opened = self._enter_name_scope(enter, self._default_name)
        unique = _get_unique_variable_scope(self._default_name)
        return enter(_pure_variable_scope(unique, old_name_scope=opened, **self._defaults))

    def _enter_name_scope(self, enter, name):
        """Opens the name scope `name`, where one is wanted; returns the scope that is open."""
        if name and self._auxiliary:
            return enter(ops.name_scope(name))
        current = ops.get_default_graph().get_name_scope()
        return current + "/" if current else ""


def variable_op_scope(values, name_or_scope, default_name=None, initializer=None,
                      regularizer=None, caching_device=None, partitioner=None,
                      custom_getter=None, reuse=None, dtype=None, use_resource=None,
                      constraint=None):  # fmt: skip
    """Old form of `variable_scope`."""
    return variable_scope(
        name_or_scope,
        default_name=default_name,
        values=values,
        initializer=initializer,
        regularizer=regularizer,
        caching_device=caching_device,
        partitioner=partitioner,
        custom_getter=custom_getter,
        reuse=reuse,
        dtype=dtype,
        use_resource=use_resource,
        constraint=constraint,
    )


def get_variable(name, shape=None, dtype=None, initializer=None, regularizer=None,
                 trainable=None, collections=None, caching_device=None, partitioner=None,
                 validate_shape=True, use_resource=None, custom_getter=None, constraint=None,
                 synchronization=VariableSynchronization.AUTO,
                 aggregation=VariableAggregation.NONE):  # fmt: skip
    """Finds or makes the variable of a name under the open variable scope.

    Args:
      name: string.
      shape: list of int or TensorShape; not with an initializer that is a value.
      dtype: default: that of the scope, float32 at the top.
      initializer: Initializer, function of (shape, dtype), class of an Initializer, function of no
        arguments, Tensor, or a value. Default: the scope's, else Glorot-uniform for floating
        types and zeros for others.
      regularizer: function from the variable to a loss, which goes to
        GraphKeys.REGULARIZATION_LOSSES.
      custom_getter: function (getter, name, ...) that comes between.
      partitioner: function (shape, dtype) that returns the number of parts along each axis; the
        result is a PartitionedVariable then, whose parts are "<name>/part_<i>".
      Others: as for `tf.Variable`.

    Raises:
      ValueError: if the variable exists but must not, or the other way round, or is different.
    """
    return get_variable_scope().get_variable(
        _get_default_variable_store(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def _get_partitioned_variable(name, partitioner, **arguments):
    """`get_variable` with a partitioner and without custom getters; None as name: the scope's."""
    scope = get_variable_scope()
    if scope.custom_getter is not None:
        raise ValueError(
            "Private access to _get_partitioned_variable is not allowed when a custom getter is "
            "set.  Current custom getter: %s." % scope.custom_getter
        )
    return scope.get_variable(
        _get_default_variable_store(), name or "", partitioner=partitioner, **arguments
    )


def get_local_variable(name, shape=None, dtype=None, initializer=None, regularizer=None,
                       trainable=False, collections=None, caching_device=None, partitioner=None,
                       validate_shape=True, use_resource=None, custom_getter=None,
                       constraint=None, synchronization=VariableSynchronization.AUTO,
                       aggregation=VariableAggregation.NONE):  # fmt: skip
    """`tf.get_variable` for the collection LOCAL_VARIABLES: not trained, not saved."""
    collections = list(collections or []) + [ops.GraphKeys.LOCAL_VARIABLES]
    return get_variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=False,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def variable(initial_value=None, trainable=None, collections=None, validate_shape=True,
             caching_device=None, name=None, dtype=None, use_resource=None, constraint=None,
             synchronization=VariableSynchronization.AUTO,
             aggregation=VariableAggregation.NONE, shape=None):  # fmt: skip
    """Makes a Variable."""
    return Variable(
        initial_value=initial_value,
        trainable=trainable,
        collections=collections,
        validate_shape=validate_shape,
        caching_device=caching_device,
        name=name,
        dtype=dtype,
        use_resource=use_resource,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
        shape=shape,
    )


class variable_creator_scope:  # noqa: N801 - TensorFlow's name
    """Context manager: `variable_creator(next_creator, **kwargs)` makes the variables inside.

    `kwargs` are the arguments of `tf.Variable`; inner scopes come first and call outer ones
    through `next_creator`.
    """

    def __init__(self, variable_creator):
        self._creator = variable_creator

    def __enter__(self):
        self._stack = ref_variable.creator_stack(ops.get_default_graph())
        self._stack.append(self._creator)

    def __exit__(self, *exc):
        self._stack.pop()
        return False


def no_regularizer(_):
    """A regularizer without a loss: stands against the default of the scope around."""
    return None
