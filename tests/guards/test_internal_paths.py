# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's internal module paths that code imports lead to caudal's own."""

import importlib
import inspect
import pathlib
import subprocess
import sys

import pytest

import caudal as tf
import caudal.python
from caudal.python import layout

pytestmark = pytest.mark.no_graph
DATA = pathlib.Path(__file__).parent / "data" / "internal_paths.tsv"
ROWS = [line.split("\t") for line in DATA.read_text().splitlines()[1:]]


def at(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"caudal.{module}"), name)


def test_paths_lead_to_the_public_things():
    wrong = []
    for path, public in ROWS:
        try:
            thing = at(path)
        except (ImportError, AttributeError) as e:
            wrong.append(f"{path}: {e}")
            continue
        known = tf
        for name in public.split(".")[1:]:
            known = getattr(known, name, None)
        same_name = public.rpartition(".")[2] == path.rpartition(".")[2]
        if not same_name or not callable(known) or inspect.ismodule(thing):
            continue  # a constant, a namespace, or known under another name
        # Some public functions are the older form of another one of that name.
        if thing is not known and thing.__name__ != known.__name__:
            wrong.append(f"{path} is {thing}, {public} is {known}")
    assert not wrong, "\n".join(wrong)


def test_every_place_of_the_layout_is_there():
    for path in layout.paths():
        importlib.import_module(f"caudal.{path}")
        there = []
        for place in layout.places(path):
            try:
                there.append(place == layout.GENERATED or caudal.python.home(place))
            except AttributeError:
                there.append(None)
        # Contrib's modules need not have one of the same name here.
        assert all(there[1:] if path.startswith("contrib.") else there), (path, there)


def test_forms_of_import():
    from caudal.python.framework import dtypes, ops
    from caudal.python.ops.math_ops import reduce_sum

    from caudal.contrib.layers.python.layers import layers
    from caudal.contrib.rnn.python.ops import rnn_cell

    assert ops.Graph is tf.Graph and dtypes.float32 is tf.float32
    assert reduce_sum is tf.reduce_sum
    assert layers.conv2d is tf.contrib.layers.conv2d
    assert rnn_cell.LayerNormBasicLSTMCell is tf.contrib.rnn.LayerNormBasicLSTMCell
    assert caudal.python.ops.nn_ops.relu is tf.nn.relu


def test_generated_functions_add_their_op():
    from caudal.python.ops import gen_math_ops, gen_nn_ops

    with tf.Graph().as_default():
        product = gen_math_ops.mat_mul([[1.0, 2.0]], [[3.0], [4.0]], name="p")
        assert product.op.type == "MatMul" and product.op.name == "p"
        with tf.Session() as session:
            assert session.run(product) == 11.0
    assert gen_nn_ops.conv2d_backprop_input.__name__ == "conv2d_backprop_input"


def test_what_is_not_there_says_so():
    from caudal.python.ops import array_ops

    with pytest.raises(AttributeError, match="caudal has no 'nothing'"):
        _ = array_ops.nothing
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("caudal.python.ops.nothing")
    with pytest.raises(ImportError):
        from caudal.python.ops import nothing  # noqa: F401


def test_plain_import_does_not_load_it():
    code = "import caudal, sys; assert 'caudal.python' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
