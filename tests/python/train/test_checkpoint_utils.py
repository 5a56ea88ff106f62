# SPDX-License-Identifier: Apache-2.0
"""Checkpoints without a Saver: states, readers, initial values, waiting."""

import itertools
import threading

import numpy as np
import pytest

import caudal as tf


@pytest.fixture
def saved(tmp_path):
    """(prefix, values) of a checkpoint."""
    with tf.Graph().as_default(), tf.Session() as sess:
        with tf.variable_scope("a"):
            tf.get_variable("x", [2, 3])
            tf.get_variable("b/x", [5, 3])
        tf.get_variable("p", [10, 3], partitioner=tf.fixed_size_partitioner(4))
        tf.Variable(7, name="n")
        tf.Variable([b"one", b""], name="s")
        sess.run(tf.global_variables_initializer())
        values = {v.op.name: sess.run(v) for v in tf.global_variables()}
        values["p"] = np.concatenate([values.pop("p/part_%d" % i) for i in range(4)])
        return tf.train.Saver().save(sess, str(tmp_path / "m")), values


def test_reader(saved):
    prefix, values = saved
    reader = tf.train.NewCheckpointReader(prefix)
    assert reader.get_variable_to_shape_map() == {
        "a/x": [2, 3], "a/b/x": [5, 3], "p": [10, 3], "n": [], "s": [2]
    }  # fmt: skip
    types = reader.get_variable_to_dtype_map()
    assert (types["n"], types["s"], types["p"]) == (tf.int32, tf.string, tf.float32)
    for name, value in values.items():
        np.testing.assert_array_equal(reader.get_tensor(name), value)
    assert isinstance(reader.get_tensor("n"), np.int32)
    assert reader.has_tensor("a/x") and not reader.has_tensor("a/x:0")
    assert b"a/b/x" in reader.debug_string()
    with pytest.raises(tf.errors.NotFoundError, match="nope"):
        reader.get_tensor("nope")
    with pytest.raises(tf.errors.NotFoundError):
        tf.train.NewCheckpointReader(prefix + "-1")


def test_loading(saved, tmp_path):
    prefix, values = saved
    assert tf.train.list_variables(str(tmp_path)) == [
        ("a/b/x", [5, 3]), ("a/x", [2, 3]), ("n", []), ("p", [10, 3]), ("s", [2])
    ]  # fmt: skip
    np.testing.assert_array_equal(tf.train.load_variable(prefix, "a/x:0"), values["a/x"])
    assert tf.contrib.framework.load_variable(str(tmp_path), "n") == 7
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint'"):
        tf.train.load_checkpoint(str(tmp_path / "empty"))


def initialized(*names):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(list(names))


def test_initial_values_of_scopes(saved):
    prefix, values = saved
    with tf.variable_scope("new"):
        x = tf.get_variable("x", [2, 3])
        deep = tf.get_variable("b/x", [5, 3], use_resource=True)
    p = tf.get_variable("p", [10, 3], partitioner=tf.fixed_size_partitioner(3))
    other = tf.get_variable("other", [2, 3], initializer=tf.zeros_initializer())
    tf.train.init_from_checkpoint(prefix, {"a/": "new/", "p": "p"})
    have = initialized(x, deep, tf.convert_to_tensor(p), other, x.initial_value)
    for value, name in zip(have, ("a/x", "a/b/x", "p")):
        np.testing.assert_array_equal(value, values[name])
    assert not have[3].any()
    np.testing.assert_array_equal(have[4], values["a/x"])


def test_initial_values_of_variables(saved, tmp_path):
    prefix, values = saved
    one, two = (tf.get_variable(n, [2, 3]) for n in ("one", "two"))
    whole = tf.get_variable("whole", [10, 3])
    parts = tf.get_variable("parts", [10, 3], partitioner=tf.fixed_size_partitioner(2))
    tf.train.init_from_checkpoint(str(tmp_path), {"a/x": "one", "p": whole})
    tf.contrib.framework.init_from_checkpoint(prefix, {"a/x": two, "p": list(parts)})
    have = initialized(one, two, whole, tf.convert_to_tensor(parts))
    for value, name in zip(have, ("a/x", "a/x", "p", "p")):
        np.testing.assert_array_equal(value, values[name])
    tf.reset_default_graph()
    with tf.variable_scope("a"):
        x = tf.get_variable("x", [2, 3])
    tf.train.init_from_checkpoint(prefix, {"/": "/"})
    np.testing.assert_array_equal(initialized(x)[0], values["a/x"])


def test_initial_values_that_do_not_fit(saved):
    prefix, _ = saved
    with tf.variable_scope("new"):
        tf.get_variable("x", [2, 3])
        tf.get_variable("z", [4])
    for wrong, text in (
        ({"zz": "new/x"}, "Tensor zz is not found in .* checkpoint"),
        ({"a/x": "new/z"}, "Shape of variable new/z:0 .* doesn't match"),
        ({"a/x": "nope"}, "scope only"),
        ({"a": "new/"}, "scope only name new should map to scope only a"),
        ({"a/": "new/"}, r"Tensor a/z \(z in a/\) is not found"),
    ):
        with pytest.raises(ValueError, match=text):
            tf.train.init_from_checkpoint(prefix, wrong)


