# SPDX-License-Identifier: Apache-2.0
"""Metrics that are objects: they keep sums in variables over the batches of an epoch."""

import types

import numpy as np

from caudal.framework import ops, tensor_util
from caudal.keras import backend as K
from caudal.keras import losses, metric_functions
from caudal.keras.engine.base_layer import Layer
from caudal.layers.engine import snake_case, unique_layer_name
from caudal.ops import array_ops, confusion_matrix, control_flow_ops, init_ops, math_ops, nn_ops
from caudal.ops.resource_variable_ops import ResourceVariable

_WRITES = ("Assign", "Scatter", "ResourceScatter")


class Metric(Layer):
    """A value over many batches.

    A subclass makes its variables in `__init__` with `add_weight`, adds a batch to them in
    `update_state(y_true, y_pred, sample_weight=None)`, and computes the value in `result()`.
    Calling the object does both and returns the value.

    Args:
      name: string; default: from the name of the class.
      dtype: of the variables; default: `K.floatx()`.
    """

    def __init__(self, name=None, dtype=None, **kwargs):
        super().__init__(name=name or unique_layer_name(snake_case(type(self).__name__), True),
                         dtype=dtype or K.floatx(), **kwargs)  # fmt: skip
        self.stateful = True
        self.built = True
        self._state = []

    def add_weight(self, name, shape=(), aggregation=None, synchronization=None, initializer=None,
                   dtype=None):  # fmt: skip
        """Makes a variable of the state, by default of zeros."""
        initial = self._lookup.initializer("zeros" if initializer is None else initializer)
        with ops.init_scope(), K.name_scope(self.name):
            # These are read where they are used, so `result` sees the update before it.
            variable = ResourceVariable(
                self._initial_value(initial, tuple(shape), dtype or self.dtype),
                trainable=False, name=name, dtype=dtype or self.dtype,
            )  # fmt: skip
        self._own_variable(variable, False)
        self._state.append((variable, initial))
        return variable

    def reset_states(self):
        """Sets the state back to what it was at first."""
        values = []
        for variable, initial in self._state:
            if not isinstance(initial, init_ops.Zeros) and type(initial).__name__ != "Zeros":
                K.session_for(variable.graph).run(variable.initializer)
            else:
                values.append((variable, np.zeros(variable.shape.as_list())))
        K.batch_set_value(values)

    def update_state(self, *args, **kwargs):
        """Adds a batch to the state; returns the operation, if it is one."""
        raise NotImplementedError("Must be implemented in subclasses.")

    def result(self):
        """The value, a tensor."""
        raise NotImplementedError("Must be implemented in subclasses.")

    def __call__(self, *args, **kwargs):
        graph = ops.get_default_graph()
        with K.name_scope(self.name):
            known = len(graph.get_operations())
            update = self.update_state(*args, **kwargs)
            made = [op for op in graph.get_operations()[known:] if op.type.startswith(_WRITES)]
            with ops.control_dependencies(made + ([] if update is None else [update])):
                return array_ops.identity(ops.convert_to_tensor(self.result()))

    def of_output(self, y_true, y_pred, weights, mask):
        """The value for an output of a model; `weights` and `mask` may be None."""
        if mask is not None:
            mask = K.cast(mask, self.dtype)
            for _ in range(0 if weights is None else K.ndim(mask) - K.ndim(weights)):
                weights = K.expand_dims(weights, -1)
            weights = mask if weights is None else mask * weights
        if weights is None:
            return self(y_true, y_pred)
        return self(y_true, y_pred, sample_weight=weights)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


