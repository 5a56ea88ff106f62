# SPDX-License-Identifier: Apache-2.0
"""Device strings: parsing, writing, and merging of partly given ones."""


class DeviceSpec:
    """A device name, possibly partial: job, replica, task, device type and device index."""

    __slots__ = ("_job", "_replica", "_task", "_device_type", "_device_index")

    def __init__(self, job=None, replica=None, task=None, device_type=None, device_index=None):
        self.job = job
        self.replica = replica
        self.task = task
        if device_type == "cpu" or device_type == "gpu":
            device_type = device_type.upper()
        self.device_type = device_type
        self.device_index = device_index

    def _number(slot):  # noqa: N805
        def get(self):
            return getattr(self, slot)

        def put(self, value):
            setattr(self, slot, None if value is None else int(value))

        return property(get, put)

    replica = _number("_replica")
    task = _number("_task")
    device_index = _number("_device_index")
    del _number

    @property
    def job(self):
        return self._job

    @job.setter
    def job(self, value):
        self._job = None if value is None else str(value)

    @property
    def device_type(self):
        return self._device_type

    @device_type.setter
    def device_type(self, value):
        self._device_type = value

    def _fields(self):
        return self._job, self._replica, self._task, self._device_type, self._device_index

    def parse_from_string(self, spec):
        parsed = _parse(spec)
        self._job, self._replica, self._task, self._device_type, self._device_index = parsed
        return self

    @staticmethod
    def from_string(spec):
        return DeviceSpec().parse_from_string(spec)

    def merge_from(self, dev):
        """Takes over every field that `dev` has set."""
        mine, theirs = self._fields(), dev._fields()
        merged = [b if b is not None else a for a, b in zip(mine, theirs)]
        self._job, self._replica, self._task, self._device_type, self._device_index = merged

    def make_merged_spec(self, dev):
        merged = DeviceSpec(*self._fields())
        merged.merge_from(dev)
        return merged

    def replace(self, **fields):
        values = dict(
            zip(("job", "replica", "task", "device_type", "device_index"), self._fields())
        )
        values.update(fields)
        return DeviceSpec(**values)

    def to_string(self):
        return _write(self._fields())

    def __str__(self):
        return self.to_string()

    def __repr__(self):
        return "DeviceSpec(%r)" % self.to_string()

    def __eq__(self, other):
        return isinstance(other, DeviceSpec) and self._fields() == other._fields()

    def __hash__(self):
        return hash(self._fields())


_parsed = {}


def _parse(spec):
    fields = _parsed.get(spec)
    if fields is None:
        job = replica = task = kind = index = None
        for part in spec.split("/"):
            if not part:
                continue
            words = part.split(":")
            head = words[0]
            try:
                if head == "job" and len(words) == 2:
                    job = words[1]
                elif head == "replica" and len(words) == 2:
                    replica = int(words[1])
                elif head == "task" and len(words) == 2:
                    task = int(words[1])
                elif head.lower() in ("cpu", "gpu") and len(words) == 2:
                    if kind is not None:
                        raise ValueError("Cannot specify multiple device types: %s" % spec)
                    kind = head.upper()
                    index = None if words[1] == "*" else int(words[1])
                elif head == "device" and len(words) == 3:
                    if kind is not None:
                        raise ValueError("Cannot specify multiple device types: %s" % spec)
                    kind = words[1].upper() if words[1].lower() in ("cpu", "gpu") else words[1]
                    index = None if words[2] == "*" else int(words[2])
                elif head:
                    raise ValueError("Unknown attribute: '%s' in '%s'" % (head, spec))
            except ValueError as error:
                if "attribute" in str(error) or "multiple" in str(error):
                    raise
                raise ValueError("Bad number in device '%s'" % spec) from None
        fields = _parsed[spec] = (job, replica, task, kind, index)
    return fields


def _write(fields):
    job, replica, task, kind, index = fields
    text = ""
    if job is not None:
        text += "/job:" + job
    if replica is not None:
        text += "/replica:%d" % replica
    if task is not None:
        text += "/task:%d" % task
    if kind is not None:
        text += "/device:%s:%s" % (kind, "*" if index is None else index)
    return text


def fields_of(spec):
    if isinstance(spec, DeviceSpec):
        return spec._fields()
    if not isinstance(spec, str):
        if hasattr(spec, "to_string"):
            spec = spec.to_string()
        else:
            raise TypeError("A device is a string, a DeviceSpec or a function, not %r" % (spec,))
    return _parse(spec)


def canonical(spec):
    """The full form of a device string or spec; '' for None."""
    if spec is None or spec == "":
        return ""
    return _write(fields_of(spec))


def merge(outer, inner):
    """Both canonical; what `inner` sets wins."""
    if not outer:
        return inner
    if not inner:
        return outer
    return _write(tuple(b if b is not None else a for a, b in zip(_parse(outer), _parse(inner))))


def merge_device(spec):
    """A device function that gives nodes the fields of `spec` that they do not set themselves."""
    own = canonical(spec)
    return lambda node: merge(own, canonical(node.device))
