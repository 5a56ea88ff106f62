# SPDX-License-Identifier: Apache-2.0
"""tf.custom_gradient: a function with a gradient of its own."""

import functools
import itertools

from caudal.framework import nest
from caudal.framework.conversion import convert_to_tensor
from caudal.framework.graph_keys import GraphKeys
from caudal.framework.op_factory import apply
from caudal.framework.scopes import get_default_graph

_serial = itertools.count()


def custom_gradient(f=None):
    """Decorator for a function that returns its result and a function for its gradient.

    `f(*args)` returns `(y, grad)`; `grad(*dys)` gets one gradient per tensor in `y` and returns one
    per argument. If `f` makes trainable variables, `grad` takes a keyword `variables` and returns
    a pair: gradients of the arguments and a list of gradients of the variables.
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def decorated(*args, **kwargs):
        return _call(f, args, kwargs)

    return decorated


def _call(f, args, kwargs):
    if kwargs:
        raise ValueError(
            "The custom_gradient decorator currently supports keywords arguments only when eager "
            "execution is enabled."
        )
    given = {id(a) for a in args}
    args = [apply("Identity", convert_to_tensor(a)) for a in args]
    graph = get_default_graph()
    before = len(graph.get_collection(GraphKeys.TRAINABLE_VARIABLES))
    start = graph.version
    result, grad_fn = f(*args)
    made = graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)[before:]
    if any(v.dtype._is_ref_dtype for v in made):
        raise TypeError(
            "All variables used by a function wrapped with @custom_gradient must be "
            "`ResourceVariable`s. Ensure that no `variable_scope` is created with "
            "`use_resource=False`."
        )
    used = {id(v) for v in (*made, *variables_read(graph, start))} - given
    trainable = graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
    variables = [v for v in trainable if id(v) in used and not v.dtype._is_ref_dtype]
    takes_variables = variables and _accepts_variables(grad_fn)
    if variables and not takes_variables:
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must "
            "accept a keyword argument 'variables'."
        )
    flat_result = [convert_to_tensor(r) for r in nest.flatten(result)]
    count = len(flat_result)
    tensors = flat_result + args + [convert_to_tensor(v) for v in variables]

    def gradient(unused_op, *dys):
        dys = dys[:count]
        if takes_variables:
            input_grads, variable_grads = grad_fn(*dys, variables=variables)
            variable_grads = list(variable_grads)
            if len(variable_grads) != len(variables):
                raise ValueError(
                    "Must return gradient for each variable from @custom_gradient grad_fn."
                )
        else:
            input_grads, variable_grads = grad_fn(*dys), []
        input_grads = nest.flatten(input_grads)
        if len(input_grads) != len(args):
            raise ValueError(
                "custom_gradient function expected to return %d gradients, got %d."
                % (len(args), len(input_grads))
            )
        return [None] * count + input_grads + variable_grads

    name = "CustomGradient-%d" % next(_serial)
    graph._gradient_functions[name] = gradient
    with graph.gradient_override_map({"IdentityN": name}):
        outputs = apply("IdentityN", tensors)
    return nest.pack_sequence_as(result, outputs[:count])


def variables_read(graph, start):
    """The trainable variables that operations made since version `start` of the graph read."""
    read = {t for op in graph.get_operations()[start:] for t in op.inputs}
    return [
        v
        for v in graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        if v._ref() in read or getattr(v, "_snapshot", None) in read
    ]


def _accepts_variables(function):
    import inspect

    parameters = inspect.signature(function).parameters.values()
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


def recompute_grad(f):
    """A function like `f`, which returns tensors.

    TensorFlow computes such a function a second time for its gradient, to save memory. Here its
    values are kept; results are the same.
    """

    @functools.wraps(f)
    def call(*args, **kwargs):
        return f(*args, **kwargs)

    return call


def grad_pass_through(f):
    """A function with the value of `f` whose gradient is that of the identity."""

    @custom_gradient
    def passed(*args):
        return f(*args), lambda *dys: dys if len(dys) > 1 else dys[0]

    return passed
