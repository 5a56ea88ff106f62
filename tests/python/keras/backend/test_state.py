# SPDX-License-Identifier: Apache-2.0
"""Settings, numbers of names, the learning phase, sessions."""

import importlib
import json
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import caudal as tf
from caudal import keras
from caudal.keras import backend as K


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.set_floatx("float32")
    K.set_image_data_format("channels_last")
    K.set_epsilon(1e-7)
    K.manual_variable_initialization(False)
    K.clear_session()


# -- settings --------------------------------------------------------------------------------------


def test_settings_are_kept_and_wrong_ones_refused():
    assert (K.backend(), K.floatx(), K.epsilon()) == ("tensorflow", "float32", 1e-7)
    K.set_floatx("float64")
    K.set_epsilon(1e-3)
    assert K.cast_to_floatx([1]).dtype == np.float64
    assert K.dtype(K.variable(1)) == K.dtype(K.placeholder((2,))) == "float64"
    assert K.epsilon() == 1e-3
    for wrong in ("", "floaty", 3):
        with pytest.raises(ValueError, match="Unknown floatx"):
            K.set_floatx(wrong)
    K.set_image_dim_ordering("th")
    assert (K.image_data_format(), K.image_dim_ordering()) == ("channels_first", "th")
    for set_format in (K.set_image_data_format, K.set_image_dim_ordering):
        with pytest.raises(ValueError, match="Unknown"):
            set_format("channels_middle")
    assert K.normalize_data_format(None) == "channels_first"
    assert K.normalize_data_format("Channels_Last") == "channels_last"
    with pytest.raises(ValueError, match="data_format"):
        K.normalize_data_format(5)


@pytest.mark.parametrize(
    "text, expected",
    [
        (json.dumps({"floatx": "float64", "epsilon": 0.5, "image_data_format": "channels_first"}),
         ["float64", 0.5, "channels_first"]),
        (json.dumps({"floatx": "x", "epsilon": "y", "image_data_format": 3}),
         ["float32", 1e-7, "channels_last"]),
        ("{no json", ["float32", 1e-7, "channels_last"]),
        ("[]", ["float32", 1e-7, "channels_last"]),
        (None, ["float32", 1e-7, "channels_last"]),
    ],
)  # fmt: skip
def test_the_file_of_settings_is_read_and_never_written(tmp_path, monkeypatch, text, expected):
    if text is not None:
        (tmp_path / "keras.json").write_text(text)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    common = importlib.import_module("caudal.keras.backend.common")
    monkeypatch.setattr(common, "_settings", dict(common._settings))
    common._read_config()
    assert [common.floatx(), common.epsilon(), common.image_data_format()] == expected
    assert sorted(tmp_path.iterdir()) == before


def test_another_backend_is_not_silently_replaced(monkeypatch):
    common = importlib.import_module("caudal.keras.backend.common")
    monkeypatch.setattr(common, "_settings", dict(common._settings))
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.warns(UserWarning, match="'theano'"):
        common._read_config()


def test_helpers_of_the_backend():
    from caudal.keras.backend import tensorflow_backend as KTF

    x = K.placeholder((None, 3, 4, 5))
    assert KTF._preprocess_padding("same") == "SAME"
    assert KTF._preprocess_conv2d_input(x, "channels_first") == (x, "NCHW")
    y, layout = KTF._preprocess_conv2d_input(x, "channels_first", True)
    assert (K.int_shape(y), layout) == ((None, 4, 5, 3), "NHWC")
    v = tf.Variable(2.0)
    KTF._initialize_variables(tf.Session())
    KTF._initialize_variables()
    assert K.get_value(v) == 2


def test_backends_by_name():
    from caudal.keras.backend import tensorflow_backend as KTF

    assert KTF.get_session is K.get_session and KTF.set_session is K.set_session
    assert KTF._to_tensor(1, "float32").dtype == tf.float32
    assert isinstance(KTF._get_available_gpus(), list)
    for name in dir(K):
        if callable(getattr(K, name)) and not name.startswith("_"):
            assert getattr(KTF, name) is getattr(K, name)
    for name in ("theano_backend", "cntk_backend"):
        with pytest.raises(ImportError, match="there is no"):
            importlib.import_module("caudal.keras.backend." + name)
    assert K.tf is tf


def test_the_backend_alone_can_be_imported_first():
    code = "from caudal.keras.backend.tensorflow_backend import set_session, epsilon; print('fine')"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout == "fine\n", out.stderr


# -- names and the learning phase ------------------------------------------------------------------


def test_uids_count_from_one_in_each_graph():
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid("b"), K.get_uid()] == [1, 2, 1, 1]
    with tf.Graph().as_default():
        assert K.get_uid("a") == 1
    assert K.get_uid("a") == 3
    K.reset_uids()
    assert K.get_uid("a") == 1
    K.clear_session()
    assert K.get_uid("a") == 1


