# SPDX-License-Identifier: Apache-2.0
"""What sessions read from their options, and what they write into RunMetadata.

Options are protocol buffers of `caudal.proto`; TensorFlow's own messages of the same names do as
well. Nothing here imports google.protobuf before the user has.
"""

_ALLOCATOR = "cpu"


def expect(value, name, argument):
    """TypeError unless `value` is a message of that name."""
    if getattr(getattr(value, "DESCRIPTOR", None), "name", None) != name:
        raise TypeError("%s must be a tf.%s, but got %s" % (argument, name, type(value)))


def core_options(config):
    """The core's options for a session.

    Args:
      config: None or a ConfigProto. Used are `device_count["CPU"]`, `intra_op_parallelism_threads`,
        `allow_soft_placement`, `log_device_placement`, `graph_options.optimizer_options.opt_level`
        (L0 switches optimisation off) and `graph_options.rewrite_options.disable_meta_optimizer`.
    """
    if config is None:
        return {
            "cpu_devices": 1,
            "intra_op_threads": 0,
            "allow_soft_placement": False,
            "log_device_placement": False,
            "optimize": True,
        }
    graph_options = config.graph_options
    return {
        "cpu_devices": max(1, config.device_count.get("CPU", 1)),
        "intra_op_threads": config.intra_op_parallelism_threads,
        "allow_soft_placement": config.allow_soft_placement,
        "log_device_placement": config.log_device_placement,
        "optimize": graph_options.optimizer_options.opt_level >= 0
        and not graph_options.rewrite_options.disable_meta_optimizer,
    }


def add_graph(metadata, graph, fetches):
    """Puts the part of the graph that the fetches need into a RunMetadata, as its one partition."""
    from caudal.framework import graph_util

    names = [getattr(x, "op", x).name for x in fetches]
    part = graph_util.extract_sub_graph(graph.as_graph_def(), names)
    metadata.partition_graphs.add().CopyFrom(part)


def fill_metadata(metadata, steps):
    """Puts the core's trace into a RunMetadata, whose former content goes.

    Args:
      steps: of each step that ran (node, label, device, thread, start in ns since the epoch,
        duration in ns, [(dtype, sizes, bytes) of each output]); None if there was no trace. Nodes
        computed within the step of another one have a duration of 0 and take no memory.
    """
    metadata.Clear()
    by_device = {}
    for node, label, device, thread, start, duration, outputs in steps or ():
        stats = by_device.get(device)
        if stats is None:
            stats = by_device[device] = metadata.step_stats.dev_stats.add(device=device)
        micros = max(1, (duration + 500) // 1000) if duration else 0
        one = stats.node_stats.add(
            node_name=node,
            all_start_micros=start // 1000,
            op_end_rel_micros=micros,
            all_end_rel_micros=micros,
            timeline_label=label,
            scheduled_micros=start // 1000,
            thread_id=thread,
            all_start_nanos=start,
            op_end_rel_nanos=duration,
            all_end_rel_nanos=duration,
            scheduled_nanos=start,
        )
        one.memory_stats.SetInParent()
        total = 0
        for slot, (dtype, sizes, size) in enumerate(outputs):
            tensor = one.output.add(slot=slot).tensor_description
            tensor.dtype = dtype
            tensor.shape.SetInParent()
            for n in sizes:
                tensor.shape.dim.add(size=n)
            tensor.allocation_description.requested_bytes = size
            tensor.allocation_description.allocated_bytes = size
            tensor.allocation_description.allocator_name = _ALLOCATOR
            total += size
        if total and duration:
            one.memory.add(
                allocator_name=_ALLOCATOR, total_bytes=total, peak_bytes=total, live_bytes=total
            )
