# SPDX-License-Identifier: Apache-2.0
"""Command line flags: `tf.flags` and `tf.app.flags`."""

import functools
import sys

from caudal.platform.flag_types import (
    ArgumentParser,
    BooleanParser,
    CantOpenFlagFileError,
    DuplicateFlagError,
    EnumClassParser,
    EnumParser,
    Error,
    Flag,
    FlagHolder,
    FloatParser,
    IllegalFlagValueError,
    IntegerParser,
    ListParser,
    MultiFlag,
    UnparsedFlagAccessError,
    UnrecognizedFlagError,
    ValidationError,
    WhitespaceSeparatedListParser,
)
from caudal.platform.flag_values import FLAGS, FlagValues, main_module_name

__all__ = [
    "ArgumentParser",
    "BooleanParser",
    "CantOpenFlagFileError",
    "DEFINE",
    "DEFINE_alias",
    "DEFINE_bool",
    "DEFINE_boolean",
    "DEFINE_enum",
    "DEFINE_enum_class",
    "DEFINE_flag",
    "DEFINE_float",
    "DEFINE_integer",
    "DEFINE_list",
    "DEFINE_multi",
    "DEFINE_multi_enum",
    "DEFINE_multi_float",
    "DEFINE_multi_integer",
    "DEFINE_multi_string",
    "DEFINE_spaceseplist",
    "DEFINE_string",
    "DuplicateFlagError",
    "EnumClassParser",
    "EnumParser",
    "Error",
    "FLAGS",
    "Flag",
    "FlagHolder",
    "FlagValues",
    "FloatParser",
    "IllegalFlagValueError",
    "IntegerParser",
    "ListParser",
    "MultiFlag",
    "UnparsedFlagAccessError",
    "UnrecognizedFlagError",
    "ValidationError",
    "WhitespaceSeparatedListParser",
    "mark_bool_flags_as_mutual_exclusive",
    "mark_flag_as_required",
    "mark_flags_as_mutual_exclusive",
    "mark_flags_as_required",
    "multi_flags_validator",
    "register_multi_flags_validator",
    "register_validator",
    "set_default",
    "validator",
]

_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _calling_module():
    """(name, identity) of the nearest module outside of this package's flag files."""
    frame = sys._getframe(1)
    while frame is not None:
        names = frame.f_globals
        if not names.get("__name__", "").startswith("caudal.platform.flag"):
            name = names.get("__name__", "")
            return (main_module_name() if name == "__main__" else name), id(names)
        frame = frame.f_back
    return "", 0


def _old_names(define):
    """Lets a DEFINE function take the keyword names of early releases."""

    @functools.wraps(define)
    def wrapper(*args, **kwargs):
        return define(*args, **{_OLD_NAMES.get(key, key): value for key, value in kwargs.items()})

    return wrapper


def DEFINE_flag(flag, flag_values=FLAGS, module_name=None, required=False):
    """Registers a Flag object; returns a holder that reads its value.

    Raises:
      DuplicateFlagError: if the name is taken.
      ValueError: if a required flag has a default.
    """
    module, module_id = _calling_module()
    flag_values._add(flag, module_name or module, module_id, flag.allow_override)
    if required:
        if flag.default is not None:
            raise ValueError("Required flag --%s cannot have a non-None default" % flag.name)
        mark_flag_as_required(flag.name, flag_values)
    return FlagHolder(flag_values, flag)


def DEFINE(
    parser,
    name,
    default,
    help,
    flag_values=FLAGS,
    serializer=None,
    module_name=None,
    required=False,
    **args,
):
    """Registers a flag whose text `parser` understands."""
    return DEFINE_flag(
        Flag(parser, serializer, name, default, help, **args), flag_values, module_name, required
    )


@_old_names
def DEFINE_string(name, default, help, flag_values=FLAGS, required=False, **args):
    """Registers a flag that holds any string."""
    return DEFINE(ArgumentParser(), name, default, help, flag_values, required=required, **args)


@_old_names
def DEFINE_boolean(
    name, default, help, flag_values=FLAGS, module_name=None, required=False, **args
):
    """Registers a flag given as --name, --noname or --name=true."""
    flag = Flag(BooleanParser(), None, name, default, help, boolean=True, **args)
    return DEFINE_flag(flag, flag_values, module_name, required)


