# SPDX-License-Identifier: Apache-2.0
"""Saver: what it saves and restores, its nodes, its files and its errors."""

import os
import time

import numpy as np
import pytest

import caudal as tf
from caudal.train.saver import BaseSaverBuilder


def files(folder):
    return sorted(os.listdir(folder))


def model():
    """A variable of each kind."""
    v = tf.Variable([1.0, 2.0], name="v")
    r = tf.get_variable("r", [3], use_resource=True)
    p = tf.get_variable("p", [10, 4], partitioner=tf.fixed_size_partitioner(3))
    s = tf.Variable([b"a", b"\x00\xff" * 30, b""], name="s")
    step = tf.train.get_or_create_global_step()
    return [v, r, *p, s, step]


def values(sess):
    return {v.op.name: sess.run(v) for v in tf.global_variables()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], name)


@pytest.mark.parametrize(
    "options",
    [{}, {"sharded": True}, {"reshape": True}, {"restore_sequentially": True}, {"name": "mine"}],
    ids=lambda o: "".join(o) or "plain",
)
def test_round_trip(tmp_path, options):
    model()
    saver = tf.train.Saver(**options)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = values(sess)
        path = saver.save(sess, str(tmp_path / "m"), global_step=7)
    assert path == str(tmp_path / "m-7")
    assert files(tmp_path) == ["checkpoint"] + [
        "m-7." + end for end in ("data-00000-of-00001", "index", "meta")
    ]
    with tf.Session() as sess:
        saver.restore(sess, path)
        assert_same(values(sess), before)


def test_restores_through_the_imported_graph(tmp_path):
    model()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = values(sess)
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    tf.reset_default_graph()
    saver = tf.train.import_meta_graph(path + ".meta")
    with tf.Session() as sess:
        saver.restore(sess, path)
        assert_same(values(sess), before)
        part = next(v for v in tf.global_variables() if v.op.name == "p/part_1")
        assert part._get_save_slice_info().spec == "10 4 4,3:0,4"
        # In an imported graph, too, parts are saved as one.
        again = tf.train.Saver().save(sess, str(tmp_path / "again"))
    assert dict(tf.train.list_variables(again))["p"] == [10, 4]
    for end in (".index", ".data-00000-of-00001"):
        assert (tmp_path / ("m" + end)).read_bytes() == (tmp_path / ("again" + end)).read_bytes()


def test_imported_variables_are_variables(tmp_path):
    x = tf.get_variable("x", initializer=[3.0, 4.0])
    y = tf.get_variable("y", initializer=[1.0, 1.0], use_resource=True)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    tf.reset_default_graph()
    saver = tf.train.import_meta_graph(path + ".meta")
    x, y = tf.trainable_variables()
    loss = tf.reduce_sum(x * x * y)
    train = tf.train.AdamOptimizer(0.1).minimize(loss)
    new = [v for v in tf.global_variables() if v not in tf.trainable_variables()[:2]]
    with tf.Session() as sess:
        saver.restore(sess, path)
        sess.run(tf.variables_initializer([v for v in new if "Adam" in v.name or "beta" in v.name]))
        np.testing.assert_allclose(sess.run(tf.gradients(loss, [x, y])), [[6, 8], [9, 16]])
        sess.run(train)
        np.testing.assert_allclose(sess.run([x, y]), [[2.9, 3.9], [0.9, 0.9]], rtol=1e-5)
        assert sess.run(x + 1).tolist() == pytest.approx([3.9, 4.9])
        assert sess.run(y.assign_add([1, 1])).tolist() == pytest.approx([1.9, 1.9])
        x.load([7, 8], sess)
        assert sess.run(x).tolist() == [7, 8]
        sess.run(x.initializer)
        assert sess.run(x.initial_value).tolist() == sess.run(x).tolist() == [3, 4]


def test_import_into_a_scope(tmp_path):
    tf.get_variable("a/w", [2])
    tf.train.Saver().export_meta_graph(str(tmp_path / "m.meta"))
    tf.reset_default_graph()
    savers = [
        tf.train.import_meta_graph(str(tmp_path / "m.meta"), import_scope="q") for _ in range(2)
    ]
    assert [v.name for v in tf.global_variables()] == ["q/a/w:0", "q_1/a/w:0"]
    assert [s.saver_def.restore_op_name for s in savers] == [
        "q/save/restore_all",
        "q_1/save/restore_all",
    ]


