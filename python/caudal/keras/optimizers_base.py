# SPDX-License-Identifier: Apache-2.0
"""What optimizers have in common: gradients, variables of their own, the making of a step."""

import numpy as np

from caudal.framework import ops
from caudal.keras import backend as K
from caudal.keras.legacy.interfaces import legacy_get_updates_support
from caudal.ops import state_ops
from caudal.ops.ref_variable import Variable

NO_GRADIENT = (
    "An operation has `None` for gradient. Please make sure that all of your ops have a gradient "
    "defined (i.e. are differentiable). Common ops without gradient: K.argmax, K.round, K.eval. "
    "Variables without gradient: %s"
)


def rate_of(lr, kwargs):
    """The learning rate under either of its names; takes `learning_rate` out of `kwargs`."""
    return kwargs.pop("learning_rate", lr)


def training_op(name, variables, *values, **attrs):
    """An operation that changes `variables` (the parameter first) in place.

    Args:
      name: of the op.
      variables: list of the variables that it takes first.
      *values: its other inputs: numbers, variables and tensors.
    """
    dtype = variables[0].dtype.base_dtype
    values = [
        K.cast(v, dtype.name) if hasattr(v, "dtype") else ops.convert_to_tensor(v, dtype)
        for v in values
    ]
    return state_ops.apply_update(
        name, *[v._ref() for v in variables], *values, use_locking=False, **attrs
    )


def _clipped_by_norm(grads, limit):
    """The gradients scaled so that their common L2 norm is at most `limit`."""
    norm = K.sqrt(sum(K.sum(K.square(g)) for g in grads))
    return [clip_norm(g, limit, norm) for g in grads]


def clip_norm(g, c, n):
    """A gradient `g` scaled by c / n where its norm `n` (scalar) is at least `c` (float)."""
    return g if c <= 0 else g * K.minimum(c / n, 1.0)