def test_assignments_of_contrib(saved):
    prefix, values = saved
    x = tf.get_variable("a/x", [2, 3])
    flat = tf.get_variable("flat", [6])
    parts = list(tf.get_variable("p", [10, 3], partitioner=tf.fixed_size_partitioner(3)))
    framework = tf.contrib.framework
    with tf.Session() as sess:
        sess.run(*framework.assign_from_checkpoint(prefix, [x, *parts]))
        np.testing.assert_array_equal(sess.run(x), values["a/x"])
        np.testing.assert_array_equal(np.concatenate(sess.run(parts)), values["p"])
        fill = framework.assign_from_checkpoint_fn(prefix, {"a/x": flat}, reshape_variables=True)
        fill(sess)
        np.testing.assert_array_equal(sess.run(flat), values["a/x"].ravel())
        with pytest.raises(ValueError, match="missing variable"):
            framework.assign_from_checkpoint(prefix, {"nope": x})
        assert framework.assign_from_checkpoint_fn(prefix, {"q": x}, True) is None
        with pytest.raises(ValueError, match="empty"):
            framework.assign_from_checkpoint_fn(prefix, [])


def test_states(tmp_path):
    folder = str(tmp_path)
    assert tf.train.get_checkpoint_state(folder) is None
    assert tf.train.latest_checkpoint(folder) is None
    state = tf.train.generate_checkpoint_state_proto("d", "d/m-2", ["d/m-1"], [1.0, 2.0], 3.0)
    assert state.model_checkpoint_path == "m-2"
    assert list(state.all_model_checkpoint_paths) == ["m-1", "m-2"]
    assert list(state.all_model_checkpoint_timestamps) == [1, 2]
    assert state.last_preserved_timestamp == 3
    with pytest.raises(ValueError, match="must match checkpoint paths"):
        tf.train.generate_checkpoint_state_proto("/d", "/d/m", ["/d/m"], [1.0, 2.0])
    tf.train.update_checkpoint_state(folder, folder + "/m-2", [folder + "/m-1", folder + "/m-2"])
    assert len(tf.train.get_checkpoint_state(folder).all_model_checkpoint_paths) == 2
    assert tf.train.latest_checkpoint(folder) is None  # its files are gone
    with pytest.raises(RuntimeError, match="conflicts"):
        tf.train.update_checkpoint_state(folder, folder + "/checkpoint")
    (tmp_path / "bad").write_text("foo bar")
    assert tf.train.get_checkpoint_state(folder, "bad") is None
    (tmp_path / "bad").write_text("")
    with pytest.raises(ValueError, match="Invalid checkpoint state"):
        tf.train.get_checkpoint_state(folder, "bad")


def test_files_of_a_checkpoint(saved, tmp_path):
    prefix, _ = saved
    assert tf.train.checkpoint_exists(prefix) and not tf.train.checkpoint_exists(prefix + "x")
    assert len(tf.train.get_checkpoint_mtimes([prefix, prefix + "x"])) == 1
    (tmp_path / "m-1.index").write_text("another")
    tf.train.remove_checkpoint(prefix)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint", "m-1.index"]
    tf.train.remove_checkpoint(prefix)


def test_waiting(saved, tmp_path):
    prefix, _ = saved
    wait = tf.contrib.training.wait_for_new_checkpoint
    assert wait(str(tmp_path)) == prefix
    assert wait(str(tmp_path), prefix, seconds_to_sleep=0.01, timeout=0.03) is None
    later = threading.Timer(
        0.05, tf.train.update_checkpoint_state, (str(tmp_path), str(tmp_path / "m2"))
    )
    for end in (".index", ".data-00000-of-00001"):
        (tmp_path / ("m2" + end)).write_bytes((tmp_path / ("m" + end)).read_bytes())
    later.start()
    assert wait(str(tmp_path), prefix, seconds_to_sleep=0.01) == str(tmp_path / "m2")
    later.join()
    calls = []
    found = tf.train.checkpoints_iterator(
        str(tmp_path), timeout=0, timeout_fn=lambda: calls.append(1) or len(calls) == 3
    )
    assert list(itertools.islice(found, 5)) == [str(tmp_path / "m2")] and len(calls) == 3


def test_warm_start(saved):
    prefix, values = saved
    with tf.variable_scope("a"):
        x = tf.get_variable("x", [2, 3])
        moved = tf.get_variable("moved", [5, 3])
    p = tf.get_variable("p", [10, 3], partitioner=tf.fixed_size_partitioner(2))
    frozen = tf.get_variable("other", [2], trainable=False, initializer=tf.zeros_initializer())
    tf.train.warm_start(prefix, "a/|p", var_name_to_prev_var_name={"a/moved": "a/b/x"})
    have = initialized(x, moved, tf.convert_to_tensor(p), frozen)
    for value, name in zip(have, ("a/x", "a/b/x", "p")):
        np.testing.assert_array_equal(value, values[name])
    tf.train.warm_start(prefix, [x, p])
    with pytest.raises(ValueError, match="not found"):
        tf.train.warm_start(prefix, ["other"])
    with pytest.raises(ValueError, match="not used"):
        tf.train.warm_start(prefix, ["a/x"], var_name_to_prev_var_name={"b": "c"})
    with pytest.raises(NotImplementedError, match="vocabulary"):
        info = tf.train.VocabInfo("new", 3, 0, "old")
        tf.train.warm_start(prefix, ["a/x"], var_name_to_vocab_info={"a/x": info})
