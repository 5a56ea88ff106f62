# SPDX-License-Identifier: Apache-2.0
"""Traces of runs in the format of Chrome's trace viewer."""

import json


class Timeline:
    """Turns the `step_stats` of a RunMetadata into text for chrome://tracing.

    Args:
      step_stats: `RunMetadata.step_stats` of a run with `RunOptions.FULL_TRACE`.
      graph: not needed.
    """

    def __init__(self, step_stats, graph=None):
        self._step_stats = step_stats
        self._origin_step_stats = step_stats

    @property
    def step_stats(self):
        return self._step_stats

    def generate_chrome_trace_format(self, show_dataflow=True, show_memory=False,
                                     op_time="schedule"):  # fmt: skip
        """JSON with one process per device and one complete event per node.

        Args:
          show_dataflow: accepted as in TensorFlow.
          show_memory: adds a counter of the bytes that the nodes made.
          op_time: accepted as in TensorFlow.
        """
        events = []
        for pid, device in enumerate(self._step_stats.dev_stats):
            events.append(_name_event("process_name", pid, 0, device.device))
            total = 0
            lanes = []  # end of the last event on each line, so that overlapping ones do not hide
            for stats in sorted(device.node_stats, key=lambda s: s.all_start_micros):
                start, duration = stats.all_start_micros, stats.all_end_rel_micros
                if duration == 0:
                    continue  # computed within another event
                lane = next((i for i, end in enumerate(lanes) if end <= start), len(lanes))
                if lane == len(lanes):
                    lanes.append(0)
                lanes[lane] = start + duration
                name, _, rest = stats.timeline_label.partition(" = ")
                op = rest.partition("(")[0] or stats.node_name
                events.append(
                    {
                        "name": op,
                        "cat": "Op",
                        "ph": "X",
                        "pid": pid,
                        "tid": lane,
                        "ts": start,
                        "dur": duration,
                        "args": {"name": stats.node_name, "op": op},
                    }
                )
                if show_memory:
                    total += sum(m.total_bytes for m in stats.memory)
                    events.append(
                        {
                            "name": "bytes made",
                            "cat": "Memory",
                            "ph": "C",
                            "pid": pid,
                            "ts": start + duration,
                            "args": {"bytes": total},
                        }
                    )
        return json.dumps({"traceEvents": events}, indent=2)


def _name_event(kind, pid, tid, name):
    return {"name": kind, "ph": "M", "pid": pid, "tid": tid, "args": {"name": name}}
