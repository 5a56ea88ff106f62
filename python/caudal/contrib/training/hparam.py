# SPDX-License-Identifier: Apache-2.0
"""HParams: a program's settings as attributes with fixed types."""

import json
import numbers
import re

__all__ = ["HParams", "parse_values"]

_ASSIGNMENT = re.compile(
    r"(?P<name>[a-zA-Z][\w\.]*)(?:\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"(?:(?P<value>[^,\[]*)|\[(?P<values>[^\]]*)\])(?:$|,)"
)


def _parsed(name, type_, text, whole):
    """The value of one type that a text stands for. Raises: ValueError."""
    problem = ValueError(
        "Could not parse hparam '%s' of type '%s' with value '%s' in %s"
        % (name, type_.__name__, text, whole)
    )
    if type_ is bool:
        if text in ("true", "True"):
            return True
        if text in ("false", "False"):
            return False
        try:
            return bool(int(text))
        except ValueError:
            raise problem from None
    try:
        return type_(text)
    except (ValueError, TypeError):
        raise problem from None


def parse_values(values, type_map, ignore_unknown=False):
    """Settings from a text "name=value,name=[value,value],name[index]=value".

    Args:
      values: the text.
      type_map: {name: type}.
      ignore_unknown: whether other names are left out.

    Returns:
      {name: value, list of values, or {index: value}}.

    Raises:
      ValueError: for texts, names and values that do not fit.
    """
    results = {}
    position = 0
    while position < len(values):
        match = _ASSIGNMENT.match(values, position)
        if not match:
            raise ValueError("Malformed hyperparameter value: %s" % values[position:])
        position = match.end()
        name, index = match["name"], match["index"]
        type_ = type_map.get(name)
        if type_ is None:
            if ignore_unknown:
                continue
            raise ValueError("Unknown hyperparameter type for %s" % name)
        twice = ValueError(
            "Multiple assignments to variable '%s' in %s"
            % (name if index is None else "%s[%s]" % (name, index), values)
        )
        if match["values"] is not None:
            if index is not None:
                raise ValueError("Assignment of a list to a list index in %s" % values)
            if name in results:
                raise twice
            parts = [p for p in re.split("[ ,]", match["values"]) if p]
            results[name] = [_parsed(name, type_, p, values) for p in parts]
        elif index is None:
            if name in results:
                raise twice
            results[name] = _parsed(name, type_, match["value"].strip(), values)
        else:
            held = results.setdefault(name, {})
            if not isinstance(held, dict) or int(index) in held:
                raise twice
            held[int(index)] = _parsed(name, type_, match["value"].strip(), values)
    return results


def _cast(name, type_, value):
    """`value` as `type_`, where nothing is lost. Raises: ValueError."""
    problem = ValueError(
        "Could not cast hparam '%s' of type '%s' from value %r" % (name, type_, value)
    )
    if isinstance(value, type_) and isinstance(value, bool) == (type_ is bool):
        return value
    if type_ is type(None):
        return value
    if isinstance(value, str) != issubclass(type_, (str, bytes)) and not (
        issubclass(type_, (str, bytes)) and isinstance(value, bytes)
    ):
        raise problem
    if (type_ is bool) != isinstance(value, bool):
        raise problem
    if issubclass(type_, numbers.Integral) and not isinstance(value, numbers.Integral):
        raise problem
    if issubclass(type_, numbers.Number) and not isinstance(value, numbers.Number):
        raise problem
    return type_(value)


# In this order: bool is a kind of int.
_PROTO_KINDS = (
    (bool, "bool"),
    (int, "int64"),
    ((str, bytes), "bytes"),
    (float, "float"),
)


