# SPDX-License-Identifier: Apache-2.0
"""Event files: what FileWriter writes, and how it fails."""

import gc
import os
import subprocess
import sys
import threading

import pytest

import caudal as tf

SCALAR = tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1.5)])


def events(folder):
    found = []
    for name in sorted(os.listdir(folder)):
        if "tfevents" in name:
            found.extend(tf.train.summary_iterator(os.path.join(folder, name)))
    return found


def test_what_is_in_a_file(tmp_path):
    with tf.summary.FileWriter(str(tmp_path / "a" / "b")) as writer:
        assert os.listdir(writer.get_logdir()) == []  # the first event makes the file
        writer.add_summary(SCALAR, 7)
        writer.add_summary(SCALAR.SerializeToString())
        writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), global_step=3)
        writer.add_event(tf.Event(step=9, log_message={"message": "m"}))
    version, first, second, log, own = events(tmp_path / "a" / "b")
    assert version.file_version == "brain.Event:2" and version.wall_time == int(version.wall_time)
    assert (first.step, second.step) == (7, 0) and first.summary == second.summary == SCALAR
    assert first.wall_time > 1.7e9
    assert log.session_log.status == tf.SessionLog.START and log.step == 3
    assert own.log_message.message == "m" and own.step == 9


def test_metadata_is_written_once_for_a_tag(tmp_path):
    text = tf.summary.text("t", tf.constant("x"))
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_summary(sess.run(text), step)
    plugins = [e.summary.value[0].metadata.plugin_data.plugin_name for e in events(tmp_path)[1:]]
    assert plugins == ["text", "", ""]


def test_graphs(tmp_path):
    with tf.name_scope("layer"):
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.matmul(x, tf.get_variable("w", [3, 2]), name="y")
    tf.summary.scalar("total", tf.reduce_sum(y))
    with tf.summary.FileWriter(str(tmp_path), tf.get_default_graph()):
        pass
    _, graph, meta = events(tmp_path)
    nodes = {n.name: n for n in tf.GraphDef.FromString(graph.graph_def).node}
    shape = nodes["layer/y"].attr["_output_shapes"].list.shape[0]
    assert [d.size for d in shape.dim] == [-1, 2] and nodes["layer/y"].input[0] == "layer/x"
    meta = tf.MetaGraphDef.FromString(meta.meta_graph_def)
    assert meta.collection_def["summaries"].node_list.value == ["total:0"]
    assert len(meta.graph_def.node) == len(nodes)


def test_graphs_of_other_kinds(tmp_path):
    tf.constant(1, name="c")
    graph = tf.get_default_graph()
    with tf.summary.FileWriter(str(tmp_path), graph_def=graph.as_graph_def()) as writer:
        writer.add_graph(graph, 4)
        writer.add_graph(None, graph_def=graph)
        with pytest.raises(ValueError, match="not both"):
            writer.add_graph(graph, graph_def=graph.as_graph_def())
        for wrong in (None, 3, b""):
            with pytest.raises(TypeError, match="must be an instance of `Graph`"):
                writer.add_graph(wrong)
        with pytest.raises(TypeError, match="meta_graph_def must be type MetaGraphDef"):
            writer.add_meta_graph(graph.as_graph_def())
    found = events(tmp_path)[1:]
    assert [e.WhichOneof("what") for e in found] == [
        "graph_def", "meta_graph_def", "graph_def", "graph_def"]  # fmt: skip
    assert found[2].step == 4
    for e in found:
        if e.graph_def:
            assert tf.GraphDef.FromString(e.graph_def).node[0].name == "c"


def test_run_metadata(tmp_path):
    x = tf.constant([1.0]) * 2
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(x, options=tf.RunOptions(trace_level=3), run_metadata=metadata)
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_run_metadata(metadata, "first", 5)
        with pytest.raises(ValueError, match="already used"):
            writer.add_run_metadata(metadata, "first", 6)
    tagged = events(tmp_path)[1].tagged_run_metadata
    assert tagged.tag == "first"
    assert tf.RunMetadata.FromString(tagged.run_metadata) == metadata


