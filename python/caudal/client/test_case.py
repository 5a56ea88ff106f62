# SPDX-License-Identifier: Apache-2.0
"""`tf.test.TestCase`: unittest's, with sessions and comparisons of arrays."""

import contextlib
import random
import re
import shutil
import tempfile
import unittest

import numpy as np

from caudal.client.test_assertions import MoreAssertions
from caudal.framework import dtypes, ops
from caudal.platform import tf_logging

_SEED = 87654321


class TestCase(MoreAssertions, unittest.TestCase):
    """Each test begins with an empty default graph and fixed seeds."""

    _temp_dir = None
    _cached_session = None  # also where a subclass' setUp does not call this one's

    def setUp(self):
        super().setUp()
        self._cached_session = None
        self._temp_dir = None
        random.seed(_SEED)
        np.random.seed(_SEED % 2**32)
        ops.default_graphs.reset()
        ops.reset_default_graph()
        ops.get_default_graph().seed = _SEED

    def tearDown(self):
        self._close_cached_session()
        if self._temp_dir is not None:
            shutil.rmtree(self._temp_dir, ignore_errors=True)
        super().tearDown()

    def _close_cached_session(self):
        if self._cached_session is not None:
            self._cached_session.close()
            self._cached_session = None

    def get_temp_dir(self):
        """A directory of this test, removed afterwards."""
        if self._temp_dir is None:
            self._temp_dir = tempfile.mkdtemp(prefix="caudal_test_")
        return self._temp_dir

    # Sessions ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """A new default session; on the CPU unless a GPU is asked for."""
        from caudal.client import session

        with session.Session(graph=graph, config=config) as sess:
            with self._device(sess, use_gpu, force_gpu):
                yield sess

    @contextlib.contextmanager
    def cached_session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """A default session that stays open until the end of the test."""
        from caudal.client import session

        asked = {"graph": graph, "config": config, "force_gpu value": force_gpu}
        if self._cached_session is None:
            self._cached_session = session.Session(graph=graph, config=config)
            self._cached_for = asked
        for what, value in asked.items():
            if self._cached_for[what] is not value:
                raise ValueError(
                    "The %s used to get the cached session is different than the one that was "
                    "used to create the session. Maybe create a new session with self.session()"
                    % what
                )
        sess = self._cached_session
        with sess.graph.as_default(), sess.as_default():
            with self._device(sess, use_gpu, force_gpu):
                yield sess

    def test_session(self, graph=None, config=None, use_gpu=False, force_gpu=False):
        """`session` if a graph or configuration is given, else `cached_session`."""
        # By its name test runners take this for a test.
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")
        if graph is None and config is None:
            return self.cached_session(graph, config, use_gpu, force_gpu)
        return self.session(graph, config, use_gpu, force_gpu)

    test_session.__test__ = False

    @staticmethod
    def _device(sess, use_gpu, force_gpu):
        if force_gpu:
            return sess.graph.device("/device:GPU:0")
        return contextlib.nullcontext() if use_gpu else sess.graph.device("/device:CPU:0")

    def evaluate(self, tensors):
        """The values of a structure of tensors, in the default session."""
        sess = ops.get_default_session()
        if sess is None:
            with self.cached_session() as sess:
                return sess.run(tensors)
        return sess.run(tensors)

    # Comparisons -------------------------------------------------------------------------------

    def _array(self, value):
        if isinstance(value, (ops.Tensor, ops.IndexedSlices)) or hasattr(value, "_AsTensor"):
            value = self.evaluate(value)
        return value if isinstance(value, np.ndarray) else np.array(value)

    _GetNdArray = _array

    def assertShapeEqual(self, np_array, tf_tensor, msg=None):
        """The static shape of a tensor is that of an array."""
        if not isinstance(np_array, (np.ndarray, np.generic)):
            raise TypeError("np_array must be a Numpy ndarray or Numpy scalar")
        if not isinstance(tf_tensor, ops.Tensor):
            raise TypeError("tf_tensor must be a Tensor")
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg=msg)

    def assertAllClose(self, a, b, rtol=1e-6, atol=1e-6, msg=None):
        """Nested structures of arrays: |a - b| <= atol + rtol * |b|, equal shapes."""
        self._close(a, b, rtol, atol, msg, "")

    def _close(self, a, b, rtol, atol, msg, path):
        if hasattr(a, "_asdict"):
            a = a._asdict()
        if hasattr(b, "_asdict"):
            b = b._asdict()
        if isinstance(a, dict) or isinstance(b, dict):
            if not (isinstance(a, dict) and isinstance(b, dict)):
                raise ValueError("Can't compare dict to non-dict, %s vs %s." % (a, b))
            self.assertCountEqual(a.keys(), b.keys(), msg)
            for key in a:
                self._close(a[key], b[key], rtol, atol, msg, "%s[%r]" % (path, key))
            return
        if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
            try:
                one, two = self._array(a), self._array(b)
                ragged = one.dtype == object or two.dtype == object
            except ValueError:
                ragged = True
            if ragged:
                self.assertEqual(len(a), len(b), msg)
                for i, (x, y) in enumerate(zip(a, b)):
                    self._close(x, y, rtol, atol, msg, "%s[%d]" % (path, i))
                return
        a, b = self._array(a), self._array(b)
        self.assertEqual(
            a.shape,
            b.shape,
            "%sShapes differ at %s: %s and %s"
            % (msg + ". " if msg else "", path or "top", a.shape, b.shape),
        )
        np.testing.assert_allclose(
            a, b, rtol=rtol, atol=atol, equal_nan=True, err_msg="%s %s" % (msg or "", path)
        )

    def assertAllCloseAccordingToType(
        self,
        a,
        b,
        rtol=1e-6,
        atol=1e-6,
        float_rtol=1e-6,
        float_atol=1e-6,
        half_rtol=1e-3,
        half_atol=1e-3,
        bfloat16_rtol=1e-2,
        bfloat16_atol=1e-2,
        msg=None,
    ):
        """`assertAllClose` with tolerances for the less precise type of the two."""
        a, b = self._array(a), self._array(b)
        types = {a.dtype, b.dtype}
        if np.dtype(np.float32) in types:
            rtol, atol = max(rtol, float_rtol), max(atol, float_atol)
        if np.dtype(np.float16) in types:
            rtol, atol = max(rtol, half_rtol), max(atol, half_atol)
        if any(t.name == "bfloat16" for t in types):
            rtol, atol = max(rtol, bfloat16_rtol), max(atol, bfloat16_atol)
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a, b, **kwargs):
        """`assertAllClose` would fail."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements")

    def assertAllEqual(self, a, b, msg=None):
        """Equal shapes and elements; NaN equals NaN."""
        a, b = self._array(a), self._array(b)
        if a.dtype.kind in "OSU" or b.dtype.kind in "OSU":
            a, b = _as_text(a), _as_text(b)
        self.assertEqual(a.shape, b.shape, msg or "Shapes differ: %s and %s" % (a.shape, b.shape))
        same = a == b
        if a.dtype.kind in "fc" and b.dtype.kind in "fc":
            same = np.logical_or(same, np.logical_and(np.isnan(a), np.isnan(b)))
        if not np.all(same):
            np.testing.assert_array_equal(a, b, err_msg=msg or "")

    def assertNotAllEqual(self, a, b, msg=None):
        """`assertAllEqual` would fail."""
        try:
            self.assertAllEqual(a, b, msg)
        except AssertionError:
            return
        raise AssertionError("The two values are equal at all elements. %s" % (msg or ""))

    def assertAllGreater(self, a, comparison_target):
        self.assertGreater(np.min(self._array(a)), comparison_target)

    def assertAllLess(self, a, comparison_target):
        self.assertLess(np.max(self._array(a)), comparison_target)

    def assertAllGreaterEqual(self, a, comparison_target):
        self.assertGreaterEqual(np.min(self._array(a)), comparison_target)

    def assertAllLessEqual(self, a, comparison_target):
        self.assertLessEqual(np.max(self._array(a)), comparison_target)

    def assertAllInRange(
        self, target, lower_bound, upper_bound, open_lower_bound=False, open_upper_bound=False
    ):
        """All elements lie between the bounds."""
        target = self._array(target)
        low = target <= lower_bound if open_lower_bound else target < lower_bound
        high = target >= upper_bound if open_upper_bound else target > upper_bound
        bad = np.logical_or(low, high)
        if np.any(bad):
            raise AssertionError(
                "%d elements are outside of [%s, %s], the first is %s"
                % (bad.sum(), lower_bound, upper_bound, target[bad].flat[0])
            )

    def assertAllInSet(self, target, expected_set):
        """Every element is one of `expected_set`."""
        diff = np.setdiff1d(self._array(target).ravel(), list(expected_set))
        if diff.size:
            raise AssertionError(
                "%d unique element(s) are not in the set %s: %s" % (diff.size, expected_set, diff)
            )

    def assertNear(self, f1, f2, err, msg=None):
        """|f1 - f2| <= err, or equal (infinities)."""
        self.assertTrue(
            f1 == f2 or abs(f1 - f2) <= err,
            "%f != %f +/- %f%s" % (f1, f2, err, " (%s)" % msg if msg else ""),
        )

    def assertArrayNear(self, farray1, farray2, err, msg=None):
        """`assertNear` for each pair of elements."""
        self.assertEqual(len(farray1), len(farray2), msg=msg)
        for f1, f2 in zip(farray1, farray2):
            self.assertNear(float(f1), float(f2), err, msg=msg)

    def assertNDArrayNear(self, ndarray1, ndarray2, err, msg=None):
        """The norm of the difference is less than `err`."""
        self.assertLess(np.linalg.norm(np.asarray(ndarray1) - np.asarray(ndarray2)), err, msg=msg)

    def assertDTypeEqual(self, target, expected_dtype):
        """An array's dtype is the one given."""
        self.assertEqual(
            dtypes.as_dtype(self._array(target).dtype), dtypes.as_dtype(expected_dtype)
        )

    def assertDeviceEqual(self, device1, device2, msg=None):
        """Two device strings or specs mean the same."""
        from caudal.framework import device

        self.assertEqual(device.canonical(device1), device.canonical(device2), msg)

    # Errors ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(self, exception_type, expected_err_re_or_predicate):
        """The block raises an exception whose text matches, or that the predicate accepts."""
        check = expected_err_re_or_predicate
        try:
            yield
        except exception_type as error:
            if callable(check):
                good = check(error)
            else:
                good = re.search(check, getattr(error, "message", None) or str(error))
            if not good:
                raise AssertionError(
                    "Exception of type %s: %s does not match %r" % (type(error), error, check)
                ) from error
            tf_logging.debug("Expected: %s", error)
        else:
            self.fail(exception_type.__name__ + " not raised")

    def assertRaisesOpError(self, expected_err_re_or_predicate):
        """`assertRaisesWithPredicateMatch` for errors of running operations."""
        from caudal.framework import errors

        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)


def _as_text(array):
    """Byte strings and text compare by their bytes."""

    def one(value):
        return value.encode() if isinstance(value, str) else value

    flat = [one(v) for v in array.ravel().tolist()]
    out = np.empty(len(flat), dtype=object)
    out[:] = flat
    return out.reshape(array.shape)
