# SPDX-License-Identifier: Apache-2.0
"""Configuration messages: plain objects with the fields of TensorFlow's protocol buffers."""


class _Message:
    """A record with a fixed set of fields; sub-messages exist from the start."""

    _fields = {}  # name -> default, or a class for a sub-message, list for repeated, dict for map
    __slots__ = ("_values",)

    def __init__(self, **kwargs):
        values = {}
        for name, default in self._fields.items():
            values[name] = default() if isinstance(default, type) else default
        object.__setattr__(self, "_values", values)
        for name, value in kwargs.items():
            if name not in self._fields:
                raise ValueError(
                    'Protocol message %s has no "%s" field.' % (type(self).__name__, name)
                )
            if value is None:
                continue
            default = self._fields[name]
            if default in (list, dict):
                values[name] = default(value)
            elif isinstance(default, type):
                if isinstance(value, dict):
                    value = default(**value)
                elif not isinstance(value, default):
                    raise TypeError(
                        "Field %s of %s needs a %s, got %s"
                        % (name, type(self).__name__, default.__name__, type(value).__name__)
                    )
                values[name] = value
            else:
                setattr(self, name, value)

    def __getattr__(self, name):
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(
                "'%s' object has no attribute '%s'" % (type(self).__name__, name)
            ) from None

    def __setattr__(self, name, value):
        if name not in self._fields:
            raise AttributeError("'%s' object has no attribute '%s'" % (type(self).__name__, name))
        default = self._fields[name]
        if isinstance(default, type):
            raise AttributeError(
                'Assignment not allowed to composite field "%s" in protocol message object.' % name
            )
        self._values[name] = _checked(type(self).__name__, name, default, value)

    def HasField(self, name):  # noqa: N802
        """True if a field differs from its default."""
        value = self.__getattr__(name)
        if isinstance(value, _Message):
            return value != type(value)()
        return value != self._fields[name]

    def Clear(self):  # noqa: N802
        object.__setattr__(self, "_values", type(self)()._values)

    def CopyFrom(self, other):  # noqa: N802
        """Takes over all fields of a message of the same class."""
        if type(other) is not type(self):
            raise TypeError(
                "Parameter to CopyFrom() must be instance of same class: expected %s got %s."
                % (type(self).__name__, type(other).__name__)
            )
        self.Clear()
        self.MergeFrom(other)

    def MergeFrom(self, other):  # noqa: N802
        """Takes over the fields that are set in `other`; lists are appended."""
        if type(other) is not type(self):
            raise TypeError(
                "Parameter to MergeFrom() must be instance of same class: expected %s got %s."
                % (type(self).__name__, type(other).__name__)
            )
        for name, value in other._values.items():
            if isinstance(value, _Message):
                self._values[name].MergeFrom(value)
            elif isinstance(value, list):
                self._values[name].extend(value)
            elif isinstance(value, dict):
                self._values[name].update(value)
            elif value != self._fields[name]:
                self._values[name] = value

    def __eq__(self, other):
        return type(self) is type(other) and self._values == other._values

    __hash__ = None

    def __copy__(self):
        copy = type(self)()
        copy.MergeFrom(self)
        return copy

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce__(self):
        return _restore, (type(self), self._values)

    def __str__(self):
        return "".join(self._lines(""))

    def __repr__(self):
        return str(self)

    def _lines(self, indent):
        for name, value in self._values.items():
            if isinstance(value, _Message):
                inner = list(value._lines(indent + "  "))
                if inner:
                    yield "%s%s {\n" % (indent, name)
                    yield from inner
                    yield indent + "}\n"
            elif isinstance(value, dict):
                for key, item in value.items():
                    yield '%s%s {\n%s  key: "%s"\n%s  value: %s\n%s}\n' % (
                        indent, name, indent, key, indent, item, indent)  # fmt: skip
            elif isinstance(value, list):
                for item in value:
                    yield "%s%s: %s\n" % (indent, name, _text(item))
            elif value != self._fields[name]:
                yield "%s%s: %s\n" % (indent, name, _text(value))


def _restore(cls, values):
    message = cls()
    message._values.update(values)
    return message


def _text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return '"%s"' % value if isinstance(value, str) else str(value)


