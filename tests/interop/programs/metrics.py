# SPDX-License-Identifier: Apache-2.0
"""Metrics over several batches: values, updates, variables, collections."""

import numpy as np

import caudal as tf

rng = np.random.RandomState(5)
batches = [
    {"p": rng.rand(4, 3), "q": rng.rand(4, 3), "w": rng.rand(4, 3) * rng.randint(0, 2, (4, 3)),
     "r": rng.rand(4, 1), "l": rng.randint(0, 3, 4), "m": rng.randint(0, 3, 4),
     "b": rng.randint(0, 2, (4, 3)), "s": rng.rand(4, 5), "k": rng.randint(0, 5, (4, 2)),
     "v": rng.rand(4)}
    for _ in range(3)
]  # fmt: skip
f, i, M = tf.float32, tf.int64, tf.metrics
p, q, w = (tf.placeholder(f, [4, 3], name=n) for n in "pqw")
r, v, s = tf.placeholder(f, [4, 1]), tf.placeholder(f, [4]), tf.placeholder(f, [4, 5])
l, m, k = tf.placeholder(i, [4]), tf.placeholder(i, [4]), tf.placeholder(i, [4, 2])  # noqa: E741
b = tf.placeholder(i, [4, 3])
u = tf.placeholder(f, None)
feeds = dict(p=p, q=q, w=w, r=r, v=v, s=s, l=l, m=m, k=k, b=b)
metrics = {
    "mean": M.mean(p), "mean_w": M.mean(p, w), "mean_r": M.mean(p, r), "mean_u": M.mean(p, u),
    "tensor": M.mean_tensor(p, w), "accuracy": M.accuracy(l, m), "accuracy_v": M.accuracy(l, m, v),
    "abs": M.mean_absolute_error(p, q, r), "mse": M.mean_squared_error(p, q, w),
    "rmse": M.root_mean_squared_error(p, q), "relative": M.mean_relative_error(p, q, w),
    "cosine": M.mean_cosine_distance(p, q, 1, r), "below": M.percentage_below(p, 0.4, w),
    "iou": M.mean_iou(l, m, 4), "iou_v": M.mean_iou(l, m, 3, v),
    "class": M.mean_per_class_accuracy(l, m, 3), "class_v": M.mean_per_class_accuracy(l, m, 3, v),
    "tp": M.true_positives(b, p > 0.5), "tn": M.true_negatives(b, p > 0.5, w),
    "fp": M.false_positives(b, p > 0.5), "fn": M.false_negatives(b, p > 0.5, r),
    "precision": M.precision(b, p > 0.5), "recall": M.recall(b, p > 0.5, w),
    "precision_0": M.precision(b, tf.zeros_like(b)), "recall_0": M.recall(tf.zeros_like(b), b),
}  # fmt: skip
cuts = [0.0, 0.3, 0.5, 0.9]
for name in ("true_positives", "true_negatives", "false_positives", "false_negatives",
             "precision", "recall"):  # fmt: skip
    metrics[name + "@"] = getattr(M, name + "_at_thresholds")(b, p, cuts, w)
for curve in ("ROC", "PR"):
    for method in ("trapezoidal", "careful_interpolation", "minoring", "majoring"):
        metrics["auc" + curve + method] = M.auc(b, p, w, 20, curve=curve, summation_method=method)
metrics["auc_at"] = M.auc(b, p, thresholds=[0.2, 0.4, 0.7])
metrics["sensitivity"] = M.sensitivity_at_specificity(b, p, 0.6, num_thresholds=30)
metrics["specificity"] = M.specificity_at_sensitivity(b, p, 0.6, w, num_thresholds=30)
sparse = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [3, 2]], tf.cast([1, 4, 2, 9], i), [4, 3])
for number, labels in enumerate((l, k, sparse)):
    for c in (None, 1):
        for wk in (None, v):
            metrics["pk%d%s%s" % (number, c, wk is v)] = M.precision_at_k(labels, s, 2, c, wk)
            metrics["rk%d%s%s" % (number, c, wk is v)] = M.recall_at_k(labels, s, 3, c, wk)
    metrics["ap%d" % number] = M.average_precision_at_k(labels, s, 3)
    metrics["apw%d" % number] = M.average_precision_at_k(labels, s, 4, v)
metrics["ptop"] = M.precision_at_top_k(l[:, tf.newaxis], k)
metrics["rtop"] = M.recall_at_top_k(l[:, tf.newaxis], k, name="named")

print(len(tf.local_variables()), len(tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)))
print(len(tf.global_variables()), [x.op.name for x in tf.local_variables()])
M.mean(p, metrics_collections=["a"], updates_collections=["b", "c"], name="mine")
print([t.name for key in "abc" for t in tf.get_collection(key)])
for case in (
    lambda: M.accuracy([1, 2], [1, 2, 3]), lambda: M.average_precision_at_k(l, s, 0),
    lambda: M.mean([1.0], weights=[1.0, 2.0]),
):  # fmt: skip
    try:
        case()
    except ValueError as error:
        print(str(error).splitlines()[0][:12])

with tf.Session() as sess:
    sess.run(tf.local_variables_initializer())
    for batch in batches:
        feed = {feeds[n]: x for n, x in batch.items()}
        feed[u] = batch["v"]
        feed[u] = batch["w"][:, :1]
        updates = sess.run({n: x[1] for n, x in metrics.items()}, feed)
        values = sess.run({n: x[0] for n, x in metrics.items()}, feed)
        for name in metrics:
            print(name, np.asarray(values[name]).tolist(), np.asarray(updates[name]).tolist())
    try:
        sess.run(metrics["auc_at"][1], {**feed, p: np.full((4, 3), 1.5)})
    except tf.errors.InvalidArgumentError as error:
        print("predictions must be in [0, 1]" in str(error))
