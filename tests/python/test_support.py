# SPDX-License-Identifier: Apache-2.0
"""python -m caudal support."""

import subprocess
import sys

import pytest

import caudal as tf
from caudal import __main__ as commands
from caudal import _core
from caudal.client import support


def run(capsys, *arguments):
    code = commands.main(["support", *arguments])
    return code, capsys.readouterr().out.splitlines()


def test_every_op_has_a_row(capsys):
    code, lines = run(capsys, "--tsv")
    assert code == 0 and lines[0] == "op\tdevice\tdtypes"
    cpu = [line.split("\t") for line in lines[1:] if "\tCPU\t" in line]
    assert [row[0] for row in cpu] == sorted(_core.all_ops())
    assert dict((row[0], row[2].split(",")) for row in cpu)["MatMul"][:4] == [
        "half", "bfloat16", "float", "double",
    ]  # fmt: skip


def test_names_and_globs(capsys):
    _, lines = run(capsys, "Conv2D*", "Relu", "--device", "CPU")
    assert [line.split()[0] for line in lines] == [
        "Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput", "Relu",
    ]  # fmt: skip
    assert lines[0].split()[1:] == ["CPU", "half", "bfloat16", "float", "double"]


def test_markdown(capsys):
    _, lines = run(capsys, "IsNan", "LogicalNot", "--markdown")
    assert lines[0] == "| op | device | half | bfloat16 | float | double |"
    assert lines[2] == "| IsNan | CPU | x | x | x | x |"
    assert len({line.count("|") for line in lines}) == 1


def test_unknown_names_fail(capsys):
    assert commands.main(["support", "NoSuchOp"]) == 1
    with pytest.raises(SystemExit):
        commands.main([])


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "caudal", "support", "Softmax"], capture_output=True, text=True
    )
    assert done.stdout == "Softmax  CPU  half bfloat16 float double\n"


@pytest.mark.parametrize("op", ["Exp", "Sum", "BitwiseAnd", "Where"])
def test_what_it_says_runs(op):
    if op not in _core.all_ops():
        pytest.skip("not there")
    for name in support.supported(op):
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.constant([True, False] if name == "bool" else [1, 0], name)
            more = {"Sum": [0], "BitwiseAnd": x}.get(op)
            y = support_call(op, x, more)
            session.run(y)


def support_call(op, x, more):
    from caudal.framework.op_factory import apply

    return apply(op, x) if more is None else apply(op, x, more)


def test_all_widened_ops_have_a_wide_kernel():
    wide = {"half": "float", "bfloat16": "float", "int8": "int32", "int16": "int32",
            "uint16": "int32", "uint32": "int64"}  # fmt: skip
    for op in _core.all_ops():
        names = support.supported(op)
        for narrow, other in wide.items():
            if narrow in names and other not in names:
                allowed = [
                    tf.as_dtype(t).name
                    for a in _core.op_def(op)["attrs"]
                    for t in a.get("allowed_types") or ()
                ]
                # A wide dtype that the signature excludes is no gap.
                assert tf.as_dtype(other).name not in allowed, (op, narrow, other)