class _Reduced(Metric):
    """A weighted sum, or with `counts` a mean."""

    counts = False

    def __init__(self, name, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_weight("total")
        if self.counts:
            self.count = self.add_weight("count")

    def update_state(self, values, sample_weight=None):
        values = K.cast(ops.convert_to_tensor(values), self.dtype)
        count = K.cast(array_ops.size(values), self.dtype)
        if sample_weight is not None:
            rank = K.ndim(values)
            if K.ndim(ops.convert_to_tensor(sample_weight)) > rank:
                values = K.mean(values, axis=list(range(K.ndim(sample_weight), rank)))
            count = K.sum(losses.weighted_values(array_ops.ones_like(values), sample_weight))
            values = losses.weighted_values(values, sample_weight)
        update = self.total.assign_add(K.sum(values))
        if not self.counts:
            return update
        return control_flow_ops.group(update, self.count.assign_add(count))

    def result(self):
        if self.counts:
            return math_ops.div_no_nan(self.total, self.count)
        return self.total.read_value()


class Sum(_Reduced):
    """The weighted sum of values. Args: name, dtype."""

    def __init__(self, name="sum", dtype=None):
        super().__init__(name, dtype)


class Mean(_Reduced):
    """The weighted mean of values. Args: name, dtype."""

    counts = True

    def __init__(self, name="mean", dtype=None):
        super().__init__(name, dtype)


class MeanMetricWrapper(Mean):
    """The mean of a function of (y_true, y_pred).

    Args:
      fn: the function.
      name, dtype: as for Metric.
      **kwargs: further arguments of the function.
    """

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = K.cast(ops.convert_to_tensor(y_true), self.dtype)
        y_pred = K.cast(ops.convert_to_tensor(y_pred), self.dtype)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        return super().update_state(values, sample_weight)

    def get_config(self):
        options = {
            k: K.eval(v) if tensor_util.is_tensor(v) else v for k, v in self._fn_kwargs.items()
        }
        return {**super().get_config(), **options}


def _equal(y_true, y_pred):
    return K.cast(K.equal(y_true, y_pred), K.dtype(y_pred))


def _cosine(y_true, y_pred, axis=-1):
    return -losses.cosine_proximity(y_true, y_pred, axis=axis)


def _in_top_k(y_true, y_pred, k=5):
    return K.cast(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k), K.floatx())


def _sparse_in_top_k(y_true, y_pred, k=5):
    return K.cast(K.in_top_k(y_pred, K.cast(K.flatten(y_true), "int32"), k), K.floatx())


# Class -> (function, name, options with their defaults)
_WRAPPERS = {
    "Accuracy": (_equal, "accuracy", {}),
    "BinaryAccuracy": (metric_functions.binary_accuracy, "binary_accuracy", {"threshold": 0.5}),
    "CategoricalAccuracy": (metric_functions.categorical_accuracy, "categorical_accuracy", {}),
    "SparseCategoricalAccuracy": (
        metric_functions.sparse_categorical_accuracy, "sparse_categorical_accuracy", {}),
    "TopKCategoricalAccuracy": (
        _in_top_k, "top_k_categorical_accuracy", {"k": 5}),
    "SparseTopKCategoricalAccuracy": (
        _sparse_in_top_k, "sparse_top_k_categorical_accuracy",
        {"k": 5}),
    "MeanSquaredError": (losses.mean_squared_error, "mean_squared_error", {}),
    "MeanAbsoluteError": (losses.mean_absolute_error, "mean_absolute_error", {}),
    "MeanAbsolutePercentageError": (
        losses.mean_absolute_percentage_error, "mean_absolute_percentage_error", {}),
    "MeanSquaredLogarithmicError": (
        losses.mean_squared_logarithmic_error, "mean_squared_logarithmic_error", {}),
    "Hinge": (losses.hinge_of_signs, "hinge", {}),
    "SquaredHinge": (losses.squared_hinge_of_signs, "squared_hinge", {}),
    "CategoricalHinge": (losses.categorical_hinge, "categorical_hinge", {}),
    "LogCoshError": (losses.logcosh, "logcosh", {}),
    "Poisson": (losses.poisson, "poisson", {}),
    "KLDivergence": (losses.kullback_leibler_divergence, "kullback_leibler_divergence", {}),
    "CosineSimilarity": (_cosine, "cosine_similarity", {"axis": -1}),
    "BinaryCrossentropy": (
        losses.binary_crossentropy, "binary_crossentropy",
        {"from_logits": False, "label_smoothing": 0}),
    "CategoricalCrossentropy": (
        losses.categorical_crossentropy, "categorical_crossentropy",
        {"from_logits": False, "label_smoothing": 0}),
    "SparseCategoricalCrossentropy": (
        losses.sparse_categorical_crossentropy, "sparse_categorical_crossentropy",
        {"from_logits": False, "axis": -1}),
}  # fmt: skip


