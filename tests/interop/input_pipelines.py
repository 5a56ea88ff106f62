# SPDX-License-Identifier: Apache-2.0
"""Input pipelines of queues that one engine writes to a meta graph and another runs.

input_pipelines.py ENGINE make FOLDER      writes files of data and a meta graph for each pipeline
input_pipelines.py ENGINE continue FOLDER  imports each, starts its queue runners, takes all batches

ENGINE is caudal or tensorflow.
"""

import os
import sys

import numpy as np

ENGINE = sys.argv[1]
if ENGINE == "caudal":
    import caudal as tf
else:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)

FOLDER = sys.argv[3]
ROWS = 60


def path(name):
    return os.path.join(FOLDER, name)


def write_data():
    for part in range(2):
        with open(path("lines-%d.csv" % part), "w") as file:
            file.write("x,y\n")
            for i in range(part, ROWS, 2):
                file.write("%d,%d\n" % (i, i * i))
        with tf.python_io.TFRecordWriter(path("records-%d" % part)) as writer:
            for i in range(part, ROWS, 2):
                writer.write(b"%d" % i)


def names(kind, epochs=1):
    files = [path("%s-%d" % (kind, p) + (".csv" if kind == "lines" else "")) for p in range(2)]
    return tf.train.string_input_producer(files, num_epochs=epochs, seed=3)


def lines_shuffled():
    _, line = tf.TextLineReader(skip_header_lines=1).read(names("lines"))
    x, y = tf.decode_csv(line, [[0], [0.0]])
    return tf.train.shuffle_batch([x, y], 8, 30, 10, num_threads=2, allow_smaller_final_batch=True)


def records_batched():
    _, records = tf.TFRecordReader().read_up_to(names("records", 2), 7)
    rows = [tf.string_to_number(records, tf.int64), tf.string_join(["#", records])]
    return tf.train.batch(rows, 10, enqueue_many=True)


def chosen():
    n = tf.train.range_input_producer(ROWS, num_epochs=1).dequeue()
    return [tf.train.maybe_batch([n], tf.equal(n % 3, 0), 5)]


def padded():
    n = tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
    return [tf.train.batch([tf.fill([n], n)], 3, dynamic_pad=True)]


def slices_joined():
    sources = [
        tf.train.slice_input_producer([np.arange(10) + 10 * k, np.ones([10, 2], "f")], num_epochs=1)
        for k in range(2)
    ]
    return tf.train.batch_join(sources, 4)


def by_priority():
    q = tf.PriorityQueue(100, tf.string, shapes=())
    n = tf.train.range_input_producer(9, num_epochs=1).dequeue()
    put = q.enqueue([tf.cast(-n, tf.int64), tf.as_string(n)])
    tf.train.add_queue_runner(tf.train.QueueRunner(q, [put]))
    return q.dequeue_many(9)


def check(name, batches):
    columns = [[row for batch in column for row in batch.tolist()] for column in zip(*batches)]
    first = columns[0]
    if name == "lines_shuffled":
        assert sorted(first) == list(range(ROWS)), first
        assert columns[1] == [float(x * x) for x in first]
    elif name == "records_batched":
        assert sorted(first) == sorted(2 * list(range(ROWS))), first
        assert columns[1] == [b"#%d" % x for x in first]
    elif name == "chosen":
        assert sorted(first) == list(range(0, ROWS, 3)), first
    elif name == "padded":
        assert [b[0].shape for b in batches] == [(3, 2), (3, 5)]
        assert first[-1] == [5] * 5 and first[1] == [1, 0], first
    elif name == "slices_joined":
        assert sorted(first) == list(range(20)), first
        assert columns[1] == [[1.0, 1.0]] * 20
    else:
        # A batch takes elements as they arrive: only those that wait are in order.
        assert sorted(first) == list(range(-8, 1)), first
        assert columns[1] == [b"%d" % -x for x in first]


PIPELINES = [lines_shuffled, records_batched, chosen, padded, slices_joined, by_priority]


def make():
    os.makedirs(FOLDER, exist_ok=True)
    write_data()
    for build in PIPELINES:
        with tf.Graph().as_default():
            for t in build():
                tf.add_to_collection("batch", t)
            tf.train.export_meta_graph(path(build.__name__ + ".meta"), clear_devices=True)


def go_on():
    for build in PIPELINES:
        name = build.__name__
        with tf.Graph().as_default():
            tf.train.import_meta_graph(path(name + ".meta"))
            fetch = tf.get_collection("batch")
            runners = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
            assert all(isinstance(r, tf.train.QueueRunner) for r in runners) and runners
            with tf.Session() as sess:
                sess.run(tf.local_variables_initializer())
                coord = tf.train.Coordinator()
                threads = tf.train.start_queue_runners(sess, coord)
                batches = []
                try:
                    while True:
                        options = tf.RunOptions(timeout_in_ms=20000)
                        batches.append(sess.run(fetch, options=options))
                except tf.errors.OutOfRangeError:
                    pass
                coord.request_stop()
                coord.join(threads, stop_grace_period_secs=10)
            check(name, batches)
            print(name, "ok", [b[0].shape for b in batches][:3])


if __name__ == "__main__":
    make() if sys.argv[2] == "make" else go_on()
