# SPDX-License-Identifier: Apache-2.0
"""Models that one engine saves and another continues to train.

graph_files.py ENGINE make FOLDER [MODEL ...]        builds, trains, saves, notes what comes next
graph_files.py ENGINE continue FOLDER [MODEL ...]    imports, restores and compares

ENGINE is caudal or tensorflow. A folder of each model holds model.ckpt.*, expected.npz and
names.json.
"""

import json
import os
import sys

import numpy as np

ENGINE = sys.argv[1]
if ENGINE == "caudal":
    import caudal as tf
else:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)

RNG = np.random.RandomState(7)
MODELS = {}


def model(function):
    MODELS[function.__name__] = function
    return function


def dense(x, size, name, act=None, **kwargs):
    with tf.variable_scope(name):
        init = tf.truncated_normal_initializer(stddev=0.3, seed=3)
        w = tf.get_variable("w", [int(x.shape[-1]), size], initializer=init, **kwargs)
        b = tf.get_variable("b", [size], initializer=tf.zeros_initializer())
        y = tf.nn.bias_add(tf.matmul(x, w), b)
        return act(y) if act else y


def data(classes=3, features=6, rows=16):
    x = tf.placeholder(tf.float32, [None, features], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    feed = {x: RNG.randn(rows, features).astype("f"), y: RNG.randint(0, classes, rows)}
    return x, y, feed


def cross_entropy(logits, y):
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits), name="loss"
    )


@model
def softmax():
    x, y, feed = data()
    logits = dense(x, 3, "out")
    loss = cross_entropy(logits, y)
    step = tf.train.get_or_create_global_step()
    train = tf.train.GradientDescentOptimizer(0.3).minimize(loss, step, name="train")
    return feed, [tf.nn.softmax(logits, name="prob"), step], loss, train, tf.train.Saver()


@model
def mlp_adam_average():
    x, y, feed = data()
    h = tf.nn.dropout(dense(x, 8, "fc", tf.nn.relu), keep_prob=1.0)
    logits = dense(h, 3, "out")
    loss = cross_entropy(logits, y)
    average = tf.train.ExponentialMovingAverage(0.9)
    adam = tf.train.AdamOptimizer(0.02).minimize(loss)
    with tf.control_dependencies([adam]):
        train = average.apply(tf.trainable_variables())
    train = tf.group(train, name="train")
    return feed, [tf.identity(logits, name="logits")], loss, train, tf.train.Saver()


@model
def partitioned():
    ids = tf.placeholder(tf.int32, [None], name="ids")
    y = tf.placeholder(tf.float32, [None, 2], name="y")
    with tf.variable_scope("emb", partitioner=tf.fixed_size_partitioner(3)):
        table = tf.get_variable(
            "table", [10, 4], initializer=tf.random_uniform_initializer(-1, 1, seed=5)
        )
    out = dense(tf.nn.embedding_lookup(table, ids, partition_strategy="div"), 2, "out")
    loss = tf.reduce_mean(tf.square(out - y), name="loss")
    train = tf.train.AdagradOptimizer(0.2).minimize(loss, name="train")
    feed = {ids: np.array([0, 3, 4, 9, 9], "i"), y: RNG.randn(5, 2).astype("f")}
    return feed, [tf.identity(out, name="result")], loss, train, tf.train.Saver()


@model
def resource():
    with tf.variable_scope("", use_resource=True):
        x, y, feed = data()
        logits = dense(dense(x, 5, "fc", tf.tanh), 3, "out")
        table = tf.get_variable("table", [4, 3], initializer=tf.ones_initializer())
        logits += tf.nn.embedding_lookup(table, y % 4)
        loss = cross_entropy(logits, y)
        step = tf.train.get_or_create_global_step()
        train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, step, name="train")
        return feed, [tf.identity(logits, name="logits")], loss, train, tf.train.Saver()


@model
def sharded():
    x, y, feed = data()
    with tf.device("/cpu:0"):
        h = dense(x, 5, "first", tf.nn.elu)
    with tf.device("/cpu:1"):
        logits = dense(h, 3, "second")
    loss = cross_entropy(logits, y)
    train = tf.train.RMSPropOptimizer(0.01).minimize(loss, name="train")
    saver = tf.train.Saver(sharded=True)
    return feed, [tf.identity(logits, name="logits")], loss, train, saver


@model
def many_dtypes():
    values = []
    for name in ("float64", "int32", "int64", "uint8", "int16", "int8", "bool", "complex64"):
        array = (np.arange(6).reshape(2, 3) % 5).astype(name)
        values.append(tf.Variable(array, name="v_" + name))
    half = tf.Variable(np.arange(4).astype("f2") / 3, name="v_float16")
    tf.Variable(tf.cast(tf.constant([0.1, 2.5, -7.25]), tf.bfloat16), name="v_bfloat16")
    tf.Variable([[b"a", b""], [b"long " * 40, b"\x00\xff"]], name="v_string")
    tf.Variable(np.zeros((0, 3), "f"), name="v_empty")
    fetches = [tf.identity(v, name="f_" + v.op.name) for v in [*values, half]]
    return {}, fetches, None, None, tf.train.Saver()


