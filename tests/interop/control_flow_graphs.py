# SPDX-License-Identifier: Apache-2.0
"""Graphs with branches and loops that one engine writes and another runs.

control_flow_graphs.py ENGINE make FOLDER    builds, runs, writes GraphDefs and what came out
control_flow_graphs.py ENGINE use FOLDER     imports and compares

ENGINE is caudal, tensorflow, or functional: TensorFlow with If and While. The graphs hold gradients
and training steps, too.
"""

import os
import pickle
import sys

import numpy as np

ENGINE, ACTION, FOLDER = sys.argv[1:4]
if ENGINE == "caudal":
    import caudal as tf
else:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    if hasattr(tf, "compat") and tf.__version__[0] != "1":
        tf = tf.compat.v1
        tf.disable_v2_behavior()
        tf.disable_control_flow_v2()
    if ENGINE == "functional":
        tf.enable_control_flow_v2()
tf.logging.set_verbosity(tf.logging.ERROR)

PROGRAMS = {}
RNG = np.random.RandomState(3)


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def vector(value=(0.3, -0.7, 1.1)):
    return tf.placeholder(tf.float32, [3], name="x"), np.array(value, "f")


def weights(name, shape, value=0.1):
    return tf.get_variable(name, shape, initializer=tf.constant_initializer(value))


def with_gradients(y, x, value, *more):
    return [y, *tf.gradients(y, [x, *more])], {x: value}


@program
def plain_loop():
    x, value = vector()
    i, y = tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, y * 2 + tf.reduce_sum(x)), [0, x])
    return [i, y], {x: value}


@program
def loop():
    x, value = vector()
    w = weights("w", [3, 3])
    _, y = tf.while_loop(
        lambda i, y: i < 5, lambda i, y: (i + 1, tf.tanh(tf.linalg.matvec(w, y) + x)), [0, x]
    )
    return with_gradients(tf.reduce_sum(y * y), x, value, w)


@program
def loop_in_loop():
    x, value = vector()
    w = weights("w", [3, 3])

    def body(i, y):
        _, z = tf.while_loop(
            lambda j, z: j < 3, lambda j, z: (j + 1, tf.tanh(tf.linalg.matvec(w, z) + x)), [0, y]
        )
        return i + 1, z + tf.sin(y)

    _, y = tf.while_loop(lambda i, y: i < 4, body, [0, x])
    return with_gradients(tf.reduce_sum(y * y), x, value, w)


@program
def branch():
    x, value = vector()
    y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.exp(x) * tf.sin(x), lambda: x * x * x)
    return with_gradients(y, x, value)


@program
def branches_not_taken():
    x, value = vector()
    y = tf.cond(tf.reduce_sum(x) > 9, lambda: tf.exp(x), lambda: tf.sin(x))
    z = tf.cond(x[0] > 0, lambda: tf.cond(x[1] > 0, lambda: y, lambda: y * 2), lambda: y * 3)
    return with_gradients(z, x, value)


@program
def branch_in_loop():
    x, value = vector()

    def body(i, y):
        even = tf.equal(i % 2, 0)
        return i + 1, tf.cond(even, lambda: tf.sin(y) * x, lambda: y * y + 1)

    return with_gradients(tf.while_loop(lambda i, y: i < 4, body, [0, x])[1], x, value)


@program
def loop_in_branch():
    x, value = vector()

    def inner():
        return tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, tf.sin(y) * x), [0, x])[1]

    return with_gradients(tf.cond(tf.reduce_sum(x) > 0, inner, lambda: x * x), x, value)


@program
def cases():
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.case([(x < 1, lambda: x * 2), (x < 2, lambda: x * x * 3)], default=lambda: -x)
    return with_gradients(y, x, np.float32(1.5))


@program
def maps_and_scans():
    x = tf.placeholder(tf.float32, [4, 3], name="x")
    a = tf.map_fn(lambda r: r * tf.reduce_sum(r), x)
    b = tf.scan(lambda s, r: s * 0.5 + tf.sin(r), x)
    c = tf.foldl(lambda s, r: s + r * r, x)
    total = tf.reduce_sum(a) + tf.reduce_sum(b) + tf.reduce_sum(c)
    fetches, feeds = with_gradients(total, x, RNG.randn(4, 3).astype("f"))
    return [a, b, c, *fetches], feeds


@program
def arrays():
    x, value = vector()
    array = tf.TensorArray(tf.float32, size=4, clear_after_read=False)

    def body(i, a):
        return i + 1, a.write(i, x * tf.cast(i, tf.float32))

    _, array = tf.while_loop(lambda i, a: i < 4, body, [0, array])
    return with_gradients(array.stack() + array.read(2), x, value)


