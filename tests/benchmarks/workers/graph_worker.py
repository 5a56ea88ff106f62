# SPDX-License-Identifier: Apache-2.0
"""The benchmarks as TensorFlow 1 programs: graph_worker.py caudal|tensorflow BENCHMARK."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from protocol import (  # noqa: E402
    images,
    in_turn,
    iris,
    pictures_and_noise,
    reply,
    serve,
    skip_grams,
)

if sys.argv[1] == "caudal":
    import caudal as tf
else:
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)


def weight(*shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def bias(size):
    return tf.Variable(tf.constant(0.1, shape=[size]))


def dense(x, rows, columns):
    return tf.matmul(x, weight(rows, columns)) + bias(columns)


def conv(x, inputs, outputs, padding):
    y = tf.nn.conv2d(x, weight(5, 5, inputs, outputs), [1, 1, 1, 1], padding)
    y = tf.nn.relu(tf.nn.bias_add(y, bias(outputs)))
    return tf.nn.max_pool(y, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")


def cross_entropy(logits, labels):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)


def started():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def scalar():
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    total, session = x + y, tf.Session()
    return lambda: session.run(total, {x: 1.0, y: 2.0})


def iris_step():
    data, classes = iris()
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.int64, [None])
    h = tf.sigmoid(dense(x, 4, 4))
    h = tf.sigmoid(dense(h, 4, 3))
    loss = cross_entropy(dense(h, 3, 3), y)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    session = started()
    return lambda: session.run(train, {x: data, y: classes})


def picture_step(logits_of):
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    y = tf.placeholder(tf.int64, [None])
    train = tf.train.AdamOptimizer(1e-3).minimize(cross_entropy(logits_of(x), y))
    session = started()
    batches = in_turn(list(zip(*images())))

    def step():
        bx, by = next(batches)
        session.run(train, {x: bx, y: by})

    return step


def lenet(x):
    h = conv(x, 1, 6, "SAME")
    h = conv(h, 6, 16, "VALID")
    h = tf.nn.relu(dense(tf.reshape(h, [-1, 400]), 400, 120))
    return dense(tf.nn.relu(dense(h, 120, 84)), 84, 10)


def tfnet(x):
    h = conv(conv(x, 1, 32, "SAME"), 32, 64, "SAME")
    h = tf.nn.relu(dense(tf.reshape(h, [-1, 3136]), 3136, 1024))
    return dense(tf.nn.dropout(h, rate=0.5), 1024, 10)


def recurrent(x, units):
    """Outputs of an LSTM after the last row; TensorFlow 2 no longer has the cells."""
    if hasattr(tf.nn, "rnn_cell") and hasattr(tf.nn.rnn_cell, "BasicLSTMCell"):
        cell = tf.nn.rnn_cell.BasicLSTMCell(units)
        return tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[0][:, -1]
    steps, inputs = x.shape.as_list()[1:]
    kernel, shift = weight(inputs + units, 4 * units), bias(4 * units)
    rows = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
    outputs = tf.TensorArray(tf.float32, steps)
    zeros = tf.zeros([tf.shape(x)[0], units])

    def body(time, outputs, c, h):
        gates = tf.matmul(tf.concat([rows.read(time), h], 1), kernel) + shift
        i, j, f, o = tf.split(gates, 4, 1)
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
        h = tf.tanh(c) * tf.sigmoid(o)
        return time + 1, outputs.write(time, h), c, h

    loop = tf.while_loop(lambda time, *_: time < steps, body, (0, outputs, zeros, zeros))
    return tf.transpose(loop[1].stack(), [1, 0, 2])[:, -1]


def lstm_step():
    x = tf.placeholder(tf.float32, [None, 28, 28])
    y = tf.placeholder(tf.int64, [None])
    loss = cross_entropy(dense(tf.reshape(recurrent(x, 128), [-1, 128]), 128, 10), y)
    train = tf.train.AdamOptimizer(1e-3).minimize(loss)
    session = started()
    batches = in_turn(list(zip(*images(batch=128))))

    def step():
        bx, by = next(batches)
        session.run(train, {x: bx.reshape(-1, 28, 28), y: by})

    return step


def word2vec_step(words=50000, size=128, batch=128, sampled=64):
    inputs = tf.placeholder(tf.int32, [batch])
    labels = tf.placeholder(tf.int32, [batch, 1])
    embeddings = tf.Variable(tf.random_uniform([words, size], -1.0, 1.0))
    nce_weights = tf.Variable(tf.truncated_normal([words, size], stddev=size**-0.5))
    nce_biases = tf.Variable(tf.zeros([words]))
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            weights=nce_weights, biases=nce_biases, labels=labels,
            inputs=tf.nn.embedding_lookup(embeddings, inputs),
            num_sampled=sampled, num_classes=words,
        )
    )  # fmt: skip
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    session = started()
    batches = in_turn(list(zip(*skip_grams(words, batch))))

    def step():
        words, near = next(batches)
        session.run([train, loss], {inputs: words, labels: near})

    return step


def gan_step():
    real = tf.placeholder(tf.float32, [None, 784])
    noise = tf.placeholder(tf.float32, [None, 100])
    g = [weight(100, 128), bias(128), weight(128, 784), bias(784)]
    d = [weight(784, 128), bias(128), weight(128, 1), bias(1)]
    fake = tf.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(noise, g[0]) + g[1]), g[2]) + g[3])

    def logits(x):
        return tf.matmul(tf.nn.relu(tf.matmul(x, d[0]) + d[1]), d[2]) + d[3]

    def entropy(logits, label):
        labels = label * tf.ones_like(logits)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))

    on_real, on_fake = logits(real), logits(fake)
    d_loss = entropy(on_real, 1.0) + entropy(on_fake, 0.0)
    train_d = tf.train.AdamOptimizer(1e-3).minimize(d_loss, var_list=d)
    train_g = tf.train.AdamOptimizer(1e-3).minimize(entropy(on_fake, 1.0), var_list=g)
    session = started()
    batches = in_turn(list(zip(*pictures_and_noise())))

    def step():
        pictures, z = next(batches)
        session.run([train_d, d_loss], {real: pictures, noise: z})
        session.run(train_g, {noise: z})

    return step


def graph_size(nodes):
    """Seconds to build about `nodes` nodes, to differentiate them, and for the first run."""
    x = tf.placeholder(tf.float32, [8])
    scale, shift = tf.constant(0.9), tf.constant(0.1)
    start = time.perf_counter()
    h = x
    for _ in range(nodes // 3):
        h = tf.tanh(h * scale + shift)
    built = time.perf_counter()
    (gradient,) = tf.gradients(h, x)
    differentiated = time.perf_counter()
    with tf.Session() as session:
        session.run([h, gradient], {x: [0.5] * 8})
    ran = time.perf_counter()
    total = len(tf.get_default_graph().get_operations())
    reply(
        nodes=total, build=built - start, gradients=differentiated - built, run=ran - differentiated
    )


if __name__ == "__main__":
    name = sys.argv[2]
    if name == "graph":
        graph_size(int(sys.argv[3]))
    else:
        makers = {
            "scalar": scalar,
            "iris": iris_step,
            "lenet": lambda: picture_step(lenet),
            "tfnet": lambda: picture_step(tfnet),
            "lstm": lstm_step,
            "word2vec": word2vec_step,
            "gan": gan_step,
        }
        serve(makers[name]())
