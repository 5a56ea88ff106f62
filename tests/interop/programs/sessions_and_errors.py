# SPDX-License-Identifier: Apache-2.0
"""Fetch structures, feeds of any tensor, callables, py_func, and which exceptions are raised."""

import collections

import numpy as np

import caudal as tf

Pair = collections.namedtuple("Pair", "left right")
x = tf.placeholder(tf.float32, [None, 2], name="x")
i = tf.placeholder(tf.int32, [None], name="i")
v = tf.Variable([1.0, 2.0], name="v")
product = tf.multiply(x, v, name="product")
total = tf.reduce_sum(product)
late = tf.Variable(3.0, name="late")
doubled = tf.py_func(lambda a: a * 2, [product], tf.float32)
other = tf.Graph()
with other.as_default():
    foreign = tf.constant(1.0)


KINDS = ["OpError", "ValueError", "TypeError", "RuntimeError", "KeyError", "LookupError"]


def attempt(label, action):
    try:
        action()
        print(label, "passed")
    except Exception as error:
        names = [k.__name__ for k in type(error).__mro__]
        # A class of TensorFlow's own counts as what it derives from, except for run-time errors.
        name = names[0] if "OpError" in names else next(n for n in names if n in KINDS)
        print(label, name, getattr(error, "error_code", None))


sess = tf.Session()
sess.run(v.initializer)
feed = {x: [[1, 2], [3, 4]]}
fetched = sess.run({"a": [total, product], "b": Pair(total, (v, total)), "c": v.initializer}, feed)
print(fetched["a"][0], fetched["a"][1].ravel(), fetched["b"].right[0], fetched["c"])
print(sess.run("product:0", feed).ravel(), sess.run(total, {product: np.eye(2)}))
print(sess.run(doubled, feed).ravel(), sess.run([], feed))
callable_ = sess.make_callable(total, feed_list=[x])
print(callable_(np.ones((3, 2))), callable_(np.ones((1, 2))))
attempt("unfed", lambda: sess.run(total))
attempt("shape", lambda: sess.run(total, {x: np.ones((2, 3))}))
attempt("dtype", lambda: sess.run(total, {x: [["a", "b"]]}))
attempt("uninitialized", lambda: sess.run(late))
attempt("foreign fetch", lambda: sess.run(foreign))
attempt("foreign input", lambda: tf.add(foreign, x))
attempt("bad name", lambda: sess.run("nothing:0"))
attempt("bad feed", lambda: sess.run(total, {"nothing:0": 1}))
attempt("none", lambda: sess.run(None))
attempt("inner", lambda: tf.matmul(tf.ones([2, 3]), tf.ones([4, 2])))
attempt("broadcast", lambda: tf.ones([2, 3]) + tf.ones([4]))
attempt("types", lambda: tf.add(tf.constant(1), tf.constant(1.0)))
attempt("gather", lambda: sess.run(tf.gather(v, i), {i: [5]}))
attempt("division", lambda: sess.run(i // 0, {i: [1]}))
attempt("reshape", lambda: sess.run(tf.reshape(x, [3, -1]), feed))
attempt("nan", lambda: sess.run(tf.check_numerics(tf.log(v - 5), "bad"), feed))
attempt("assert", lambda: sess.run(tf.Assert(total > 100, [total]), feed))
attempt("bool", lambda: bool(total))
attempt("iterate", lambda: list(total))
attempt("constant", lambda: tf.constant([1, 2], shape=[3, 3, 3], verify_shape=True))
sess.close()
attempt("closed", lambda: sess.run(v))