def test_import_inside_of_a_scope(tmp_path):
    tf.get_variable("a", [2])
    tf.add_to_collection("flags", True)
    tf.train.Saver().export_meta_graph(str(tmp_path / "m.meta"))
    for scope, outer, prefix in ((None, "new", "new"), ("x/y/", None, "x/y"), ("x", "o", "o/x")):
        tf.reset_default_graph()
        with tf.name_scope(outer):
            saver = tf.train.import_meta_graph(str(tmp_path / "m.meta"), import_scope=scope)
        assert [v.name for v in tf.global_variables()] == [prefix + "/a:0"]
        assert saver.saver_def.restore_op_name == prefix + "/save/restore_all"
        assert tf.get_collection("flags") == [1]


def test_graph_without_variables_has_no_saver():
    tf.constant(1.0)
    message = tf.train.export_meta_graph()
    tf.reset_default_graph()
    assert tf.train.import_meta_graph(message) is None


def test_nodes():
    model()
    saver = tf.train.Saver()
    graph = tf.get_default_graph()
    save = graph.get_operation_by_name("save/SaveV2")
    names = graph.get_operation_by_name("save/SaveV2/tensor_names").get_attr("value").tolist()
    assert names == [b"global_step", b"p", b"p", b"p", b"r", b"s", b"v"]
    assert [t.op.name for t in save.inputs[3:]] == [
        "global_step", "p/part_0/read", "p/part_1/read", "p/part_2/read",
        "r/Read/ReadVariableOp", "s", "v",
    ]  # fmt: skip
    restore = graph.get_operation_by_name("save/RestoreV2")
    assert restore.device == "/device:CPU:0" and len(restore.outputs) == 7
    assert saver.saver_def.save_tensor_name == "save/control_dependency:0"
    tf.train.Saver()
    assert graph.get_operation_by_name("save_1/restore_all").type == "NoOp"


def test_keys_of_a_dict(tmp_path):
    v, r, *_ = model()
    parts = [v for v in tf.global_variables() if v.op.name.startswith("p/")]
    saver = tf.train.Saver({"new/v": v, "q": parts, "r": r})
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = saver.save(sess, str(tmp_path / "m"), write_meta_graph=False)
    assert tf.train.list_variables(path) == [("new/v", [2]), ("q", [10, 4]), ("r", [3])]


def test_one_kind_of_variable_reads_another(tmp_path):
    whole = tf.get_variable("w", [9, 2])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        value = sess.run(whole)
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    for options in (
        dict(use_resource=True),
        dict(partitioner=tf.fixed_size_partitioner(4)),
        dict(partitioner=tf.fixed_size_partitioner(2), use_resource=True),
    ):
        with tf.Graph().as_default(), tf.Session() as sess:
            w = tf.convert_to_tensor(tf.get_variable("w", [9, 2], **options))
            tf.train.Saver().restore(sess, path)
            np.testing.assert_array_equal(sess.run(w), value)
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.get_variable("w", [3, 6])
        tf.train.Saver(reshape=True).restore(sess, path)
        np.testing.assert_array_equal(sess.run(w), value.reshape(3, 6))


def test_builder_with_a_node_for_each_value(tmp_path):
    model()
    saver = tf.train.Saver(builder=BaseSaverBuilder())
    types = [op.type for op in tf.get_default_graph().get_operations()]
    assert types.count("RestoreV2") == 7
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        before = values(sess)
        path = saver.save(sess, str(tmp_path / "m"))
        sess.run(tf.global_variables_initializer())
        saver.restore(sess, path)
        assert_same(values(sess), before)


def test_tables(tmp_path):
    def table():
        return tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1, name="words")

    words = table()
    with tf.Session() as sess:
        sess.run(words.insert(tf.constant(["a", "b"]), tf.constant([3, 4], tf.int64)))
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    tf.reset_default_graph()
    found = table().lookup(tf.constant(["b", "c", "a"]))
    with tf.Session() as sess:
        tf.train.Saver().restore(sess, path)
        assert sess.run(found).tolist() == [4, -1, 3]
    assert dict(tf.train.list_variables(path)) == {"words-keys": [2], "words-values": [2]}


