# SPDX-License-Identifier: Apache-2.0
"""Schedules of learning rates, averaged gradients of towers, streaming metrics."""

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


rng = np.random.RandomState(14)
# schedules
gs = tf.train.get_or_create_global_step()
inc = tf.assign_add(gs, 1)
sch = [
    tf.train.exponential_decay(0.1, gs, 3, 0.5),
    tf.train.exponential_decay(
        learning_rate=0.1, global_step=gs, decay_steps=3, decay_rate=0.5, staircase=True, name="lr"
    ),
    tf.train.piecewise_constant(gs, boundaries=[2, 5], values=[1.0, 0.5, 0.1]),
    tf.train.polynomial_decay(0.1, gs, 6, end_learning_rate=0.01, power=0.5, cycle=True),
    tf.train.inverse_time_decay(0.1, gs, 2, 0.5),
    tf.train.natural_exp_decay(0.1, gs, 2, 0.5, staircase=True),
    tf.train.cosine_decay(0.1, gs, 6, alpha=0.1),
    tf.train.cosine_decay_restarts(0.1, gs, 3),
    tf.train.linear_cosine_decay(0.1, gs, 6),
    tf.train.noisy_linear_cosine_decay(0.1, gs, 6, initial_variance=0.0),
]
show([s.name for i, s in enumerate(sch) if i != 2], gs, tf.train.get_global_step() is gs)
with tf.Session() as s:
    s.run(tf.global_variables_initializer())
    for _ in range(8):
        show(tf.train.global_step(s, gs), s.run(sch))
        s.run(inc)
# towers
tf.reset_default_graph()


def mean_gradients(tower_grads):
    out = []
    for gv in zip(*tower_grads):
        gr = tf.concat(axis=0, values=[tf.expand_dims(g, 0) for g, _ in gv])
        out.append((tf.reduce_mean(gr, 0), gv[0][1]))
    return out


def on_host(name, shape, initializer):
    with tf.device("/cpu:0"):
        return tf.get_variable(name, shape, initializer=initializer, dtype=tf.float32)


def decayed(name, shape, wd):
    var = on_host(
        name, shape, tf.constant_initializer(np.sin(np.arange(np.prod(shape))).reshape(shape))
    )
    if wd is not None:
        tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(var), wd, name="decay"))
    return var


X = rng.randn(8, 5).astype("f4")
Y = rng.randint(0, 3, 8)
xp, yp = tf.placeholder(tf.float32, [8, 5]), tf.placeholder(tf.int64, [8])
opt = tf.train.MomentumOptimizer(0.1, 0.9)
tg = []
xs, yss = tf.split(xp, 2, 0), tf.split(yp, 2)
with tf.variable_scope(tf.get_variable_scope()):
    for i in range(2):
        with tf.device("/gpu:%d" % i), tf.name_scope("part_%d" % i) as sc:
            with tf.variable_scope("local") as vs:
                l = tf.matmul(xs[i], decayed("weights", [5, 3], 0.04)) + on_host(
                    "biases", [3], tf.constant_initializer(0.0)
                )
            tf.add_to_collection(
                "losses",
                tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=yss[i], logits=l),
                    name="cross_entropy",
                ),
            )
            loss = tf.add_n(tf.get_collection("losses", sc), name="sum_of_losses")
            show([t.op.name for t in tf.get_collection("losses", sc)], loss.device)
            tf.get_variable_scope().reuse_variables()
            tg.append(opt.compute_gradients(loss))
gs = tf.Variable(0, trainable=False)
ap = opt.apply_gradients(mean_gradients(tg), global_step=gs)
ema = tf.train.ExponentialMovingAverage(0.9, gs)
with tf.control_dependencies([ap]):
    mop = ema.apply(tf.trainable_variables())
