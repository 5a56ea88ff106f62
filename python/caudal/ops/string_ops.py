# SPDX-License-Identifier: Apache-2.0
"""Ops on strings."""

from caudal.framework import ops, tensor_util
from caudal.framework.op_factory import apply, public

as_string = public("AsString")


def string_join(inputs, separator="", name=None):
    """Joins strings element by element. Op: StringJoin.

    Args:
      inputs: list of string tensors of one shape; scalars go with every element.
      separator: put in between.
      name: name of the node.
    """
    return apply("StringJoin", inputs, separator=separator, name=name)


def string_format(template, inputs, placeholder="{}", summarize=3, name=None):
    """Text with tensors put in at its placeholders. Op: StringFormat.

    Args:
      template: str.
      inputs: a tensor, or a list with one for each placeholder.
      placeholder: what marks a place.
      summarize: elements shown at both ends of each dimension; -1: all.
      name: name of the node.

    Returns:
      String scalar.
    """
    if tensor_util.is_tensor(inputs) or not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    inputs = ops.convert_n_to_tensor(inputs)
    if template.count(placeholder) != len(inputs):
        raise ValueError(
            "%s placeholder(s) in template does not match %s tensor(s) provided as input"
            % (template.count(placeholder), len(inputs))
        )
    return apply("StringFormat", inputs, template=template, placeholder=placeholder,
                 summarize=summarize, name=name)  # fmt: skip
