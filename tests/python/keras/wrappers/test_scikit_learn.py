# SPDX-License-Identifier: Apache-2.0
"""Models as estimators: alone, copied, searched over."""

import numpy as np
import pytest

from caudal.keras import layers, models, optimizers
from caudal.keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor

X = np.random.RandomState(0).randn(60, 4).astype("f")
KIND = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]


def classifier(width=4, outputs=2, loss="categorical_crossentropy", metrics=("accuracy",)):
    model = models.Sequential(
        [
            layers.Dense(width, activation="tanh", input_shape=(4,)),
            layers.Dense(outputs, activation="softmax" if outputs > 1 else "sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(lr=0.05), loss, metrics=list(metrics))
    return model


def regressor(width=4):
    model = models.Sequential([layers.Dense(width, input_shape=(4,)), layers.Dense(1)])
    model.compile(optimizers.Adam(lr=0.05), "mse")
    return model


def test_classes_by_name():
    estimator = KerasClassifier(classifier, width=6, epochs=30, batch_size=20, verbose=0)
    history = estimator.fit(X, KIND, sample_weight=np.ones(60))
    assert len(history.epoch) == 30
    assert estimator.classes_.tolist() == ["no", "yes"] and estimator.n_classes_ == 2
    assert estimator.score(X, KIND) > 0.9
    assert (estimator.predict(X) == KIND).mean() > 0.9
    assert estimator.predict_proba(X).shape == (60, 2)
    with pytest.raises(ValueError, match="Invalid shape for y"):
        estimator.fit(X, np.zeros((60, 1, 1)))


def test_two_classes_with_one_output():
    estimator = KerasClassifier(classifier, outputs=1, loss="binary_crossentropy", verbose=0)
    estimator.fit(X, KIND, epochs=2)
    np.testing.assert_allclose(estimator.predict_proba(X).sum(axis=1), 1.0, rtol=1e-6)
    assert set(estimator.predict(X).ravel()) <= {"no", "yes"}
    plain = KerasClassifier(classifier, metrics=(), verbose=0)
    plain.fit(X, np.eye(2)[(KIND == "yes").astype(int)])
    with pytest.raises(ValueError, match="not configured to compute accuracy"):
        plain.score(X, np.zeros(60, int))


def test_numbers():
    estimator = KerasRegressor(regressor, epochs=3, verbose=0)
    estimator.fit(X, X[:, 1])
    assert estimator.predict(X).shape == (60,)
    np.testing.assert_allclose(
        estimator.score(X, X[:, 1]), -np.mean((estimator.predict(X) - X[:, 1]) ** 2), rtol=1e-5
    )
    assert estimator.predict(X[:1]).shape == (1,)


def test_parameters():
    estimator = KerasRegressor(regressor, width=3)
    assert estimator.get_params() == {"width": 3, "build_fn": regressor}
    assert estimator.set_params(width=5, batch_size=7) is estimator
    assert estimator.filter_sk_params(regressor, {"a": 1}) == {"width": 5, "a": 1}
    for wrong in (lambda: estimator.set_params(wide=1), lambda: KerasRegressor(regressor, wide=1)):
        with pytest.raises(ValueError, match="wide is not a legal parameter"):
            wrong()

    class Own(KerasRegressor):
        def __call__(self, width=2):
            return regressor(width)

    own = Own(width=3, verbose=0)
    own.fit(X, X[:, 1])
    assert own.model.layers[0].units == 3


def test_searches_of_scikit_learn():
    pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV

    estimator = KerasClassifier(classifier, epochs=2, verbose=0)
    assert clone(estimator).get_params() == estimator.get_params()
    search = GridSearchCV(estimator, {"width": [2, 3]}, cv=2)
    search.fit(X, KIND)
    assert search.best_params_["width"] in (2, 3) and 0 <= search.best_score_ <= 1
    search = GridSearchCV(KerasRegressor(regressor, verbose=0), {"epochs": [1, 2]}, cv=2)
    search.fit(X, X[:, 1])
    assert search.best_score_ <= 0
