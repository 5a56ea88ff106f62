# SPDX-License-Identifier: Apache-2.0
"""Names of nodes, variables and gradients; scopes, reuse, collections, regularizers."""

import caudal as tf


def layer(x, units):
    w = tf.get_variable("w", [x.shape[1], units], initializer=tf.ones_initializer())
    b = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
    return tf.nn.sigmoid(tf.matmul(x, w) + b, name="out")


x = tf.placeholder(tf.float32, [None, 3], name="input")
l2 = lambda v: 0.1 * tf.nn.l2_loss(v)  # noqa: E731
with tf.variable_scope("net", regularizer=l2) as scope:
    with tf.variable_scope("first"):
        h = layer(x, 2)
    with tf.variable_scope("second"):
        y = layer(h, 1)
with tf.variable_scope(scope, reuse=True):
    with tf.variable_scope("first"):
        again = layer(x, 2)
with tf.variable_scope("auto", reuse=tf.AUTO_REUSE):
    one = tf.get_variable("v", [], initializer=tf.constant_initializer(2.0))
    two = tf.get_variable("v", [])
print("same variable", one is two)
with tf.name_scope("outer"):
    with tf.name_scope("inner"):
        a = tf.constant(1.0)
        b = tf.constant(2.0)
    with tf.name_scope("inner"):
        c = tf.multiply(a, b, name="product")
for tensor in (h, y, again, a, b, c):
    print(tensor.name, tensor.op.type, tensor.shape)
loss = tf.reduce_sum(y, name="loss") + tf.add_n(tf.get_collection("regularization_losses"))
grads = tf.gradients(loss, tf.trainable_variables())
print([g if g is None else g.name for g in grads])
for collection in ("variables", "trainable_variables", "regularization_losses"):
    print(collection, [v.name for v in tf.get_collection(collection)])
print("scoped", [v.name for v in tf.trainable_variables("net/first")])
try:
    with tf.variable_scope("net/first"):
        tf.get_variable("w", [3, 2])
except ValueError as error:
    print("ValueError", "already exists" in str(error))
try:
    with tf.variable_scope("net", reuse=True):
        tf.get_variable("missing", [1])
except ValueError as error:
    print("ValueError", "does not exist" in str(error))
with tf.Session() as sess:
    sess.run(tf.variables_initializer(tf.trainable_variables("net")))
    left = sess.run(tf.report_uninitialized_variables())
    print("left", [name.decode() for name in left])
    sess.run(tf.global_variables_initializer())
    feed = {x: [[1.0, 2.0, 3.0]]}
    print(*sess.run([loss, y], feed))
    print(*[g.ravel() for g in sess.run([g for g in grads if g is not None], feed)])
    print(sess.run(again, feed) == sess.run(h, feed))
