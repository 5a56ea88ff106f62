# SPDX-License-Identifier: Apache-2.0
"""Printing, assertions and numeric checks through the public API."""

import sys

import numpy as np
import pytest

import caudal as tf
from caudal import _core


def printed(fetch, feeds=None, runs=1):
    lines = []
    _core.set_log_sink(lambda line: lines.append(line.rstrip("\n")))
    try:
        with tf.Session() as sess:
            for _ in range(runs):
                sess.run(fetch, feeds)
    finally:
        _core.set_log_sink(None)
    return lines


@pytest.mark.parametrize(
    "value, summarize, expected",
    [
        (1.5, None, "[1.5]"),
        (np.arange(6).reshape(2, 3) * 1.1, None, "[[0 1.1 2.2]...]"),
        (np.arange(6).reshape(2, 3) * 1.1, -1, "[[0 1.1 2.2][3.3000000000000003 4.4 5.5]]"),
        (np.arange(8).reshape(2, 2, 2), 5, "[[[0 1][2 3]][[4...]]...]"),
        (np.arange(12).reshape(3, 4), 4, "[[0 1 2 3]...]"),
        (np.arange(12).reshape(3, 4), 5, "[[0 1 2 3][4...]...]"),
        (np.array([True, False]), None, "[1 0]"),
        (np.array(["ab", 'c"d']), None, '[ab c\\"d]'),
        ("a\nb", None, "[a\\nb]"),
        (np.float32([0.1, 1e20, np.nan, 1 / 3]), -1, "[0.1 1e+20 nan 0.333333343]"),
        ([np.inf, -np.inf, 1e-10, 123456.789], -1, "[inf -inf 1e-10 123456.789]"),
        (np.zeros([0]), None, "[]"),
        (np.zeros([2, 0]), None, "[]"),
        (np.ones([1, 1]), 0, "[...]"),
    ],
)
def test_print_format(value, summarize, expected):
    x = tf.constant(value, tf.float64 if isinstance(value, list) else None)
    y = tf.Print(tf.constant(1.0), [x], "m", summarize=summarize)
    assert printed(y) == ["m" + expected]


def test_print_first_n_counts_per_session():
    y = tf.Print(tf.constant(1.0), [7], first_n=2)
    assert printed(y, runs=4) == ["[7]", "[7]"]
    assert printed(y, runs=1) == ["[7]"]


def test_tf_print():
    c = tf.constant
    assert printed(tf.print("hello", c(1.5), "x", 3)) == ["hello 1.5 x 3"]
    assert printed(tf.print(c(np.arange(10)))) == ["[0 1 2 ... 7 8 9]"]
    assert printed(tf.print(c(np.arange(4).reshape(2, 2)))) == ["[[0 1]\n [2 3]]"]
    assert printed(tf.print(c("str"))) == ["str"]
    assert printed(tf.print(c("str"), c(["a", "b"]), sep=";")) == ['"str";["a" "b"]']
    assert printed(tf.print([c(1), c(2)], {"a": c(3)}, (c(4),))) == ["[1, 2] {'a': 3} (4,)"]
    assert printed(tf.print("a%sb{}", c(1))) == ["a%sb{} 1"]
    assert printed(tf.print()) == [""]
    assert printed(tf.print(c(np.arange(10)), summarize=-1)) == ["[0 1 2 3 4 5 6 7 8 9]"]
    assert printed(tf.print("x", output_stream=tf.logging.info)) == ["x"]
    with pytest.raises(ValueError, match="Unrecognized keyword"):
        tf.print("x", foo=1)
    with pytest.raises(ValueError, match="Unsupported output stream"):
        tf.print("x", output_stream="zz")


def test_tf_print_to_streams(capfd, tmp_path):
    path = tmp_path / "out.txt"
    with tf.Session() as sess:
        sess.run(tf.print("to stdout", output_stream=sys.stdout))
        sess.run(tf.print("no newline", end="|"))
        sess.run(tf.print("to file", output_stream="file://%s" % path))
    out, err = capfd.readouterr()
    assert out == "to stdout\n" and "no newline|" in err
    assert path.read_text() == "to file\n"


