# SPDX-License-Identifier: Apache-2.0
"""Order of the batches of tf.examples.tutorials.mnist, over borders of epochs."""

import gzip
import os
import struct
import tempfile

import numpy as np

import caudal as tf

mnist = tf.contrib.learn.datasets.mnist
base = tf.contrib.learn.datasets.base


def write(folder, name, array):
    header = struct.pack(">I", 2048 + array.ndim) + struct.pack(">%dI" % array.ndim, *array.shape)
    with gzip.open(os.path.join(folder, name), "wb") as f:
        f.write(header + array.astype(np.uint8).tobytes())


class Silent:
    """Takes what is printed while files are read."""

    def write(self, text):
        pass

    def flush(self):
        pass


def read(folder, **options):
    import sys

    out, sys.stdout = sys.stdout, Silent()
    try:
        return mnist.read_data_sets(folder, **options)
    finally:
        sys.stdout = out


folder = tempfile.mkdtemp()
rng = np.random.RandomState(0)
for part, count in (("train", 60), ("t10k", 20)):
    write(folder, part + "-images-idx3-ubyte.gz", rng.randint(0, 256, [count, 3, 4]))
    write(folder, part + "-labels-idx1-ubyte.gz", rng.randint(0, 10, [count]))

for options in (
    {"seed": 7},
    {"seed": 3, "one_hot": True, "reshape": False, "validation_size": 10},
    {"seed": 1, "dtype": tf.uint8, "validation_size": 0},
):
    options = dict({"validation_size": 5}, **options)
    data = read(folder, **options)
    print(
        [d.num_examples for d in data],
        data.train.images.shape,
        data.train.labels.shape,
        data.train.images.dtype,
        data.train.labels.dtype,
    )
    for size in 7, 20, 30, 1, 55, 9:
        x, y = data.train.next_batch(size)
        print(
            size, x.shape, float(x[0].sum()), y.ravel()[:12].tolist(), data.train.epochs_completed
        )
    x, y = data.validation.next_batch(3, shuffle=False) if options["validation_size"] else (x, y)
    print(float(x.sum()), y.ravel()[:10].tolist())
    print(data.test.next_batch(4)[1].ravel().tolist())

tf.set_random_seed(11)
data = read(folder, validation_size=5)
print(data.train.next_batch(20)[1].tolist(), data.validation.next_batch(5)[1].tolist())
fake = mnist.read_data_sets(folder, fake_data=True, one_hot=True)
print(fake.train.num_examples, [len(v) for v in fake.train.next_batch(3, fake_data=True)])
print(mnist.dense_to_one_hot(np.array([1, 0, 2]), 3).tolist())
for bad in (
    lambda: read(folder, validation_size=61),
    lambda: read(folder, validation_size=5, dtype=tf.int32),
):
    try:
        bad()
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
