# SPDX-License-Identifier: Apache-2.0
"""Training and prediction with Keras: keras_worker.py caudal|loop|tensorflow|torch BENCHMARK.

BENCHMARK is MODEL-SIZE-fit or MODEL-SIZE-predict: mlp, small or lenet; SIZE is that of a batch. A
step is one batch: an epoch of `fit` or one call of `predict` over 10,000 pictures, divided by the
number of batches. "loop" is the loop over batches that a user would write with caudal alone.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np  # noqa: E402
from protocol import serve  # noqa: E402

SAMPLES = 10000


def data():
    rng = np.random.RandomState(0)
    labels = rng.randint(0, 10, SAMPLES)
    return rng.uniform(size=(SAMPLES, 784)).astype(np.float32), np.eye(10, dtype=np.float32)[labels]


def keras_model(keras, name):
    layers = keras.layers
    if name == "mlp":
        parts = [
            layers.Dense(512, activation="relu"), layers.Dropout(0.2),
            layers.Dense(512, activation="relu"), layers.Dropout(0.2),
        ]  # fmt: skip
    elif name == "small":
        parts = [layers.Dense(128, activation="relu")]
    else:
        parts = [
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
            layers.Dense(120, activation="relu"), layers.Dense(84, activation="relu"),
        ]  # fmt: skip
    inputs = x = keras.layers.Input((784,))
    for layer in [*parts, layers.Dense(10, activation="softmax")]:
        x = layer(x)
    model = keras.models.Model(inputs, x)
    model.compile("adam", "categorical_crossentropy")
    return model


def with_keras(keras, name, batch):
    x, y = data()
    model = keras_model(keras, name)
    fit = lambda: model.fit(x, y, batch_size=batch, verbose=0)  # noqa: E731
    return fit, lambda: model.predict(x, batch_size=batch, verbose=0)


def loss_of(tf, name, x, y, keep):
    def dense(h, rows, columns):
        limit = np.sqrt(6 / (rows + columns))
        w = tf.Variable(tf.random_uniform([rows, columns], -limit, limit))
        return tf.matmul(h, w) + tf.Variable(tf.zeros([columns]))

    def conv(h, inputs, outputs, padding):
        w = tf.Variable(tf.truncated_normal([5, 5, inputs, outputs], stddev=0.1))
        h = tf.nn.conv2d(h, w, [1, 1, 1, 1], padding)
        h = tf.nn.relu(tf.nn.bias_add(h, tf.Variable(tf.zeros([outputs]))))
        return tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")

    if name == "mlp":
        h = tf.nn.dropout(tf.nn.relu(dense(x, 784, 512)), keep)
        h = tf.nn.dropout(tf.nn.relu(dense(h, 512, 512)), keep)
        logits = dense(h, 512, 10)
    elif name == "small":
        logits = dense(tf.nn.relu(dense(x, 784, 128)), 128, 10)
    else:
        h = conv(conv(tf.reshape(x, [-1, 28, 28, 1]), 1, 6, "SAME"), 6, 16, "VALID")
        h = tf.nn.relu(dense(tf.reshape(h, [-1, 400]), 400, 120))
        logits = dense(tf.nn.relu(dense(h, 120, 84)), 84, 10)
    losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)
    return tf.reduce_mean(losses), tf.nn.softmax(logits)


def with_loop(tf, name, batch):
    xs, ys = data()
    x, y = tf.placeholder(tf.float32, [None, 784]), tf.placeholder(tf.float32, [None, 10])
    keep = tf.placeholder_with_default(1.0, [])
    loss, probabilities = loss_of(tf, name, x, y, keep)
    train = tf.train.AdamOptimizer().minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())

    def fit():
        order = np.random.permutation(SAMPLES)
        for start in range(0, SAMPLES, batch):
            ids = order[start : start + batch]
            feeds = {x: xs[ids], y: ys[ids]}
            if name == "mlp":
                feeds[keep] = 0.8
            session.run([train, loss], feeds)

    def predict():
        starts = range(0, SAMPLES, batch)
        return np.concatenate([session.run(probabilities, {x: xs[a : a + batch]}) for a in starts])

    return fit, predict


def main(contender, benchmark):
    name, size, what = benchmark.split("-")
    if contender == "loop":
        import caudal as tf

        fit, predict = with_loop(tf, name, int(size))
    else:
        if contender == "caudal":
            from caudal import keras
        else:
            os.environ["KERAS_BACKEND"] = contender
            import keras
        fit, predict = with_keras(keras, name, int(size))
    serve({"fit": fit, "predict": predict}[what], parts=-(-SAMPLES // int(size)))


if __name__ == "__main__":
    main(*sys.argv[1:])
