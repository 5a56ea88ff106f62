# SPDX-License-Identifier: Apache-2.0
"""Graphs in notebooks."""

import re
import xml.etree.ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

import caudal as tf
from caudal.framework.graph_display import Box, draw


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 8), st.sampled_from(["TB", "LR"]))
def test_any_graph_is_drawn(data, count, rankdir):
    edge = st.tuples(st.integers(0, max(count - 1, 0)), st.integers(0, max(count - 1, 0)))
    edges = data.draw(st.lists(edge, max_size=12)) if count else []
    svg = draw([Box(["<%d>" % i, "&"], i % 3) for i in range(count)], edges, rankdir)
    root = ET.fromstring(svg)
    boxes = [e for e in root.iter() if e.get("rx")]
    assert len(boxes) == count
    assert svg.count("marker-end") == len({e for e in edges if e[0] != e[1]})
    for box in boxes:
        for corner, size, whole in (("x", "width", "width"), ("y", "height", "height")):
            assert float(box.get(corner)) >= 0
            assert float(box.get(corner)) + float(box.get(size)) <= float(root.get(whole)) + 1


def test_small_graph():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        with tf.control_dependencies([tf.no_op(name="first")]):
            tf.identity(tf.matmul(x, tf.ones([3, 2])), name="y")
    html = graph._repr_html_()
    assert "operations" in html and "float32 (?, 2)" in html and ">first<" in html
    ET.fromstring(re.search("<svg.*</svg>", html).group())


def test_large_graph_shows_scopes():
    with tf.Graph().as_default() as graph:
        for name in "abc":
            with tf.name_scope(name):
                x = tf.zeros([2])
                for _ in range(60):
                    x = x + 1
        tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
    html = graph._repr_html_()
    assert "name scopes" in html and html.count('rx="4"') >= 4 and "121 operations" in html


def test_empty_graph():
    assert "0 operations" in tf.Graph()._repr_html_()
