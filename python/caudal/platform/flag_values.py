# SPDX-License-Identifier: Apache-2.0
"""The registry of command line flags and the parser of argument lists."""

import sys

from caudal.platform import flag_types
from caudal.platform.flag_types import (
    DuplicateFlagError,
    Error,
    IllegalFlagValueError,
    UnparsedFlagAccessError,
    UnrecognizedFlagError,
)

__all__ = ["FlagValues", "FLAGS"]

_HELP_FLAGS = ("help", "helpshort", "helpfull", "?")


def _program_name():
    return sys.argv[0] if sys.argv and sys.argv[0] else "program"


class FlagValues:
    """Flags by name: `FLAGS.name` reads a value, `FLAGS["name"]` the flag, `FLAGS(argv)` parses.

    Reading a value before anything was parsed parses `sys.argv`.
    """

    def __init__(self):
        state = self.__dict__
        state["__flags"] = {}
        state["__modules"] = {}
        state["__parsed"] = False
        state["__validators"] = []

    # Registration ------------------------------------------------------------------------------

    def _flags(self):
        return self.__dict__["__flags"]

    def _add(self, flag, module_name, module_id=0, allow_override=False):
        """Registers a flag; the same name may come back only from a re-import of its module."""
        for name in [flag.name] + ([flag.short_name] if flag.short_name else []):
            old = self._flags().get(name)
            if old is not None and not allow_override:
                old_module, old_id = self.__dict__["__modules"].get(name, ("", 0))
                if old_module == module_name and old_id != module_id:
                    return
                raise DuplicateFlagError(
                    "The flag '%s' is defined twice. First from %s, Second from %s.  "
                    "Description from first occurrence: %s"
                    % (name, old_module, module_name, old.help)
                )
        for name in [flag.name] + ([flag.short_name] if flag.short_name else []):
            self._flags()[name] = flag
            self.__dict__["__modules"][name] = (module_name, module_id)

    def __setitem__(self, name, flag):
        if name != flag.name and name != flag.short_name:
            raise Error("flag %r cannot be registered as %r" % (flag.name, name))
        self._add(flag, "", allow_override=flag.allow_override)

    def add_validator(self, names, check):
        """Runs `check(flag_values)` after parsing and after assignments to one of `names`."""
        self.__dict__["__validators"].append((frozenset(names), check))

    def _validate(self, names=None):
        for watched, check in self.__dict__["__validators"]:
            if names is None or watched & names:
                check(self)

    # Access ------------------------------------------------------------------------------------

    def __getitem__(self, name):
        return self._flags()[name]

    def __contains__(self, name):
        return name in self._flags()

    has_key = __contains__

    def __iter__(self):
        return iter(sorted(self._flags()))

    def __len__(self):
        return len(self._flags())

    def __dir__(self):
        return sorted(set(self._flags()) | set(dir(type(self))))

    def __bool__(self):
        return True

    def __getattr__(self, name):
        flag = self._flags().get(name)
        if flag is None:
            raise AttributeError(name)
        if not self.is_parsed():
            self(sys.argv)
        return flag.value

    def __setattr__(self, name, value):
        flag = self._flags().get(name)
        if flag is None:
            raise AttributeError(name)
        flag.value = value
        flag.using_default_value = False
        self._validate({flag.name})

    def __delattr__(self, name):
        flag = self._flags().get(name)
        if flag is None:
            raise AttributeError(name)
        for key in [k for k, f in self._flags().items() if f is flag]:
            del self._flags()[key]
            self.__dict__["__modules"].pop(key, None)

    def get_flag_value(self, name, default):
        """The value of a flag, or `default` when its value is None."""
        value = getattr(self, name)
        return default if value is None else value

    def set_default(self, name, value):
        """Changes a default (and the value, where no argument set it)."""
        flag = self._flags().get(name)
        if flag is None:
            raise UnrecognizedFlagError(name, value)
        flag.set_default(value)
        self._validate({flag.name})

    def flag_values_dict(self):
        """All values by name."""
        return {name: flag.value for name, flag in self._flags().items()}

    def find_module_defining_flag(self, name, default=None):
        module = self.__dict__["__modules"].get(name)
        return module[0] if module else default

    def flags_by_module_dict(self):
        out = {}
        for name, flag in sorted(self._flags().items()):
            if name == flag.name:
                out.setdefault(self.find_module_defining_flag(name, ""), []).append(flag)
        return out

    # Parsing -----------------------------------------------------------------------------------

    def is_parsed(self):
        return self.__dict__["__parsed"]

    def mark_as_parsed(self):
        self.__dict__["__parsed"] = True

    def unparse_flags(self):
        """Puts every flag back to its default; the next access parses again."""
        for flag in self._flags().values():
            flag.unparse()
        self.__dict__["__parsed"] = False

    def _parse_flags(self, args=None):
        return self(args if args is not None else sys.argv)

    def __call__(self, argv, known_only=False):
        """Parses an argument list whose first element is the program.

        Args:
          argv: list of str. Flags end at the first positional argument or after `--`.
          known_only: keep unknown flags in the result instead of refusing them.

        Returns:
          What was not a flag: the program name and the positional arguments.

        Raises:
          UnrecognizedFlagError, IllegalFlagValueError, Error: for bad arguments.
        """
        if isinstance(argv, (str, bytes)):
            raise TypeError("argv should be a tuple/list of strings, not bytes or string.")
        if not argv:
            raise ValueError(
                "argv cannot be an empty list, and must contain the program name as "
                "the first element."
            )
        rest = self._parse_args(list(argv[1:]), known_only)
        self.mark_as_parsed()
        self._validate()
        return [argv[0]] + rest

    def _lookup(self, name):
        """(flag, negated) of what stood behind the dashes; flag is None when unknown."""
        flag = self._flags().get(name)
        if flag is not None:
            return flag, False
        if name.startswith("no"):
            flag = self._flags().get(name[2:])
            if flag is not None and flag.boolean:
                return flag, True
        return None, False

    def _parse_args(self, args, known_only):
        unknown, undefok = [], set()
        refused = []
        position = 0
        while position < len(args):
            arg = args[position]
            if not arg.startswith("-") or arg == "-":
                break
            position += 1
            if arg == "--":
                if known_only and unknown:
                    unknown.append(arg)
                break
            name, equals, value = arg.lstrip("-").partition("=")
            has_value = bool(equals)
            if name == "undefok":
                if not has_value:
                    if position == len(args):
                        raise Error("Missing value for flag " + arg)
                    value = args[position]
                    position += 1
                undefok.update(n.strip() for n in value.split(","))
                continue
            if name == "flagfile" and "flagfile" not in self._flags():
                if not has_value:
                    if position == len(args):
                        raise Error("Missing value for flag " + arg)
                    value = args[position]
                    position += 1
                args[position:position] = _read_flag_file(value)
                continue
            if name in _HELP_FLAGS and name not in self._flags():
                self._print_help_and_exit(full=name == "helpfull")
            flag, negated = self._lookup(name)
            if flag is None:
                if known_only:
                    unknown.append(arg)
                else:
                    refused.append((name, value))
                continue
            if flag.boolean and not has_value:
                value = "false" if negated else "true"
            elif negated:
                raise IllegalFlagValueError("flag --%s takes no value in its negated form" % name)
            elif not has_value:
                if position == len(args):
                    raise Error("Missing value for flag " + arg)
                value = args[position]
                position += 1
            flag.present += 1
            flag.parse(value)
        for name, value in refused:
            plain = name[2:] if name.startswith("no") else name
            if name not in undefok and plain not in undefok:
                raise UnrecognizedFlagError(name, value)
        return unknown + args[position:]

    # Help --------------------------------------------------------------------------------------

    def get_help(self, prefix="", include_special_flags=True):
        """Text that describes all flags, grouped by the module that defined them."""
        parts = []
        for module, flags in sorted(self.flags_by_module_dict().items()):
            parts.append("\n%s%s:" % (prefix, module))
            parts.extend(flag.describe(prefix + "  ") for flag in flags)
        return "\n".join(parts)

    def main_module_help(self):
        """Text that describes the flags that the program itself defined."""
        main = main_module_name()
        flags = self.flags_by_module_dict().get(main, [])
        return "\n".join(["\n%s:" % main] + [flag.describe("  ") for flag in flags])

    def _print_help_and_exit(self, full):
        main = sys.modules.get("__main__")
        doc = getattr(main, "__doc__", None) or "\nUSAGE: %s [flags]\n" % _program_name()
        out = sys.stdout
        out.write(doc.replace("%s", _program_name()) + "\nflags:\n")
        out.write((self.get_help() if full else self.main_module_help()) + "\n")
        if not full:
            out.write("\nTry --helpfull to get a list of all flags.\n")
        out.flush()
        sys.exit(1)

    def flags_into_string(self):
        """The flags that have a value, as lines that `--flagfile` reads back."""
        lines = []
        for flags in self.flags_by_module_dict().values():
            lines.extend(line for line in map(flag_types.serialize, flags) if line)
        return "".join(line + "\n" for line in lines)


def main_module_name():
    """The name under which flags of the program's own file are listed."""
    return _program_name()


def _read_flag_file(path):
    try:
        with open(path) as lines:
            text = [line.strip() for line in lines]
    except OSError as error:
        raise flag_types.CantOpenFlagFileError(
            "ERROR:: Unable to open flagfile: %s" % error
        ) from None
    return [line for line in text if line and not line.startswith(("#", "//"))]


FLAGS = FlagValues()

__all__ += ["UnparsedFlagAccessError", "main_module_name"]