@model
def renamed():
    x, y, feed = data()
    logits = dense(x, 3, "out")
    loss = cross_entropy(logits, y)
    train = tf.train.GradientDescentOptimizer(0.3).minimize(loss, name="train")
    w, b = tf.global_variables()
    saver = tf.train.Saver({"some/where": w, "bias": b}, max_to_keep=2)
    return feed, [tf.identity(logits, name="logits")], loss, train, saver


@model
def conditional():
    x, y, feed = data()
    logits = dense(x, 3, "out")
    flag = tf.placeholder_with_default(True, [], name="flag")
    logits = tf.cond(flag, lambda: logits * 1.5, lambda: tf.tanh(logits), name="choice")
    loss = cross_entropy(logits, y)
    train = tf.train.AdamOptimizer(0.05).minimize(loss, name="train")
    return feed, [tf.identity(logits, name="logits")], loss, train, tf.train.Saver()


@model
def loop():
    x, y, feed = data()
    w = tf.get_variable("w", [6, 6], initializer=tf.random_uniform_initializer(-0.3, 0.3, seed=9))

    def body(i, h):
        return i + 1, tf.tanh(tf.matmul(h, w) + x)

    _, h = tf.while_loop(lambda i, h: i < 4, body, [0, tf.zeros_like(x)], name="steps")
    logits = dense(h, 3, "out")
    loss = cross_entropy(logits, y)
    train = tf.train.AdamOptimizer(0.02).minimize(loss, name="train")
    return feed, [tf.identity(h, name="state")], loss, train, tf.train.Saver()


def dynamic_rnn():
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    feed = {x: RNG.randn(4, 5, 3).astype("f"), y: np.array([0, 1, 2, 1])}
    with tf.variable_scope("rnn", initializer=tf.glorot_uniform_initializer(seed=2)):
        cell = tf.nn.rnn_cell.LSTMCell(6)
        outputs, state = tf.nn.dynamic_rnn(cell, x, [5, 2, 4, 1], dtype=tf.float32)
    logits = dense(state.h, 3, "out")
    loss = cross_entropy(logits, y)
    optimizer = tf.train.AdamOptimizer(0.02)
    grads, variables = zip(*optimizer.compute_gradients(loss))
    grads, _ = tf.clip_by_global_norm(grads, 1.0)
    train = optimizer.apply_gradients(zip(grads, variables), name="train")
    return feed, [tf.identity(outputs, name="outputs")], loss, train, tf.train.Saver()


if ENGINE == "caudal" or tf.VERSION.startswith("1."):  # TensorFlow 2 cannot build, but continue it
    model(dynamic_rnn)


def resource_loop():
    with tf.variable_scope("", use_resource=True):
        x, y, feed = data()
        w = tf.get_variable("w", [6, 6], initializer=tf.random_uniform_initializer(-0.3, 0.3, 9))
        b = tf.get_variable("b", [6], initializer=tf.ones_initializer())

        def body(i, h):
            h = tf.cond(i < 2, lambda: tf.matmul(h, w) + x, lambda: tf.tanh(h) * b)
            return i + 1, h

        _, h = tf.while_loop(lambda i, h: i < 4, body, [0, tf.zeros_like(x)], name="steps")
        logits = dense(h, 3, "out")
        loss = cross_entropy(logits, y)
        train = tf.train.AdamOptimizer(0.02).minimize(loss, name="train")
        return feed, [tf.identity(h, name="state")], loss, train, tf.train.Saver()


if ENGINE == "caudal" or not tf.VERSION.startswith("1."):  # 1.15 cannot differentiate it
    model(resource_loop)


@model
def batch_norm():
    x = tf.placeholder(tf.float32, [None, 6, 6, 2], name="x")
    y = tf.placeholder(tf.int64, [None], name="y")
    feed = {x: RNG.randn(4, 6, 6, 2).astype("f"), y: np.array([0, 1, 2, 1])}
    w = tf.get_variable(
        "w", [3, 3, 2, 4], initializer=tf.truncated_normal_initializer(stddev=0.3, seed=1)
    )
    scale = tf.get_variable("scale", [4], initializer=tf.ones_initializer())
    offset = tf.get_variable("offset", [4], initializer=tf.zeros_initializer())
    mean = tf.get_variable("mean", [4], initializer=tf.zeros_initializer(), trainable=False)
    t = tf.nn.conv2d(x, w, strides=[1, 2, 2, 1], padding="SAME")
    t, m, _ = tf.nn.fused_batch_norm(t, scale, offset, epsilon=1e-3, is_training=True)
    update = tf.assign_sub(mean, (mean - m) * 0.1)
    logits = dense(tf.reshape(tf.nn.max_pool(t, [1, 3, 3, 1], [1, 3, 3, 1], "VALID"), [-1, 4]),
                   3, "out")  # fmt: skip
    loss = cross_entropy(logits, y)
    with tf.control_dependencies([update]):
        train = tf.train.GradientDescentOptimizer(0.05).minimize(loss, name="train")
    return feed, [tf.identity(logits, name="logits")], loss, train, tf.train.Saver()