DEFINE_bool = DEFINE_boolean


@_old_names
def DEFINE_float(
    name,
    default,
    help,
    lower_bound=None,
    upper_bound=None,
    flag_values=FLAGS,
    required=False,
    **args,
):
    """Registers a flag that holds a float, optionally within bounds."""
    return DEFINE(
        FloatParser(lower_bound, upper_bound),
        name,
        default,
        help,
        flag_values,
        required=required,
        **args,
    )


@_old_names
def DEFINE_integer(
    name,
    default,
    help,
    lower_bound=None,
    upper_bound=None,
    flag_values=FLAGS,
    required=False,
    **args,
):
    """Registers a flag that holds an int, optionally within bounds."""
    return DEFINE(
        IntegerParser(lower_bound, upper_bound),
        name,
        default,
        help,
        flag_values,
        required=required,
        **args,
    )


@_old_names
def DEFINE_enum(
    name,
    default,
    enum_values,
    help,
    flag_values=FLAGS,
    module_name=None,
    required=False,
    case_sensitive=True,
    **args,
):
    """Registers a flag that holds one of the strings in `enum_values`."""
    return DEFINE(
        EnumParser(enum_values, case_sensitive),
        name,
        default,
        help,
        flag_values,
        module_name=module_name,
        required=required,
        **args,
    )


@_old_names
def DEFINE_enum_class(
    name,
    default,
    enum_class,
    help,
    flag_values=FLAGS,
    module_name=None,
    case_sensitive=False,
    required=False,
    **args,
):
    """Registers a flag that holds a member of an Enum class."""
    return DEFINE(
        EnumClassParser(enum_class, case_sensitive),
        name,
        default,
        help,
        flag_values,
        module_name=module_name,
        required=required,
        **args,
    )


@_old_names
def DEFINE_list(name, default, help, flag_values=FLAGS, required=False, **args):
    """Registers a flag that holds a list of strings, written with commas."""
    return DEFINE(ListParser(), name, default, help, flag_values, required=required, **args)


@_old_names
def DEFINE_spaceseplist(
    name, default, help, comma_compat=False, flag_values=FLAGS, required=False, **args
):
    """Registers a flag that holds a list of strings, written with white space."""
    return DEFINE(
        WhitespaceSeparatedListParser(comma_compat),
        name,
        default,
        help,
        flag_values,
        required=required,
        **args,
    )


def DEFINE_multi(
    parser,
    serializer,
    name,
    default,
    help,
    flag_values=FLAGS,
    module_name=None,
    required=False,
    **args,
):
    """Registers a flag that may be repeated; its value is the list of what was given."""
    return DEFINE_flag(
        MultiFlag(parser, serializer, name, default, help, **args),
        flag_values,
        module_name,
        required,
    )


@_old_names
def DEFINE_multi_string(name, default, help, flag_values=FLAGS, required=False, **args):
    """Registers a repeatable string flag."""
    return DEFINE_multi(
        ArgumentParser(), None, name, default, help, flag_values, required=required, **args
    )


@_old_names
def DEFINE_multi_integer(
    name,
    default,
    help,
    lower_bound=None,
    upper_bound=None,
    flag_values=FLAGS,
    required=False,
    **args,
):
    """Registers a repeatable int flag."""
    return DEFINE_multi(
        IntegerParser(lower_bound, upper_bound),
        None,
        name,
        default,
        help,
        flag_values,
        required=required,
        **args,
    )


@_old_names
def DEFINE_multi_float(
    name,
    default,
    help,
    lower_bound=None,
    upper_bound=None,
    flag_values=FLAGS,
    required=False,
    **args,
):
    """Registers a repeatable float flag."""
    return DEFINE_multi(
        FloatParser(lower_bound, upper_bound),
        None,
        name,
        default,
        help,
        flag_values,
        required=required,
        **args,
    )


@_old_names
def DEFINE_multi_enum(
    name, default, enum_values, help, flag_values=FLAGS, case_sensitive=True, required=False, **args
):
    """Registers a repeatable flag whose items are among `enum_values`."""
    return DEFINE_multi(
        EnumParser(enum_values, case_sensitive),
        None,
        name,
        default,
        help,
        flag_values,
        required=required,
        **args,
    )


