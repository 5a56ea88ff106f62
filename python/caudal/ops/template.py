# SPDX-License-Identifier: Apache-2.0
"""Functions that make their variables at the first call and use them again later."""

import functools

from caudal.framework import ops
from caudal.framework.origin import describe, origin
from caudal.ops import variable_scope

__all__ = ["make_template", "Template"]


def make_template(
    name_, func_, create_scope_now_=False, unique_name_=None, custom_getter_=None, **kwargs
):
    """Wraps a function so that all its calls share the variables that the first one made.

    Args:
      name_: name of the variable scope that is opened around the calls; made unique.
      func_: function that makes variables with `tf.get_variable`.
      create_scope_now_: open the scope here and not at the first call.
      unique_name_: name of the scope, exactly; then variables may be shared with other templates.
      custom_getter_: custom getter of the scope.
      **kwargs: arguments of `func_`.

    Raises:
      ValueError: if `name_` is None or both name forms cannot be combined.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(
        name_,
        func_,
        create_scope_now=create_scope_now_,
        unique_name=unique_name_,
        custom_getter=custom_getter_,
    )


class Template:
    """A function together with its variable scope, see `make_template`."""

    def __init__(self, name, func, create_scope_now=False, unique_name=None, custom_getter=None):
        if name is None:
            raise ValueError("name cannot be None.")
        self._func = func
        self._where = origin()
        self._name = name
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._called = False
        self._scope = None
        if create_scope_now:
            with self._fresh_scope() as scope:
                self._scope = scope

    def _fresh_scope(self):
        if self._unique_name:
            return variable_scope.variable_scope(
                self._unique_name, custom_getter=self._custom_getter
            )
        return variable_scope.variable_scope(
            None, default_name=self._name, custom_getter=self._custom_getter
        )

    def __call__(self, *args, **kwargs):
        """Calls the function in the template's scope; variables must exist after the first call."""
        if self._scope is None:
            with self._fresh_scope() as scope:
                self._scope = scope
                return self._run(args, kwargs)
        with variable_scope.variable_scope(self._scope, reuse=self._called or None):
            return self._run(args, kwargs)

    def _run(self, args, kwargs):
        trainable = ops.GraphKeys.TRAINABLE_VARIABLES
        again = self._called
        before = len(ops.get_collection_ref(trainable))
        if self._unique_name:
            # Another template of this name may have made some of the variables.
            variable_scope.get_variable_scope()._reuse = variable_scope.AUTO_REUSE
        try:
            result = self._func(*args, **kwargs)
        except Exception as error:
            where = describe(self._where)
            error.args = tuple(
                "%s\n\noriginally defined at:\n  %s" % (arg, where)
                if i == 0 and isinstance(arg, str)
                else arg
                for i, arg in enumerate(error.args)
            )
            raise
        self._called = True
        made = ops.get_collection_ref(trainable)[before:]
        if again and made:
            where = describe(self._where)
            raise ValueError(
                "Trainable variable created when calling a template after the first time, "
                "where only tf.get_variable finds those of the first call: %s"
                "\n\noriginally defined at:\n  %s" % (made, where)
            )
        return result

    @property
    def name(self):
        """The name given to the template, or the name of its scope once there is one."""
        return self._name if self._scope is None else self._scope.name

    @property
    def func(self):
        return self._func

    @property
    def variable_scope(self):
        return self._scope

    var_scope = variable_scope

    @property
    def variables(self):
        """The global and local variables of the template."""
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self):
        return self._listed(ops.GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self):
        trainable = self.trainable_variables
        return [v for v in self.variables if not any(v is t for t in trainable)]

    @property
    def global_variables(self):
        return self._listed(ops.GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self):
        return self._listed(ops.GraphKeys.LOCAL_VARIABLES)

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables

    def _listed(self, key):
        return [] if self._scope is None else self._scope.get_collection(key)