def _checked(message, name, default, value):
    kind = type(default)
    if kind is bool:
        good = isinstance(value, (bool, int)) or type(value).__name__ == "bool_"
    elif kind is int:
        good = hasattr(value, "__index__")
    elif kind is float:
        good = hasattr(value, "__float__") and not isinstance(value, str)
    else:
        good = isinstance(value, (str, bytes))
        if good:
            return value.decode() if isinstance(value, bytes) else value
    if not good:
        raise TypeError(
            "%r has type %s, but expected %s (field %s of %s)"
            % (value, type(value).__name__, kind.__name__, name, message)
        )
    return kind(value)


class GPUOptions(_Message):
    """Options of GPU devices."""

    class Experimental(_Message):
        _fields = {
            "use_unified_memory": False,
            "num_dev_to_dev_copy_streams": 0,
            "collective_ring_order": "",
            "timestamped_allocator": False,
            "kernel_tracker_max_interval": 0,
            "kernel_tracker_max_bytes": 0,
            "kernel_tracker_max_pending": 0,
            "virtual_devices": list,
        }

    _fields = {
        "per_process_gpu_memory_fraction": 0.0,
        "allow_growth": False,
        "allocator_type": "",
        "deferred_deletion_bytes": 0,
        "visible_device_list": "",
        "polling_active_delay_usecs": 0,
        "polling_inactive_delay_msecs": 0,
        "force_gpu_compatible": False,
        "experimental": Experimental,
    }


class OptimizerOptions(_Message):
    """How much a graph is optimised before it runs."""

    L1 = 0
    L0 = -1
    DEFAULT = 0
    OFF = -1
    ON_1 = 1
    ON_2 = 2

    _fields = {
        "do_common_subexpression_elimination": False,
        "do_constant_folding": False,
        "max_folded_constant_in_bytes": 0,
        "do_function_inlining": False,
        "opt_level": 0,
        "global_jit_level": 0,
    }


class AutoParallelOptions(_Message):
    _fields = {"enable": False, "num_replicas": 0}


class RewriterConfig(_Message):
    """TensorFlow's graph rewriting options; here only `disable_meta_optimizer` has an effect."""

    DEFAULT = 0
    ON = 1
    OFF = 2
    AGGRESSIVE = 3

    _fields = {
        "layout_optimizer": 0,
        "constant_folding": 0,
        "shape_optimization": 0,
        "remapping": 0,
        "arithmetic_optimization": 0,
        "dependency_optimization": 0,
        "loop_optimization": 0,
        "function_optimization": 0,
        "debug_stripper": 0,
        "disable_model_pruning": False,
        "scoped_allocator_optimization": 0,
        "pin_to_host_optimization": 0,
        "implementation_selector": 0,
        "auto_mixed_precision": 0,
        "disable_meta_optimizer": False,
        "meta_optimizer_iterations": 0,
        "min_graph_nodes": 0,
        "memory_optimization": 0,
        "memory_optimizer_target_node_name_scope": "",
        "meta_optimizer_timeout_ms": 0,
        "auto_parallel": AutoParallelOptions,
        "fail_on_optimizer_errors": False,
        "optimizers": list,
        "custom_optimizers": list,
    }


class GraphOptions(_Message):
    """Options for graphs."""

    _fields = {
        "enable_recv_scheduling": False,
        "optimizer_options": OptimizerOptions,
        "build_cost_model": 0,
        "build_cost_model_after": 0,
        "infer_shapes": False,
        "place_pruned_graph": False,
        "enable_bfloat16_sendrecv": False,
        "timeline_step": 0,
        "rewrite_options": RewriterConfig,
    }


class ThreadPoolOptionProto(_Message):
    _fields = {"num_threads": 0, "global_name": ""}


class RPCOptions(_Message):
    _fields = {
        "use_rpc_for_inprocess_master": False,
        "compression_algorithm": "",
        "compression_level": 0,
        "cache_rpc_response": False,
        "disable_session_connection_sharing": False,
    }


