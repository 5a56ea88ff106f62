# SPDX-License-Identifier: Apache-2.0
"""The devices of this machine."""


class DeviceAttributes:
    """Name, type and memory of a device."""

    def __init__(self, name, device_type, memory_limit=0, physical_device_desc=""):
        self.name = name
        self.device_type = device_type
        self.memory_limit = self.memory_limit_bytes = memory_limit
        self.physical_device_desc = physical_device_desc
        self.incarnation = 0

    def __repr__(self):
        return 'name: "%s"\ndevice_type: "%s"\nmemory_limit: %d\n' % (
            self.name, self.device_type, self.memory_limit)  # fmt: skip


def list_local_devices(session_config=None):
    """All devices that a session with this configuration would have."""
    from caudal.client.session import Session
    from caudal.framework.ops import Graph

    with Session(graph=Graph(), config=session_config) as session:
        return [
            DeviceAttributes(d.name.replace("/job:localhost/replica:0/task:0", ""), d.device_type)
            for d in session.list_devices()
        ]