def test_assert_runs_as_control_dependency():
    p = tf.placeholder(tf.bool, [])
    with tf.control_dependencies([tf.Assert(p, ["msg", tf.constant([1, 2, 3, 4])])]):
        y = tf.identity(1.0)
    with tf.Session() as sess:
        assert sess.run(y, {p: True}) == 1
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            sess.run(y, {p: False})
    assert "assertion failed: [msg] [1 2 3...]" in caught.value.message
    assert caught.value.op.name == "Assert/Assert"
    with pytest.raises(TypeError, match="Expected list for 'data'"):
        tf.Assert(p, "msg")


@pytest.mark.parametrize(
    "check, good, bad, text",
    [
        (lambda x: tf.assert_equal(x, [1.0, 2.0]), [1, 2], [1, 3], "x == y"),
        (lambda x: tf.assert_less(x, [2.0, 2.0]), [1, 1], [1, 2], "x < y"),
        (lambda x: tf.assert_less_equal(x, [2.0, 2.0]), [1, 2], [1, 3], "x <= y"),
        (lambda x: tf.assert_greater(x, [1.0, 1.0]), [2, 2], [1, 2], "x > y"),
        (lambda x: tf.assert_greater_equal(x, [1.0, 1.0]), [1, 2], [0, 2], "x >= y"),
        (lambda x: tf.assert_none_equal(x, [1.0, 1.0]), [0, 2], [1, 2], "x != y"),
        (lambda x: tf.assert_near(x, [1.0, 1.0]), [1, 1 + 1e-7], [1, 1.1], "not equal to tol"),
        (lambda x: tf.assert_positive(x), [1, 2], [0, 2], "x > 0"),
        (lambda x: tf.assert_negative(x), [-1, -2], [0, -2], "x < 0"),
        (lambda x: tf.assert_non_negative(x), [0, 2], [-1, 2], "x >= 0"),
        (lambda x: tf.assert_non_positive(x), [0, -2], [1, -2], "x <= 0"),
    ],
)
def test_comparisons(check, good, bad, text):
    x = tf.placeholder(tf.float32, [None])
    action = check(x)
    with tf.Session() as sess:
        sess.run(action, {x: good})
        with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed") as caught:
            sess.run(action, {x: bad})
        assert text in caught.value.message
    with pytest.raises(tf.errors.InvalidArgumentError):
        check(tf.constant(bad, tf.float32)).run(session=tf.Session())


def test_static_failures():
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.assert_equal([1, 2], [1, 3], message="mm")
    expected = (
        "mm\nCondition x == y did not hold element-wise:\nx (assert_equal_1/x:0) = \n[1 2]\n"
        "y (assert_equal_1/y:0) = \n[1 3]"
    )
    assert caught.value.message == expected
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.assert_less([1, 2], [1, 3])
    assert tf.assert_equal([1, 2], [1, 2]).type == "Assert"


def test_ranks():
    x = tf.placeholder(tf.float32, [2, 3])
    unknown = tf.placeholder(tf.float32)
    assert tf.assert_rank(x, 2).name == "assert_rank/static_checks_determined_all_ok"
    with pytest.raises(ValueError, match="mm.  Tensor .* must have rank 3.  Received rank 2"):
        tf.assert_rank(x, 3, message="mm")
    with pytest.raises(ValueError, match="must have rank at least 3.  Received rank 2"):
        tf.assert_rank_at_least(x, 3)
    with pytest.raises(ValueError, match="must have rank in"):
        tf.assert_rank_in(x, (3, 4))
    with pytest.raises(ValueError, match="Rank must be a scalar"):
        tf.assert_rank(x, [1, 2])
    with pytest.raises(TypeError, match="must be of type"):
        tf.assert_rank(x, 1.5)
    checks = [tf.assert_rank(unknown, 2), tf.assert_rank_at_least(unknown, 2),
              tf.assert_rank_in(unknown, (2, 3))]  # fmt: skip
    with tf.Session() as sess:
        sess.run(checks, {unknown: np.zeros([1, 2])})
        for check in checks:
            with pytest.raises(tf.errors.InvalidArgumentError, match="must have rank"):
                sess.run(check, {unknown: [1.0]})