class HParams:
    """Settings as attributes; a setting keeps the type of its first value.

    Args:
      hparam_def: a HParamDef message, whose settings are taken.
      model_structure: any object, see `get_model_structure`.
      **kwargs: the settings: numbers, texts, bool, None, or lists of one type.

    Raises:
      ValueError: for reserved names and empty lists.
    """

    def __init__(self, hparam_def=None, model_structure=None, **kwargs):
        self._hparam_types = {}
        self._model_structure = model_structure
        if hparam_def is not None:
            self._add_message(hparam_def)
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def _add_message(self, hparam_def):
        from caudal import proto

        def plain(value):
            return value.decode() if isinstance(value, bytes) else value

        for name, setting in proto.of(proto.HParamDef, hparam_def).hparam.items():
            kind = setting.WhichOneof("kind")
            if kind is None:
                raise ValueError("HParamDef without a value for %s" % name)
            value = getattr(setting, kind)
            if kind.endswith("_list"):
                self.add_hparam(name, [plain(v) for v in value.value])
            else:
                self.add_hparam(name, plain(value))

    def to_proto(self, export_scope=None):
        """The settings as a HParamDef message.

        Raises:
          ValueError: for settings of types that it does not have.
        """
        from caudal import proto

        message = proto.HParamDef()
        for name, (type_, is_list) in self._hparam_types.items():
            value = getattr(self, name)
            field = next((f for kinds, f in _PROTO_KINDS if issubclass(type_, kinds)), None)
            if field is None:
                raise ValueError("Unsupported type for a HParamDef: %s of %s" % (type_, name))
            setting = message.hparam[name]
            items = value if is_list else [value]
            if field == "bytes":
                items = [v.encode() if isinstance(v, str) else v for v in items]
            if is_list:
                getattr(setting, field + "_list").value.extend(items)
            else:
                setattr(setting, field + "_value", items[0])
        return message

    @staticmethod
    def from_proto(hparam_def, import_scope=None):
        """HParams with the settings of a HParamDef message."""
        return HParams(hparam_def=hparam_def)

    def add_hparam(self, name, value):
        """Adds a setting. Raises: ValueError for reserved names and empty lists."""
        if getattr(self, name, None) is not None:
            raise ValueError("Hyperparameter name is reserved: %s" % name)
        if isinstance(value, (list, tuple)):
            if not value:
                raise ValueError("Multi-valued hyperparameters cannot be empty: %s" % name)
            self._hparam_types[name] = (type(value[0]), True)
        else:
            self._hparam_types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name, value):
        """Sets a setting. Raises: KeyError, ValueError if the value does not fit its type."""
        type_, is_list = self._hparam_types[name]
        if isinstance(value, list):
            if not is_list:
                raise ValueError("Must not pass a list for single-valued parameter: %s" % name)
            setattr(self, name, [_cast(name, type_, v) for v in value])
        else:
            if is_list:
                raise ValueError("Must pass a list for multi-valued parameter: %s." % name)
            setattr(self, name, _cast(name, type_, value))

    def del_hparam(self, name):
        """Removes a setting, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values):
        """Sets settings from a text, see `parse_values`; returns self. Raises: ValueError."""
        types = {name: type_ for name, (type_, _) in self._hparam_types.items()}
        return self.override_from_dict(parse_values(values, types))

    def override_from_dict(self, values_dict):
        """Sets settings from a dict; returns self. Raises: KeyError, ValueError."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json):
        """Sets settings from a JSON object; returns self."""
        return self.override_from_dict(json.loads(values_json))

    def set_model_structure(self, model_structure):
        self._model_structure = model_structure

    def get_model_structure(self):
        return self._model_structure

    def to_json(self, indent=None, separators=None, sort_keys=False):
        """The settings as a JSON object; functions are left out."""
        values = {name: v for name, v in self.values().items() if not callable(v)}
        return json.dumps(values, indent=indent, separators=separators, sort_keys=sort_keys)

    def values(self):
        """The settings as a dict."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key, default=None):
        """A setting, or `default`. Raises: ValueError if the default has another type."""
        if key not in self._hparam_types:
            return default
        if default is not None:
            type_, is_list = self._hparam_types[key]
            shown = "list<%s>" % type_ if is_list else str(type_)
            problem = "Hparam '%s' of type '%s' is incompatible with default=%s" % (
                key, shown, default,
            )  # fmt: skip
            if is_list != isinstance(default, list):
                raise ValueError(problem)
            try:
                for value in default if is_list else [default]:
                    _cast(key, type_, value)
            except ValueError as error:
                raise ValueError("%s. %s" % (problem, error)) from None
        return getattr(self, key)

    def __contains__(self, key):
        return key in self._hparam_types

    def __str__(self):
        return ",".join("%s=%s" % item for item in sorted(self.values().items()))

    def __repr__(self):
        return "HParams(%s)" % sorted(self.values().items())
