# SPDX-License-Identifier: Apache-2.0
"""Summaries: their nodes, tags and values; event files; and the errors."""

import os
import tempfile

import numpy as np

import caudal as tf

rng = np.random.RandomState(0)
DTYPES = (tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int8, tf.int16, tf.int32, tf.int64,
          tf.uint8, tf.uint16)  # fmt: skip


def values(data):
    return tf.Summary.FromString(data).value


def show_nodes():
    for op in tf.get_default_graph().get_operations():
        print(op.name, op.type, [t.op.name for t in op.inputs])


def show_histogram(name, histo):
    print(name, histo.min, histo.max, histo.num, histo.sum, histo.sum_squares)
    for limit, count in zip(histo.bucket_limit, histo.bucket):
        print("  ", "%.12g" % limit, count)


def attempt(sess, make, feed=None):
    try:
        print("no error", sess.run(make(), feed))
    except (ValueError, TypeError, AttributeError) as e:
        print(type(e).__name__)
    except tf.errors.OpError as e:
        print(type(e).__name__)


def nodes():
    with tf.Graph().as_default(), tf.name_scope("sc"):
        tf.summary.scalar("a b$c", 1.0)
        tf.summary.scalar("a b$c", tf.constant(2))
        tf.summary.scalar("/q", 1.0, family="fam/x")
        tf.summary.histogram("h", [1.0, 2.0])
        image = tf.zeros([1, 2, 2, 1])
        tf.summary.image("im", image, family="ff")
        tf.summary.audio("au", tf.constant([[0.0, 0.5]]), 8.0, max_outputs=1)
        tf.summary.text("t", tf.constant(["x", "y"]))
        tf.summary.tensor_summary("ts", tf.constant([1, 2]), summary_description="d",
                                  display_name="n", family="f")  # fmt: skip
        merged = tf.summary.merge_all()
        tf.summary.merge([tf.summary.scalar("z", 0.0, collections=["other"])], name="mm")
        show_nodes()
        print(sorted(tf.get_default_graph().get_all_collection_keys()))
        with tf.Session() as sess:
            for v in values(sess.run(merged)):
                kind = v.WhichOneof("value")
                print(v.tag, kind, v.metadata.plugin_data.plugin_name, v.metadata.display_name,
                      v.metadata.summary_description)  # fmt: skip
                if kind == "tensor":
                    print("  ", tf.make_ndarray(v.tensor).tolist())
                if kind == "audio":
                    print("  ", v.audio.encoded_audio_string.hex(), v.audio.sample_rate)


def numbers():
    with tf.Graph().as_default(), tf.Session() as sess:
        for dtype in DTYPES:
            low = 0 if "uint" in dtype.name else -90
            x = tf.constant(rng.uniform(low, 100, [40]).astype(np.int64) / 4, tf.float64)
            x = tf.cast(x, dtype)
            (v,) = values(sess.run(tf.summary.scalar("s", x[0])))
            print(dtype.name, v.simple_value)
            (v,) = values(sess.run(tf.summary.histogram("h", x)))
            show_histogram(dtype.name, v.histo)
        wide = tf.constant([0.0, -1e-13, 1e-12, 1e19, 2e20, -3e25, 1e300], tf.float64)
        (v,) = values(sess.run(tf.summary.histogram("w", wide)))
        show_histogram("wide", v.histo)
        (v,) = values(sess.run(tf.summary.histogram("e", tf.zeros([0, 2]))))
        show_histogram("empty", v.histo)


def pictures():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32)
        file = tf.placeholder(tf.string, [])
        three, one = tf.summary.image("i", x), tf.summary.image("i", x, max_outputs=1)
        decoded = tf.image.decode_png(file)
        small = np.array([0.1, 0.2, 0.3, 0.999, -0.0, 1e-7]).reshape(1, 2, 3, 1)
        negative = rng.uniform(-3, 2, [4, 3, 2, 3])
        broken = rng.uniform(0, 5, [2, 2, 2, 4])
        broken[0, 0, 1, 2] = np.nan
        broken[1, 1, 1, 0] = np.inf
        for batch in (
            small,
            small * 1e-6,
            negative,
            negative[:1] - 9,
            broken,
            np.zeros([0, 1, 1, 1]),
        ):
            for summary in (three, one):
                for v in values(sess.run(summary, {x: batch})):
                    got = sess.run(decoded, {file: v.image.encoded_image_string})
                    print(v.tag, v.image.height, v.image.width, v.image.colorspace, got.ravel())


