# SPDX-License-Identifier: Apache-2.0
"""Overridden, custom and partial derivatives; NaN; accumulation; gradients of Python functions."""

import numpy as np

import caudal as tf


def plain(value):
    """Values as Python's own, numbers with six digits."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, float):
        return float("%.6g" % value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def show(*values):
    print(*[plain(v) for v in values])


def attempt(f):
    try:
        show(f())
    except Exception as e:
        text = str(getattr(e, "message", e)).split("Originally")[0].split(" (made")[0]
        show(type(e).__name__, text.replace("\n", " ").split("\t [[")[0].strip(" .")[:24])


@tf.RegisterGradient("FlipGrad")
def _flip(op, grad):
    return [tf.negative(grad) * 2.0]


g = tf.get_default_graph()
x = tf.constant([1.0, -2.0, 3.0], name="x")
with g.gradient_override_map({"Identity": "FlipGrad"}):
    y = tf.identity(x, name="Identity")
with g.gradient_override_map({"Sign": "FlipGrad", "Relu": "FlipGrad"}):
    z = tf.sign(x)
    r = tf.nn.relu(x)
s = tf.InteractiveSession()
show(s.run(tf.gradients([y, z, r], x)), y.op.get_attr("_gradient_op_type"))
attempt(lambda: tf.RegisterGradient("FlipGrad")(_flip))
attempt(lambda: tf.gradients(tf.argmax(x), x))
attempt(lambda: tf.gradients(x * 2, x, name="gg", stop_gradients=x))


@tf.custom_gradient
def softplus(x):
    e = tf.exp(x)

    def grad(dy):
        return dy * (1 - 1 / (1 + e))

    return tf.log(1 + e), grad


show(s.run(tf.gradients(softplus(tf.constant(100.0) * x), x)))


@tf.custom_gradient
def two(a, b):
    return (a * b, a + b), lambda d1, d2: (d1 * b + d2, None)


a, b = tf.constant(2.0), tf.constant(5.0)
o1, o2 = two(a, b)
show(s.run([o1, o2] + tf.gradients([o1, o2], [a])), tf.gradients(o1, b))


def host_function(func, inp, Tout, stateful=True, name=None, grad=None):
    rnd = "HostGrad" + str(len(name))
    tf.RegisterGradient(rnd)(grad)
    with tf.get_default_graph().gradient_override_map({"PyFunc": rnd, "PyFuncStateless": rnd}):
        return tf.py_func(func, inp, Tout, stateful=stateful, name=name)


sq = host_function(
    lambda v: np.square(v).astype("f4"),
    [x],
    [tf.float32],
    name="MySq",
    grad=lambda op, gr: gr * 20 * op.inputs[0],
)[0]
show(sq, s.run([sq] + tf.gradients(sq, x)))
p1, p2 = tf.py_func(lambda a, n: (a.sum(), [b"q", n]), [x, "hi"], (tf.float32, tf.string))
show(p1.shape, s.run([p1, p2]))
attempt(lambda: s.run(tf.py_func(lambda a: 1.0, [x], tf.float32)))
sq.set_shape([3])
show(sq)
f = tf.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]), name="f")
yy = tf.reduce_sum(f**3)
H = tf.hessians(yy, f)[0]
s.run(tf.global_variables_initializer())
show(s.run(H).reshape(4, 4), s.run(tf.gradients(tf.gradients(yy, f)[0], f)))
show(
    s.run(
        [
            tf.gradients(yy, f, grad_ys=tf.constant(2.0, tf.float64)),
            tf.gradients([yy, f], [f], [None, tf.ones([2, 2], tf.float64)]),
            tf.gradients(
                yy,
                f,
                aggregation_method=tf.AggregationMethod.EXPERIMENTAL_ACCUMULATE_N,
                colocate_gradients_with_ops=True,
                gate_gradients=True,
            ),
        ]
    )
)
attempt(lambda: tf.gradients(yy, tf.constant(1.0)))
attempt(lambda: tf.gradients(yy, tf.constant(1.0), unconnected_gradients="zero"))
attempt(lambda: tf.gradients(yy, f, grad_ys=[1.0, 2.0]))
attempt(lambda: tf.gradients(tf.constant([1, 2]), tf.constant(1)))
w = tf.where(x > 0, tf.log(x), tf.zeros_like(x))
safe = tf.where(x > 0, x, tf.ones_like(x))
show(s.run(tf.gradients(w, x)), s.run(tf.gradients(tf.where(x > 0, tf.log(safe), 0 * x), x)))
opt = tf.train.AdamOptimizer(0.1)
attempt(lambda: opt.minimize(tf.constant(1.0)))
attempt(lambda: opt.minimize(yy, var_list=[]))
attempt(lambda: opt.apply_gradients([]))
attempt(lambda: opt.apply_gradients([(None, f)]))
attempt(lambda: opt.minimize(tf.constant(2), var_list=[f]))
attempt(lambda: opt.compute_gradients(yy, [x]))
attempt(lambda: opt.minimize(yy, var_list=f))
acc = [
    tf.Variable(tf.zeros_like(v.initialized_value()), trainable=False, name="acc")
    for v in tf.trainable_variables()
]
opt = tf.train.GradientDescentOptimizer(0.01)
gvs = opt.compute_gradients(yy, tf.trainable_variables())
zero = [v.assign(tf.zeros_like(v)) for v in acc]
accum = [acc[i].assign_add(gv[0]) for i, gv in enumerate(gvs)]
stp = opt.apply_gradients([(acc[i], gv[1]) for i, gv in enumerate(gvs)])
s.run(tf.variables_initializer(acc))
s.run(zero)
[s.run(accum) for _ in range(3)]
s.run(stp)
show(f.eval(), acc[0].eval(), acc[0].name, accum[0].name, zero[0].op.name)
gr, n = tf.clip_by_global_norm([gvs[0][0], None, tf.constant([3.0, 4.0], tf.float64)], 5.0)
show(
    s.run(
        [
            gr[0],
            gr[2],
            n,
            tf.global_norm([gvs[0][0]]),
            tf.clip_by_norm(f, 1.0, axes=[1]),
            tf.clip_by_average_norm(tf.to_float(f), 0.1),
        ]
    ),
    gr[1],
)
