# SPDX-License-Identifier: Apache-2.0
"""import_graph_def: the nodes of a GraphDef as nodes of the default graph."""

from caudal._core import Error as core_error
from caudal.framework import errors
from caudal.framework.conversion import convert_to_tensor
from caudal.framework.operation import Operation
from caudal.framework.origin import describe, origin
from caudal.framework.scopes import get_default_graph, name_scope
from caudal.framework.tensor import Tensor


def import_graph_def(graph_def, input_map=None, return_elements=None, name=None, op_dict=None,
                     producer_op_list=None):  # fmt: skip
    """Adds the nodes of a graph to the default graph.

    Switch, Merge, Enter and so on of TensorFlow 1's loops and conditionals become While and If;
    their Exit and Merge nodes can be found under their names. Attrs of newer versions that are not
    known here are left out.

    Args:
      graph_def: a GraphDef message, also one of TensorFlow's own classes, or a serialized one.
      input_map: dict from names in `graph_def` ("node", "node:k", "^node") to what stands for them.
      return_elements: names of nodes ("node") and tensors ("node:k") to return.
      name: prefix of all names; "import" if not given, none if empty.
      op_dict: not used.
      producer_op_list: OpList message with definitions of ops, as meta graphs carry it. Nodes of
        ops that caudal lacks are accepted if they are defined there: they can be fed, not run.

    Returns:
      A list of Operations and Tensors, one for each of `return_elements`; None without.

    Raises:
      TypeError: for arguments of another kind.
      ValueError: for graphs that are not valid, and names that they do not have.
      tf.errors.NotFoundError: for ops that caudal does not have.
      tf.errors.DataLossError: for bytes that are no GraphDef.
    """
    graph = get_default_graph()
    data = _bytes(graph_def)
    input_map = _checked_map(input_map)
    wanted = _checked_elements(return_elements)
    if name == "":
        prefix = ""
    else:
        with name_scope(name, "import") as scope:
            prefix = scope[:-1]
    tensors, controls = _map_to_graph(graph, input_map, prefix)
    graph._check_not_finalized()
    where = origin()
    try:
        first, unused = graph._core.import_graph_def(
            data,
            prefix,
            {k: t._key for k, t in tensors.items()},
            {k: op._id for k, op in controls.items()},
            _op_list(producer_op_list),
            where,
        )
    except core_error as error:
        raise _exception(error, where) from None
    graph._apply_scopes_to(first)
    _check_unused(graph, unused, prefix)
    if wanted is None:
        return None
    return [_element(graph, text, prefix, tensors) for text in wanted]


def _bytes(graph_def):
    if isinstance(graph_def, (bytes, bytearray, memoryview)):
        return bytes(graph_def)
    if hasattr(graph_def, "SerializeToString"):
        if getattr(getattr(graph_def, "DESCRIPTOR", None), "name", "GraphDef") == "GraphDef":
            return graph_def.SerializeToString()
    raise TypeError("graph_def must be a GraphDef proto, got %s" % type(graph_def).__name__)


def _op_list(message):
    return b"" if message is None else message.SerializeToString()


def _checked_map(input_map):
    if input_map is None:
        return {}
    if not isinstance(input_map, dict) or not all(isinstance(k, (str, bytes)) for k in input_map):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    return {k.decode() if isinstance(k, bytes) else k: v for k, v in input_map.items()}


def _checked_elements(elements):
    if elements is None:
        return None
    elements = tuple(elements)
    if not all(isinstance(e, (str, bytes)) for e in elements):
        raise TypeError("return_elements must be a list of strings.")
    return [e.decode() if isinstance(e, bytes) else e for e in elements]


def _map_to_graph(graph, input_map, prefix):
    """The mapped tensors and, by their names without "^", operations, as ones of the graph."""
    tensors, controls = {}, {}
    for key, value in input_map.items():
        if key.startswith("^"):
            element = graph.as_graph_element(value)
            controls[key[1:]] = element._op if isinstance(element, Tensor) else element
        elif isinstance(value, Tensor):
            tensors[key] = graph._own(value)
        elif isinstance(value, Operation):
            raise TypeError("input_map: %r stands for a tensor, not for %r" % (key, value))
        else:
            if not prefix:
                raise ValueError(
                    "tf.import_graph_def() requires a non-empty `name` if `input_map` contains "
                    "non-Tensor values. Try calling tf.convert_to_tensor() on `input_map` values "
                    "before calling tf.import_graph_def()."
                )
            with name_scope(prefix + "/_inputs/"):
                tensors[key] = graph._own(convert_to_tensor(value))
    return tensors, controls


def _exception(error, where):
    if error.code == errors.INVALID_ARGUMENT:
        kind = TypeError if error.kind == "type" else ValueError
        message = error.message
        if where is not None:
            message += "\n  " + describe(where)
        return kind(message)
    return errors.from_core(error)


def _check_unused(graph, unused, prefix):
    missing = []
    for key in unused:
        node = key.lstrip("^").partition(":")[0]
        if graph._core.find(prefix + "/" + node if prefix else node) < 0:
            missing.append(key)
    if missing:
        raise ValueError(
            "Attempted to map inputs that were not found in graph_def: [%s]" % ", ".join(missing)
        )


def _element(graph, text, prefix, tensors):
    if text in tensors:
        return tensors[text]
    try:
        return graph.as_graph_element(prefix + "/" + text if prefix else text)
    except (KeyError, ValueError) as error:
        raise ValueError(
            "Requested return_element %r not found in graph_def: %s" % (text, error)
        ) from None
