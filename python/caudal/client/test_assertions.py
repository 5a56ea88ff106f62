# SPDX-License-Identifier: Apache-2.0
"""Assertions of `tf.test.TestCase` about plain Python values, threads and what is printed."""

import contextlib
import os
import re
import tempfile
import threading
import unittest


class MoreAssertions:
    """What TensorFlow's test cases have beside unittest's methods, and unittest's own old names."""

    # Old names, which unittest has given up.
    assertEquals = unittest.TestCase.assertEqual
    assertNotEquals = unittest.TestCase.assertNotEqual
    assertAlmostEquals = unittest.TestCase.assertAlmostEqual
    assertNotAlmostEquals = unittest.TestCase.assertNotAlmostEqual
    assertRaisesRegexp = unittest.TestCase.assertRaisesRegex
    assertRegexpMatches = unittest.TestCase.assertRegex
    assertNotRegexpMatches = unittest.TestCase.assertNotRegex
    assertItemsEqual = unittest.TestCase.assertCountEqual
    assert_ = unittest.TestCase.assertTrue

    # Containers ----------------------------------------------------------------------------------

    def assertEmpty(self, container, msg=None):
        if len(container):
            self.fail(self._formatMessage(msg, "%r is not empty" % (container,)))

    def assertNotEmpty(self, container, msg=None):
        if not len(container):
            self.fail(self._formatMessage(msg, "%r is empty" % (container,)))

    def assertLen(self, container, expected_len, msg=None):
        if len(container) != expected_len:
            text = "%r has length of %d, expected %d." % (container, len(container), expected_len)
            self.fail(self._formatMessage(msg, text))

    def assertSameElements(self, expected_seq, actual_seq, msg=None):
        """The same elements, each any number of times, in any order."""
        expected, actual = list(expected_seq), list(actual_seq)
        missing = [e for e in expected if e not in actual]
        more = [a for a in actual if a not in expected]
        if missing or more:
            self.fail(self._formatMessage(msg, "missing: %r, unexpected: %r" % (missing, more)))

    def assertContainsSubset(self, expected_subset, actual_set, msg=None):
        missing = set(expected_subset) - set(actual_set)
        if missing:
            self.fail(self._formatMessage(msg, "missing elements: %r" % (missing,)))

    def assertNoCommonElements(self, expected_seq, actual_seq, msg=None):
        common = set(expected_seq) & set(actual_seq)
        if common:
            self.fail(self._formatMessage(msg, "common elements: %r" % (common,)))

    def assertContainsSubsequence(self, container, subsequence, msg=None):
        """The elements of `subsequence` occur in this order, maybe with others between."""
        rest = iter(container)
        missing = [s for s in subsequence if not any(c == s for c in rest)]
        if missing:
            text = "%r is not a subsequence of %r" % (subsequence, container)
            self.fail(self._formatMessage(msg, text))

    def assertContainsExactSubsequence(self, container, subsequence, msg=None):
        """The elements of `subsequence` occur next to each other."""
        whole, part = list(container), list(subsequence)
        ends = range(len(part), len(whole) + 1)
        if not any(whole[end - len(part) : end] == part for end in ends):
            text = "%r does not contain %r" % (container, subsequence)
            self.fail(self._formatMessage(msg, text))

    def assertSequenceStartsWith(self, prefix, whole, msg=None):
        if list(whole)[: len(prefix)] != list(prefix) or not prefix:
            self.fail(self._formatMessage(msg, "%r does not start with %r" % (whole, prefix)))

    def assertSequenceAlmostEqual(
        self, expected_seq, actual_seq, places=None, msg=None, delta=None
    ):
        self.assertLen(actual_seq, len(expected_seq), msg)
        for expected, actual in zip(expected_seq, actual_seq):
            self.assertAlmostEqual(expected, actual, places=places, msg=msg, delta=delta)

    def assertTotallyOrdered(self, *groups, **kwargs):
        """Elements of a group are equal; each group is less than those after it."""
        msg = kwargs.get("msg")
        for i, group in enumerate(groups):
            for a in group:
                for b in group:
                    self.assertTrue(a == b and a <= b and a >= b, msg)
                for later in groups[i + 1 :]:
                    for b in later:
                        self.assertTrue(a < b and a <= b and b > a and a != b, msg)

    def assertSameStructure(self, a, b, aname="a", bname="b", msg=None):
        """Equal values of dicts, lists and plain types."""
        self.assertEqual(a, b, msg)

    def assertJsonEqual(self, first, second, msg=None):
        import json

        self.assertEqual(json.loads(first), json.loads(second), msg)

    # Numbers and text ----------------------------------------------------------------------------

    def assertBetween(self, value, minv, maxv, msg=None):
        if not minv <= value <= maxv:
            text = "%r unexpectedly not between %r and %r" % (value, minv, maxv)
            self.fail(self._formatMessage(msg, text))

    def assertStartsWith(self, actual, expected_start, msg=None):
        if not actual.startswith(expected_start):
            text = "%r does not start with %r" % (actual, expected_start)
            self.fail(self._formatMessage(msg, text))

    def assertNotStartsWith(self, actual, unexpected_start, msg=None):
        if actual.startswith(unexpected_start):
            text = "%r does start with %r" % (actual, unexpected_start)
            self.fail(self._formatMessage(msg, text))

    def assertEndsWith(self, actual, expected_end, msg=None):
        if not actual.endswith(expected_end):
            text = "%r does not end with %r" % (actual, expected_end)
            self.fail(self._formatMessage(msg, text))

    def assertNotEndsWith(self, actual, unexpected_end, msg=None):
        if actual.endswith(unexpected_end):
            text = "%r does end with %r" % (actual, unexpected_end)
            self.fail(self._formatMessage(msg, text))

    def assertContainsInOrder(self, strings, target, msg=None):
        """All of `strings` are found in the text, each behind the one before."""
        at = 0
        for s in [strings] if isinstance(strings, str) else strings:
            at = target.find(s, at)
            if at < 0:
                self.fail(self._formatMessage(msg, "%r not found in order in %r" % (s, target)))
            at += len(s)

    def assertRegexMatch(self, actual_str, regexes, message=None):
        """One of the expressions is found in the text."""
        if not any(re.search(r, actual_str) for r in regexes):
            text = "%r matches none of %r" % (actual_str, regexes)
            self.fail(self._formatMessage(message, text))

    def assertProtoEquals(self, expected_message_maybe_ascii, message, msg=None):
        """A message equals another one, or a text form of it."""
        expected = expected_message_maybe_ascii
        if isinstance(expected, str) and not isinstance(message, str):
            self.assertEqual(expected.split(), str(message).split(), msg)
        else:
            self.assertEqual(expected, message, msg)

    # Exceptions, threads, output -----------------------------------------------------------------

    @contextlib.contextmanager
    def assertRaisesWithLiteralMatch(self, expected_exception, expected_exception_message):
        """The block raises an exception with exactly this text."""
        with self.assertRaises(expected_exception) as raised:
            yield
        self.assertEqual(expected_exception_message, str(raised.exception))

    def checkedThread(self, target, args=None, kwargs=None):
        """A thread whose `join` fails the test if `target` raised an exception."""
        return _CheckedThread(self, target, args or (), kwargs or {})

    @contextlib.contextmanager
    def captureWritesToStream(self, stream):
        """What is written to the file of `stream` meanwhile is kept: see `contents()`."""
        with tempfile.TemporaryFile() as kept:
            captured = _Captured(stream, kept)
            stream.flush()
            old = os.dup(stream.fileno())
            os.dup2(kept.fileno(), stream.fileno())
            try:
                yield captured
            finally:
                captured.contents()
                os.dup2(old, stream.fileno())
                os.close(old)


class _Captured:
    """What has been written so far."""

    def __init__(self, stream, kept):
        self._stream, self._kept, self._text = stream, kept, ""

    def contents(self):
        if not self._kept.closed:
            self._stream.flush()
            size = os.fstat(self._kept.fileno()).st_size
            self._text = os.pread(self._kept.fileno(), size, 0).decode()
        return self._text


class _CheckedThread:
    """See `checkedThread`."""

    def __init__(self, test, target, args, kwargs):
        self._test, self._error = test, None
        self._thread = threading.Thread(target=self._run, args=(target, args, kwargs))
        self._thread.daemon = True

    def _run(self, target, args, kwargs):
        try:
            target(*args, **kwargs)
        except BaseException as error:
            self._error = error

    def start(self):
        self._thread.start()

    def join(self):
        self._thread.join()
        if self._error is not None:
            self._test.fail("Error in checkedThread: %r" % (self._error,))

    def is_alive(self):
        return self._thread.is_alive()
