# SPDX-License-Identifier: Apache-2.0
"""Optimizers that run outside of the graph, such as those of scipy.optimize."""

import numpy as np

from caudal.framework import gradients_impl, ops
from caudal.ops import array_ops, variables
from caudal.platform import tf_logging as logging


class ExternalOptimizerInterface:
    """Lets an outer program minimize a loss by its values and gradients.

    A subclass implements `_minimize`.

    Args:
      loss: scalar Tensor.
      var_list: variables to change; default: the trainable ones.
      equalities: list of scalar tensors to be 0 at the end.
      inequalities: list of scalar tensors to be at least 0.
      var_to_bounds: dict from variable to (lower, upper), numbers or arrays.
      **optimizer_kwargs: for the subclass.
    """

    def __init__(self, loss, var_list=None, equalities=None, inequalities=None,
                 var_to_bounds=None, **optimizer_kwargs):  # fmt: skip
        self._loss = loss
        self._equalities = equalities or []
        self._inequalities = inequalities or []
        self._vars = variables.trainable_variables() if var_list is None else list(var_list)
        self._packed_bounds = None
        if var_to_bounds is not None:
            self._packed_bounds = self._pack_bounds(var_to_bounds)
        self._var_placeholders = [
            array_ops.placeholder(v.dtype.base_dtype, v.get_shape()) for v in self._vars
        ]
        self._updates = [v.assign(p) for v, p in zip(self._vars, self._var_placeholders)]
        self._loss_grad = self._packed_gradient(loss)
        self._equality_grads = [self._packed_gradient(e) for e in self._equalities]
        self._inequality_grads = [self._packed_gradient(e) for e in self._inequalities]
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_var = array_ops.concat(
            [array_ops.reshape(v, [-1]) for v in self._vars], axis=0
        )
        sizes = [v.get_shape().num_elements() for v in self._vars]
        ends = np.cumsum(sizes)
        self._packing_slices = [slice(end - size, end) for size, end in zip(sizes, ends)]

    def _pack_bounds(self, var_to_bounds):
        lower, upper = [], []
        for var in self._vars:
            low, high = var_to_bounds.get(var, (-np.inf, np.inf))
            shape = var.get_shape().as_list()
            lower.append(np.broadcast_to(np.asarray(low, float), shape).ravel())
            upper.append(np.broadcast_to(np.asarray(high, float), shape).ravel())
        return list(zip(np.concatenate(lower), np.concatenate(upper)))

    def _packed_gradient(self, loss):
        flat = []
        for var, grad in zip(self._vars, gradients_impl.gradients(loss, self._vars)):
            if grad is None:
                flat.append(array_ops.zeros([var.get_shape().num_elements()], var.dtype.base_dtype))
            else:
                flat.append(array_ops.reshape(ops.convert_to_tensor(grad), [-1]))
        return array_ops.concat(flat, axis=0)

    def minimize(self, session=None, feed_dict=None, fetches=None, step_callback=None,
                 loss_callback=None, **run_kwargs):  # fmt: skip
        """Minimizes the loss; the variables hold the result afterwards.

        Args:
          session: default: the default session.
          feed_dict: feeds of all runs.
          fetches: list of tensors that `loss_callback` gets at each evaluation.
          step_callback: function that gets the packed variables after each step.
          loss_callback: function that gets the values of `fetches`.
          **run_kwargs: for `Session.run`.
        """
        session = session or ops.get_default_session()
        feed_dict = feed_dict or {}
        fetches = fetches or []
        loss_callback = loss_callback or (lambda *values: None)
        step_callback = step_callback or (lambda x: None)

        def evaluate(tensors, extra, callback):
            def function(x):
                parts = [x[s] for s in self._packing_slices]
                feeds = dict(feed_dict)
                for v, part in zip(self._vars, parts):
                    feeds[v] = part.reshape(v.get_shape().as_list())
                values = session.run(list(tensors) + list(extra), feeds, **run_kwargs)
                callback(*values[len(tensors) :])
                return [np.asarray(v, np.float64) for v in values[: len(tensors)]]

            return function

        def quiet(*values):
            return None

        loss_grad = evaluate([self._loss, self._loss_grad], fetches, loss_callback)
        equality = [evaluate([t], [], quiet) for t in self._equalities]
        equality_grads = [evaluate([t], [], quiet) for t in self._equality_grads]
        inequality = [evaluate([t], [], quiet) for t in self._inequalities]
        inequality_grads = [evaluate([t], [], quiet) for t in self._inequality_grads]
        result = self._minimize(
            initial_val=session.run(self._packed_var, feed_dict, **run_kwargs),
            loss_grad_func=loss_grad,
            equality_funcs=equality,
            equality_grad_funcs=equality_grads,
            inequality_funcs=inequality,
            inequality_grad_funcs=inequality_grads,
            packed_bounds=self._packed_bounds,
            step_callback=step_callback,
            optimizer_kwargs=self.optimizer_kwargs,
        )
        feeds = {
            p: np.asarray(result[s]).reshape(v.get_shape().as_list())
            for p, v, s in zip(self._var_placeholders, self._vars, self._packing_slices)
        }
        session.run(self._updates, feeds, **run_kwargs)

    def _minimize(self, initial_val, loss_grad_func, equality_funcs, equality_grad_funcs,
                  inequality_funcs, inequality_grad_funcs, packed_bounds, step_callback,
                  optimizer_kwargs):  # fmt: skip
        """The packed variables at the minimum; for subclasses."""
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() "
            "method."
        )


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes with scipy.optimize.minimize; needs SciPy.

    Args:
      loss, var_list, equalities, inequalities, var_to_bounds: see ExternalOptimizerInterface.
      method: a method of scipy.optimize.minimize; default "L-BFGS-B", with constraints "SLSQP".
      options: its options.
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(self, initial_val, loss_grad_func, equality_funcs, equality_grad_funcs,
                  inequality_funcs, inequality_grad_funcs, packed_bounds, step_callback,
                  optimizer_kwargs):  # fmt: skip
        import scipy.optimize

        def first(function):
            return lambda x: function(x)[0]

        constraints = [
            {"type": kind, "fun": first(f), "jac": first(g), "args": []}
            for kind, functions, grads in (
                ("eq", equality_funcs, equality_grad_funcs),
                ("ineq", inequality_funcs, inequality_grad_funcs),
            )
            for f, g in zip(functions, grads)
        ]
        kwargs = dict(optimizer_kwargs)
        method = kwargs.pop("method", "SLSQP" if constraints else self._DEFAULT_METHOD)
        arguments = {
            "jac": True,
            "callback": step_callback,
            "method": method,
            "constraints": constraints,
            "bounds": packed_bounds,
        }
        for name in arguments:
            if name in kwargs:
                raise ValueError(
                    "Optimizer keyword arg '%s' is set automatically and cannot be injected "
                    "manually" % name
                )
        if method == "SLSQP":
            # This method fails if there is a callback that returns something.
            arguments["callback"] = lambda x: step_callback(x) and None
        arguments.update(kwargs)

        def loss_and_gradient(x):
            loss, grad = loss_grad_func(x)
            return float(loss), grad

        result = scipy.optimize.minimize(
            loss_and_gradient, np.asarray(initial_val, np.float64), **arguments
        )
        logging.info(
            "Optimization terminated with:\n  Message: %s\n  Objective function value: %f\n"
            "  Number of iterations: %d\n  Number of functions evaluations: %d",
            result.message,
            result.fun,
            getattr(result, "nit", 0),
            result.nfev,
        )
        return result["x"]
