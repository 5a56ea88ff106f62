# SPDX-License-Identifier: Apache-2.0
"""Optimizers: from a loss and variables to the updates of one training step.

The rules are those of Keras 2.2. All gradients and counts of one step are of the values before it.
Where one of TensorFlow's training operations computes the same, it is the whole step of a variable
(`_apply`); else the new values of a variable and of its slots are made of elementwise operations
next to each other, which the engine runs as one step in place (`_step`).
"""

import numpy as np

from caudal.framework import ops
from caudal.keras import backend as K
from caudal.keras.legacy.interfaces import legacy_get_updates_support
from caudal.keras.optimizers_base import (
    NO_GRADIENT,
    Optimizer,
    Stepwise,
    clip_norm,
    rate_of,
    training_op,
)
from caudal.keras.utils.generic_utils import deserialize_keras_object, serialize_keras_object
from caudal.train.optimizer import Optimizer as _GraphOptimizer

__all__ = ["Adadelta", "Adagrad", "Adam", "Adamax", "Nadam", "Optimizer", "RMSprop", "SGD",
           "TFOptimizer", "adadelta", "adagrad", "adam", "adamax", "clip_norm", "deserialize",
           "get", "nadam", "rmsprop", "serialize", "sgd"]  # fmt: skip


class SGD(Stepwise):
    """Gradient descent with momentum.

    v = momentum * v - lr * g; p = p + v, or with `nesterov` p + momentum * v - lr * g.

    Args:
      lr: float >= 0, learning rate.
      momentum: float >= 0.
      decay: float >= 0; the rate is lr / (1 + decay * steps done).
      nesterov: bool.
    """

    hyper = ("lr", "momentum", "decay")
    plain = ("nesterov",)

    def __init__(self, lr=0.01, momentum=0.0, decay=0.0, nesterov=False, **kwargs):
        values = {"lr": rate_of(lr, kwargs), "momentum": momentum, "decay": decay}
        super().__init__(values, {"nesterov": nesterov}, **kwargs)

    def _step(self, lr, p, g, m):
        pull = lr * g
        velocity = self.momentum * m - pull
        return p + (self.momentum * velocity - pull if self.nesterov else velocity), velocity


class RMSprop(Stepwise):
    """Divides the gradient by a running root mean square of it (Tieleman and Hinton, 2012).

    Args:
      lr: float >= 0, learning rate.
      rho: float, factor of the running mean.
      epsilon: float; default `K.epsilon()`.
      decay: float >= 0; the rate is lr / (1 + decay * steps done).
    """

    hyper = ("lr", "rho", "decay")
    keeps_count = False

    def __init__(self, lr=0.001, rho=0.9, epsilon=None, decay=0.0, **kwargs):
        _refuse(self, kwargs, "momentum", "centered")
        values = {"lr": rate_of(lr, kwargs), "rho": rho, "decay": decay}
        super().__init__(values, {"epsilon": epsilon}, **kwargs)

    def _accumulated(self, a, g):
        return self.rho * a + (1.0 - self.rho) * K.square(g)

    def _step(self, lr, p, g, a):
        new_a = self._accumulated(a, g)
        return p - lr * g / (K.sqrt(new_a) + self.epsilon), new_a

    def _apply(self, lr, p, g, a):
        # Adagrad's step with another accumulator.
        with ops.control_dependencies([K.update(a, self._accumulated(a, g)).op]):
            return training_op("ApplyAdagradV2", [p, a], lr, self.epsilon, g, update_slots=False)


class Adagrad(Stepwise):
    """Divides the gradient by the root of the sum of its squares (Duchi et al., 2011).

    Args:
      lr: float >= 0, learning rate.
      epsilon: float; default `K.epsilon()`.
      decay: float >= 0; the rate is lr / (1 + decay * steps done).
      initial_accumulator_value: float the sum starts from.
    """

    keeps_count = False

    def __init__(self, lr=0.01, epsilon=None, decay=0.0, **kwargs):
        self._start = float(kwargs.pop("initial_accumulator_value", 0.0))
        values = {"lr": rate_of(lr, kwargs), "decay": decay}
        super().__init__(values, {"epsilon": epsilon}, **kwargs)

    def _zeros(self, params):
        if not self._start:
            return super()._zeros(params)
        return [K.variable(np.full(K.int_shape(p), self._start), dtype=K.dtype(p)) for p in params]

    def _step(self, lr, p, g, a):
        new_a = a + K.square(g)
        return p - lr * g / (K.sqrt(new_a) + self.epsilon), new_a

    def _apply(self, lr, p, g, a):
        return training_op("ApplyAdagradV2", [p, a], lr, self.epsilon, g)

    def get_config(self):
        config = super().get_config()
        if self._start:
            config["initial_accumulator_value"] = self._start
        return config


