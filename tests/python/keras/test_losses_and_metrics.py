# SPDX-License-Identifier: Apache-2.0
"""Losses and metrics: functions, objects, names, configurations."""

import numpy as np
import pytest

import caudal as tf
from caudal import keras
from caudal.keras import backend as K
from caudal.keras import losses, metrics, objectives
from caudal.keras.engine.training_utils import weighted_masked_objective

LABELS = [[0.05, 0.05, 0.95, 0.05], [0.95, 0.05, 0.05, 0.05], [0.05, 0.95, 0.05, 0.05]]
PREDICTIONS = [
    [0.542, 0.038, 0.249, 0.17], [0.043, 0.094, 0.642, 0.221], [0.542, 0.072, 0.276, 0.111],
]  # fmt: skip
# Of Keras 2.2.4.
VALUES = {
    "mean_squared_error": [0.187002, 0.301073, 0.266936],
    "mean_absolute_error": [0.33125, 0.4285, 0.41425],
    "mean_absolute_percentage_error": [330.447, 427.368, 412.605],
    "mean_squared_logarithmic_error": [0.0894948, 0.153977, 0.136709],
    "squared_hinge": [0.877167, 0.956361, 0.943983],
    "hinge": [0.931487, 0.977825, 0.971287],
    "categorical_hinge": [1.24085, 1.5212, 1.40005],
    "logcosh": [0.0878931, 0.136559, 0.121954],
    "categorical_crossentropy": [1.60242, 3.20509, 2.70554],
    "binary_crossentropy": [0.643374, 1.12855, 0.967152],
    "kullback_leibler_divergence": [1.10543, 2.707, 2.20635],
    "poisson": [0.650629, 1.05127, 0.926359],
    "cosine_proximity": [-0.462332, -0.135386, -0.193422],
}


@pytest.fixture(autouse=True)
def fresh():
    K.clear_session()


@pytest.mark.parametrize("name", VALUES)
def test_losses(name):
    loss = losses.get(name)
    assert objectives.get(name) is loss and metrics.get(name) is loss
    value = K.eval(loss(K.constant(LABELS), K.constant(PREDICTIONS)))
    np.testing.assert_allclose(value, VALUES[name], rtol=2e-5)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("kind", ["one-hot", "soft", "sparse", "binary"])
def test_crossentropies_of_saturated_outputs_are_cut_off(kind):
    """From the logits, yet with the numbers of probabilities within [1e-7, 1 - 1e-7]."""
    rng = np.random.RandomState(0)
    z = rng.randn(6, 5) * np.array([[1], [5], [12], [20], [30], [60]])
    z[-1] = [60, -60, -60, -60, -60]
    labels = rng.randint(0, 5, 6)
    targets = rng.dirichlet(np.ones(5), 6) if kind == "soft" else np.eye(5)[labels]
    x = K.variable(z)
    if kind == "binary":
        p = np.clip(1 / (1 + np.exp(-z)), 1e-7, 1 - 1.1920929e-7)
        expected = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean(-1)
        loss = losses.binary_crossentropy(K.constant(targets), K.sigmoid(x))
    else:
        p = np.clip(softmax(z), 1e-7, 1 - 1e-7)
        expected = -(targets * np.log(p)).sum(-1)
        if kind == "sparse":
            loss = losses.sparse_categorical_crossentropy(K.constant(labels), K.softmax(x))
        else:
            loss = losses.categorical_crossentropy(K.constant(targets), K.softmax(x))
    np.testing.assert_allclose(K.eval(loss), expected, rtol=1e-4, atol=1e-6)
    gradient = K.eval(K.gradients(K.sum(loss), [x])[0])
    # The last row is beyond the cut in every class.
    assert np.isfinite(gradient).all() and abs(gradient[-1]).max() < 1e-6


def test_weights_and_masks_of_objectives():
    objective = weighted_masked_objective(losses.mean_absolute_error)
    x = np.arange(24.0).reshape(3, 4, 2)
    weights, mask = np.array([1.0, 0.0, 2.0]), np.ones((3, 4))
    mask[1, 0] = 0
    value = K.eval(objective(K.constant(x), K.constant(2 * x), K.constant(weights),
                             K.constant(mask)))  # fmt: skip
    scores = x.mean(-1) * mask / mask.mean()
    expected = (scores.mean(1) * weights).mean() / (weights != 0).mean()
    assert value == pytest.approx(expected, rel=1e-5)
    assert weighted_masked_objective(None) is None


def test_accuracies():
    labels, scores = np.array([2, 0, 1]), np.array(PREDICTIONS)
    one_hot = np.eye(4)[labels]
    right = [0, 0, 0]
    assert (
        K.eval(metrics.categorical_accuracy(K.constant(one_hot), K.constant(scores))).tolist()
        == right
    )
    sparse = metrics.sparse_categorical_accuracy(K.constant(labels[:, None]), K.constant(scores))
    assert K.eval(sparse).tolist() == right
    assert K.eval(
        metrics.top_k_categorical_accuracy(K.constant(one_hot), K.constant(scores), k=2)
    ) == (pytest.approx(1 / 3))
    binary = metrics.binary_accuracy(
        K.constant([[1, 0], [0, 0]]), K.constant([[0.7, 0.6], [0.1, 0.2]])
    )
    assert K.eval(binary).tolist() == [0.5, 1.0]


