# SPDX-License-Identifier: Apache-2.0
"""One flag: its text form, its value, its errors."""

import io


class Error(Exception):
    """Base class of what goes wrong with flags."""


class DuplicateFlagError(Error):
    """A name was defined twice."""


class IllegalFlagValueError(Error):
    """A value has the wrong form or is out of bounds."""


class UnrecognizedFlagError(Error):
    """An argument names no flag."""

    def __init__(self, flagname, flagvalue="", suggestions=None):
        self.flagname = flagname
        self.flagvalue = flagvalue
        tip = ". Did you mean: %s ?" % ", ".join(suggestions) if suggestions else ""
        super().__init__("Unknown command line flag '%s'%s" % (flagname, tip))


class UnparsedFlagAccessError(Error):
    """A value was asked for before the arguments were parsed."""


class ValidationError(Error):
    """A validator said no."""


class CantOpenFlagFileError(Error):
    """The file of --flagfile cannot be read."""


class ArgumentParser:
    """Turns text into a value; this one keeps strings as they are."""

    syntactic_help = ""

    def parse(self, argument):
        if not isinstance(argument, str):
            raise TypeError(f'flag value must be a string, found "{type(argument)}"')
        return argument

    def flag_type(self):
        return "string"


class _NumberParser(ArgumentParser):
    article = "a"
    noun = "number"

    def __init__(self, lower_bound=None, upper_bound=None):
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        self.syntactic_help = self._describe()

    def _describe(self):
        low, high = self.lower_bound, self.upper_bound
        if low is not None and high is not None:
            return "%s %s in the range [%s, %s]" % (self.article, self.noun, low, high)
        if low == 0:
            return "a non-negative " + self.noun
        if low == 1:
            return "a positive " + self.noun
        if high == 0:
            return "a non-positive " + self.noun
        if high == -1:
            return "a negative " + self.noun
        if low is not None:
            return "%s %s >= %s" % (self.article, self.noun, low)
        if high is not None:
            return "%s %s <= %s" % (self.article, self.noun, high)
        return "%s %s" % (self.article, self.noun)

    def parse(self, argument):
        value = self.convert(argument)
        if (self.lower_bound is not None and value < self.lower_bound) or (
            self.upper_bound is not None and value > self.upper_bound
        ):
            raise ValueError("%s is not %s" % (value, self.syntactic_help))
        return value


class FloatParser(_NumberParser):
    """Text to float, with optional bounds."""

    def convert(self, argument):
        if isinstance(argument, bool) or not isinstance(argument, (int, float, str)):
            raise TypeError(
                f"Expect argument to be a string, int, or float, found {type(argument)}"
            )
        return float(argument)

    def flag_type(self):
        return "float"


class IntegerParser(_NumberParser):
    """Text to int (0x and 0o prefixes allowed), with optional bounds."""

    article = "an"
    noun = "integer"

    def convert(self, argument):
        if isinstance(argument, str):
            text = argument.strip().lower()
            base = {"0x": 16, "0o": 8}.get(text.lstrip("+-")[:2], 10)
            return int(argument, base)
        if isinstance(argument, bool) or not isinstance(argument, int):
            raise TypeError(f"Expect argument to be a string or int, found {type(argument)}")
        return argument

    def flag_type(self):
        return "int"


class BooleanParser(ArgumentParser):
    """true, t, 1 and false, f, 0 in any case."""

    def parse(self, argument):
        if isinstance(argument, str):
            text = argument.lower()
            if text in ("true", "t", "1"):
                return True
            if text in ("false", "f", "0"):
                return False
            raise ValueError("Non-boolean argument to boolean flag", argument)
        if isinstance(argument, (bool, int)) and argument in (0, 1):
            return bool(argument)
        raise TypeError("Non-boolean argument to boolean flag", argument)

    def flag_type(self):
        return "bool"


class EnumParser(ArgumentParser):
    """One of a fixed list of strings."""

    def __init__(self, enum_values, case_sensitive=True):
        if not enum_values:
            raise ValueError(f'enum_values cannot be empty, found "{enum_values}"')
        self.enum_values = list(enum_values)
        self.case_sensitive = case_sensitive

    def parse(self, argument):
        for value in self.enum_values:
            if argument == value or (not self.case_sensitive and argument.lower() == value.lower()):
                return value
        raise ValueError("value should be one of <%s>" % "|".join(self.enum_values))

    def flag_type(self):
        return "string enum"


class EnumClassParser(ArgumentParser):
    """A member of an Enum class, by name."""

    def __init__(self, enum_class, case_sensitive=True):
        self.enum_class = enum_class
        self.case_sensitive = case_sensitive

    def parse(self, argument):
        if isinstance(argument, self.enum_class):
            return argument
        for member in self.enum_class:
            if argument == member.name or (
                not self.case_sensitive and argument.lower() == member.name.lower()
            ):
                return member
        raise ValueError(
            "value should be one of <%s>" % "|".join(member.name for member in self.enum_class)
        )

    def flag_type(self):
        return "enum class"


