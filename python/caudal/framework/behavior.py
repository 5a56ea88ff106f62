# SPDX-License-Identifier: Apache-2.0
"""Switches between TensorFlow 1's and 2's behaviour: this library has the former only."""


def executing_eagerly():
    """False: operations build a graph."""
    return False


def _only_v1(what):
    raise NotImplementedError(
        "%s is not part of caudal, which builds graphs and runs them in sessions" % what
    )


def enable_eager_execution(config=None, device_policy=None, execution_mode=None):
    """Raises NotImplementedError."""
    _only_v1("Eager execution")


def enable_v2_behavior():
    """Raises NotImplementedError."""
    _only_v1("TensorFlow 2's behavior")


_resource_variables = False


def enable_resource_variables():
    """Makes new variables ResourceVariables unless they say otherwise."""
    global _resource_variables
    _resource_variables = True


def enable_tensor_equality():
    """Raises NotImplementedError."""
    _only_v1("Comparing tensors by value with ==")


def enable_v2_tensorshape():
    """Raises NotImplementedError."""
    _only_v1("TensorFlow 2's TensorShape")


def disable_eager_execution():
    """Nothing to do: graphs are all there is."""


def disable_v2_behavior():
    """Nothing to do: this is TensorFlow 1's behavior already."""


def disable_resource_variables():
    """Makes new variables reference variables unless they say otherwise; the default."""
    global _resource_variables
    _resource_variables = False


def disable_tensor_equality():
    """Nothing to do: tensors compare by identity."""


def disable_v2_tensorshape():
    """Nothing to do: indexing a TensorShape gives a Dimension."""


def enable_control_flow_v2():
    """Nothing to do: cond and while_loop always own graphs of their own."""


def disable_control_flow_v2():
    """Nothing to do, see `enable_control_flow_v2`."""


def control_flow_v2_enabled():
    """False: neither of the two switches changes anything."""
    return False


def resource_variables_enabled():
    """Whether `enable_resource_variables` was the last of the two switches."""
    return _resource_variables