def _wrapper(class_name, function, name, defaults):
    order = ["name", "dtype", *defaults]
    if class_name in ("BinaryAccuracy", "TopKCategoricalAccuracy", "CosineSimilarity",
                      "SparseTopKCategoricalAccuracy"):  # fmt: skip
        order = {"CosineSimilarity": ["name", "dtype", "axis"],
                 "BinaryAccuracy": ["name", "dtype", "threshold"]}.get(
                     class_name, ["k", "name", "dtype"])  # fmt: skip

    def __init__(self, *args, **kwargs):
        if len(args) > len(order):
            raise TypeError("%s got too many arguments" % class_name)
        given = {"name": name, **defaults, **dict(zip(order, args)), **kwargs}
        unknown = given.keys() - set(order)
        if unknown:
            raise TypeError("%s takes no argument %s" % (class_name, ", ".join(sorted(unknown))))
        MeanMetricWrapper.__init__(self, function, **given)

    document = "The mean of `%s`; options: %s." % (name, ", ".join(order))
    members = {"__init__": __init__, "__doc__": document, "__module__": __name__}
    return types.new_class(class_name, (MeanMetricWrapper,), {}, lambda ns: ns.update(members))


globals().update({name: _wrapper(name, *row) for name, row in _WRAPPERS.items()})


class RootMeanSquaredError(Mean):
    """The square root of the mean squared error. Args: name, dtype."""

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = K.cast(ops.convert_to_tensor(y_true), self.dtype)
        y_pred = K.cast(ops.convert_to_tensor(y_pred), self.dtype)
        return super().update_state(K.square(y_pred - y_true), sample_weight)

    def result(self):
        return K.sqrt(super().result())


