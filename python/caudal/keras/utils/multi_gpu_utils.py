# SPDX-License-Identifier: Apache-2.0
"""One model on several GPUs, each with a share of every batch."""

__all__ = ["multi_gpu_model"]


def _get_available_devices():
    """Names of the devices of the current session."""
    from caudal.keras import backend as K

    return [device.name for device in K.get_session().list_devices()]


def _normalize_device_name(name):
    """/job:localhost/replica:0/task:0/device:GPU:1 -> /gpu:1"""
    return "/" + ":".join(name.lower().replace("/", "").split(":")[-2:])


def _share(x, i, parts):
    """Part `i` of a batch; the last one has the rest."""
    # Saved models hold this function without its module, so it imports what it needs.
    import caudal as tf

    size = tf.shape(x)[0]
    step = size // parts
    return x[i * step :] if i == parts - 1 else x[i * step : (i + 1) * step]


def _targets(gpus, available):
    """(argument as a text, numbers of the GPUs). Raises: ValueError for fewer than two."""
    if gpus is None:
        gpus = len([name for name in available if name.startswith("/gpu:")])
    if isinstance(gpus, (list, tuple)):
        if len(gpus) <= 1:
            raise ValueError(
                "For multi-gpu usage to be effective, call `multi_gpu_model` with "
                "`len(gpus) >= 2`. Received: `gpus=%s`" % (gpus,)
            )
        return gpus, list(gpus)
    if gpus <= 1:
        raise ValueError(
            "For multi-gpu usage to be effective, call `multi_gpu_model` with `gpus >= 2`. "
            "Received: `gpus=%s`" % (gpus,)
        )
    return gpus, list(range(gpus))


def _unique_names(names):
    """The names, with _1, _2... behind each that occurs more than once."""
    seen = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append("%s_%d" % (name, seen[name]) if names.count(name) > 1 else name)
    return out


def multi_gpu_model(model, gpus=None, cpu_merge=True, cpu_relocation=False):
    """A model that computes on several GPUs what `model` would, with the same weights.

    Each GPU gets a share of every batch; the outputs are put together again.

    Args:
      model: Model; best made under `tf.device("/cpu:0")`, where its weights then live.
      gpus: number of GPUs, at least 2, or list of their numbers; None: all.
      cpu_merge: whether the outputs are put together on the CPU, else on the first GPU.
      cpu_relocation: whether to copy the model with its weights to the CPU first.

    Raises:
      ValueError: for fewer than two GPUs, or GPUs that the session does not have.
    """
    import caudal as tf
    from caudal.keras.layers import Lambda, concatenate
    from caudal.keras.models import Model, clone_model

    available = [_normalize_device_name(name) for name in _get_available_devices()]
    asked, numbers = _targets(gpus, available)
    wanted = ["/cpu:0"] + ["/gpu:%d" % number for number in numbers]
    if any(device not in available for device in wanted):
        raise ValueError(
            "To call `multi_gpu_model` with `gpus=%s`, we expect the following devices to be "
            "available: %s. However this machine only has: %s. Try reducing `gpus`."
            % (asked, wanted, available)
        )
    if cpu_relocation:
        weights = model.get_weights()
        with tf.device("/cpu:0"):
            model = clone_model(model)
            model.set_weights(weights)

    parts = [[] for _ in model.outputs]
    for i, number in enumerate(numbers):
        with tf.device("/gpu:%d" % number), tf.name_scope("replica_%d" % number):
            shares = [
                Lambda(
                    _share,
                    output_shape=tuple(x._keras_shape[1:]),
                    arguments={"i": i, "parts": len(numbers)},
                )(x)
                for x in model.inputs
            ]
            outputs = model(shares if len(shares) > 1 else shares[0])
        for listed, y in zip(parts, outputs if isinstance(outputs, list) else [outputs]):
            listed.append(y)
    with tf.device("/cpu:0" if cpu_merge else "/gpu:%d" % numbers[0]):
        merged = [
            concatenate(listed, axis=0, name=name)
            for name, listed in zip(_unique_names(model.output_names), parts)
        ]
    return Model(model.inputs, merged)
