# SPDX-License-Identifier: Apache-2.0
"""Checkpoint: objects saved by the attributes that lead to them; CheckpointManager."""

import os

import numpy as np
import pytest

import caudal as tf


class Model:
    """A layer, an optimizer and a variable; names in the graph depend on a scope."""

    def __init__(self, scope="", **more):
        with tf.variable_scope(scope):
            self.x = tf.placeholder(tf.float32, [None, 3])
            self.layer = tf.layers.Dense(2, name="dense")
            self.v = tf.get_variable("v", [2])
            loss = tf.reduce_sum(tf.square(self.layer(self.x)) * self.v)
            self.adam = tf.train.AdamOptimizer(0.1)
            self.train = self.adam.minimize(loss)
        self.checkpoint = tf.train.Checkpoint(
            layer=self.layer, adam=self.adam, sub=tf.train.Checkpoint(v=self.v), **more
        )

    def values(self, session):
        slots = [self.adam.get_slot(self.layer.kernel, n) for n in ("m", "v")]
        powers = list(self.adam._get_beta_accumulators())
        return session.run([self.layer.kernel, self.layer.bias, self.v, *slots, *powers])


def assert_same(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_round_trip_between_graphs_with_other_names(tmp_path):
    model = Model()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(model.train, {model.x: [[1, 2, 3]]})
        paths = [model.checkpoint.save(str(tmp_path / "m"), session)]
        tf.get_default_graph().finalize()
        paths.append(model.checkpoint.save(str(tmp_path / "m"), session))
        before = model.values(session)
        assert session.run(model.checkpoint.save_counter) == 2
    assert paths == [str(tmp_path / "m-1"), str(tmp_path / "m-2")]
    assert tf.train.latest_checkpoint(str(tmp_path)) == paths[1]
    assert (tmp_path / "checkpoint").read_text().startswith('model_checkpoint_path: "m-2"')
    shapes = tf.train.load_checkpoint(paths[1]).get_variable_to_shape_map()
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    slot = "sub/v/.OPTIMIZER_SLOT/adam/m"
    for name in ("layer/kernel", "sub/v", "adam/beta1_power", slot, "save_counter"):
        assert name + end in shapes
    tf.reset_default_graph()
    model = Model("elsewhere")
    with tf.Session() as session:
        status = model.checkpoint.restore(paths[1])
        status.assert_consumed().run_restore_ops(session)
        assert_same(model.values(session), before)
        assert model.checkpoint.save(str(tmp_path / "m"), session) == str(tmp_path / "m-3")
    # A Saver reads it by the names that variables had.
    tf.reset_default_graph()
    v = tf.get_variable("v", [2])
    with tf.Session() as session:
        tf.train.Saver().restore(session, paths[1])
        np.testing.assert_array_equal(session.run(v), before[2])


def test_more_and_fewer_objects(tmp_path):
    model = Model(extra=tf.get_variable("extra", [1]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = model.checkpoint.write(str(tmp_path / "m"), session)
    tf.reset_default_graph()
    model = Model(other=tf.get_variable("other", initializer=7.0))
    status = model.checkpoint.restore(path)
    status.assert_nontrivial_match().expect_partial()
    with pytest.raises(AssertionError, match="not in checkpoint .*other"):
        status.assert_existing_objects_matched()
    with tf.Session() as session:
        status.initialize_or_restore(session)
        assert session.run(model.checkpoint.other) == 7
    tf.reset_default_graph()
    model = Model()
    with pytest.raises(AssertionError, match="nothing stands for: .*extra"):
        model.checkpoint.restore(path).assert_existing_objects_matched().assert_consumed()


def test_lists_dicts_and_shared_variables(tmp_path):
    def make():
        a, b, c = (tf.get_variable(n, [2]) for n in "abc")
        checkpoint = tf.train.Checkpoint(z=a)
        checkpoint.many = [a, (b,)]
        checkpoint.named = {"x/y.z": c}
        return checkpoint, [a, b, c]

    checkpoint, variables = make()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(variables)
        path = checkpoint.write(str(tmp_path / "m"), session)
    names = [n.partition("/.ATT")[0] for n, _ in tf.train.list_variables(path)]
    assert names == ["_CHECKPOINTABLE_OBJECT_GRAPH", "many/1/0", "named/x.Sy..z", "z"]
    tf.reset_default_graph()
    checkpoint, variables = make()
    with tf.Session() as session:
        checkpoint.restore(path).assert_consumed().initialize_or_restore(session)
        assert_same(session.run(variables), before)


def test_checkpoints_of_a_saver(tmp_path):
    v = tf.get_variable("v", [2])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(v)
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
        session.run(v.initializer)
        tf.train.Checkpoint(any_name=v).restore(path).assert_consumed().run_restore_ops(session)
        np.testing.assert_array_equal(session.run(v), before)


def test_what_it_refuses():
    for wrong in (5, [tf.get_variable("v", [2])], "text"):
        with pytest.raises(ValueError, match="trackable"):
            tf.train.Checkpoint(wrong=wrong)
    with pytest.raises(RuntimeError, match="session"):
        tf.train.Checkpoint().write("m")
    with pytest.raises(AssertionError):
        tf.train.Checkpoint().restore(None).assert_consumed()
    with pytest.raises(tf.errors.NotFoundError):
        tf.train.Checkpoint().restore("/nowhere/m")


def test_manager(tmp_path):
    v = tf.get_variable("v", [2])
    folder = str(tmp_path / "managed")
    os.mkdir(folder)
    checkpoint = tf.train.Checkpoint(v=v)
    manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2, checkpoint_name="c")
    assert manager.latest_checkpoint is None and manager.checkpoints == []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        paths = [manager.save() for _ in range(3)] + [manager.save(checkpoint_number=10)]
        assert [os.path.basename(p) for p in paths] == ["c-1", "c-2", "c-3", "c-10"]
        again = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=2)
        assert again.latest_checkpoint == paths[-1] == tf.train.latest_checkpoint(folder)
        assert again.checkpoints == manager.checkpoints == paths[2:]
        checkpoint.restore(manager.latest_checkpoint).assert_consumed().run_restore_ops()
    assert not tf.train.checkpoint_exists(paths[1]) and tf.train.checkpoint_exists(paths[2])
    with pytest.raises(ValueError, match="positive integer"):
        tf.train.CheckpointManager(checkpoint, folder, max_to_keep=0)