def test_old_format_of_one_file(tmp_path):
    v = tf.get_variable("v", [5, 2])
    saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        value = sess.run(v)
        path = saver.save(sess, str(tmp_path / "m"), write_meta_graph=False)
        assert files(tmp_path) == ["checkpoint", "m"]
        assert tf.train.checkpoint_exists(path) and tf.train.latest_checkpoint(tmp_path) == path
        sess.run(v.initializer)
        saver.restore(sess, path)
        np.testing.assert_array_equal(sess.run(v), value)


# Files ---------------------------------------------------------------------------------------


@pytest.fixture
def sess():
    tf.get_variable("v", [2])
    tf.train.get_or_create_global_step()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        yield session


def steps(folder):
    return [int(n[2:-6]) for n in files(folder) if n.endswith(".index")]


def test_keeps_the_newest(sess, tmp_path):
    saver = tf.train.Saver(max_to_keep=2, pad_step_number=True, save_relative_paths=True)
    for k in (1, 2, 3, 2):
        saver.save(sess, str(tmp_path / "m"), global_step=k)
    assert steps(tmp_path) == [2, 3]
    assert saver.last_checkpoints == [str(tmp_path / "m-0000000%d") % k for k in (3, 2)]
    assert (tmp_path / "checkpoint").read_text() == (
        'model_checkpoint_path: "m-00000002"\n'
        'all_model_checkpoint_paths: "m-00000003"\nall_model_checkpoint_paths: "m-00000002"\n'
    )
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "m-00000002")


def test_keeps_all(sess, tmp_path):
    saver = tf.train.Saver(max_to_keep=None)
    sess.graph.finalize()
    for k in range(7):
        saver.save(sess, str(tmp_path / "m"), global_step=k, write_meta_graph=False)
    assert steps(tmp_path) == list(range(7)) and saver.last_checkpoints == []
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(state.all_model_checkpoint_paths) == [str(tmp_path / "m-6")]


def test_keeps_one_in_a_while(sess, tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=2)
    for k in range(6):
        now[0] += 3600
        saver.save(sess, str(tmp_path / "m"), global_step=k, write_meta_graph=False)
    assert steps(tmp_path) == [2, 4, 5]


def test_goes_on_with_the_list_of_an_earlier_process(sess, tmp_path):
    saver = tf.train.Saver(max_to_keep=2)
    for k in (1, 2):
        saver.save(sess, str(tmp_path / "m"), global_step=k, write_meta_graph=False)
    state = tf.train.get_checkpoint_state(str(tmp_path))
    later = tf.train.Saver(max_to_keep=2)
    later.recover_last_checkpoints([*state.all_model_checkpoint_paths, str(tmp_path / "gone")])
    later.save(sess, str(tmp_path / "m"), global_step=3, write_meta_graph=False)
    assert steps(tmp_path) == [2, 3]


