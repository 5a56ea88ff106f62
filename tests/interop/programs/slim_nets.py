# SPDX-License-Identifier: Apache-2.0
"""Networks of tf.contrib.slim on small images: values, losses, gradients."""

import importlib

import numpy as np

import caudal as tf

nets = importlib.import_module(tf.contrib.slim.__name__ + ".nets")
slim = tf.contrib.slim
resnet_scope = nets.resnet_v1.resnet_arg_scope


def fill():
    """Values for the variables that do not depend on a random state."""
    assignments = []
    for v in tf.global_variables():
        shape = v.shape.as_list()
        ramp = np.cos(np.arange(int(np.prod(shape))) * 0.37).reshape(shape)
        scale = 1.5 / np.sqrt(max(np.prod(shape[:-1]), 1)) if len(shape) > 1 else 0.1
        if "variance" in v.op.name or "gamma" in v.op.name:
            ramp = 10.0 + ramp
        if v.dtype.base_dtype == tf.float32:
            assignments.append((v, (ramp * scale).astype("f")))
    return assignments


def check(name, network, size, defaults, **arguments):
    with tf.Graph().as_default():
        x = tf.constant(
            np.sin(np.arange(2 * size * size * 3) * 0.01).reshape(2, size, size, 3).astype("f")
        )
        learns = "dropout_keep_prob" not in arguments
        with slim.arg_scope(defaults()):
            evaluated, ends = network(x, is_training=False, **arguments)
            if learns:
                tf.get_variable_scope().reuse_variables()
                trained, _ = network(x, is_training=True, **arguments)
                loss = tf.reduce_mean(tf.square(trained))
                loss += tf.losses.get_regularization_loss()
                norm = tf.global_norm(tf.gradients(loss, tf.trainable_variables()))
        print(name, evaluated.op.name, evaluated.shape, len(ends), len(tf.global_variables()))
        with tf.Session() as sess:
            for v, value in fill():
                v.load(value, sess)
            for step in range(1):
                y = sess.run(evaluated)
                print(step, y.sum(), np.abs(y).sum(), *y.ravel()[:3])
                if learns:
                    print(sess.run(loss))
                    print(sess.run(norm))
            keys = sorted(ends)[:: max(len(ends) // 6, 1)]
            print(keys, *[np.abs(v).mean() for v in sess.run([ends[k] for k in keys])])


N = nets
check(
    "inception v2",
    N.inception.inception_v2,
    64,
    N.inception.inception_v2_arg_scope,
    num_classes=3,
    depth_multiplier=0.25,
    dropout_keep_prob=0.5,
)
check(
    "inception v3",
    N.inception.inception_v3,
    107,
    N.inception.inception_v3_arg_scope,
    num_classes=3,
    depth_multiplier=0.25,
    dropout_keep_prob=0.5,
)
blocks = N.resnet_v2.resnet_v2_block
check(
    "resnet v2",
    N.resnet_v2.resnet_v2,
    33,
    resnet_scope,
    num_classes=3,
    output_stride=8,
    scope="net",
    blocks=[blocks("block1", 8, 2, 2), blocks("block2", 16, 2, 2), blocks("block3", 16, 2, 1)],
)
blocks = N.resnet_v1.resnet_v1_block
check(
    "resnet v1",
    N.resnet_v1.resnet_v1,
    33,
    resnet_scope,
    num_classes=3,
    scope="net",
    blocks=[blocks("block1", 8, 2, 2), blocks("block2", 16, 2, 1)],
)
print(slim.model_analyzer.analyze_vars([], print_info=False))
