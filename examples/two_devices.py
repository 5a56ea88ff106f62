# SPDX-License-Identifier: Apache-2.0
"""Two (virtual) devices each take half of a batch; their gradients are averaged for one update.

device_count={"CPU": 2} splits the processor into two devices that run at the same time.
"""

import numpy as np

import caudal as tf


def loss_of(x, y):
    """The same variables on every device: get_variable with reuse."""
    with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
        w = tf.get_variable("w", [8, 1], initializer=tf.zeros_initializer())
        b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
    return tf.reduce_mean(tf.squared_difference(tf.matmul(x, w) + b, y))


def main(steps=200):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(8, 1))
    xs = rng.normal(size=(512, 8)).astype(np.float32)
    ys = (xs @ truth + 0.5).astype(np.float32)

    x = tf.placeholder(tf.float32, [512, 8])
    y = tf.placeholder(tf.float32, [512, 1])
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    losses, towers = [], []
    halves = zip(tf.split(x, 2), tf.split(y, 2))
    for number, (part_x, part_y) in enumerate(halves):
        with tf.device(f"/cpu:{number}"):
            losses.append(loss_of(part_x, part_y))
            towers.append(optimizer.compute_gradients(losses[-1]))
    with tf.device("/cpu:0"):
        averaged = [
            ((first + second) / 2, variable) for (first, variable), (second, _) in zip(*towers)
        ]
        train = optimizer.apply_gradients(averaged)
        loss = tf.add_n(losses) / 2

    config = tf.ConfigProto(device_count={"CPU": 2}, allow_soft_placement=True)
    with tf.Session(config=config) as session:
        print("devices:", ", ".join(d.name for d in session.list_devices()))
        session.run(tf.global_variables_initializer())
        for step in range(steps + 1):
            _, value = session.run([train, loss], {x: xs, y: ys})
            if step % 50 == 0:
                print(f"step {step:3d}  loss {value:.6f}")
        with tf.variable_scope("model", reuse=True):
            found = session.run(tf.get_variable("w", [8, 1]))
    print(f"largest error of a weight: {np.abs(found - truth).max():.5f}")


if __name__ == "__main__":
    main()