@program
def writes_in_a_branch():
    p = tf.placeholder(tf.bool, [], name="p")
    v = weights("v", [], 1.0)
    y = tf.cond(p, lambda: tf.assign_add(v, 2.0), lambda: tf.assign(v, 7.0))
    return [y, y, v], {p: True}


@program
def writes_in_a_loop():
    v = weights("v", [], 1.0)

    def body(i):
        with tf.control_dependencies([tf.assign_add(v, 2.0)]):
            return i + 1

    i = tf.while_loop(lambda i: i < 4, body, [0], parallel_iterations=1)
    return [i, v], {}


@program
def recurrent_training():
    x = tf.placeholder(tf.float32, [4, 6, 3], name="x")
    y = tf.placeholder(tf.float32, [4, 5], name="y")
    w, u = weights("w", [3, 5], 0.05), weights("u", [5, 5], 0.07)
    inputs = tf.TensorArray(tf.float32, 6).unstack(tf.transpose(x, [1, 0, 2]))

    def step(i, state):
        new = tf.tanh(tf.matmul(inputs.read(i), w) + tf.matmul(state, u))
        return i + 1, tf.where(tf.less(i, [6, 5, 3, 1]), new, state)

    _, state = tf.while_loop(lambda i, s: i < 6, step, [0, tf.zeros([4, 5])])
    loss = tf.reduce_mean(tf.square(state - y))
    train = tf.train.MomentumOptimizer(0.5, 0.9).minimize(loss)
    feeds = {x: RNG.randn(4, 6, 3).astype("f"), y: RNG.randn(4, 5).astype("f")}
    return [loss, train, loss, train, train, loss], feeds


@program
def training_in_a_branch():
    x = tf.placeholder(tf.float32, [8, 4], name="x")
    training = tf.placeholder(tf.bool, [], name="training")
    w, mean = weights("w", [4, 3], 0.2), weights("mean", [3], 0.0)
    h = tf.matmul(x, w)

    def update():
        now = tf.reduce_mean(h, 0)
        with tf.control_dependencies([tf.assign(mean, mean * 0.9 + now * 0.1)]):
            return tf.identity(now)

    h = h - tf.cond(training, update, lambda: mean + 0)
    loss = tf.reduce_mean(h * h * h * h)
    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[w])
    feeds = {x: RNG.randn(8, 4).astype("f"), training: True}
    return [loss, train, loss, train, loss], feeds


def path(name, kind):
    return os.path.join(FOLDER, name + kind)


def make(name):
    with tf.Graph().as_default() as graph:
        fetches, feeds = PROGRAMS[name]()
        init = tf.global_variables_initializer()
        with tf.Session() as session:
            session.run(init)
            values = [session.run(f, feeds) for f in fetches]
        with open(path(name, ".pb"), "wb") as file:
            file.write(graph.as_graph_def().SerializeToString())
    # In plain lists: the pickles of NumPy's arrays differ from version to version.
    values = [None if v is None else np.asarray(v).tolist() for v in values]
    feeds = {k.name: np.asarray(v).tolist() for k, v in feeds.items()}
    with open(path(name, ".pkl"), "wb") as file:
        pickle.dump(([f.name for f in fetches], feeds, values, init.name), file, protocol=2)


def use(name):
    if not os.path.exists(path(name, ".pkl")):
        return
    with open(path(name, ".pkl"), "rb") as file:
        fetches, feeds, values, init = pickle.load(file)
    message = tf.GraphDef()
    with open(path(name, ".pb"), "rb") as file:
        message.ParseFromString(file.read())
    with tf.Graph().as_default():
        tf.import_graph_def(message, name="")
        with tf.Session() as session:
            session.run(init)
            for fetch, value in zip(fetches, values):
                found = session.run(fetch, feeds)
                if value is not None:
                    np.testing.assert_allclose(found, value, rtol=2e-5, atol=2e-6, err_msg=fetch)


if not os.path.isdir(FOLDER):
    os.makedirs(FOLDER)
if ENGINE == "functional":
    # Its functions cannot write reference variables.
    for name in ("writes_in_a_branch", "writes_in_a_loop", "training_in_a_branch"):
        del PROGRAMS[name]
failed = 0
for program_name in sys.argv[4:] or PROGRAMS:
    try:
        {"make": make, "use": use}[ACTION](program_name)
        print("ok " + program_name)
    except Exception as error:
        failed += 1
        print("FAILED %s: %s: %s" % (program_name, type(error).__name__, error))
sys.exit(failed > 0)