tr = tf.group(ap, mop)
lavg = tf.train.ExponentialMovingAverage(0.5, name="avg", zero_debias=True)
lop = lavg.apply([loss])
show(
    [v.name for v in tf.global_variables()],
    sorted(ema.variables_to_restore()),
    lavg.average(loss).name,
    ema.average_name(tf.trainable_variables()[0]),
    len(tf.moving_average_variables()),
)
with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as s:
    s.run(tf.global_variables_initializer())
    for _ in range(4):
        r = s.run([tr, loss], {xp: X, yp: Y})
        s.run(lop, {xp: X, yp: Y})
        show(
            r[1],
            s.run([lavg.average(loss), gs]),
            s.run(ema.average(tf.trainable_variables()[0]))[0],
            s.run(tf.trainable_variables()[0])[0],
        )
# metrics
tf.reset_default_graph()
la, pr, wt = (
    tf.placeholder(tf.int64, [None]),
    tf.placeholder(tf.float32, [None]),
    tf.placeholder(tf.float32, [None]),
)
M = dict(
    acc=tf.metrics.accuracy(
        labels=la, predictions=tf.cast(pr > 0.5, tf.int64), weights=wt, name="acc"
    ),
    prec=tf.metrics.precision(la, pr > 0.5),
    rec=tf.metrics.recall(la, pr > 0.5),
    auc=tf.metrics.auc(la, pr, num_thresholds=50),
    mse=tf.metrics.mean_squared_error(tf.to_float(la), pr),
    rmse=tf.metrics.root_mean_squared_error(tf.to_float(la), pr),
    mean=tf.metrics.mean(pr, updates_collections="u", metrics_collections=["m"]),
    fp=tf.metrics.false_positives(la, pr > 0.5),
    iou=tf.metrics.mean_iou(la, tf.to_int64(pr > 0.5), 2),
    mpc=tf.metrics.mean_per_class_accuracy(la, tf.to_int64(pr > 0.5), 2),
    pat=tf.metrics.precision_at_thresholds(la, pr, [0.3, 0.7]),
    sas=tf.metrics.sensitivity_at_specificity(la, pr, 0.5),
    pct=tf.metrics.percentage_below(pr, 0.4),
    mt=tf.metrics.mean_tensor(tf.reshape(pr[:2], [2])),
    cos=tf.metrics.mean_cosine_distance(
        tf.to_float(tf.stack([la, la], 1)), tf.stack([pr, 1 - pr], 1), 1
    ),
    topk=tf.metrics.recall_at_k(la, tf.stack([1 - pr, pr], 1), 1),
    apk=tf.metrics.average_precision_at_k(la, tf.stack([1 - pr, pr], 1), 2),
)
names, (vals, ups) = list(M), zip(*M.values())
show([(v.name, u.name) for v, u in zip(vals, ups)])
show(
    [v.name for v in tf.local_variables()],
    tf.get_collection("m"),
    tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)[:1],
)
with tf.Session() as s:
    s.run(tf.local_variables_initializer())
    for _ in range(3):
        fd = {la: rng.randint(0, 2, 6), pr: rng.rand(6), wt: rng.rand(6)}
        show(s.run(list(ups), fd))
    show(dict(zip(names, s.run(list(vals)))))
    s.run(tf.variables_initializer(tf.get_collection(tf.GraphKeys.LOCAL_VARIABLES, scope="acc")))
    show(s.run(M["acc"][0]))
    cm = tf.confusion_matrix(la, tf.to_int64(pr > 0.5), num_classes=2, weights=wt)
    show(s.run(cm, fd))
    agg = tf.contrib.metrics.aggregate_metric_map({"a": M["acc"], "m": M["mean"]})
    show(agg)
    show(
        s.run(
            [
                tf.losses.log_loss(la, pr),
                tf.losses.hinge_loss(la, pr),
                tf.losses.mean_squared_error(la, pr, weights=wt),
                tf.losses.absolute_difference(la, pr, reduction=tf.losses.Reduction.SUM),
                tf.losses.cosine_distance(tf.expand_dims(wt, 0), tf.expand_dims(pr, 0), axis=1),
                tf.losses.sigmoid_cross_entropy(la, pr, label_smoothing=0.1),
                tf.losses.compute_weighted_loss(pr, wt),
                tf.losses.mean_pairwise_squared_error(tf.expand_dims(wt, 0), tf.expand_dims(pr, 0)),
            ],
            fd,
        ),
        len(tf.losses.get_losses()),
        tf.losses.get_total_loss(add_regularization_losses=False).name,
    )