def test_global_steps_and_names(sess, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saver = tf.train.Saver()
    step = tf.train.get_global_step()
    sess.run(step.assign(12))
    assert saver.save(sess, "m", global_step=step) == "m-12"
    assert saver.save(sess, "m", global_step="global_step:0") == "m-12"
    assert saver.save(sess, "m", global_step=np.int64(13)) == "m-13"
    os.mkdir("sub")
    assert saver.save(sess, "sub/m", latest_filename="last", meta_graph_suffix="graph") == "sub/m"
    assert files("sub") == ["last", "m.data-00000-of-00001", "m.graph", "m.index"]
    assert (tmp_path / "sub" / "last").read_text().splitlines()[0] == 'model_checkpoint_path: "m"'
    assert tf.train.latest_checkpoint("sub", "last") == "sub/m"
    saver.save(sess, "n", write_state=False, write_meta_graph=False)
    assert tf.train.latest_checkpoint("") == "m-13"


def test_nothing_to_save(tmp_path):
    saver = tf.train.Saver(allow_empty=True)
    tf.constant(1)
    with tf.Session() as sess:
        assert saver.save(sess, str(tmp_path / "e")) is None
        saver.restore(sess, str(tmp_path / "e"))
    assert files(tmp_path) == ["e.meta"]


def test_deferred(tmp_path):
    saver = tf.train.Saver(defer_build=True)
    tf.get_variable("v", [2])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(RuntimeError, match="build"):
            saver.save(sess, str(tmp_path / "m"))
        saver.build()
        saver.save(sess, str(tmp_path / "m"))


# Errors --------------------------------------------------------------------------------------


def test_what_cannot_be_saved():
    v = tf.Variable(1.0, name="v")
    p = list(tf.get_variable("p", [4], partitioner=tf.fixed_size_partitioner(2)))
    q = list(tf.get_variable("q", [4], partitioner=tf.fixed_size_partitioner(2)))
    for wrong, error, text in (
        ({"a": v, "b": v}, ValueError, "two names: b"),
        ([v, v], ValueError, "At least two variables have the same name: v"),
        ([tf.constant(1)], TypeError, "Variable to save is not a Variable"),
        ({"a": tf.constant(1)}, TypeError, "Not a variable"),
        ({1: v}, TypeError, "Name is not a string: 1"),
        (v, TypeError, "passed in a dict or a list"),
        ({"a": [v]}, ValueError, "Slices must all be slices"),
        ({"a": [tf.constant(1)]}, ValueError, "Slices must all be Variables"),
        ({"a": p + q}, ValueError, "from the same tensor: p != q"),
    ):
        with pytest.raises(error, match=text):
            tf.train.Saver(wrong)
    with pytest.raises(ValueError, match="build cannot be deferred"):
        tf.train.Saver([v], defer_build=True)
    for wrong in (5, tf.train.SaverDef(), tf.train.SaverDef(save_tensor_name="a")):
        with pytest.raises(ValueError, match="saver_def must"):
            tf.train.Saver(saver_def=wrong)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()


def test_what_save_refuses(sess, tmp_path):
    saver = tf.train.Saver()
    with pytest.raises(ValueError, match="path components"):
        saver.save(sess, str(tmp_path / "m"), latest_filename="a/b")
    with pytest.raises(ValueError, match="collides"):
        saver.save(sess, str(tmp_path / "checkpoint"))
    with pytest.raises(TypeError, match="must be a Session"):
        saver.save(5, str(tmp_path / "m"))
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
        saver.save(tf.Session(), str(tmp_path / "m"))
    (tmp_path / "file").write_text("")
    with pytest.raises((ValueError, tf.errors.OpError)):
        saver.save(sess, str(tmp_path / "file" / "m"))
    assert files(tmp_path) == ["file"]


def test_what_restore_refuses(sess, tmp_path):
    path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    saver = tf.train.Saver()
    with pytest.raises(ValueError, match="None"):
        saver.restore(sess, None)
    with pytest.raises(ValueError, match="not a valid checkpoint: .*nope"):
        saver.restore(sess, str(tmp_path / "nope"))
    for name, shape, dtype, error, text in (
        ("x/y", [2], tf.float32, tf.errors.NotFoundError, "Key x/y not found in checkpoint"),
        ("v", [3], tf.float32, tf.errors.InvalidArgumentError, "shapes of both tensors to match"),
        ("v", [2], tf.int32, tf.errors.InvalidArgumentError, "float"),
    ):
        with tf.Graph().as_default(), tf.Session() as other:
            tf.get_variable(name, shape, dtype, tf.zeros_initializer())
            with pytest.raises(error, match="(?s)Restoring from checkpoint failed.*" + text):
                tf.train.Saver().restore(other, path)


def test_what_import_refuses(tmp_path):
    with pytest.raises(OSError, match="does not exist"):
        tf.train.import_meta_graph(str(tmp_path / "nope.meta"))
    (tmp_path / "bad").write_bytes(b"\x08\xff\xff\xff")
    with pytest.raises(OSError, match="Cannot parse file"):
        tf.train.import_meta_graph(str(tmp_path / "bad"))
    with pytest.raises(TypeError):
        tf.train.import_meta_graph(5)


def test_savers_in_collections(tmp_path):
    tf.get_variable("v", [2])
    saver = tf.train.Saver()
    tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
    message = tf.train.export_meta_graph()
    tf.reset_default_graph()
    tf.train.import_meta_graph(message)
    (found,) = tf.get_collection(tf.GraphKeys.SAVERS)
    assert isinstance(found, tf.train.Saver)
    assert found.as_saver_def() == saver.as_saver_def()
    assert saver.to_proto("elsewhere") is None
