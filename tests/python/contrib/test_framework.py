# SPDX-License-Identifier: Apache-2.0
"""tf.contrib: what is out; contrib.framework, contrib.training and slim's training loop."""

import numpy as np
import pytest

import caudal as tf

framework = tf.contrib.framework
slim = tf.contrib.slim


def test_what_is_out_says_so():
    with pytest.raises(AttributeError, match="tf.contrib.cudnn_rnn"):
        tf.contrib.cudnn_rnn.CudnnLSTM  # noqa: B018
    assert not hasattr(tf.contrib, "eager") and not hasattr(tf.contrib, "nonsense")
    with pytest.raises(AttributeError, match="tf.contrib.learn.DNNClassifier"):
        tf.contrib.learn.DNNClassifier  # noqa: B018
    with pytest.raises(AttributeError, match="does not have tf.contrib.layers.real_valued_column"):
        tf.contrib.layers.real_valued_column("x")


@framework.add_arg_scope
def sample(a, b=1, c=2):
    return a, b, c


def test_argument_scopes_nest_and_open_again():
    with framework.arg_scope([sample], b=5) as outer:
        assert sample(0) == (0, 5, 2) and sample(0, b=1) == (0, 1, 2)
        with framework.arg_scope([sample], c=9):
            assert sample(0) == (0, 5, 9)
    assert sample(0) == (0, 1, 2)
    with framework.arg_scope(outer):
        assert sample(0) == (0, 5, 2)
    assert framework.has_arg_scope(sample) and not framework.has_arg_scope(print)
    assert framework.arg_scoped_arguments(sample) == ("b", "c")
    for bad in (([print], {}), ((outer), {"x": 1})):
        with pytest.raises(ValueError):
            framework.arg_scope(bad[0], **bad[1]).__enter__()
    with pytest.raises(TypeError):
        framework.arg_scope(3).__enter__()


def test_variables_are_found_and_filled():
    a = framework.model_variable("s/a", [2], collections=["mine"])
    b = framework.variable("s/b", [2], device="/cpu:0")
    framework.local_variable(0.0, name="local")
    assert framework.get_variables("s") == [a, b] and framework.get_model_variables() == [a]
    assert tf.get_collection("mine") == [a] and framework.get_variables_by_name("b") == [b]
    assert framework.get_variables_by_suffix("a") == [a]
    assert framework.get_variables_to_restore(exclude=["s/a"]) == [b]
    assert framework.filter_variables([a, b], ["b$"]) == [b]
    assert framework.get_unique_variable("s/b") is b
    with pytest.raises(ValueError, match="Couldn't find"):
        framework.get_unique_variable("s/c")
    operation, feeds = framework.assign_from_values({"s/a": [1.0, 2.0], "s/b": [[3.0, 4.0]]})
    with tf.Session() as sess:
        sess.run(operation, feeds)
        np.testing.assert_array_equal(sess.run([a, b]), [[1, 2], [3, 4]])


def test_devices_in_turn():
    chooser = framework.VariableDeviceChooser(num_tasks=2)
    assert [chooser(None) for _ in range(3)] == [
        "/job:ps/task:%d/device:CPU:0" % i for i in (0, 1, 0)
    ]


def test_shapes_are_checked_while_running():
    x = tf.placeholder(tf.float32)
    y = framework.with_shape([2], x)
    assert y.shape == (2,) and framework.with_shape([2], tf.ones([2])).shape == (2,)
    with pytest.raises(ValueError, match="Invalid shape"):
        framework.with_shape([3], tf.ones([2]))
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(y, {x: [1, 2]}), [1, 2])
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(y, {x: [1, 2, 3]})


def test_nested_python_function():
    y = framework.py_func(
        lambda a, b: {"sum": a + b}, (tf.constant(1.0),), {"b": np.float32(2)},
        output_types={"sum": tf.float32}, output_shapes={"sum": []},
    )  # fmt: skip
    with tf.Session() as sess:
        assert sess.run(y) == {"sum": 3.0} and y["sum"].shape == ()


def test_settings():
    params = tf.contrib.training.HParams(rate=0.5, layers=[4, 2], name="a", big=True, steps=3)
    params.parse("rate=1,layers=[8,9],name=b,big=false")
    assert params.values() == dict(rate=1.0, layers=[8, 9], name="b", big=False, steps=3)
    assert params.get("missing", 7) == 7 and "rate" in params
    for text in ("steps=1.5", "unknown=1", "rate=1,rate=2", "layers=3", "rate"):
        with pytest.raises(ValueError):
            params.parse(text)
    with pytest.raises(ValueError, match="reserved"):
        params.add_hparam("parse", 1)
    assert tf.contrib.training.parse_values("a[2]=3", {"a": int}) == {"a": {2: 3}}


def test_training_loop_and_its_limits():
    w = tf.get_variable("w", initializer=[2.0, -2.0])
    loss = tf.reduce_sum(tf.square(w))
    train = slim.learning.create_train_op(
        loss, tf.train.GradientDescentOptimizer(0.1), clip_gradient_norm=1.0,
        gradient_multipliers={"w": 0.5},
    )  # fmt: skip
    assert tf.get_collection(tf.GraphKeys.TRAIN_OP)[-1] is train
    final = slim.learning.train(train, None, number_of_steps=4, log_every_n_steps=0)
    assert final < 8.0
    with pytest.raises(NotImplementedError, match="master"):
        slim.learning.train(train, None, master="grpc://x")
    with pytest.raises(ValueError):
        slim.learning.train(None, None)
    assert slim.evaluation.evaluate_once("", None, None, eval_op=w, final_op=loss) == 8.0
    assert slim.model_analyzer.analyze_vars([w]) == (2, 8)


def test_summaries_are_left_out_or_refused():
    if hasattr(tf, "summary"):
        pytest.skip("tf.summary is there")
    w = tf.get_variable("w", initializer=1.0)
    tf.contrib.layers.optimize_loss(w * w, None, 0.1, "SGD")
    with pytest.raises(NotImplementedError, match="tf.summary"):
        tf.contrib.layers.optimize_loss(w * w, None, 0.1, "SGD", summaries=["loss"], name="n")


def test_hparams_as_messages():
    given = dict(a=1, b=2.5, c="x", d=True, e=[1, 2], f=["a", "b"], g=[True], h=[1.5])
    message = tf.contrib.training.HParams(**given).to_proto()
    assert message.hparam["d"].bool_value and message.hparam["f"].bytes_list.value == [b"a", b"b"]
    assert tf.contrib.training.HParams(hparam_def=message).values() == given
    assert tf.contrib.training.HParams.from_proto(message.SerializeToString()).c == "x"
    with pytest.raises(ValueError, match="Unsupported type"):
        tf.contrib.training.HParams(z=None).to_proto()