class ConfigProto(_Message):
    """Configuration of a session.

    Used here: `device_count["CPU"]`, `intra_op_parallelism_threads`, `allow_soft_placement`,
    `log_device_placement`, `operation_timeout_in_ms` and
    `graph_options.optimizer_options.opt_level` (L0 switches optimisation off). The other fields of
    TensorFlow are kept but have no effect.
    """

    class Experimental(_Message):
        _fields = {
            "collective_group_leader": "",
            "executor_type": "",
            "recv_buf_max_chunk": 0,
            "use_numa_affinity": False,
            "collective_deterministic_sequential_execution": False,
            "collective_nccl": False,
            "share_session_state_in_clusterspec_propagation": False,
            "disable_thread_spinning": False,
            "share_cluster_devices_in_session": False,
            "optimize_for_static_graph": False,
            "enable_mlir_bridge": False,
        }

    _fields = {
        "device_count": dict,
        "intra_op_parallelism_threads": 0,
        "inter_op_parallelism_threads": 0,
        "use_per_session_threads": False,
        "session_inter_op_thread_pool": list,
        "placement_period": 0,
        "device_filters": list,
        "gpu_options": GPUOptions,
        "allow_soft_placement": False,
        "log_device_placement": False,
        "graph_options": GraphOptions,
        "operation_timeout_in_ms": 0,
        "rpc_options": RPCOptions,
        "isolate_session_state": False,
        "share_cluster_devices_in_session": False,
        "experimental": Experimental,
    }


class DebugOptions(_Message):
    _fields = {"debug_tensor_watch_opts": list, "global_step": 0, "reset_disk_byte_usage": False}


class RunOptions(_Message):
    """Options of one `Session.run`: `trace_level` and `timeout_in_ms` have an effect."""

    NO_TRACE = 0
    SOFTWARE_TRACE = 1
    HARDWARE_TRACE = 2
    FULL_TRACE = 3

    class Experimental(_Message):
        _fields = {"collective_graph_key": 0, "use_run_handler_pool": False}

    _fields = {
        "trace_level": 0,
        "timeout_in_ms": 0,
        "inter_op_thread_pool": 0,
        "output_partition_graphs": False,
        "debug_options": DebugOptions,
        "report_tensor_allocations_upon_oom": False,
        "experimental": Experimental,
    }


class AllocatorMemoryUsed(_Message):
    _fields = {"allocator_name": "", "total_bytes": 0, "peak_bytes": 0, "live_bytes": 0}


class NodeExecStats(_Message):
    """When and for how long one step of a run was executing; times in microseconds."""

    _fields = {
        "node_name": "",
        "all_start_micros": 0,
        "op_start_rel_micros": 0,
        "op_end_rel_micros": 0,
        "all_end_rel_micros": 0,
        "memory": list,
        "output": list,
        "timeline_label": "",
        "scheduled_micros": 0,
        "thread_id": 0,
        "referenced_tensor": list,
        "all_start_nanos": 0,
        "op_start_rel_nanos": 0,
        "op_end_rel_nanos": 0,
        "all_end_rel_nanos": 0,
        "scheduled_nanos": 0,
    }


class DeviceStepStats(_Message):
    _fields = {"device": "", "node_stats": list, "thread_names": dict}


class StepStats(_Message):
    """The trace of a run, by device."""

    _fields = {"dev_stats": list}


class RunMetadata(_Message):
    """What `Session.run` reports about itself: `step_stats`, when tracing was asked for."""

    _fields = {"step_stats": StepStats, "cost_graph": dict, "partition_graphs": list}


def fill_step_stats(metadata, steps):
    """Puts the core's trace into a RunMetadata.

    Args:
      steps: tuples (node, op, device, start in us, duration in ns, bytes).
    """
    by_device = {}
    for node, op, device, start, duration, size in steps:
        micros = max(1, (duration + 500) // 1000)
        stats = NodeExecStats(
            node_name=node,
            all_start_micros=start,
            op_end_rel_micros=micros,
            all_end_rel_micros=micros,
            all_start_nanos=start * 1000,
            op_end_rel_nanos=duration,
            all_end_rel_nanos=duration,
            scheduled_micros=start,
            timeline_label="%s = %s()" % (node, op),
        )
        if size:
            stats.memory.append(AllocatorMemoryUsed(allocator_name="arena", total_bytes=size))
        by_device.setdefault(device, []).append(stats)
    metadata.step_stats.Clear()
    for device, stats in by_device.items():
        metadata.step_stats.dev_stats.append(DeviceStepStats(device=device, node_stats=stats))
