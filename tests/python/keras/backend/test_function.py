# SPDX-License-Identifier: Apache-2.0
"""K.function, and the values of variables."""

import numpy as np
import pytest

import caudal as tf
from caudal.keras import backend as K


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.clear_session()


def test_outputs_have_the_values_before_the_updates():
    v, count = K.variable(1.0), K.variable(0.0)
    x = K.placeholder(())
    run = K.function([x], [v + x, v * 1], updates=[(v, v + 10), K.update_add(count, x)])
    for step in (1, 2):
        assert run([2]) == [10 * step - 7, 10 * step - 9]
        assert K.batch_get_value([v, count]) == [10 * step + 1, 2 * step]


def test_feed_dict_is_read_at_each_call_and_fetches_are_run():
    v = K.variable(0.0)
    x, y = K.placeholder(()), K.placeholder(())
    feeds = {y: 3.0}
    run = K.function([x], [x + y], feed_dict=feeds, fetches=[K.update(v, y * 2)])
    assert run([1]) == [4] and K.get_value(v) == 6
    feeds[y] = 5.0
    assert run([1]) == [6] and K.get_value(v) == 10


def test_options_and_metadata():
    x = K.placeholder(())
    metadata = tf.RunMetadata()
    options = tf.RunOptions(output_partition_graphs=True)
    run = K.function([x], [x * 2], options=options, run_metadata=metadata)
    assert run([1]) == [2]
    assert any(node.op == "Mul" for graph in metadata.partition_graphs for node in graph.node)
    run = K.function([x], [x * 2], run_metadata=metadata)
    assert run([1]) == [2] and not metadata.partition_graphs


def test_what_can_be_fed():
    x = K.placeholder((2,))
    text = K.placeholder((), dtype="string")
    ints = K.placeholder((None,), dtype="int32")
    run = K.function([x, text, ints], [x * 2, K.identity(text), ints + 1])
    a, b, c = run([K.constant([1, 2]), "ab", [3]])
    np.testing.assert_array_equal(a, [2, 4])
    assert b == b"ab" and c == [4]
    middle = x + 1
    run = K.function([middle], [middle * 2])
    np.testing.assert_array_equal(run([np.array([1.0, 2.0])])[0], [2, 4])
    run = K.function([x, middle], [middle * 2])
    np.testing.assert_array_equal(run([[1, 2], None])[0], [4, 6])
    np.testing.assert_array_equal(run([[1, 2]])[0], [4, 6])
    np.testing.assert_array_equal(run([None, [1, 2]])[0], [2, 4])


def test_arguments_that_do_not_fit():
    x = K.placeholder((2,))
    for arguments in [(x, [x]), ([x], x), ([x], [x], 3)]:
        with pytest.raises(TypeError, match="list or tuple"):
            K.function(*arguments)
    with pytest.raises(ValueError, match="not supported.*colour"):
        K.function([x], [x], colour=1)
    run = K.function([x], [x], name="of x")
    with pytest.raises(TypeError, match="list or tuple"):
        run(np.zeros(2))
    with pytest.raises(ValueError, match="function of x takes 1 inputs, but got 2"):
        run([np.zeros(2), 1])
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        run([np.zeros(3)])


def test_functions_follow_the_session():
    v = K.variable(1.0)
    run = K.function([], [v * 1], updates=[(v, v + 1)])
    assert [run([])[0], run([])[0]] == [1, 2]
    with tf.Session():
        assert run([]) == [1]
    assert run([]) == [3]