def test_types():
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    i = tf.placeholder(tf.int32, [2], name="i")
    assert tf.assert_type(x, tf.float32).type == "NoOp"
    with pytest.raises(TypeError, match="mm  x:0 must be of type"):
        tf.assert_type(x, tf.int32, message="mm")
    assert tf.assert_integer(i).type == "NoOp"
    with pytest.raises(TypeError, match='Expected "x" to be integer type'):
        tf.assert_integer(x)
    assert tf.assert_scalar(3).shape == []
    with pytest.raises(ValueError, match=r"Expected scalar shape for x:0, saw shape: \(2, 3\)"):
        tf.assert_scalar(x)
    assert tf.is_numeric_tensor(x) and not tf.is_numeric_tensor(3)
    assert tf.assert_same_float_dtype([x, x]) == tf.float32
    with pytest.raises(ValueError, match="must be of the same type"):
        tf.assert_same_float_dtype([x, i])
    with pytest.raises(ValueError, match="Expected floating point type"):
        tf.assert_same_float_dtype([i])
    for improper in (x, "abc", 5):
        with pytest.raises(TypeError):
            tf.assert_proper_iterable(improper)


def test_monotonic():
    x = tf.placeholder(tf.int32)
    both = [tf.is_non_decreasing(x), tf.is_strictly_increasing(x)]
    with tf.Session() as sess:
        for value, expected in (([], [1, 1]), ([3], [1, 1]), ([1, 2, 3], [1, 1]),
                                ([1, 1, 2], [1, 0]), ([[1, 3], [2, 4]], [0, 0])):  # fmt: skip
            assert sess.run(both, {x: value}) == expected
    with pytest.raises(TypeError, match="Expected x to be numeric"):
        tf.is_strictly_increasing(["a"])


def test_finite():
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.verify_tensor_all_finite(x, "msg")
    assert y.name == "VerifyFinite/control_dependency:0"
    with tf.Session() as sess:
        assert sess.run(y, {x: [1, 2]}).tolist() == [1, 2]
        with pytest.raises(tf.errors.InvalidArgumentError, match="msg : Tensor had NaN values"):
            sess.run(y, {x: [np.nan]})
    with pytest.raises(TypeError):
        tf.check_numerics(tf.constant([1]), "msg")


def test_add_check_numerics_ops():
    x = tf.placeholder(tf.float32, [None], name="x")
    tf.log(x, name="y")
    checks = tf.add_check_numerics_ops()
    with tf.Session() as sess:
        sess.run(checks, {x: [1, 2]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="x:0 : Tensor had Inf values"):
            sess.run(checks, {x: [np.inf]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="y:0 : Tensor had NaN values"):
            sess.run(checks, {x: [-1]})


def test_as_string():
    with tf.Session() as sess:

        def text(value, **kwargs):
            return sess.run(tf.as_string(value, **kwargs))

        assert text([1.5, 1e20]).tolist() == [b"1.500000", b"100000002004087734272.000000"]
        assert text(3.14159, precision=2) == b"3.14"
        assert text(1.5, scientific=True) == b"1.500000e+00"
        assert text(1e-10, shortest=True) == b"1e-10"
        assert text(5, width=4, fill="0") == b"0005"
        assert text(5.5, width=9, fill="-", precision=2) == b"5.50     "
        for bad in (dict(precision=2), dict(scientific=True), dict(fill="ab"), dict(fill="x")):
            with pytest.raises(tf.errors.InvalidArgumentError):
                text(5, **bad)


def test_add_check_numerics_ops_in_branches():
    x = tf.placeholder(tf.float32, [])
    tf.cond(x > 0, lambda: x, lambda: -x)
    with pytest.raises(ValueError, match="not compatible with TensorFlow control flow"):
        tf.add_check_numerics_ops()
