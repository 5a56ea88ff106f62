# SPDX-License-Identifier: Apache-2.0
"""The structure of real TensorFlow's messages as JSON: messages.py FILE, run with TensorFlow.

For each message its fields (number, type, whether repeated, oneof), for each enum its values.
"""

import importlib
import json
import sys

LABEL_REPEATED = 3
MODULES = """
core.framework.types core.framework.tensor core.framework.tensor_shape
core.framework.resource_handle core.framework.tensor_slice core.framework.tensor_description
core.framework.allocation_description core.framework.attr_value core.framework.node_def
core.framework.versions core.framework.graph core.framework.op_def core.framework.kernel_def
core.framework.function core.framework.variable core.framework.summary core.framework.step_stats
core.framework.cost_graph core.framework.device_attributes core.protobuf.meta_graph
core.protobuf.saver core.protobuf.tensor_bundle core.protobuf.trackable_object_graph
core.protobuf.saved_model core.protobuf.saved_object_graph core.protobuf.struct
core.protobuf.control_flow core.protobuf.queue_runner core.protobuf.config core.protobuf.cluster
core.protobuf.rewriter_config core.protobuf.verifier_config core.protobuf.debug
core.protobuf.tensorflow_server core.protobuf.named_tensor core.protobuf.graph_debug_info
core.util.saved_tensor_slice core.util.event core.example.example core.example.feature
core.example.example_parser_configuration core.lib.core.error_codes
python.training.checkpoint_state contrib.training.python.training.hparam
contrib.tensorboard.plugins.projector.projector_config
"""


def type_of(field, prefix):
    if field.message_type is not None:
        message = field.message_type
        if message.GetOptions().map_entry:
            parts = message.fields_by_name
            return ["map", type_of(parts["key"], prefix), type_of(parts["value"], prefix)]
        return message.full_name.replace(prefix, "", 1)
    if field.enum_type is not None:
        return field.enum_type.full_name.replace(prefix, "", 1)
    return field.type


def add_message(message, prefix, found):
    fields = found["messages"][message.full_name.replace(prefix, "", 1)] = {}
    for field in message.fields:
        if hasattr(field, "is_repeated"):
            repeated = field.is_repeated
        else:
            repeated = field.label == LABEL_REPEATED
        oneof = field.containing_oneof
        fields[field.name] = [
            field.number,
            type_of(field, prefix),
            bool(repeated),
            None if oneof is None else oneof.name,
        ]
    for enum in message.enum_types:
        add_enum(enum, prefix, found)
    for nested in message.nested_types:
        if not nested.GetOptions().map_entry:
            add_message(nested, prefix, found)


def add_enum(enum, prefix, found):
    name = enum.full_name.replace(prefix, "", 1)
    found["enums"][name] = {v.name: v.number for v in enum.values}


def structure(files, package):
    """What the descriptors of some files hold, without the name of their package."""
    found = {"messages": {}, "enums": {}}
    for file in files:
        for message in file.message_types_by_name.values():
            add_message(message, package + ".", found)
        for enum in file.enum_types_by_name.values():
            add_enum(enum, package + ".", found)
    return found


def main():
    files = []
    for name in MODULES.split():
        try:
            files.append(importlib.import_module("tensorflow.%s_pb2" % name).DESCRIPTOR)
        except ImportError:
            pass  # TensorFlow 2 lacks contrib and has moved some
    with open(sys.argv[1], "w") as out:
        json.dump(structure(files, "tensorflow"), out)


if __name__ == "__main__":
    main()
