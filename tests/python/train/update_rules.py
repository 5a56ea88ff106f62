# SPDX-License-Identifier: Apache-2.0
"""The update rules of optimizers in NumPy, in closed form and in float64.

Each rule is a class with `step(var, grad)`, which changes `var` in place. A sparse step is a dense
one with zeros for adaptive moments (`dense_when_sparse`), else a step on the named rows only.
"""

import numpy as np


class Rule:
    dense_when_sparse = False

    def __init__(self, shape, **options):
        self.slots = self.make_slots(shape)
        self.__dict__.update(options)
        self.t = 0

    def make_slots(self, shape):
        return []

    def step(self, var, grad):
        self.t += 1
        self.update(var, grad, self.slots)

    def sparse_step(self, var, values, indices):
        """A step on IndexedSlices: values of equal indices are added first."""
        rows = np.unique(indices)
        total = np.zeros_like(var)
        np.add.at(total, indices, values)
        if self.dense_when_sparse:
            self.step(var, total)
            return
        self.t += 1
        part = var[rows]
        slots = [s[rows] for s in self.slots]
        self.update(part, total[rows], slots)
        var[rows] = part
        for slot, new in zip(self.slots, slots):
            slot[rows] = new


class GradientDescent(Rule):
    def update(self, var, grad, slots):
        var -= self.lr * grad


class Momentum(Rule):
    def make_slots(self, shape):
        return [np.zeros(shape)]

    def update(self, var, grad, slots):
        (accum,) = slots
        accum *= self.momentum
        accum += grad
        var -= self.lr * (grad + self.momentum * accum if self.nesterov else accum)


class Adagrad(Rule):
    def make_slots(self, shape):
        return [np.full(shape, 0.1)]

    def update(self, var, grad, slots):
        (accum,) = slots
        accum += grad**2
        var -= self.lr * grad / np.sqrt(accum)


class Adadelta(Rule):
    def make_slots(self, shape):
        return [np.zeros(shape), np.zeros(shape)]

    def update(self, var, grad, slots):
        accum, accum_update = slots
        accum *= self.rho
        accum += (1 - self.rho) * grad**2
        step = np.sqrt(accum_update + self.epsilon) / np.sqrt(accum + self.epsilon) * grad
        accum_update *= self.rho
        accum_update += (1 - self.rho) * step**2
        var -= self.lr * step


class RMSProp(Rule):
    centered = False

    def make_slots(self, shape):
        return [np.ones(shape), np.zeros(shape), np.zeros(shape)]

    def update(self, var, grad, slots):
        ms, mg, mom = slots
        ms *= self.decay
        ms += (1 - self.decay) * grad**2
        mg *= self.decay
        mg += (1 - self.decay) * grad
        denominator = ms - mg**2 if self.centered else ms
        mom *= self.momentum
        mom += self.lr * grad / np.sqrt(denominator + self.epsilon)
        var -= mom


class Adam(Rule):
    dense_when_sparse = True

    def make_slots(self, shape):
        return [np.zeros(shape), np.zeros(shape)]

    def update(self, var, grad, slots):
        m, v = slots
        m *= self.beta1
        m += (1 - self.beta1) * grad
        v *= self.beta2
        v += (1 - self.beta2) * grad**2
        rate = self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        var -= rate * m / (np.sqrt(v) + self.epsilon)


class Ftrl(Rule):
    l1 = l2 = shrinkage = 0.0
    power = -0.5

    def make_slots(self, shape):
        return [np.full(shape, 0.1), np.zeros(shape)]

    def update(self, var, grad, slots):
        accum, linear = slots
        shrunk = grad + 2 * self.shrinkage * var
        new = accum + grad**2
        linear += shrunk - (new**-self.power - accum**-self.power) / self.lr * var
        quadratic = new**-self.power / self.lr + 2 * self.l2
        var[...] = (np.clip(linear, -self.l1, self.l1) - linear) / quadratic
        accum[...] = new


def _proximal(p, rate, l1, l2):
    return np.sign(p) * np.maximum(np.abs(p) - rate * l1, 0) / (1 + rate * l2)


class ProximalGradientDescent(Rule):
    def update(self, var, grad, slots):
        var[...] = _proximal(var - self.lr * grad, self.lr, self.l1, self.l2)


class ProximalAdagrad(Rule):
    def make_slots(self, shape):
        return [np.full(shape, 0.1)]

    def update(self, var, grad, slots):
        (accum,) = slots
        accum += grad**2
        rate = self.lr / np.sqrt(accum)
        var[...] = _proximal(var - rate * grad, rate, self.l1, self.l2)


class AdagradDA(Rule):
    l1 = l2 = 0.0

    def make_slots(self, shape):
        return [np.zeros(shape), np.full(shape, 0.1)]

    def update(self, var, grad, slots):
        total, squares = slots
        total += grad
        squares += grad**2
        s = total
        if self.l1 > 0:
            s = np.sign(total) * np.maximum(np.abs(total) - self.l1 * self.t, 0)
        var[...] = -self.lr * s / (self.l2 * self.t * self.lr + np.sqrt(squares))