class Optimizer:
    """Base class of all optimizers.

    A subclass implements `get_updates`, fills `self.updates` with operations and `self.weights`
    with the variables to keep in files.

    Args:
      clipnorm: float; all gradients are scaled so that their common L2 norm is at most this.
      clipvalue: float; the elements of gradients are cut to at most this size.

    Raises:
      TypeError: for other arguments.
    """

    def __init__(self, **kwargs):
        kwargs.pop("name", None)  # written by tf.keras
        for key in kwargs:
            if key not in ("clipnorm", "clipvalue"):
                raise TypeError("Unexpected keyword argument passed to optimizer: " + str(key))
        self.__dict__.update((k, v) for k, v in kwargs.items() if v is not None)
        self.updates = []
        self.weights = []

    @property
    def learning_rate(self):
        """The variable `lr`."""
        return self.lr

    @learning_rate.setter
    def learning_rate(self, value):
        self.lr = value

    def __setattr__(self, name, value):
        """`optimizer.lr = 0.1` keeps the variable, which a made training step reads."""
        if name == "lr" and isinstance(value, (int, float, np.number)):
            current = self.__dict__.get("lr")
            if current is not None and hasattr(current, "assign"):
                K.set_value(current, value)
                return
        object.__setattr__(self, name, value)

    def get_gradients(self, loss, params):
        """Gradients (Tensors) of a scalar with respect to variables, clipped.

        Raises:
          ValueError: if the loss does not depend on one of them in a differentiable way.
        """
        grads = K.gradients(loss, params)
        without = [p.name for g, p in zip(grads, params) if g is None]
        if without:
            raise ValueError(NO_GRADIENT % ", ".join(without))
        # Rows that an embedding did not look up have a gradient of zero, which moves moments, too.
        grads = [ops.convert_to_tensor(g) if hasattr(g, "indices") else g for g in grads]
        if getattr(self, "clipnorm", 0) > 0:
            grads = _clipped_by_norm(grads, self.clipnorm)
        limit = getattr(self, "clipvalue", 0)
        return [K.clip(g, -limit, limit) for g in grads] if limit > 0 else grads

    def get_updates(self, loss, params):
        """A list of update operations.

        Args:
          loss: scalar Tensor.
          params: list of variables.
        """
        raise NotImplementedError

    def set_weights(self, weights):
        """Sets the variables of the optimizer.

        Args:
          weights: list of arrays as `get_weights` gives it.

        Raises:
          ValueError: if their number or a shape differs; the optimizer then stays as it was. Before
            the first training step is made there are no variables.
        """
        variables = self.weights
        if len(variables) != len(weights):
            raise ValueError(
                "Length of the specified weight list (%d) does not match the number of weights of "
                "the optimizer (%d)" % (len(weights), len(variables))
            )
        pairs = []
        for variable, value in zip(variables, weights):
            value = np.asarray(value)
            if tuple(K.int_shape(variable)) != value.shape:
                raise ValueError(
                    "Optimizer weight shape %s not compatible with provided weight shape %s "
                    "(weight %s)" % (K.int_shape(variable), value.shape, variable.name)
                )
            pairs.append((variable, value))
        K.batch_set_value(pairs)

    def get_weights(self):
        """The values of the variables of the optimizer, a list of arrays."""
        return K.batch_get_value(self.weights)

    def get_config(self):
        """The arguments that make an equal optimizer."""
        return {k: getattr(self, k) for k in ("clipnorm", "clipvalue") if hasattr(self, k)}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Stepwise(Optimizer):
    """An optimizer whose step is a function of one variable, its gradient and its slots.

    Attributes:
      num_slots: variables of the same shape beside each parameter.
      keeps_count: whether `iterations` is the first of the `weights`.
      hyper: names of arguments kept in variables, which may change between steps.
      plain: names of other arguments.
    """

    num_slots = 1
    keeps_count = True
    hyper = ("lr", "decay")
    plain = ("epsilon",)

    def __init__(self, values, settings, **kwargs):
        """`values`, `settings`: dicts of what `hyper` and `plain` name."""
        super().__init__(**kwargs)
        with K.name_scope(type(self).__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            for name in self.hyper:
                setattr(self, name, K.variable(values[name], name=name))
        if "epsilon" in settings and settings["epsilon"] is None:
            settings["epsilon"] = K.epsilon()
        self.__dict__.update(settings)
        self.initial_decay = values.get("decay", 0.0)

    def _zeros(self, params):
        return [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]

    def _make_slots(self, params):
        """A list of variables for each slot; fills `weights`."""
        slots = [self._zeros(params) for _ in range(self.num_slots)]
        self.weights = [self.iterations] if self.keeps_count else []
        self.weights += [variable for group in slots for variable in group]
        return slots

    def _decayed_rate(self):
        if self.initial_decay <= 0:
            return self.lr
        return self.lr / (1.0 + self.decay * K.cast(self.iterations, K.dtype(self.decay)))

    def _step_number(self):
        """Number of the step that is being made, from one on, as a float tensor."""
        return K.cast(self.iterations, K.floatx()) + 1

    def _prepare(self):
        """Whatever `_step` needs that is the same for all variables."""
        return self._decayed_rate()

    def _step(self, common, p, g, *slots):
        """The new values of `p` and of the slots, in this order."""
        raise NotImplementedError

    def _apply(self, common, p, g, *slots):
        """One operation for the whole step of `p` and its slots, or None: see `_step`."""

    @legacy_get_updates_support
    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        slots = self._make_slots(params)
        common = self._prepare()
        self.updates = []
        for p, g, *own in zip(params, grads, *slots):
            constraint = getattr(p, "constraint", None)
            if constraint is None and type(p) is Variable:
                update = self._apply(common, p, g, *own)
                if update is not None:
                    self.updates.append(update)
                    continue
            new_p, *new_slots = self._step(common, p, g, *own)
            if constraint is not None:
                new_p = constraint(new_p)
            pairs = [*zip(own, new_slots), (p, new_p)]
            self.updates += [K.update(variable, value) for variable, value in pairs]
        # Made last: what is above reads the count of finished steps.
        self.updates.insert(0, K.update_add(self.iterations, 1))
        self.updates += self._finish(common)
        return self.updates

    def _finish(self, common):
        """Further updates of a step."""
        return []

    def get_config(self):
        values = [float(v) for v in K.batch_get_value([getattr(self, k) for k in self.hyper])]
        config = super().get_config()
        config.update(zip(self.hyper, values))
        config.update((k, getattr(self, k)) for k in self.plain)
        return config