class MeanIoU(Metric):
    """The mean over classes of (right) / (labelled or predicted).

    Args:
      num_classes: int.
      name, dtype: as for Metric.
    """

    def __init__(self, num_classes, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total_cm = self.add_weight("total_confusion_matrix", (num_classes, num_classes))

    def update_state(self, y_true, y_pred, sample_weight=None):
        if sample_weight is not None:
            sample_weight = K.flatten(ops.convert_to_tensor(sample_weight))
        matrix = confusion_matrix.confusion_matrix(
            K.cast(K.flatten(ops.convert_to_tensor(y_true)), "int64"),
            K.cast(K.flatten(ops.convert_to_tensor(y_pred)), "int64"),
            self.num_classes, weights=sample_weight, dtype=self.dtype,
        )  # fmt: skip
        return self.total_cm.assign_add(matrix)

    def result(self):
        matrix = self.total_cm.read_value()
        right = array_ops.diag_part(matrix)
        union = K.sum(matrix, axis=0) + K.sum(matrix, axis=1) - right
        present = K.sum(K.cast(K.not_equal(union, 0), self.dtype))
        return math_ops.div_no_nan(K.sum(math_ops.div_no_nan(right, union)), present)

    def get_config(self):
        return {"num_classes": self.num_classes, **super().get_config()}


class _Counts(Metric):
    """Right and wrong decisions at thresholds. `kinds` are those that are counted."""

    kinds = ("tp", "fp", "tn", "fn")
    _NAMES = {"tp": "true_positives", "fp": "false_positives", "tn": "true_negatives",
              "fn": "false_negatives"}  # fmt: skip

    def __init__(self, thresholds, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        if thresholds is None:
            thresholds = 0.5 if top_k is None else -1e10
        self.thresholds = [float(t) for t in np.atleast_1d(thresholds)]
        if top_k is None and any(not -1e-6 <= t <= 1 + 1e-6 for t in self.thresholds):
            raise ValueError("Threshold values must be in [0, 1]. Invalid values: %s" % thresholds)
        shape = (len(self.thresholds),)
        self._counts = {k: self.add_weight(self._NAMES[k], shape) for k in self.kinds}
        for kind, variable in self._counts.items():
            setattr(self, self._NAMES[kind], variable)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = K.cast(ops.convert_to_tensor(y_true), self.dtype)
        y_pred = K.cast(ops.convert_to_tensor(y_pred), self.dtype)
        if self.top_k is not None:
            least = nn_ops.top_k(y_pred, self.top_k).values[..., -1:]
            y_pred = array_ops.where(y_pred >= least, y_pred, -1e30 * array_ops.ones_like(y_pred))
        if self.class_id is not None:
            y_true, y_pred = y_true[..., self.class_id], y_pred[..., self.class_id]
        weights = losses.weighted_values(array_ops.ones_like(y_pred), sample_weight)
        weights = K.reshape(weights, (1, -1))
        limits = np.asarray(self.thresholds, self.dtype)[:, None]
        chosen = K.cast(K.reshape(y_pred, (1, -1)) > limits, self.dtype)
        label = K.cast(K.cast(K.reshape(y_true, (1, -1)), "bool"), self.dtype)
        parts = {"tp": (label, chosen), "fp": (1 - label, chosen), "tn": (1 - label, 1 - chosen),
                 "fn": (label, 1 - chosen)}  # fmt: skip
        return control_flow_ops.group(*[
            variable.assign_add(K.sum(weights * parts[kind][0] * parts[kind][1], axis=1))
            for kind, variable in self._counts.items()
        ])  # fmt: skip

    def _value(self, counts):
        return counts[self.kinds[0]]

    def result(self):
        value = self._value({k: v.read_value() for k, v in self._counts.items()})
        return value[0] if len(self.thresholds) == 1 else value

    def get_config(self):
        own = {"thresholds": self.init_thresholds}
        if type(self)._value is not _Counts._value:
            own.update(top_k=self.top_k, class_id=self.class_id)
        return {**own, **super().get_config()}


def _counter(class_name, kind, what):
    def __init__(self, thresholds=None, name=None, dtype=None):
        _Counts.__init__(self, thresholds, name=name, dtype=dtype)

    document = "The number of %s. Args: thresholds (0.5), name, dtype." % what
    members = {"__init__": __init__, "__doc__": document, "__module__": __name__, "kinds": (kind,)}
    return type(class_name, (_Counts,), members)


TruePositives = _counter("TruePositives", "tp", "true labels that were predicted")
FalsePositives = _counter("FalsePositives", "fp", "false labels that were predicted to be true")
TrueNegatives = _counter("TrueNegatives", "tn", "false labels that were predicted")
FalseNegatives = _counter("FalseNegatives", "fn", "true labels that were missed")


class Precision(_Counts):
    """Of what was predicted to be true, the share that is.

    Args:
      thresholds: float or list of floats, by default 0.5.
      top_k: only the k highest predictions of a sample count as true.
      class_id: only this place of the last axis counts.
      name, dtype: as for Metric.
    """

    kinds = ("tp", "fp")

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(thresholds, top_k, class_id, name, dtype)

    def _value(self, counts):
        return math_ops.div_no_nan(counts["tp"], counts["tp"] + counts[self.kinds[1]])


class Recall(Precision):
    """Of what is true, the share that was predicted. Args: as for Precision."""

    kinds = ("tp", "fn")


class AUC(_Counts):
    """The area under a curve of decisions at many thresholds.

    Args:
      num_thresholds: int.
      curve: "ROC" or "PR".
      summation_method: "interpolation", "minoring" or "majoring".
      name, dtype: as for Metric.
      thresholds: list of floats between 0 and 1 instead of even ones.
    """

    def __init__(self, num_thresholds=200, curve="ROC", summation_method="interpolation",
                 name=None, dtype=None, thresholds=None):  # fmt: skip
        if curve not in ("ROC", "PR"):
            raise ValueError('Invalid AUC curve value "%s".' % curve)
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError('Invalid AUC summation method value "%s".' % summation_method)
        if thresholds is None and num_thresholds <= 1:
            raise ValueError("`num_thresholds` must be > 1.")
        inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1.0)
        if thresholds is not None:
            inner = np.sort(np.asarray(thresholds, float))
        self.num_thresholds, self.curve = len(inner) + 2, curve
        self.summation_method = summation_method
        super().__init__([-1e-7, *inner, 1.0 + 1e-7], name=name, dtype=dtype)
        self.init_thresholds = thresholds

    def _value(self, counts):
        tp, fp, tn, fn = (counts[k] for k in ("tp", "fp", "tn", "fn"))
        recall = math_ops.div_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            x, y = math_ops.div_no_nan(fp, fp + tn), recall
        elif self.summation_method == "interpolation":
            from caudal.metrics.thresholds import _interpolated_area

            return _interpolated_area(tp, fp, fn)
        else:
            x, y = recall, math_ops.div_no_nan(tp, tp + fp)
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2.0,
            "minoring": lambda: K.minimum(y[:-1], y[1:]),
            "majoring": lambda: K.maximum(y[:-1], y[1:]),
        }[self.summation_method]()
        return K.sum((x[:-1] - x[1:]) * heights)

    def get_config(self):
        return {
            "num_thresholds": self.num_thresholds, "curve": self.curve,
            "summation_method": self.summation_method, "name": self.name, "dtype": self.dtype,
            **({} if self.init_thresholds is None else {"thresholds": list(self.init_thresholds)}),
        }  # fmt: skip


__all__ = [
    "Metric", "Mean", "Sum", "MeanMetricWrapper", "RootMeanSquaredError", "MeanIoU",
    "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "Precision", "Recall",
    "AUC", *_WRAPPERS,
]  # fmt: skip