class ListParser(ArgumentParser):
    """Comma separated strings, with CSV quoting."""

    syntactic_help = "a comma separated list"

    def parse(self, argument):
        if isinstance(argument, (list, tuple)):
            return list(argument)
        if not argument:
            return []
        import csv  # rarely needed, and not free to import

        try:
            return [item.strip() for item in next(csv.reader([argument], strict=True))]
        except csv.Error as error:
            raise ValueError(
                "Unable to parse the value %r as a comma separated list: %s" % (argument, error)
            ) from error

    def flag_type(self):
        return "comma separated list of strings"


class WhitespaceSeparatedListParser(ListParser):
    """Strings between white space."""

    syntactic_help = "a whitespace separated list"

    def __init__(self, comma_compat=False):
        self.comma_compat = comma_compat

    def parse(self, argument):
        if isinstance(argument, (list, tuple)):
            return list(argument)
        if not argument:
            return []
        return (argument.replace(",", " ") if self.comma_compat else argument).split()

    def flag_type(self):
        return "whitespace separated list of strings"


class Flag:
    """A named value with a default, a help text and a parser for its text form."""

    multi = False

    def __init__(
        self,
        parser,
        serializer,
        name,
        default,
        help_string,
        short_name=None,
        boolean=False,
        allow_override=False,
    ):
        self.parser = parser
        self.serializer = serializer
        self.name = name
        self.help = help_string or "(no help available)"
        self.short_name = short_name
        self.boolean = boolean
        self.allow_override = allow_override
        self.present = 0
        self.using_default_value = True
        self.default = self._parse_default(default)
        self.value = self._initial()

    def _initial(self):
        return list(self.default) if isinstance(self.default, list) else self.default

    def _parse_default(self, value):
        return None if value is None else self._parse(value)

    def _parse(self, text):
        try:
            return self.parser.parse(text)
        except (TypeError, ValueError) as error:
            raise IllegalFlagValueError("flag --%s=%s: %s" % (self.name, text, error)) from None

    def parse(self, text):
        self.value = self._parse(text)
        self.using_default_value = False

    def set_default(self, value):
        self.default = self._parse_default(value)
        if self.using_default_value:
            self.value = self._initial()

    def unparse(self):
        self.value = self._initial()
        self.using_default_value = True
        self.present = 0

    def flag_type(self):
        return self.parser.flag_type()

    @property
    def default_as_str(self):
        return None if self.default is None else repr(value_text(self, self.default))

    def describe(self, indent):
        """The help entry of this flag."""
        choices = getattr(self.parser, "enum_values", None)
        head = "%s--%s%s:" % (indent, "[no]" if self.boolean else "", self.name)
        if self.short_name:
            head = head[:-1] + ",-%s:" % self.short_name
        lines = [head + (" <%s>:" % "|".join(choices) if choices else "") + " " + self.help]
        if self.multi:
            lines[-1] += ";"
            lines.append(indent + "  repeat this option to specify a list of values")
        if self.default is not None:
            lines.append("%s  (default: %s)" % (indent, self.default_as_str))
        if self.parser.syntactic_help:
            lines.append("%s  (%s)" % (indent, self.parser.syntactic_help))
        return "\n".join(lines)


class MultiFlag(Flag):
    """A flag that may be given several times; its value is a list."""

    multi = True

    def _parse_default(self, value):
        if value is None:
            return None
        values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
        return [self._parse(item) for item in values]

    def parse(self, text):
        value = self._parse(text)
        if self.using_default_value or self.value is None:
            self.value = []
        self.value.append(value)
        self.using_default_value = False


class FlagHolder:
    """What DEFINE_* returns: reads the flag's current value."""

    def __init__(self, flag_values, flag):
        self._flag_values = flag_values
        self._flag = flag

    @property
    def name(self):
        return self._flag.name

    @property
    def value(self):
        return getattr(self._flag_values, self._flag.name)

    @property
    def default(self):
        return self._flag.default

    @property
    def present(self):
        return bool(self._flag.present)


def _item_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return getattr(value, "name", None) or str(value)


def value_text(flag, value):
    """The text that parses to `value`."""
    if flag.multi:
        return "[" + ", ".join(map(_item_text, value)) + "]"
    if isinstance(flag.parser, WhitespaceSeparatedListParser):
        return " ".join(map(str, value))
    if isinstance(flag.parser, ListParser):
        import csv

        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow([str(item) for item in value])
        return out.getvalue()
    return _item_text(value)


def serialize(flag):
    """The argument(s) that give the flag its value; empty when it has none."""
    if flag.value is None:
        return ""
    if flag.boolean:
        return "--%s%s" % ("" if flag.value else "no", flag.name)
    if flag.multi:
        return "\n".join("--%s=%s" % (flag.name, _item_text(item)) for item in flag.value)
    return "--%s=%s" % (flag.name, value_text(flag, flag.value))