class Adadelta(Stepwise):
    """Steps in the units of the variable, from running means of squares (Zeiler, 2012).

    Args:
      lr: float >= 0, learning rate.
      rho: float, factor of the running means.
      epsilon: float; default `K.epsilon()`.
      decay: float >= 0; the rate is lr / (1 + decay * steps done).
    """

    num_slots = 2
    keeps_count = False
    plain = ("rho", "epsilon")

    def __init__(self, lr=1.0, rho=0.95, epsilon=None, decay=0.0, **kwargs):
        values = {"lr": rate_of(lr, kwargs), "decay": decay}
        super().__init__(values, {"rho": rho, "epsilon": epsilon}, **kwargs)

    def _step(self, lr, p, g, a, d):
        new_a = self.rho * a + (1.0 - self.rho) * K.square(g)
        update = g * K.sqrt(d + self.epsilon) / K.sqrt(new_a + self.epsilon)
        return p - lr * update, new_a, self.rho * d + (1.0 - self.rho) * K.square(update)

    def _apply(self, lr, p, g, a, d):
        return training_op("ApplyAdadelta", [p, a, d], lr, self.rho, self.epsilon, g)

    def get_config(self):
        config = super().get_config()
        config["decay"] = config.pop("decay")  # after rho, as files have it
        config["epsilon"] = config.pop("epsilon")
        return config


class Adam(Stepwise):
    """Running means of gradient and square, corrected for their start (Kingma and Ba, 2014).

    Args:
      lr: float >= 0, learning rate.
      beta_1, beta_2: floats, factors of the running means.
      epsilon: float; default `K.epsilon()`.
      decay: float >= 0; the rate is lr / (1 + decay * steps done).
      amsgrad: divide by the largest mean of squares so far (Reddi et al., 2018).
    """

    hyper = ("lr", "beta_1", "beta_2", "decay")
    plain = ("epsilon", "amsgrad")

    def __init__(self, lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0, amsgrad=False,
                 **kwargs):  # fmt: skip
        values = {"lr": rate_of(lr, kwargs), "beta_1": beta_1, "beta_2": beta_2, "decay": decay}
        super().__init__(values, {"epsilon": epsilon, "amsgrad": amsgrad}, **kwargs)

    @property
    def num_slots(self):
        return 3 if self.amsgrad else 2

    def _make_slots(self, params):
        slots = super()._make_slots(params)
        if not self.amsgrad:  # files have a third slot in any case
            self.weights += [K.zeros(1) for _ in params]
        return slots

    def _prepare(self):
        t = self._step_number()
        return self._decayed_rate(), K.pow(self.beta_1, t), K.pow(self.beta_2, t)

    def _step(self, common, p, g, m, v, *most):
        lr, power_1, power_2 = common
        lr = lr * (K.sqrt(1.0 - power_2) / (1.0 - power_1))
        new_m = self.beta_1 * m + (1.0 - self.beta_1) * g
        new_v = self.beta_2 * v + (1.0 - self.beta_2) * K.square(g)
        new_most = [K.maximum(other, new_v) for other in most]
        root = K.sqrt(new_most[0] if most else new_v)
        return (p - lr * new_m / (root + self.epsilon), new_m, new_v, *new_most)

    def _apply(self, common, p, g, m, v, *most):
        if most:
            return None
        lr, power_1, power_2 = common
        return training_op(
            "ApplyAdam", [p, m, v], power_1, power_2, lr, self.beta_1, self.beta_2, self.epsilon, g
        )


class Adamax(Stepwise):
    """Adam with the maximum norm in place of the root of squares (Kingma and Ba, 2014).

    Args: as for `Adam`.
    """

    num_slots = 2
    hyper = ("lr", "beta_1", "beta_2", "decay")

    def __init__(self, lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, decay=0.0, **kwargs):
        values = {"lr": rate_of(lr, kwargs), "beta_1": beta_1, "beta_2": beta_2, "decay": decay}
        super().__init__(values, {"epsilon": epsilon}, **kwargs)

    def _prepare(self):
        return self._decayed_rate(), K.pow(self.beta_1, self._step_number())

    def _step(self, common, p, g, m, u):
        lr = common[0] / (1.0 - common[1])
        new_m = self.beta_1 * m + (1.0 - self.beta_1) * g
        new_u = K.maximum(self.beta_2 * u, K.abs(g))
        return p - lr * new_m / (new_u + self.epsilon), new_m, new_u

    def _apply(self, common, p, g, m, u):
        lr, power = common
        return training_op(
            "ApplyAdaMax", [p, m, u], power, lr, self.beta_1, self.beta_2, self.epsilon, g
        )


