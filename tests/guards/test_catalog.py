# SPDX-License-Identifier: Apache-2.0
"""Every registered op has a catalog line, and every differentiable one has its gradient checked."""

from caudal import _core
from property import harness
from property.catalog import lines


def test_every_op_has_a_line():
    missing = sorted(set(_core.all_ops()) - set(lines()))
    assert not missing, f"ops without a line in tests/property/catalog: {missing}"


def test_every_line_has_an_op():
    unknown = sorted(set(lines()) - set(_core.all_ops()))
    assert not unknown, f"catalog lines without an op: {unknown}"


def test_every_differentiable_op_checks_gradients():
    unchecked = []
    for line in harness.registered_lines(harness.is_differentiable):
        by_reference = line.reference is not None and line.grad
        if not (by_reference or line.checks_gradient):
            unchecked.append(line.name)
    assert not unchecked, f"differentiable ops without gradient checks: {unchecked}"


def test_every_signature_parses():
    for name in _core.all_ops():
        definition = _core.op_def(name)
        assert definition["name"] == name
        for attr in definition["attrs"]:
            assert attr["type"], (name, attr)
