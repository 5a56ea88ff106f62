# SPDX-License-Identifier: Apache-2.0
"""Models as estimators of scikit-learn."""

import copy
import types

import numpy as np

from caudal.keras.models import Sequential
from caudal.keras.utils.generic_utils import has_arg, to_list
from caudal.keras.utils.np_utils import to_categorical


def _loss_name(model):
    return getattr(model.loss, "__name__", model.loss)


class BaseWrapper:
    """Base of the estimators.

    Args:
      build_fn: function, or object that can be called, that returns a compiled model. None: the
        class is a subclass with `__call__`.
      **sk_params: arguments of `build_fn` and of `fit`, `predict` and `evaluate` of the model;
        arguments of a call come before them.

    Raises:
      ValueError: for an argument that none of these functions takes.
    """

    def __init__(self, build_fn=None, **sk_params):
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    def _builder(self):
        if self.build_fn is None:
            return self.__call__
        if isinstance(self.build_fn, (types.FunctionType, types.MethodType)):
            return self.build_fn
        return self.build_fn.__call__

    def check_params(self, params):
        """Raises ValueError for a name that is no argument of the functions that are called."""
        functions = [
            Sequential.fit,
            Sequential.predict,
            Sequential.predict_classes,
            Sequential.evaluate,
            self._builder(),
        ]
        for name in params:
            if name != "nb_epoch" and not any(has_arg(fn, name) for fn in functions):
                raise ValueError("%s is not a legal parameter" % name)

    def get_params(self, **params):
        """The arguments of the estimator: a dict. `params` are not used."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params):
        """Changes arguments of the estimator; returns it."""
        self.check_params(params)
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, fn, override=None):
        """Those of the arguments that `fn` takes, with `override` put over them."""
        own = {name: value for name, value in self.sk_params.items() if has_arg(fn, name)}
        return {**own, **(override or {})}

    def fit(self, x, y, **kwargs):
        """Makes a model and trains it.

        Args:
          x: array [samples, ...].
          y: array [samples] or [samples, outputs].
          **kwargs: arguments of the model's `fit`.

        Returns:
          The History of the training.
        """
        build = self._builder()
        self.model = build(**self.filter_sk_params(build))
        if _loss_name(self.model) == "categorical_crossentropy" and np.ndim(y) != 2:
            y = to_categorical(y)
        arguments = copy.deepcopy(self.filter_sk_params(Sequential.fit))
        return self.model.fit(x, y, **{**arguments, **kwargs})

    def __sklearn_tags__(self):
        """What scikit-learn from 1.6 on asks its estimators."""
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        classifies = getattr(self, "_estimator_type", None) == "classifier"
        return Tags(
            estimator_type=getattr(self, "_estimator_type", None),
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else RegressorTags(),
        )


class KerasClassifier(BaseWrapper):
    """A model that tells classes apart; the labels may be numbers or strings."""

    _estimator_type = "classifier"

    def fit(self, x, y, sample_weight=None, **kwargs):
        """Makes a model and trains it.

        Args:
          x: array [samples, ...].
          y: labels [samples] or [samples, 1], or one-hot [samples, classes].
          sample_weight: array [samples].
          **kwargs: arguments of the model's `fit`.

        Raises:
          ValueError: for another shape of `y`.
        """
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        else:
            raise ValueError("Invalid shape for y: " + str(y.shape))
        self.n_classes_ = len(self.classes_)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return super().fit(x, y, **kwargs)

    def predict(self, x, **kwargs):
        """The most likely label of each sample: array [samples], or [samples, 1] for one output."""
        kwargs = self.filter_sk_params(Sequential.predict_classes, kwargs)
        scores = self.model.predict(x, **kwargs)
        if scores.shape[-1] > 1:
            return self.classes_[scores.argmax(axis=-1)]
        return self.classes_[(scores > 0.5).astype("int32")]

    def predict_proba(self, x, **kwargs):
        """Probabilities [samples, classes]."""
        kwargs = self.filter_sk_params(Sequential.predict_proba, kwargs)
        scores = self.model.predict(x, **kwargs)
        return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores

    def score(self, x, y, **kwargs):
        """The accuracy on samples and their labels.

        Raises:
          ValueError: if the model was compiled without it.
        """
        y = np.searchsorted(self.classes_, y)
        kwargs = self.filter_sk_params(Sequential.evaluate, kwargs)
        if _loss_name(self.model) == "categorical_crossentropy" and y.ndim != 2:
            y = to_categorical(y, self.n_classes_)
        values = to_list(self.model.evaluate(x, y, **kwargs))
        for name, value in zip(self.model.metrics_names, values):
            if name in ("acc", "accuracy"):
                return value
        raise ValueError(
            "The model is not configured to compute accuracy. You should pass "
            '`metrics=["accuracy"]` to the `model.compile()` method.'
        )


class KerasRegressor(BaseWrapper):
    """A model that estimates numbers."""

    _estimator_type = "regressor"

    def predict(self, x, **kwargs):
        """The estimates: array [samples], or [samples, outputs] for several outputs."""
        kwargs = self.filter_sk_params(Sequential.predict, kwargs)
        values = self.model.predict(x, **kwargs)
        return values[..., 0] if values.shape[-1] == 1 else values

    def score(self, x, y, **kwargs):
        """The loss on samples and their values, negated: more is better."""
        kwargs = self.filter_sk_params(Sequential.evaluate, kwargs)
        loss = self.model.evaluate(x, y, **kwargs)
        return -(loss[0] if isinstance(loss, list) else loss)