class Nadam(Stepwise):
    """Adam with Nesterov's momentum, which warms up on a schedule (Dozat, 2016).

    Args:
      lr, beta_1, beta_2, epsilon: as for `Adam`.
      schedule_decay: float, how fast the momentum grows to beta_1.
    """

    num_slots = 2
    hyper = ("lr", "beta_1", "beta_2")
    plain = ("epsilon", "schedule_decay")

    def __init__(self, lr=0.002, beta_1=0.9, beta_2=0.999, epsilon=None, schedule_decay=0.004,
                 **kwargs):  # fmt: skip
        schedule_decay = kwargs.pop("decay", schedule_decay)
        values = {"lr": rate_of(lr, kwargs), "beta_1": beta_1, "beta_2": beta_2}
        settings = {"epsilon": epsilon, "schedule_decay": schedule_decay}
        super().__init__(values, settings, **kwargs)
        with K.name_scope(type(self).__name__):
            self.m_schedule = K.variable(1.0, name="m_schedule")

    def _momentum(self, t):
        return self.beta_1 * (1.0 - 0.5 * K.pow(K.cast_to_floatx(0.96), t * self.schedule_decay))

    def _prepare(self):
        t = self._step_number()
        now, then = self._momentum(t), self._momentum(t + 1)
        schedule = self.m_schedule * now
        correction = 1.0 - K.pow(self.beta_2, t)
        return (1.0 - now) / (1.0 - schedule), then / (1.0 - schedule * then), correction, schedule

    def _step(self, common, p, g, m, v):
        of_gradient, of_mean, correction, _ = common
        new_m = self.beta_1 * m + (1.0 - self.beta_1) * g
        new_v = self.beta_2 * v + (1.0 - self.beta_2) * K.square(g)
        direction = of_gradient * g + of_mean * new_m
        root = K.sqrt(new_v / correction)
        return p - self.lr * direction / (root + self.epsilon), new_m, new_v

    def _finish(self, common):
        return [K.update(self.m_schedule, common[-1])]

    def set_weights(self, weights):
        """As for every optimizer; the schedule, which is not among the weights, follows."""
        super().set_weights(weights)
        beta_1 = float(K.get_value(self.beta_1))
        t = np.arange(1, min(int(weights[0]), 100000) + 1, dtype=np.float64)
        factors = beta_1 * (1.0 - 0.5 * 0.96 ** (t * self.schedule_decay))
        K.set_value(self.m_schedule, np.prod(factors))


class TFOptimizer(Optimizer):
    """A `tf.train.Optimizer` as an optimizer of models. It has no weights or config of its own.

    Args:
      optimizer: `tf.train.Optimizer`.
    """

    def __init__(self, optimizer, iterations=None):
        self.optimizer = optimizer
        if iterations is None:
            with K.name_scope(type(self).__name__):
                iterations = K.variable(0, dtype="int64", name="iterations")
        self.iterations = iterations
        self.updates = []

    def get_gradients(self, loss, params):
        return [grad for grad, _ in self.optimizer.compute_gradients(loss, params)]

    @legacy_get_updates_support
    def get_updates(self, loss, params):
        grads_and_vars = self.optimizer.compute_gradients(loss, params)
        without = [p.name for g, p in grads_and_vars if g is None]
        if without:
            raise ValueError(NO_GRADIENT % ", ".join(without))
        step = self.optimizer.apply_gradients(grads_and_vars, global_step=self.iterations)
        self.updates = [step]
        return self.updates

    @property
    def weights(self):
        raise NotImplementedError("the state of a tf.train.Optimizer is in its slots")

    def get_config(self):
        raise NotImplementedError("a tf.train.Optimizer has no config")

    def from_config(self, config):
        raise NotImplementedError("a tf.train.Optimizer has no config")


def _refuse(optimizer, kwargs, *names):
    """Takes arguments of tf.keras out of `kwargs` that would change the rule; raises if set."""
    for name in names:
        if kwargs.pop(name, None):
            raise NotImplementedError(
                f"{type(optimizer).__name__} does not implement `{name}`; "
                "tf.train.RMSPropOptimizer does and may be given to `compile`"
            )


sgd = SGD
rmsprop = RMSprop
adagrad = Adagrad
adadelta = Adadelta
adam = Adam
adamax = Adamax
nadam = Nadam

_CLASSES = {
    cls.__name__.lower(): cls
    for cls in (SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam, TFOptimizer)
}


def serialize(optimizer):
    """{"class_name", "config"} of an optimizer."""
    return serialize_keras_object(optimizer)


def deserialize(config, custom_objects=None):
    """The optimizer that `serialize` described; names of built-in classes in any case.

    Raises:
      ValueError: for an unknown class.
    """
    if config["class_name"].lower() in _CLASSES:
        config["class_name"] = config["class_name"].lower()
    return deserialize_keras_object(
        config,
        module_objects=_CLASSES,
        custom_objects=custom_objects,
        printable_module_name="optimizer",
    )


def get(identifier):
    """An optimizer: by name, by config dict, as it is, or a `tf.train.Optimizer` wrapped.

    Raises:
      ValueError: for anything else.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, _GraphOptimizer):
        return TFOptimizer(identifier)
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise ValueError("Could not interpret optimizer identifier: " + str(identifier))
