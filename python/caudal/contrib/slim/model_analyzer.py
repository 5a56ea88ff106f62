# SPDX-License-Identifier: Apache-2.0
"""Sizes of a model: of its operations and variables."""

__all__ = ["analyze_ops", "analyze_vars", "tensor_description"]


def tensor_description(var):
    """A text like "<dtype> [size x size]"."""
    text = "(" + str(var.dtype.name) + " "
    sizes = var.get_shape()
    for i in range(len(sizes)):
        text += str(sizes[i])
        if i < len(sizes) - 1:
            text += "x"
    return text + ")"


def _rule(title):
    return "---------\n%s\n---------" % title


def analyze_ops(graph, print_info=False):
    """The number of elements in the outputs of all operations of a graph.

    Args:
      graph: tf.Graph.
      print_info: whether to print every operation.
    """
    if print_info:
        print(_rule("Operations: name -> (type shapes) [size]"))
    total = 0
    for op in graph.get_operations():
        size, shapes = 0, []
        for output in op.outputs:
            count = output.get_shape().num_elements() or 0
            if output.get_shape().is_fully_defined():
                shapes.append(tensor_description(output))
            size += count
        if print_info:
            print(op.name, "\t->", ", ".join(shapes), "[" + str(size) + "]")
        total += size
    return total


def analyze_vars(variables, print_info=False):
    """The numbers of elements and of bytes in variables: (int, int).

    Args:
      variables: list of Variable.
      print_info: whether to print every variable.
    """
    if print_info:
        print(_rule("Variables: name (type shape) [size]"))
    total_size = total_bytes = 0
    for var in variables:
        count = var.get_shape().num_elements() or 0
        bytes_of = count * var.dtype.size
        total_size += count
        total_bytes += bytes_of
        if print_info:
            print(var.name, tensor_description(var), "[%d, bytes: %d]" % (count, bytes_of))
    if print_info:
        print("Total size of variables: %d" % total_size)
        print("Total bytes of variables: %d" % total_bytes)
    return total_size, total_bytes
