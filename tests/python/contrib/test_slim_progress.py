# SPDX-License-Identifier: Apache-2.0
"""What slim's loops leave in their folder."""

import json
import os

import pytest

import caudal as tf

slim = tf.contrib.slim


def model():
    x = tf.get_variable("x", [], initializer=tf.constant_initializer(3.0))
    loss = tf.square(x)
    tf.summary.scalar("loss", loss)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    return slim.learning.create_train_op(loss, optimizer, summarize_gradients=True)


def events(folder):
    for name in sorted(os.listdir(folder)):
        if "tfevents" in name:
            yield from tf.train.summary_iterator(os.path.join(folder, name))


def test_training_writes_and_goes_on(tmp_path):
    logdir = str(tmp_path)
    started = []
    for steps in (4, 7):
        with tf.Graph().as_default():
            slim.learning.train(
                model(), logdir, number_of_steps=steps, log_every_n_steps=0,
                init_fn=started.append, trace_every_n_steps=3,
            )  # fmt: skip
        assert tf.train.latest_checkpoint(logdir).endswith("model.ckpt-%d" % steps)
    assert len(started) == 1  # the second one went on from a checkpoint
    reader = tf.train.NewCheckpointReader(tf.train.latest_checkpoint(logdir))
    assert reader.get_tensor("x") == pytest.approx(3 * 0.8**7)
    found = list(events(logdir))
    steps = [e.step for e in found if e.HasField("summary")]
    assert steps == [0, 4, 4, 7]
    tags = {v.tag.split("/")[-1] for e in found for v in e.summary.value}
    assert {"loss", "x_gradient", "x_gradient_norm"} <= tags
    assert sum(bool(e.graph_def) for e in found) == 2
    traced = {e.tagged_run_metadata.tag for e in found} - {""}
    assert traced == {"run_metadata-%d" % n for n in (1, 4, 7)}
    trace = json.loads((tmp_path / "tf_trace-4.json").read_text())
    assert trace["traceEvents"]


def test_writers_and_summaries_of_ones_own(tmp_path):
    train = model()
    quiet, own = tmp_path / "quiet", tmp_path / "own"
    slim.learning.train(train, str(quiet), number_of_steps=1, summary_writer=None)
    assert not list(quiet.glob("*tfevents*"))
    writer = tf.summary.FileWriter(str(own))
    slim.learning.train(
        train, str(quiet), number_of_steps=3, summary_writer=writer, save_summaries_secs=0,
        summary_op=tf.summary.scalar("constant", 5.0),
    )  # fmt: skip
    writer.close()
    values = [v.simple_value for e in events(own) for v in e.summary.value]
    assert values == [5.0]


def test_nothing_is_written_without_a_folder():
    train = model()
    slim.learning.train(train, None, number_of_steps=1)
    for attrs in (dict(saver=tf.train.Saver()), dict(trace_every_n_steps=1)):
        with pytest.raises(ValueError, match="because logdir=None"):
            slim.learning.train(train, None, number_of_steps=1, **attrs)
    with pytest.raises(ValueError, match="logdir must be present"):
        with tf.Session() as sess:
            slim.learning.train_step(sess, train, None, {"should_trace": tf.constant(True)})


def test_evaluation_writes_summaries(tmp_path):
    x = tf.get_variable("x", [], initializer=tf.constant_initializer(3.0))
    tf.summary.scalar("x_now", x)
    tf.train.get_or_create_global_step()
    value = slim.evaluation.evaluate_once("", None, str(tmp_path), final_op=x + 1)
    tf.summary.FileWriterCache.clear()
    assert value == 4
    (shown,) = [v for e in events(tmp_path) for v in e.summary.value]
    assert (shown.tag, shown.simple_value) == ("x_now", 3)


def test_evaluation_of_each_new_checkpoint(tmp_path):
    step = tf.train.get_or_create_global_step()
    saver = tf.train.Saver()
    with tf.Session() as session:
        for k in (3, 5):
            session.run(step.assign(k))
            path = saver.save(session, str(tmp_path / "m"), global_step=k)
    assert slim.evaluation.wait_for_new_checkpoint(str(tmp_path)) == path
    assert list(slim.evaluation.checkpoints_iterator(str(tmp_path), timeout=0)) == [path]
    value = slim.evaluation.evaluation_loop(
        "", str(tmp_path), None, final_op=step + 1, variables_to_restore=[step],
        max_number_of_evaluations=1,
    )  # fmt: skip
    assert value == 6


def test_training_needs_initialized_variables():
    loss = tf.reduce_sum(tf.square(tf.get_variable("w", [2])))
    train_op = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.1))
    with pytest.raises(RuntimeError, match="not initialized: .*w"):
        slim.learning.train(train_op, None, init_op=None, number_of_steps=2)
    with pytest.raises(ValueError, match="summary_op"):
        slim.learning.train(train_op, None, summary_op=tf.constant(""), number_of_steps=2)