def test_closing_and_reopening(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path), filename_suffix=".mine")
    (name,) = os.listdir(tmp_path)
    assert name.endswith(".mine") and name.startswith("events.out.tfevents.")
    writer.add_summary(SCALAR, 1)
    writer.flush()
    assert len(events(tmp_path)) == 2
    writer.close()
    writer.close()
    writer.add_summary(SCALAR, 2)  # dropped, with a warning
    writer.flush()
    writer.reopen()
    writer.add_summary(SCALAR, 3)
    writer.close()
    assert [e.step for e in events(tmp_path) if e.HasField("summary")] == [1, 3]


def test_a_writer_that_nobody_closes(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path / "dropped"))
    writer.add_summary(SCALAR, 1)
    del writer
    gc.collect()
    assert len(events(tmp_path / "dropped")) == 2
    code = f"""
import caudal as tf
writer = tf.summary.FileWriter({str(tmp_path / "exit")!r})
for step in range(50):
    writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1)]), step)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(events(tmp_path / "exit")) == 51


def test_many_threads_write(tmp_path):
    with tf.summary.FileWriter(str(tmp_path), max_queue=2) as writer:
        threads = [
            threading.Thread(
                target=lambda n=n: [writer.add_summary(SCALAR, n * 20 + i) for i in range(20)]
            )
            for n in range(4)
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert sorted(e.step for e in events(tmp_path)[1:]) == list(range(80))


def test_events_reach_the_disk_without_a_flush(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path), flush_secs=0)
    writer.add_summary(SCALAR, 1)
    for _ in range(1000):
        if os.listdir(tmp_path) and len(events(tmp_path)) == 2:
            break
        threading.Event().wait(0.01)
    else:
        raise AssertionError("nothing was written")
    writer.close()


def test_failures_reach_the_caller(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(tf.errors.FailedPreconditionError):
        tf.summary.FileWriter(str(tmp_path / "file" / "below"))
    folder = tmp_path / "gone"
    writer = tf.summary.FileWriter(str(folder))
    folder.rmdir()
    folder.write_bytes(b"")
    writer.add_summary(SCALAR, 1)
    with pytest.raises(tf.errors.OpError):
        writer.flush()
    with pytest.raises(TypeError, match="expected a Summary"):
        writer.add_summary(3)
    with pytest.raises(ValueError):
        writer.add_summary(SCALAR, "later")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    writer.add_summary(SCALAR, 1)
    writer.flush()
    (name,) = os.listdir(tmp_path)
    writer.close()
    os.unlink(tmp_path / name)
    # The next file of that second is one that takes no bytes.
    for second in range(3):
        number = int(name.split(".")[3]) + second
        os.symlink("/dev/full", tmp_path / name.replace(name.split(".")[3], f"{number:010d}"))
    writer.reopen()
    with pytest.raises(tf.errors.ResourceExhaustedError):
        for step in range(10000):
            writer.add_summary(SCALAR, step)
        writer.flush()
    # What comes later is in a file of its own, not behind half a record.
    writer.add_summary(SCALAR, 77)
    writer.close()
    whole = [n for n in os.listdir(tmp_path) if not os.path.islink(tmp_path / n)]
    assert len(whole) == 1 and whole[0].endswith(".1")
    assert list(tf.train.summary_iterator(str(tmp_path / whole[0])))[-1].step == 77


def test_damaged_event_files(tmp_path):
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        writer.add_summary(SCALAR, 1)
    (name,) = os.listdir(tmp_path)
    data = (tmp_path / name).read_bytes()
    for n in range(len(data)):
        (tmp_path / name).write_bytes(data[:n])
        try:
            assert len(events(tmp_path)) <= 1
        except tf.errors.DataLossError as error:
            assert str(tmp_path) in str(error)
    with pytest.raises(tf.errors.NotFoundError):
        next(tf.train.summary_iterator(str(tmp_path / "none")))


def test_one_writer_for_a_folder(tmp_path):
    first = tf.summary.FileWriterCache.get(str(tmp_path))
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is first
    tf.summary.FileWriterCache.clear()
    assert tf.summary.FileWriterCache.get(str(tmp_path)) is not first
    tf.summary.FileWriterCache.clear()


def test_the_settings_of_the_projector(tmp_path):
    from google.protobuf import text_format

    projector = tf.contrib.tensorboard.plugins.projector
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = "w:0"
    embedding.sprite.single_image_dim.extend([8, 8])
    with tf.summary.FileWriter(str(tmp_path)) as writer:
        projector.visualize_embeddings(writer, config)
    text = (tmp_path / "projector_config.pbtxt").read_text()
    assert text_format.Parse(text, projector.ProjectorConfig()) == config
