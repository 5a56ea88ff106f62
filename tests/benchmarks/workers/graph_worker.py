# SPDX-License-Identifier: Apache-2.0
"""The benchmarks as TensorFlow 1 programs: graph_worker.py caudal|tensorflow BENCHMARK."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from protocol import images, in_turn, iris, reply, serve  # noqa: E402

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
        }
        serve(makers[name]())