class _AliasFlag(Flag):
    """Another name for a flag: reads and writes go to the original."""

    def __init__(self, original, name):
        self.__dict__["original"] = original
        self.__dict__["name"] = name
        self.__dict__["short_name"] = None
        self.__dict__["help"] = "Alias for --%s." % original.name

    def __getattr__(self, attribute):
        return getattr(self.__dict__["original"], attribute)

    def __setattr__(self, attribute, value):
        setattr(self.__dict__["original"], attribute, value)

    def parse(self, text):
        self.original.parse(text)


def DEFINE_alias(name, original_name, flag_values=FLAGS, module_name=None):
    """Registers a second name for an existing flag.

    Raises:
      UnrecognizedFlagError: if there is no flag `original_name`.
    """
    if original_name not in flag_values:
        raise UnrecognizedFlagError(original_name)
    return DEFINE_flag(_AliasFlag(flag_values[original_name], name), flag_values, module_name)


def register_validator(flag_name, checker, message="Flag validation failed", flag_values=FLAGS):
    """Has `checker(value)` called when arguments were parsed or the flag was set.

    Raises (later, from parsing or assignment):
      IllegalFlagValueError: where the checker returns False or raises ValidationError.
    """

    def check(values):
        flag = values[flag_name]
        try:
            good = checker(flag.value)
        except ValidationError as error:
            good, text = False, str(error)
        else:
            text = message
        if not good:
            raise IllegalFlagValueError("flag --%s=%s: %s" % (flag_name, flag.value, text))

    flag_values.add_validator([flag_name], check)


def validator(flag_name, message="Flag validation failed", flag_values=FLAGS):
    """A decorator form of `register_validator`."""

    def decorate(function):
        register_validator(flag_name, function, message=message, flag_values=flag_values)
        return function

    return decorate


def register_multi_flags_validator(
    flag_names, multi_flags_checker, message="Flags validation failed", flag_values=FLAGS
):
    """Has `multi_flags_checker({name: value})` called as `register_validator` does."""

    def check(values):
        current = {name: values[name].value for name in flag_names}
        try:
            good = multi_flags_checker(current)
        except ValidationError as error:
            good, text = False, str(error)
        else:
            text = message
        if not good:
            shown = " ".join("flag --%s=%s" % item for item in current.items())
            raise IllegalFlagValueError("%s: %s" % (shown, text))

    flag_values.add_validator(flag_names, check)


def multi_flags_validator(flag_names, message="Flag validation failed", flag_values=FLAGS):
    """A decorator form of `register_multi_flags_validator`."""

    def decorate(function):
        register_multi_flags_validator(flag_names, function, message, flag_values)
        return function

    return decorate


def mark_flag_as_required(flag_name, flag_values=FLAGS):
    """Refuses None as the value of a flag once arguments are parsed."""
    register_validator(
        flag_name,
        lambda value: value is not None,
        message="Flag --%s must have a value other than None." % flag_name,
        flag_values=flag_values,
    )


def mark_flags_as_required(flag_names, flag_values=FLAGS):
    """`mark_flag_as_required` for several flags."""
    for name in flag_names:
        mark_flag_as_required(name, flag_values)


def _exclusive(flag_names, required, flag_values, is_set):
    def check(values):
        count = sum(1 for value in values.values() if is_set(value))
        if count == 1 or (not required and count == 0):
            return True
        raise ValidationError(
            "%s one of (%s) must have a value other than None."
            % ("Exactly" if required else "At most", ", ".join(flag_names))
        )

    register_multi_flags_validator(flag_names, check, flag_values=flag_values)


def mark_flags_as_mutual_exclusive(flag_names, required=False, flag_values=FLAGS):
    """Allows a value for at most one (`required`: exactly one) of the flags."""
    _exclusive(flag_names, required, flag_values, lambda value: value is not None)


def mark_bool_flags_as_mutual_exclusive(flag_names, required=False, flag_values=FLAGS):
    """Allows True for at most one (`required`: exactly one) of the boolean flags."""
    _exclusive(flag_names, required, flag_values, bool)


def set_default(flag_holder, value):
    """Changes the default of the flag behind a holder."""
    flag_holder._flag_values.set_default(flag_holder.name, value)
