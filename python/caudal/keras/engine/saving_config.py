# SPDX-License-Identifier: Apache-2.0
"""Models as JSON; what tf.keras writes in the words of Keras."""

import json
import re

import numpy as np

from caudal.keras.utils.generic_utils import get_custom_objects

# Arguments of tf.keras that change nothing at these values.
_NEUTRAL = {
    "ragged": False,
    "time_major": False,
    "groups": 1,
    "dynamic": False,
    "experimental_autocast": True,
}
_CLASSES = {
    "Functional": "Model",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_YAML = "models are not kept as YAML, which can run code when it is read: use %s and JSON instead"


def _plain(value):
    """What json.dumps asks for objects it does not know."""
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "as_list"):
        return value.as_list()
    if callable(value):
        return value.__name__
    raise TypeError("Not JSON Serializable: %s" % (value,))


def as_json(value, **kwargs):
    """JSON text of a config. Raises: TypeError for values that have none."""
    return json.dumps(value, default=_plain, **kwargs)


def _policy_name(dtype):
    """The dtype that a policy of tf.keras names."""
    if isinstance(dtype, dict):
        dtype = (dtype.get("config") or {}).get("name")
    if isinstance(dtype, str) and dtype.startswith("mixed_"):
        raise NotImplementedError("the dtype policy %r is not implemented" % dtype)
    return None if dtype in ("infer", "_infer") else dtype


def adapt_config(value):
    """A config of tf.keras in the words of Keras 2.2; one of Keras stays as it is."""
    if isinstance(value, (list, tuple)):
        return [adapt_config(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value or not isinstance(value.get("config"), (dict, list)):
        return {k: adapt_config(v) for k, v in value.items()}
    out = {k: adapt_config(v) for k, v in value.items() if k != "config"}
    name = out["class_name"] = _CLASSES.get(value["class_name"], value["class_name"])
    if isinstance(value["config"], list):
        out["config"] = adapt_config(value["config"])
        return out
    config = {}
    for key, item in value["config"].items():
        if key in _NEUTRAL and item == _NEUTRAL[key] and type(item) is type(_NEUTRAL[key]):
            continue
        if key == "dtype":
            item = _policy_name(item)
        elif key == "axis" and name == "BatchNormalization" and isinstance(item, list):
            if len(item) != 1:
                raise NotImplementedError(
                    "BatchNormalization over several axes is not implemented: %s" % item
                )
            item = item[0]
        config[key] = adapt_config(item)
    out["config"] = config
    return out


def _from_custom(value, custom_objects):
    """Names that are in `custom_objects` become these objects, in lists and dicts as well."""
    if isinstance(value, (list, tuple)):
        return [_from_custom(v, custom_objects) for v in value]
    if isinstance(value, dict):
        if "class_name" in value and "config" in value:
            return _function_of(value, custom_objects)
        return {k: _from_custom(v, custom_objects) for k, v in value.items()}
    if isinstance(value, str):
        return custom_objects.get(value, value)
    return value


def _function_of(value, custom_objects):
    """A loss or metric that was saved as an object."""
    from caudal.keras import losses, metrics

    name, config = value["class_name"], dict(value["config"])
    if name in custom_objects:
        cls = custom_objects[name]
        if hasattr(cls, "from_config"):
            return cls.from_config(config)
        return cls(**config) if isinstance(cls, type) else cls
    function = config.pop("fn", None) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    neutral = {"reduction": ("auto", "sum_over_batch_size"), "from_logits": (False,),
               "label_smoothing": (0, 0.0), "axis": (-1,)}  # fmt: skip
    wrong = [k for k, v in config.items() if k not in ("name", "dtype")
             and v not in neutral.get(k, (None,))]  # fmt: skip
    known = hasattr(losses, function) or hasattr(metrics, function)
    if wrong or not known:
        raise ValueError(
            "the file was compiled with %s%s, which is not known here: pass it in `custom_objects`"
            " or load with compile=False" % (name, " (%s)" % ", ".join(wrong) if wrong else "")
        )
    return function


def adapt_training_config(config, custom_objects=None):
    """The arguments of `compile` that a training config describes.

    Raises:
      ValueError: if something is missing or unknown.
    """
    from caudal.keras import optimizers

    custom_objects = {**get_custom_objects(), **(custom_objects or {})}
    if not isinstance(config, dict) or "optimizer_config" not in config or "loss" not in config:
        raise ValueError("the training_config in the file lacks an optimizer or a loss")
    described = dict(config["optimizer_config"])
    described["config"] = dict(described.get("config") or {})
    arguments = {
        "optimizer": optimizers.deserialize(described, custom_objects=custom_objects),
        "loss": _from_custom(config["loss"], custom_objects),
        "metrics": _from_custom(config.get("metrics"), custom_objects),
        "loss_weights": config.get("loss_weights"),
        "sample_weight_mode": config.get("sample_weight_mode"),
    }
    if config.get("weighted_metrics"):
        arguments["weighted_metrics"] = _from_custom(config["weighted_metrics"], custom_objects)
    return arguments


def model_from_config(config, custom_objects=None):
    """A model, not compiled, from {"class_name", "config"}.

    Args:
      config: dict.
      custom_objects: dict from name to class or function.

    Raises:
      TypeError: for a list, which is the config of a Sequential model alone.
    """
    if isinstance(config, list):
        raise TypeError(
            "`model_from_config` expects a dictionary, not a list. Maybe you meant to use "
            "`Sequential.from_config(config)`?"
        )
    from caudal.keras.layers import deserialize

    return deserialize(adapt_config(config), custom_objects=custom_objects)


def model_to_json(model, **kwargs):
    """The layers of a model as JSON text; `kwargs` are those of json.dumps."""
    return as_json(model._updated_config(), **kwargs)


def model_from_json(json_string, custom_objects=None):
    """A model, not compiled, from the text of `to_json`.

    Raises:
      ValueError: for text that is no JSON, or names what is not known.
    """
    return model_from_config(json.loads(json_string), custom_objects=custom_objects)


def model_to_yaml(model, **kwargs):
    """Refused. Raises: NotImplementedError."""
    raise NotImplementedError(_YAML % "model.to_json()")


def model_from_yaml(yaml_string, custom_objects=None):
    """Refused. Raises: NotImplementedError."""
    raise NotImplementedError(_YAML % "model_from_json")