@model
def dropout():
    # Streams of random numbers begin anew in every session: runs are compared from the start.
    x, y, feed = data()
    h = tf.nn.dropout(dense(x, 8, "fc", tf.nn.relu), keep_prob=0.5, seed=11)
    logits = dense(h, 3, "out")
    loss = cross_entropy(logits, y)
    train = tf.train.GradientDescentOptimizer(0.05).minimize(loss, name="train")
    return feed, [tf.identity(logits, name="logits")], loss, train, tf.train.Saver()


def session(graph):
    return tf.Session(graph=graph, config=tf.ConfigProto(device_count={"CPU": 2}))


def storable(value):
    value = np.asarray(value)
    if value.dtype.kind in "OSU":
        return np.array([repr(v) for v in value.reshape(-1)])
    if value.dtype.kind == "V" or value.dtype.name == "bfloat16":
        return value.astype(np.float32)
    return value


def what_follows(sess, names):
    """Everything that the two engines have to agree on, from the restored state on."""
    feed = {name: np.load(path)[key] for name, (path, key) in names["feed"].items()}
    out = {"variable/" + n: storable(sess.run(t)) for n, t in names["variables"].items()}
    for name in names["fetches"]:
        out["fetch/" + name] = storable(sess.run(name, feed))
    if names["loss"]:
        losses = []
        for _ in range(5):
            losses.append(sess.run(names["loss"], feed))
            sess.run(names["train"], feed)
        out["losses"] = np.array(losses)
        for n, t in names["variables"].items():
            out["final/" + n] = storable(sess.run(t))
    return out


def make(folder, name):
    os.makedirs(folder)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        feed, fetches, loss, train, saver = MODELS[name]()
        np.savez(os.path.join(folder, "feed.npz"), **{t.op.name: v for t, v in feed.items()})
        names = {
            "feed": {t.name: [os.path.join(folder, "feed.npz"), t.op.name] for t in feed},
            "fetches": [t.name for t in fetches],
            "loss": loss.name if loss is not None else None,
            "train": train.name if train is not None else None,
            "variables": {v.op.name: v.value().name for v in tf.global_variables()},
        }
        with session(graph) as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(3 if train is not None else 0):
                sess.run(train, feed)
            path = saver.save(sess, os.path.join(folder, "model.ckpt"))
        with session(graph) as sess:
            saver.restore(sess, path)
            np.savez(os.path.join(folder, "expected.npz"), **what_follows(sess, names))
    with open(os.path.join(folder, "names.json"), "w") as file:
        json.dump(names, file)


def continue_(folder, name):
    with open(os.path.join(folder, "names.json")) as file:
        names = json.load(file)
    path = tf.train.latest_checkpoint(folder)
    with tf.Graph().as_default() as graph:
        saver = tf.train.import_meta_graph(path + ".meta")
        with session(graph) as sess:
            saver.restore(sess, path)
            again = os.path.join(folder, "again_" + ENGINE)
            saver.save(sess, again, write_state=False, write_meta_graph=False)
            have = what_follows(sess, names)
    compare_files(path, again)
    with np.load(os.path.join(folder, "expected.npz")) as expected:
        assert sorted(have) == sorted(expected.files), (sorted(have), expected.files)
        for key in expected.files:
            want = expected[key]
            if key.startswith("variable/") or want.dtype.kind not in "fc":
                np.testing.assert_array_equal(have[key], want, key)
            else:
                np.testing.assert_allclose(have[key], want, rtol=2e-4, atol=2e-5, err_msg=key)


def compare_files(first, second):
    folder = os.path.dirname(first)
    ends = [
        n[len(os.path.basename(first)) :]
        for n in os.listdir(folder)
        if n.startswith(os.path.basename(first) + ".") and not n.endswith(".meta")
    ]
    assert len(ends) >= 2, ends
    for end in ends:
        with open(first + end, "rb") as a, open(second + end, "rb") as b:
            assert a.read() == b.read(), "%s differs" % end


def main():
    action, folder, chosen = sys.argv[2], sys.argv[3], sys.argv[4:]
    chosen = chosen or sorted(MODELS if action == "make" else os.listdir(folder))
    failed = 0
    for name in chosen:
        try:
            (make if action == "make" else continue_)(os.path.join(folder, name), name)
            print("ok", name)
        except Exception as error:  # noqa: BLE001 (all models are tried)
            failed += 1
            print("FAILED", name, type(error).__name__, str(error)[:2000])
    return failed


if __name__ == "__main__":
    sys.exit(main())