def sounds():
    samples = np.array([[[0.5 / 32768, -0.5 / 32768], [1.5 / 32768, 0.3], [1, -1], [2, -2]]])
    with tf.Graph().as_default(), tf.Session() as sess:
        x, rate = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        summary = tf.summary.audio("a", x, rate)
        for given in (samples, samples[..., 0], np.tile(samples, [4, 1, 1])):
            for hertz in (0.4, 10.5, 11.5, 44100):
                for v in values(sess.run(summary, {x: given, rate: hertz})):
                    print(v.tag, v.audio.sample_rate, v.audio.num_channels, v.audio.length_frames,
                          v.audio.content_type, v.audio.encoded_audio_string.hex())  # fmt: skip


def mistakes():
    with tf.Graph().as_default(), tf.Session() as sess:
        x, s = tf.placeholder(tf.float32), tf.placeholder(tf.string)
        scalar = tf.summary.scalar("s", 1.0)
        attempt(sess, lambda: tf.summary.scalar("v", x), {x: [1.0, 2.0]})
        attempt(sess, lambda: tf.summary.scalar("_x", 1.0))
        attempt(sess, lambda: tf.summary.scalar("t", "text"))
        for bad in (np.nan, np.inf, -np.inf):
            attempt(sess, lambda: tf.summary.histogram("h", x), {x: [1.0, bad]})  # noqa: B023
        for shape in ([2, 2], [1, 2, 2, 2], [1, 0, 2, 3]):
            attempt(sess, lambda: tf.summary.image("i", x), {x: np.zeros(shape)})  # noqa: B023
        for shape in ([2], [1, 2, 2, 2]):
            attempt(sess, lambda: tf.summary.audio("a", x, 8), {x: np.zeros(shape)})  # noqa: B023
        for rate in (0.0, -1.0, 1e12):
            attempt(sess, lambda: tf.summary.audio("a", [[1.0]], rate))  # noqa: B023
        attempt(sess, lambda: tf.summary.merge([scalar, scalar]))
        attempt(sess, lambda: tf.summary.merge([s]), {s: b"\xff\xff"})
        attempt(sess, lambda: tf.summary.merge([]))
        attempt(sess, lambda: tf.summary.text("t", tf.constant(1)))


def event_files():
    folder = tempfile.mkdtemp()
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        merged = tf.summary.merge([tf.summary.scalar("mean", tf.reduce_mean(x)),
                                   tf.summary.text("note", tf.constant("hello"))])  # fmt: skip
        with tf.summary.FileWriter(folder, graph, filename_suffix=".one") as writer:
            for step in range(3):
                writer.add_summary(sess.run(merged, {x: [[step, 1.0]]}), step)
            writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="m", simple_value=1.5)]), 10)
            metadata = tf.RunMetadata()
            sess.run(merged, {x: [[1, 2]]}, tf.RunOptions(trace_level=3), metadata)
            writer.add_run_metadata(metadata, "traced", 4)
            writer.add_session_log(tf.SessionLog(status=tf.SessionLog.STOP), 11)
            for call in (
                lambda: writer.add_run_metadata(metadata, "traced"),
                lambda: writer.add_graph(3),
                lambda: writer.add_graph(graph, graph_def=tf.GraphDef()),
                lambda: writer.add_meta_graph(3),
            ):
                try:
                    call()
                except (ValueError, TypeError) as e:
                    print(type(e).__name__, e)
    (name,) = os.listdir(folder)
    print(name.startswith("events.out.tfevents."), name.endswith(".one"))
    for event in tf.train.summary_iterator(os.path.join(folder, name)):
        kind = event.WhichOneof("what")
        print(event.step, kind, event.file_version, event.session_log.status,
              event.tagged_run_metadata.tag)  # fmt: skip
        for v in event.summary.value:
            print("  ", v.tag, v.simple_value, v.metadata.plugin_data.plugin_name)
        if kind == "graph_def":
            print(sorted(n.name for n in tf.GraphDef.FromString(event.graph_def).node))
        if kind == "meta_graph_def":
            meta = tf.MetaGraphDef.FromString(event.meta_graph_def)
            print(sorted(meta.collection_def), len(meta.graph_def.node))
            print([op.name for op in meta.meta_info_def.stripped_op_list.op])


def records():
    path = os.path.join(tempfile.mkdtemp(), "r")
    data = [b"", b"a", bytes(range(256)) * 3]
    for kind in ("", "GZIP", "ZLIB"):
        options = tf.python_io.TFRecordOptions(kind)
        with tf.python_io.TFRecordWriter(path, options) as writer:
            for record in data:
                writer.write(record)
        print(kind, [len(r) for r in tf.python_io.tf_record_iterator(path, options)])
        if not kind:
            with open(path, "rb") as file:
                print(file.read().hex())


for part in (nodes, numbers, pictures, sounds, mistakes, event_files, records):
    print("==", part.__name__)
    part()
