# SPDX-License-Identifier: Apache-2.0
"""tf.contrib.layers and tf.contrib.framework: values, gradients, names, collections, updates."""

import numpy as np

import caudal as tf

CL = tf.contrib.layers
arg_scope = tf.contrib.framework.arg_scope
rng = np.random.RandomState(0)
small = tf.random_uniform_initializer(-0.5, 0.5, seed=3)
image, row, rows = [2, 6, 7, 4], [3, 7, 4], [6, 4]


def show(label, *values):
    print(label, *[np.array2string(np.asarray(v), precision=5, threshold=20) for v in values])


def check(label, layer, shape, steps=3):
    """Output, gradients towards input and variables, and variables after their updates."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(5)
        x = tf.placeholder(tf.float32, shape)
        flag = tf.placeholder_with_default(True, [])
        with arg_scope(
            [
                CL.conv2d,
                CL.fully_connected,
                CL.separable_conv2d,
                CL.conv2d_transpose,
                CL.conv2d_in_plane,
            ],
            weights_initializer=small,
        ):
            y = layer(x, flag)
        ramp = tf.reshape(tf.cast(tf.range(tf.size(y)), tf.float32), tf.shape(y))
        loss = tf.reduce_sum(y * tf.cos(ramp))
        trainable = tf.trainable_variables()
        grads = tf.gradients(loss, [x] + trainable)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        value = rng.randn(*shape).astype("f")
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            out, *gs = sess.run([y] + [g for g in grads if g is not None], {x: value})
            print(label, y.op.name, y.shape, len(trainable), len(updates))
            print([(v.op.name, v.shape.as_list()) for v in tf.global_variables()])
            print([v.op.name for v in tf.get_collection(tf.GraphKeys.MODEL_VARIABLES)])
            show(" y", out.shape, out.sum(), np.abs(out).sum(), out.ravel()[:4])
            for g in gs:
                show(" g", g.shape, g.sum(), np.abs(g).sum())
            for _ in range(steps):
                sess.run([y] + updates, {x: value})
            for v in tf.global_variables():
                show(" " + v.op.name, sess.run(v).ravel()[:4])
            show(" eval", np.abs(sess.run(y, {x: value, flag: False})).sum())
        assert graph is y.graph


bn = CL.batch_norm
check("conv2d", lambda x, t: CL.conv2d(x, 3, [2, 3], stride=2), image)
check(
    "conv2d bn",
    lambda x, t: CL.conv2d(
        x, 3, 3, normalizer_fn=bn, normalizer_params={"decay": 0.7, "scale": True}
    ),
    image,
)
check("conv2d rate", lambda x, t: CL.conv2d(x, 3, 2, rate=2, padding="VALID"), image)
check("transpose", lambda x, t: CL.conv2d_transpose(x, 3, 3, stride=2), image)
check("in plane", lambda x, t: CL.conv2d_in_plane(x, 2), image)
check("separable", lambda x, t: CL.separable_conv2d(x, 3, 2, depth_multiplier=2), image)
check("depthwise", lambda x, t: CL.separable_conv2d(x, None, 2, 2, stride=2), image)
check("dense", lambda x, t: CL.fully_connected(x, 3, activation_fn=tf.tanh), rows)
check("dense bn", lambda x, t: CL.fully_connected(x, 3, normalizer_fn=bn), rows)
check("linear", lambda x, t: CL.linear(x, 3, biases_initializer=None), row)
check("max", lambda x, t: CL.max_pool2d(x, 3, stride=2, padding="SAME"), image)
check("avg", lambda x, t: CL.avg_pool2d(x, [2, 3], scope="mean"), image)
for shape in image, rows, row:
    check("bn", lambda x, t: bn(x, 0.7), shape)
    check("bn flag", lambda x, t: bn(x, 0.7, is_training=t, scale=True), shape)
    check("bn at once", lambda x, t: bn(x, 0.7, updates_collections=None, is_training=t), shape)
    check("bn debiased", lambda x, t: bn(x, 0.7, zero_debias_moving_mean=True), shape)
    check(
        "bn weights",
        lambda x, t: bn(x, 0.7, batch_weights=tf.range(1.0, 1.0 + int(x.shape[0])), is_training=t),
        shape,
    )
check("bn plain", lambda x, t: bn(x, 0.7, fused=False, center=False, scale=True), image)
check(
    "bn renorm",
    lambda x, t: bn(
        x, 0.7, renorm=True, renorm_decay=0.6, renorm_clipping={"rmax": 2.0}, is_training=t
    ),
    image,
)
check(
    "bn activation",
    lambda x, t: bn(
        x,
        param_initializers={"beta": tf.constant_initializer(0.3)},
        activation_fn=tf.nn.relu,
        scope="norm",
    ),
    image,
)
check("layer", lambda x, t: CL.layer_norm(x), image)
check("layer axes", lambda x, t: CL.layer_norm(x, begin_norm_axis=2, begin_params_axis=1), row)
check("instance", lambda x, t: CL.instance_norm(x, scale=False), image)
check("instance first", lambda x, t: CL.instance_norm(x, data_format="NCHW"), image)
check("group", lambda x, t: CL.group_norm(x, groups=2), image)
check("group one pass", lambda x, t: CL.group_norm(x, groups=2, mean_close_to_zero=True), image)
check("unit", lambda x, t: CL.unit_norm(x, 1), image)
check("maxout", lambda x, t: CL.maxout(x, 2), image)
check("flatten", lambda x, t: CL.flatten(x), image)
check("bias", lambda x, t: CL.bias_add(x, activation_fn=tf.nn.elu), image)
check("softmax", lambda x, t: CL.softmax(x), image)
check("spatial softmax", lambda x, t: CL.spatial_softmax(x), image)
check("repeat", lambda x, t: CL.repeat(x, 2, CL.conv2d, 3, 2, scope="twice"), image)
check("stack", lambda x, t: CL.stack(x, CL.fully_connected, [3, 5]), rows)
check("rows of images", lambda x, t: CL.images_to_sequence(x), image)
check("gdn", lambda x, t: CL.gdn(x), image)
check("dropout", lambda x, t: tf.sign(CL.dropout(x, 0.6, seed=3, is_training=t)), rows)

ids = tf.constant([[1, 4, 1], [0, 2, 4]])
table = tf.constant(rng.randn(6, 3).astype("f"))
with tf.Session() as sess:
    a = CL.embed_sequence(ids, 6, 2, initializer=small)
    b = CL.embedding_lookup_unique(table, ids)
    c = CL.bow_encoder(ids, 6, 2, sparse_lookup=False, initializer=small)
    d = CL.one_hot_encoding(ids[0], 5, off_value=-1.0)
    sess.run(tf.global_variables_initializer())
    show("embeddings", *sess.run([a, b, c, d]))
    w = tf.constant([1.0, -2.0, 0.5])
    for name in "l1_regularizer", "l2_regularizer", "l1_l2_regularizer":
        loss = getattr(CL, name)(0.3)(w)
        show(name + " " + loss.op.name, sess.run(loss))
    loss = CL.apply_regularization(
        CL.sum_regularizer([CL.l1_regularizer(0.1), CL.l2_regularizer(0.2)]), [w, 2.0 * w]
    )
    show(loss.op.name, sess.run(loss))
    for make in (
        lambda: CL.xavier_initializer(seed=1),
        lambda: CL.xavier_initializer(uniform=False, seed=1),
        lambda: CL.variance_scaling_initializer(seed=1),
        lambda: CL.variance_scaling_initializer(1.0, "FAN_OUT", True, seed=1),
    ):
        for shape in [4, 3], [2, 2, 3, 5], [7]:
            v = sess.run(make()(shape))
            show("initial", np.abs(v).max() <= 10, v.shape)


@tf.contrib.framework.add_arg_scope
def f(a, b=1, c=2):
    return a, b, c


with arg_scope([f], b=5) as scope:
    print(f(0), f(0, b=1), f(0, c=7))
    with arg_scope([f], c=9):
        print(f(0), tf.contrib.framework.arg_scoped_arguments(f))
with arg_scope(scope):
    print(f(3))
print(f(3))

for options in (
    {},
    {"clip_gradients": 0.5},
    {"optimizer": "Adam", "name": "again"},
    {"optimizer": "Momentum", "learning_rate_decay_fn": lambda rate, step: rate * 0.5},
    {"gradient_multipliers": {"w": 0.25}},
    {"optimizer": lambda: tf.train.AdagradOptimizer(0.3), "learning_rate": None},
    {"increment_global_step": False, "optimizer": tf.train.RMSPropOptimizer},
):
    tf.reset_default_graph()
    w = tf.get_variable("w", initializer=[1.0, -2.0, 3.0])
    step = tf.train.get_or_create_global_step()
    arguments = {"learning_rate": 0.1, "optimizer": "SGD", "summaries": []}
    arguments.update(options)
    train = CL.optimize_loss(tf.reduce_sum(tf.square(w)), step, **arguments)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(3):
            sess.run(train)
        show(train.op.name, sess.run(w), sess.run(step))
    print([v.op.name for v in tf.global_variables()])

for bad in (
    lambda: CL.fully_connected(tf.ones([2, 3]), 1.5),
    lambda: CL.conv2d(tf.ones([2, 3, 4]), 2, 3),
    lambda: CL.conv2d(tf.ones([2, 3, 4, 5]), 2, 3, data_format="wrong"),
    lambda: CL.max_pool2d(tf.ones([2, 3, 4, 5]), 2, data_format="wrong"),
    lambda: CL.group_norm(tf.ones([2, 3, 4, 5]), 2),
    lambda: CL.l2_regularizer(1),
    lambda: CL.l1_regularizer(-0.5),
    lambda: CL.optimize_loss(tf.constant(1.0), None, 0.1, "wrong"),
    lambda: CL.maxout(tf.ones([2, 3]), 2),
    lambda: arg_scope(scope, x=1).__enter__(),
):
    try:
        bad()
        print("no error")
    except (ValueError, TypeError) as error:
        print(type(error).__name__, str(error).splitlines()[0].split("<function")[0])