def test_learning_phase_is_one_fed_tensor_of_the_graph():
    x = K.placeholder((2,))

    def dropped():
        return K.in_train_phase(lambda: x * 2, lambda: x * 3)

    with tf.name_scope("somewhere"):
        inner = tf.cond(K.sum(x) > 0, dropped, lambda: x)
        _, looped = tf.while_loop(lambda i, a: i < 2, lambda i, a: (i + 1, a + dropped()), [0, x])
    phase = K.learning_phase()
    assert (phase.name, phase.dtype, phase.shape.rank) == ("keras_learning_phase:0", tf.bool, 0)
    assert K.learning_phase() is phase
    run = K.function([x, phase], [inner, looped, dropped()])
    for value, factor in ((1, 2), (0, 3), (True, 2), (0.0, 3), (None, 3)):
        inner_value, looped_value, outer_value = run([[1, 2], value])
        np.testing.assert_array_equal(inner_value, factor * np.array([1, 2]))
        np.testing.assert_array_equal(looped_value, (2 * factor + 1) * np.array([1, 2]))
        np.testing.assert_array_equal(outer_value, factor * np.array([1, 2]))
    np.testing.assert_array_equal(run([[1, 2]])[0], [3, 6])


def test_what_depends_on_the_phase_is_marked():
    x = K.placeholder((2,))
    assert K.in_train_phase(x, x * 2)._uses_learning_phase
    assert K.in_test_phase(x, x * 2)._uses_learning_phase
    given = K.in_train_phase(x * 1, x * 2, training=K.constant(True, "bool"))
    assert not getattr(given, "_uses_learning_phase", False)
    for fixed in (0, 1, True, np.bool_(False), np.int64(1)):
        assert not K.in_train_phase(x, x, training=fixed)._uses_learning_phase


def test_fixed_learning_phase():
    with pytest.raises(ValueError, match="0 or 1"):
        K.set_learning_phase(2)
    with K.learning_phase_scope(1):
        assert K.learning_phase() == 1
    assert K.is_tensor(K.learning_phase())
    K.set_learning_phase(True)
    assert K.learning_phase() == 1
    x = K.placeholder((2,))
    chosen = K.in_train_phase(x * 2, lambda: 1 / 0)
    run = K.function([x, K.learning_phase()], [chosen])
    np.testing.assert_array_equal(run([[1, 2], 1])[0], [2, 4])
    with pytest.raises(ValueError, match="fixed to 1"):
        run([[1, 2], 0])


# -- sessions --------------------------------------------------------------------------------------


def test_session_is_the_default_one_or_the_one_that_was_set_or_an_own_one():
    own = K.get_session()
    assert K.get_session() is own and own.graph is tf.get_default_graph()
    v = K.variable(3.0)
    assert K.get_value(v) == 3
    K.set_value(v, 4)
    with tf.Session() as session:
        assert K.get_session() is session
        assert K.get_value(v) == 3
    assert K.get_value(v) == 4
    chosen = tf.Session()
    K.set_session(chosen)
    assert K.get_session() is chosen and K.get_value(v) == 3
    chosen.close()
    with pytest.raises(RuntimeError, match="closed Session"):  # rather than values that are new
        K.get_value(v)
    K.clear_session()
    assert K.get_session() is not chosen and K.get_session() is not own


def test_each_graph_has_its_session():
    outer = K.variable(1.0)
    graph = tf.Graph()
    with graph.as_default():
        inner = K.variable(2.0)
        double = K.function([], [inner * 2])
        session = K.get_session()
        assert session.graph is graph
    assert (K.get_value(inner), double([])[0], K.get_value(outer)) == (2, 4, 1)
    assert K.get_session() is not session
    K.clear_session()
    elsewhere = tf.Session(graph=tf.Graph())
    K.set_session(elsewhere)
    assert K.get_session() is elsewhere


def test_variables_are_initialised_once_and_only_if_they_have_no_value():
    first = K.variable(1.0)
    session = K.get_session()
    session.run(first.assign(5.0))
    second = tf.Variable(2.0)
    loaded = tf.Variable(3.0)
    session.run(loaded.assign(7.0))
    assert K.batch_get_value([first, second, loaded]) == [5, 2, 7]
    nodes = len(session.graph.get_operations())
    for _ in range(3):
        K.get_session()
    assert len(session.graph.get_operations()) == nodes
    K.manual_variable_initialization(True)
    late = K.variable(1.0)
    with pytest.raises(tf.errors.FailedPreconditionError):
        K.get_value(late)


def test_clearing_frees_the_session_and_ends_what_was_made_before():
    v = K.variable(np.zeros(3))
    run = K.function([], [v + 1])
    K.get_value(v)
    alive = weakref.ref(K.get_session())
    K.clear_session()
    assert alive() is None
    for use in (lambda: K.get_value(v), lambda: run([]), lambda: K.set_value(v, np.ones(3))):
        with pytest.raises(RuntimeError, match="before K.clear_session"):
            use()
    with tf.Session(graph=v.graph):
        assert run([])[0].tolist() == [1, 1, 1]


def test_functions_and_values_in_other_threads():
    x = K.placeholder((2,))
    v = K.variable([1.0, 2.0])
    run = K.function([x], [x * v])
    found, session = {}, K.get_session()

    def work():
        found["session"] = K.get_session()
        found["value"] = run([[1, 1]])[0]
        found["made"] = K.function([x], [], updates=[(v, v + x)])([[1, 1]])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found["session"] is K.get_session() is session
    np.testing.assert_array_equal(found["value"], [1, 2])
    np.testing.assert_array_equal(K.get_value(v), [2, 3])


def test_models_predict_and_train_in_other_threads():
    model = keras.models.Sequential(
        [
            keras.layers.Dense(3, input_shape=(4,)),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    x, y = np.ones((8, 4)), np.ones((8, 1))
    found = []

    def work():
        found.append(model.predict(x))
        found.append(model.train_on_batch(x, y))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(found) == 2
    assert not np.array_equal(model.predict(x), found[0])
