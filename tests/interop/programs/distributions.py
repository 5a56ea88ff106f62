# SPDX-License-Identifier: Apache-2.0
"""Distributions: densities, integrals, statistics, divergences, samples, gradients."""

import numpy as np

import caudal as tf

D = tf.distributions
a = tf.constant([[0.5], [1.5], [3.0]])
b = tf.constant([0.7, 2.0])
x = tf.constant([[0.2, 0.9], [0.4, 0.6], [0.05, 0.75]])
counts = tf.constant([[1.0, 2.0, 0.0], [0.0, 1.0, 2.0]])
weights = tf.constant([[0.5, 1.0, 2.5], [3.0, 1.2, 0.8]])
made = {
    "normal": (D.Normal(a, b), x - 0.5), "uniform": (D.Uniform(-b, a), x),
    "laplace": (D.Laplace(a, b), x * 3), "gamma": (D.Gamma(a, b), x * 4),
    "exponential": (D.Exponential(b), x), "beta": (D.Beta(a + 0 * x, b + 0 * x), x),
    "student": (D.StudentT(a + 2 + 0 * x, b, a), x - 0.3),
    "bernoulli": (D.Bernoulli(logits=a - b), tf.cast(x > 0.5, tf.int32)),
    "bernoulli_p": (D.Bernoulli(probs=[0.2, 0.9], dtype=tf.float32), tf.cast(x > 0.5, tf.float32)),
    "categorical": (D.Categorical(logits=weights), tf.constant([2, 0])),
    "categorical_p": (D.Categorical(probs=[0.2, 0.3, 0.5]), tf.constant([2, 0])),
    "multinomial": (D.Multinomial(3.0, logits=weights), counts),
    "dirichlet": (D.Dirichlet(weights), tf.nn.softmax(counts)),
    "mixed": (D.DirichletMultinomial(3.0, weights), counts),
}  # fmt: skip
wanted = {}
for name, (d, value) in made.items():
    print(name, d.batch_shape, d.event_shape, d.dtype.name, d.name)
    print(d.reparameterization_type is D.FULLY_REPARAMETERIZED)
    tensors = {"log_prob": d.log_prob(value), "prob": d.prob(value)}
    for what in ("mean", "variance", "stddev", "entropy", "mode", "covariance",
                 "batch_shape_tensor", "event_shape_tensor"):  # fmt: skip
        if (what, name) == ("mode", "dirichlet"):
            continue
        try:
            tensors[what] = getattr(d, what)()
        except NotImplementedError:
            pass
    for what in ("cdf", "log_cdf", "survival_function", "log_survival_function"):
        try:
            tensors[what] = getattr(d, what)(value)
        except NotImplementedError:
            pass
    for n in ((), 4, [2, 3]):
        print("  ", d.sample(n, seed=1).shape.as_list(), end="")
    print()
    wanted[name] = tensors
p = tf.constant([0.0, 1e-20, 0.001, 0.1, 0.3, 0.5, 0.9, 0.999, 1.0])
far = tf.constant([-40.0, -12.0, -9.0, -3.0, 0.0, 4.0, 6.0])
extra = {
    "quantile": D.Normal(1.0, 2.0).quantile(p),
    "log_cdf": D.Normal(0.0, 1.0).log_cdf(far),
    "log_cdf_grad": tf.gradients(D.Normal(0.0, 1.0).log_cdf(far), far)[0],
    "quantile_grad": tf.gradients(D.Normal(1.0, 2.0).quantile(p[2:-1]), p)[0],
    "outside": D.Uniform(0.0, 1.0).prob([-1.0, 0.0, 0.5, 1.0, 2.0]),
    "kl_normal": D.kl_divergence(D.Normal(a, b), D.Normal(b, a)),
    "kl_gamma": D.kl_divergence(D.Gamma(a, b), D.Gamma(b, a)),
    "kl_beta": D.kl_divergence(D.Beta(a, b), D.Beta(b, a)),
    "kl_bernoulli": D.Bernoulli(logits=a).kl_divergence(D.Bernoulli(logits=b)),
    "kl_categorical": made["categorical"][0].kl_divergence(D.Categorical(logits=counts)),
    "kl_dirichlet": made["dirichlet"][0].kl_divergence(D.Dirichlet(weights + 1)),
    "cross": D.Normal(a, b).cross_entropy(D.Normal(b, a)),
    "copy": D.Normal(a, b).copy(scale=1.0).stddev(),
    "grad": tf.gradients(made["normal"][0].log_prob(x), [a, b]),
    "grad_sample": tf.gradients(D.Normal(a, b).sample(seed=2), [a, b])[0],
}  # fmt: skip
samples = {
    "normal": D.Normal(a, b).sample([2], seed=3), "uniform": D.Uniform(-b, a).sample(seed=4),
    "laplace": D.Laplace(a, b).sample(seed=5), "exponential": D.Exponential(b).sample(3, seed=6),
    "bernoulli": D.Bernoulli(logits=a - b).sample(4, seed=7),
}  # fmt: skip
for case in (
    lambda: D.Bernoulli(), lambda: D.Bernoulli(logits=a, probs=a),
    lambda: D.kl_divergence(D.Normal(0.0, 1.0), D.Uniform()),
    lambda: D.Gamma(1.0, 1.0).quantile(0.5),
):  # fmt: skip
    try:
        case()
    except (ValueError, NotImplementedError) as error:
        print(type(error).__name__, str(error)[:50])

with tf.Session() as sess:
    for group in (*wanted.items(), ("extra", extra), ("samples", samples)):
        for what, value in sorted(sess.run(group[1]).items()):
            parts = value if isinstance(value, list) else [value]
            print(group[0], what, [np.asarray(v, np.float64).tolist() for v in parts])
    for name, (d, _) in made.items():
        many = sess.run(d.sample(20000, seed=8)).astype(np.float64)
        expected = sess.run(d.mean()) if "categorical" not in name else many.mean(0)
        print(name, bool(np.all(np.abs(many.mean(0) - expected) < 0.15)))
    try:
        sess.run(D.Normal(0.0, -1.0, validate_args=True).mean())
    except tf.errors.InvalidArgumentError:
        print("checked")
