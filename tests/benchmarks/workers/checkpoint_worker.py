# SPDX-License-Identifier: Apache-2.0
"""Saves and restores variables of one gigabyte, or opens a checkpoint of 10,000 variables.

checkpoint_worker.py {caudal,tensorflow,tensorflow1,plain} {save,restore,open} FOLDER

"plain" does what no format can do without: writes the bytes of the variables to a new file, calls
fsync and lets it replace the old one; or reads them into new memory that replaces the old.
"""

import os
import sys
import time

import numpy as np
from protocol import peak_memory, reply

SIZES_MB = (128,) * 4 + (16,) * 16 + (1,) * 256


def arrays():
    rng = np.random.RandomState(0)
    base = rng.randint(0, 2**32, 2**25, np.uint64).astype(np.uint32).view(np.float32)
    for index, size in enumerate(SIZES_MB):
        yield np.roll(base[: size << 18], index)


def plain(benchmark, folder):
    path = os.path.join(folder, "plain")
    values = list(arrays())

    def save():
        with open(path + ".new", "wb", buffering=0) as file:
            for value in values:
                view = memoryview(value).cast("B")
                while len(view):
                    view = view[file.write(view) :]
            os.fsync(file.fileno())
        os.replace(path + ".new", path)

    def restore():
        read = []
        with open(path, "rb", buffering=0) as file:
            for value in values:
                fresh = np.empty_like(value)
                view = memoryview(fresh).cast("B")
                while len(view):
                    view = view[file.readinto(view) :]
                read.append(fresh)
        values[:] = read

    if benchmark == "restore":
        save()
    return {"save": save, "restore": restore}[benchmark]


def engine(module, benchmark, folder):
    if module == "caudal":
        import caudal as tf
    elif module == "tensorflow1":
        import tensorflow as tf

        tf.logging.set_verbosity(tf.logging.ERROR)
    else:
        import tensorflow.compat.v1 as tf

        tf.disable_v2_behavior()
    prefix = os.path.join(folder, module)
    if benchmark == "open":
        variables = [
            tf.get_variable(f"layer_{i // 10}/block_{i % 10}/kernel", [2, 2]) for i in range(10000)
        ]
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            tf.train.Saver(variables).save(session, prefix, write_meta_graph=False)

        def step():
            reader = tf.train.NewCheckpointReader(prefix)
            assert len(reader.get_variable_to_shape_map()) == 10000

        return step
    feeds, variables = {}, []
    for number, value in enumerate(arrays()):
        source = tf.placeholder(tf.float32, value.shape)
        variables.append(tf.Variable(source, name=f"v{number}"))
        feeds[source] = value
    saver = tf.train.Saver(variables)
    session = tf.Session()
    session.run(tf.global_variables_initializer(), feeds)
    feeds.clear()

    def save():
        saver.save(session, prefix, write_meta_graph=False)
        if module != "caudal":  # which syncs by itself
            for name in (".data-00000-of-00001", ".index"):
                with open(prefix + name, "rb") as file:
                    os.fsync(file.fileno())

    def restore():
        saver.restore(session, prefix)

    if benchmark == "restore":
        save()
    return {"save": save, "restore": restore}[benchmark]


def main():
    module, benchmark, folder = sys.argv[1:]
    if module == "plain":
        step = plain(benchmark, folder)
    else:
        step = engine(module, benchmark, folder)
    step()
    reply(ready=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        step()
        reply(seconds=time.perf_counter() - start, peak=peak_memory())


main()
