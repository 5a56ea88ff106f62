# SPDX-License-Identifier: Apache-2.0
"""LeNet learns handwritten digits: placeholders, variables, a session.

python mnist_lenet.py                 # 10,000 digits that come with the examples
python mnist_lenet.py --data DIR      # the four idx files of MNIST, gzipped or not
"""

import argparse
import sys
import time

import numpy as np
from mnist import batches, load

import caudal as tf


def weights(*shape):
    fan_in = int(np.prod(shape[:-1]))
    return tf.Variable(tf.truncated_normal(shape, stddev=(2 / fan_in) ** 0.5), name="weights")


def biases(size):
    return tf.Variable(tf.zeros([size]), name="biases")


def convolution(x, filters, padding, scope):
    with tf.name_scope(scope):
        kernel = weights(5, 5, int(x.shape[-1]), filters)
        y = tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding=padding)
        y = tf.nn.relu(tf.nn.bias_add(y, biases(filters)))
        return tf.nn.max_pool(y, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")


def dense(x, units, scope):
    with tf.name_scope(scope):
        return tf.matmul(x, weights(int(x.shape[-1]), units)) + biases(units)


def lenet(images, keep_prob):
    y = convolution(images, 6, "SAME", "conv1")  # 28 x 28 x 1 -> 14 x 14 x 6
    y = convolution(y, 16, "VALID", "conv2")  # -> 5 x 5 x 16
    y = tf.reshape(y, [-1, 400])
    y = tf.nn.relu(dense(y, 120, "dense1"))
    y = tf.nn.dropout(y, keep_prob)
    y = tf.nn.relu(dense(y, 84, "dense2"))
    return dense(y, 10, "logits")


def show_progress(epoch, epochs, done, total, loss, accuracy, rate):
    width = 24
    filled = width * done // total
    bar = "=" * filled + ">" * (filled < width) + "." * (width - filled - 1)
    end = "\n" if done == total else ""
    sys.stdout.write(
        f"\repoch {epoch:2d}/{epochs} [{bar}] loss {loss:.4f}  accuracy {100 * accuracy:6.2f} %"
        f"  {rate:5.0f} steps/s{end}"
    )
    sys.stdout.flush()


def draw(history, images, labels, guesses, path):
    """Learning curves and misclassified digits; needs matplotlib, which is optional."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    figure = plt.figure(figsize=(12, 6))
    curves = figure.add_subplot(1, 2, 1)
    epochs = range(1, len(history) + 1)
    curves.plot(epochs, [h[0] for h in history], label="training loss")
    curves.plot(epochs, [1 - h[1] for h in history], label="test error")
    curves.set(xlabel="epoch", yscale="log")
    curves.legend()
    wrong = np.flatnonzero(guesses != labels)[:24]
    for place, index in enumerate(wrong):
        digit = figure.add_subplot(4, 12, 12 * (place // 6) + 7 + place % 6)
        digit.imshow(images[index, :, :, 0], cmap="gray_r")
        digit.set_title(f"{labels[index]} as {guesses[index]}", fontsize=8)
        digit.axis("off")
    figure.tight_layout()
    figure.savefig(path)
    print(f"picture: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--picture", default="mnist_lenet.png", help="'' for none")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    (train_x, train_y), (test_x, test_y) = load(args.data)
    print(f"{len(train_x)} training digits, {len(test_x)} test digits")
    steps = len(train_x) // args.batch

    tf.set_random_seed(args.seed)
    x = tf.placeholder(tf.float32, [None, 28, 28, 1], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    keep_prob = tf.placeholder_with_default(1.0, [], name="keep_prob")
    logits = lenet(x, keep_prob)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses)
    guess = tf.argmax(logits, 1)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(guess, labels), tf.float32))

    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.001, global_step, steps, 0.8)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)

    rng = np.random.default_rng(args.seed)
    history = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for epoch in range(1, args.epochs + 1):
            total_loss, total_accuracy, start = 0.0, 0.0, time.perf_counter()
            for step, (bx, by) in enumerate(batches(train_x, train_y, args.batch, rng), 1):
                feed = {x: bx, labels: by, keep_prob: 0.5}
                _, l, a = session.run([train, loss, accuracy], feed)
                total_loss, total_accuracy = total_loss + l, total_accuracy + a
                if step % 20 == 0 or step == steps:
                    speed = step / (time.perf_counter() - start)
                    mean_loss, mean_accuracy = total_loss / step, total_accuracy / step
                    show_progress(epoch, args.epochs, step, steps, mean_loss, mean_accuracy, speed)
            guesses = np.concatenate(
                [session.run(guess, {x: test_x[i : i + 1000]}) for i in range(0, len(test_x), 1000)]
            )
            history.append((total_loss / steps, float(np.mean(guesses == test_y))))
            print(f"            test accuracy {100 * history[-1][1]:.2f} %")
    print(f"final test accuracy: {100 * history[-1][1]:.2f} %")
    if args.picture:
        draw(history, test_x, test_y, guesses, args.picture)


if __name__ == "__main__":
    main()