def test_sparse_inputs_and_outputs():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.random(4, 5, 0.4, "csr", random_state=0)
    x = K.placeholder((None, 5), sparse=True)
    w = K.variable(np.arange(15.0).reshape(5, 3))
    assert K.is_sparse(x) and K.is_placeholder(x) and K.int_shape(x) == (None, 5)
    y = K.dot(x, w)
    (gradient,) = K.gradients(K.sum(y), [w])
    run = K.function([x], [y, K.to_dense(x), gradient, x])
    for value in (matrix, matrix.tocoo(), matrix.toarray()):
        product, dense, slope, same = run([value])
        np.testing.assert_allclose(product, matrix @ np.arange(15.0).reshape(5, 3), rtol=1e-5)
        np.testing.assert_allclose(dense, matrix.toarray(), rtol=1e-6)
        np.testing.assert_allclose(slope, matrix.T @ np.ones((4, 3)), rtol=1e-5)
        np.testing.assert_allclose(run([same])[1], dense)
    side = K.concatenate([K.variable(matrix), K.variable(matrix)])
    assert K.is_sparse(side) and K.eval(side).shape == (4, 10)
    mixed = K.concatenate([K.variable(matrix), K.constant(np.ones((4, 1)))])
    assert not K.is_sparse(mixed) and K.eval(mixed).shape == (4, 6)
    dense = K.placeholder((None, 5))
    np.testing.assert_allclose(K.function([dense], [dense])([matrix])[0], matrix.toarray())


def test_values_of_variables():
    a, b = K.variable(np.zeros((2, 3))), K.variable([1, 2], dtype="int32")
    nodes = len(K.get_session().graph.get_operations())
    for i in range(3):
        K.batch_set_value([(a, np.full((2, 3), i)), (b, [i, i])])
        K.set_value(b, [i, i + 1])
        np.testing.assert_array_equal(K.get_value(a), np.full((2, 3), i))
        np.testing.assert_array_equal(K.batch_get_value([a, b])[1], [i, i + 1])
    assert len(K.get_session().graph.get_operations()) == nodes
    with pytest.raises(ValueError, match=r"\(3, 2\).*\(2, 3\)"):
        K.set_value(a, np.zeros((3, 2)))
    shared = K.constant(1.0)
    twins = K.variable(shared), K.variable(shared)
    K.batch_set_value(zip(twins, (5, 6)))
    assert K.batch_get_value(twins) == [5, 6]
    assert K.batch_get_value([]) == [] and K.batch_set_value([]) is None


def test_kinds_of_tensors():
    v, p = K.variable(np.zeros((2, 3))), K.placeholder(ndim=2)
    assert K.int_shape(v) == v._keras_shape == (2, 3) and K.int_shape(p) == (None, None)
    assert K.int_shape(K.placeholder()) is None and K.ndim(K.placeholder()) is None
    assert (K.ndim(v), K.count_params(v), K.dtype(v)) == (2, 6, "float32")
    assert K.is_placeholder(p) and not K.is_placeholder(v) and not K.is_placeholder(p + 1)
    assert K.is_tensor(v) and K.is_tensor(p) and not K.is_tensor(np.zeros(2))
    assert not K.is_keras_tensor(v) and not K.is_keras_tensor(p)
    with pytest.raises(ValueError, match="symbolic tensor"):
        K.is_keras_tensor(np.zeros(2))
    with pytest.raises(TypeError):
        K.variable("", dtype="unsupported")
    constraint = abs
    assert K.variable(1.0, constraint=constraint).constraint is constraint
    zeros = K.zeros((K.shape(p)[0], 3))
    assert K.function([p], [zeros])([np.ones((2, 2))])[0].shape == (2, 3)
    assert [d for d in K.get_variable_shape(v)] == [2, 3]


def test_moving_averages_are_corrected_for_their_start():
    v = K.variable(5.0)
    x = K.placeholder(())
    run = K.function([x], [], updates=[K.moving_average_update(v, x, 0.9)])
    seen = []
    biased = 0.0
    for step, value in enumerate((1.0, 2.0, 4.0), 1):
        run([value])
        biased = 0.9 * biased + 0.1 * value
        seen.append(K.get_value(v))
        np.testing.assert_allclose(seen[-1], biased / (1 - 0.9**step), rtol=1e-5)


def test_print_tensor_prints(capfd):
    assert K.eval(K.print_tensor(K.constant([1.0, 2.0]), "seen: ")).tolist() == [1, 2]
    assert "seen: [1 2]" in capfd.readouterr().err