def test_names_and_configurations():
    for module in (losses, metrics):
        with pytest.raises(ValueError, match="Could not interpret"):
            module.get(5)
        with pytest.raises(ValueError, match="Unknown"):
            module.get("nothing")
        assert module.serialize(module.mse) == "mean_squared_error"
    assert losses.get(None) is None
    loss = losses.get(losses.serialize(losses.Huber(delta=0.3)))
    assert isinstance(loss, losses.Huber) and loss.get_config()["delta"] == 0.3
    metric = metrics.get(metrics.serialize(metrics.AUC(curve="PR", num_thresholds=20)))
    assert metric.curve == "PR" and metric.num_thresholds == 20
    with pytest.raises(TypeError):
        losses.MeanSquaredError(delta=1)


def test_loss_objects():
    y, p = K.constant(LABELS), K.constant(PREDICTIONS)
    each = np.array(VALUES["mean_squared_error"])
    weight = np.array([1.0, 0.0, 3.0])
    assert K.eval(losses.MeanSquaredError()(y, p)) == pytest.approx(each.mean(), rel=1e-5)
    summed = losses.MeanSquaredError(reduction="sum")(y, p, sample_weight=weight)
    assert K.eval(summed) == pytest.approx((each * weight).sum(), rel=1e-5)
    assert K.eval(losses.MeanSquaredError(reduction="none")(y, p)).shape == (3,)
    with pytest.raises(ValueError, match="Invalid Reduction"):
        losses.MeanSquaredError(reduction="max")


def values_of(metric, y, p, weight=None, batches=2):
    """The metric after batches, in a session of its own."""
    a, b = (
        tf.placeholder("float32", [None, *y.shape[1:]]),
        tf.placeholder("float32", [None, *p.shape[1:]]),
    )
    w = tf.placeholder("float32", [None])
    result = metric(a, b) if weight is None else metric(a, b, sample_weight=w)
    size, session = len(y) // batches, K.get_session()
    for i in range(batches):
        rows = slice(i * size, i * size + size)
        feeds = {a: y[rows], b: p[rows]}
        if weight is not None:
            feeds[w] = weight[rows]
        value = session.run(result, feeds)
    return value


def test_metric_objects_count_over_batches():
    rng = np.random.RandomState(0)
    y = (rng.rand(40) > 0.4).astype("float32")
    p = np.clip(y * 0.5 + rng.rand(40) * 0.6, 0, 1).astype("float32")
    w = rng.rand(40).astype("float32")
    chosen = p > 0.5
    true = chosen * y
    for weight in (None, w):
        by = np.ones(40) if weight is None else w
        precision, recall = (
            (true * by).sum() / (chosen * by).sum(),
            (true * by).sum() / (y * by).sum(),
        )
        assert values_of(metrics.Precision(), y, p, weight) == pytest.approx(precision, rel=1e-5)
        assert values_of(metrics.Recall(), y, p, weight) == pytest.approx(recall, rel=1e-5)
        assert values_of(metrics.TruePositives(), y, p, weight) == pytest.approx(
            (true * by).sum(), rel=1e-5
        )
        order = np.argsort(-p)
        tpr, fpr = np.cumsum((y * by)[order]), np.cumsum(((1 - y) * by)[order])
        area = np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2) / tpr[-1] / fpr[-1]
        assert values_of(metrics.AUC(2000), y, p, weight) == pytest.approx(area, abs=5e-3)
        mean = (by * (chosen == y)).sum() / by.sum()
        column = values_of(metrics.BinaryAccuracy(), y[:, None], p[:, None], weight)
        assert column == pytest.approx(mean, rel=1e-5)
    rmse = values_of(metrics.RootMeanSquaredError(), y[:, None], p[:, None])
    assert rmse == pytest.approx(np.sqrt(((y - p) ** 2).mean()), rel=1e-5)


def test_metric_objects_in_a_model():
    class Predicted(metrics.Metric):
        """Counts positive predictions; does not return its update."""

        def __init__(self, name="predicted", **kwargs):
            super().__init__(name=name, **kwargs)
            self.count = self.add_weight("count", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.count.assign_add(tf.reduce_sum(tf.cast(y_pred > 0.5, self.dtype)))

        def result(self):
            return self.count

    x = np.random.RandomState(0).rand(50, 3)
    y = (x.sum(1) > 1.5).astype("float32")
    w = np.random.RandomState(1).rand(50)
    model = keras.models.Sequential([keras.layers.Dense(1, activation="sigmoid", input_shape=(3,))])
    model.compile("sgd", losses.BinaryCrossentropy(), metrics=["accuracy", Predicted()],
                  weighted_metrics=[metrics.BinaryAccuracy(name="share")])  # fmt: skip
    assert model.metrics_names == ["loss", "acc", "predicted", "weighted_share"]
    history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.2, sample_weight=w).history
    assert all(value <= 10 for value in history["val_predicted"])
    _, accuracy, predicted, share = model.evaluate(x, y, verbose=0, batch_size=7, sample_weight=w)
    chosen = model.predict(x)[:, 0] > 0.5
    assert predicted == chosen.sum() and accuracy == pytest.approx((chosen == y).mean(), rel=1e-5)
    assert share == pytest.approx((w * (chosen == y)).sum() / w.sum(), rel=1e-5)
