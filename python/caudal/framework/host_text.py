# SPDX-License-Identifier: Apache-2.0
"""What kernels of strings borrow from Python: regular expressions, Unicode tables, codecs."""

import base64
import codecs
import functools
import json
import re
import struct
import unicodedata
import zlib

import numpy as np


def call(arrays):
    """Runs the function that the first array names on the others; returns a list of arrays."""
    name = arrays[0].item().decode()
    return [_FUNCTIONS[name](*arrays[1:])]


def _map(function, texts):
    out = np.empty(texts.shape, object)
    flat = out.reshape(-1)
    for i, text in enumerate(texts.reshape(-1)):
        flat[i] = function(text)
    return flat.reshape(texts.shape)


def _text(value):
    return value.decode("utf-8", "surrogateescape")


def _bytes(value):
    return value.encode("utf-8", "surrogateescape")


# -- Regular expressions ---------------------------------------------------------------------------

_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip


@functools.lru_cache(maxsize=64)
def _category(name):
    """Ranges of characters whose general category begins with `name`, for a character class."""
    ranges, start = [], None
    for code in range(0x110000):
        inside = not 0xD800 <= code <= 0xDFFF and unicodedata.category(chr(code)).startswith(name)
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            ranges.append("\\U%08x-\\U%08x" % (start, code - 1))
            start = None
    if start is not None:
        ranges.append("\\U%08x-\\U0010ffff" % start)
    return "".join(ranges)


_CATEGORIES = frozenset(
    "C Cc Cf Co L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl "
    "Zp Zs".split()
)


def _unicode_class(pattern, at):
    """The category named at `at` (behind \\p) and the position behind it."""
    if pattern[at : at + 1] == "{":
        end = pattern.find("}", at)
        name, after = pattern[at + 1 : end], end + 1
    else:
        name, after = pattern[at : at + 1], at + 1
    if name.lstrip("^") not in _CATEGORIES:
        raise ValueError("Invalid pattern: %s, error: character class \\p{%s} is not supported"
                         % (pattern, name))  # fmt: skip
    return name, after


def _translate_class(pattern, at):
    """A bracket expression that begins at `at`: (text for re, position behind it)."""
    out, i = "[", at + 1
    if pattern[i : i + 1] == "^":
        out, i = out + "^", i + 1
    first = True
    while i < len(pattern):
        c = pattern[i]
        if c == "]" and not first:
            return out + "]", i + 1
        first = False
        posix = re.match(r"\[:(\^?)(\w+):\]", pattern[i:])
        if posix and posix.group(2) in _POSIX and not posix.group(1):
            out, i = out + _POSIX[posix.group(2)], i + posix.end()
        elif c == "\\" and pattern[i + 1 : i + 2] in ("p", "P"):
            name, after = _unicode_class(pattern, i + 2)
            if pattern[i + 1] == "P" or name.startswith("^"):
                raise ValueError("Invalid pattern: %s, error: negated class inside of brackets"
                                 % pattern)  # fmt: skip
            out, i = out + _category(name), after
        elif c == "\\":
            escape, i = _translate_escape(pattern, i)
            out += escape
        else:
            out, i = out + ("\\[" if c == "[" else "\\&" if c == "&" else "\\~" if c == "~" else
                            "\\|" if c == "|" else c), i + 1  # fmt: skip
    raise ValueError("Invalid pattern: %s, error: missing ]: %s" % (pattern, pattern[at:]))


def _translate_escape(pattern, at):
    c = pattern[at + 1 : at + 2]
    if not c:
        raise ValueError("Invalid pattern: %s, error: trailing \\" % pattern)
    if c == "x" and pattern[at + 2 : at + 3] == "{":
        end = pattern.find("}", at)
        return "\\U%08x" % int(pattern[at + 3 : end], 16), end + 1
    if c == "Z" or (c.isdigit() and c != "0"):
        raise ValueError("Invalid pattern: %s, error: invalid escape sequence: \\%s" % (pattern, c))
    return "\\" + c, at + 2


def _translate(pattern):
    """An RE2 pattern in the notation of Python's re."""
    out, i, multiline = "", 0, False
    while i < len(pattern):
        c = pattern[i]
        following = pattern[i + 1 : i + 2]
        if c == "[":
            text, i = _translate_class(pattern, i)
            out += text
        elif c == "\\" and following == "Q":
            end = pattern.find("\\E", i + 2)
            end = len(pattern) if end < 0 else end
            out += re.escape(pattern[i + 2 : end])
            i = end + 2
        elif c == "\\" and following in ("p", "P"):
            name, i = _unicode_class(pattern, i + 2)
            negated = (following == "P") != name.startswith("^")
            out += "[%s%s]" % ("^" if negated else "", _category(name.lstrip("^")))
        elif c == "\\" and following == "C":
            out, i = out + "(?s:.)", i + 2
        elif c == "\\" and following == "z":
            out, i = out + "\\Z", i + 2
        elif c == "\\":
            text, i = _translate_escape(pattern, i)
            out += text
        elif c == "$" and not multiline:
            out, i = out + "\\Z", i + 1
        elif c == "(" and following == "?":
            flags = re.match(r"\(\?([ims]*)(-[ims]+)?(\)|:)", pattern[i:])
            if flags and flags.group(3) == ")":
                # Flags hold until the group ends: wrap what follows.
                multiline = multiline or "m" in flags.group(1)
                rest = pattern[i + flags.end() :]
                end = _group_end(rest)
                body = rest[:end]
                inner = _translate(body) if "m" not in flags.group(1) else _translate_multi(body)
                out += "(?%s%s:%s)" % (flags.group(1), flags.group(2) or "", inner)
                i += flags.end() + end
                continue
            if flags and "m" in flags.group(1):
                multiline = True
            kind = re.match(r"\(\?(P<\w+>|:|[ims]*(-[ims]+)?:)", pattern[i:])
            if not kind:
                raise ValueError("Invalid pattern: %s, error: invalid perl operator: %s"
                                 % (pattern, pattern[i : i + 3]))  # fmt: skip
            out += kind.group(0)
            i += kind.end()
        else:
            out, i = out + c, i + 1
    return out


def _translate_multi(pattern):
    """As _translate where (?m) holds: $ matches before line ends."""
    marked = _translate(pattern)
    return re.sub(r"(?<!\\)\\Z", "$", marked)


def _group_end(pattern):
    """Where the group ends in which `pattern` begins."""
    depth, i = 0, 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            i += 1
        elif c == "[":
            _, i = _translate_class(pattern, i)
            continue
        elif c == "(":
            depth += 1
        elif c == ")":
            if depth == 0:
                return i
            depth -= 1
        i += 1
    return len(pattern)


@functools.lru_cache(maxsize=256)
def _compiled(pattern):
    try:
        return re.compile(_translate(_text(pattern)), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        reason = str(error)
        if reason.startswith("missing )"):
            reason = "missing ): %s" % _text(pattern)
        raise ValueError("Invalid pattern: %s, error: %s" % (_text(pattern), reason)) from None


def _regex_full_match(texts, pattern):
    compiled = _compiled(pattern.item())
    found = [compiled.fullmatch(_text(t)) is not None for t in texts.reshape(-1)]
    return np.array(found, bool).reshape(texts.shape)


def _rewrite(template, groups):
    """The template as a list of texts and group numbers, up to its first mistake."""
    out, i = [], 0
    while i < len(template):
        if template[i] != "\\":
            end = template.find("\\", i)
            end = len(template) if end < 0 else end
            out.append(template[i:end])
            i = end
            continue
        c = template[i + 1 : i + 2]
        if c.isdigit() and int(c) <= groups:
            out.append(int(c))
        elif c == "\\":
            out.append(c)
        else:
            break
        i += 2
    return out


def _regex_replace(texts, pattern, rewrite, replace_global):
    compiled = _compiled(pattern.item())
    pieces = _rewrite(_text(rewrite.item()), compiled.groups)
    everywhere = bool(replace_global.item())

    def replace(value):
        text, out, last, at = _text(value), [], -1, 0
        copied = 0
        while at <= len(text):
            m = compiled.search(text, at)
            if m is None:
                break
            if m.end() == m.start() == last:  # no empty match right behind a match
                at = m.start() + 1
                last = -1
                continue
            out.append(text[copied : m.start()])
            out.extend((m.group(p) or "") if isinstance(p, int) else p for p in pieces)
            copied = last = m.end()
            at = m.end()
            if not everywhere:
                break
        out.append(text[copied:])
        return _bytes("".join(out))

    return _map(replace, texts)


# -- Unicode ---------------------------------------------------------------------------------------

_BAD = "\udfff"  # stands for bytes that are no character
codecs.register_error("caudal.bad", lambda error: (_BAD, error.end))


def _decode(text, encoding):
    """Pairs of code point (-1: none) and byte offset."""
    data = text.item()
    name = encoding.item().decode()
    marks = {"utf16": (b"\xfe\xff", b"\xff\xfe"), "utf32": (b"\0\0\xfe\xff", b"\xff\xfe\0\0")}
    marks = marks.get(name.lower().replace("-", "").replace("_", ""))
    if marks and not data.startswith(marks):
        name += "-be"  # without a byte order mark
    try:
        decoder = codecs.getincrementaldecoder(name)("caudal.bad")
    except LookupError:
        raise ValueError(
            "Could not create converter for input encoding: %s" % encoding.item().decode()
        ) from None
    pairs, start = [], 0
    for i in range(len(data) + 1):
        chunk = decoder.decode(data[i : i + 1], i == len(data))
        for c in chunk:
            pairs.append((-1 if c == _BAD else ord(c), start))
            start = i + 1
    return np.array(pairs, np.int64).reshape(-1, 2)


_SCRIPTS = {
    name: code
    for code, name in enumerate(
        "COMMON INHERITED ARABIC ARMENIAN BENGALI BOPOMOFO CHEROKEE COPTIC CYRILLIC DESERET "
        "DEVANAGARI ETHIOPIC GEORGIAN GOTHIC GREEK GUJARATI GURMUKHI CJK HANGUL HEBREW HIRAGANA "
        "KANNADA KATAKANA KHMER LAO LATIN MALAYALAM MONGOLIAN MYANMAR OGHAM OLD-ITALIC ORIYA "
        "RUNIC SINHALA SYRIAC TAMIL TELUGU THAANA THAI TIBETAN CANADIAN YI TAGALOG HANUNOO BUHID "
        "TAGBANWA BRAILLE CYPRIOT LIMBU LINEAR OSMANYA SHAVIAN TAI UGARITIC".split()
    )
}
_UNKNOWN_SCRIPT = 103


def _script_of(code):
    """ICU's number of the script of a code point, judged by the character's name."""
    if not 0 <= code <= 0x10FFFF:
        return -1
    c = chr(code)
    category = unicodedata.category(c)
    if category in ("Cn", "Co", "Cs"):
        return _UNKNOWN_SCRIPT
    first = unicodedata.name(c, "").split(" ")[0].split("-")[0]
    if category in ("Mn", "Me") and first == "COMBINING":
        return _SCRIPTS["INHERITED"]
    if category[0] in "LM" or first in ("CJK", "HANGUL", "BRAILLE"):
        if first in ("FULLWIDTH", "HALFWIDTH", "MODIFIER", "FEMININE", "MASCULINE"):
            words = unicodedata.name(c).split(" ")
            first = "LATIN" if first in ("FEMININE", "MASCULINE") else words[1]
        return _SCRIPTS.get(first, _SCRIPTS["COMMON"])
    return _SCRIPTS["COMMON"]


def _script(codes):
    found = [_script_of(int(c)) for c in codes.reshape(-1)]
    return np.array(found, np.int32).reshape(codes.shape)


# -- Bytes -----------------------------------------------------------------------------------------


def _decompress(texts, kind):
    wbits = 15 if kind.item() == b"ZLIB" else 31

    def inflate(data):
        try:
            return zlib.decompress(data, wbits)
        except zlib.error as error:
            raise ValueError("cannot decompress: %s" % error) from None

    return _map(inflate, texts)


def _varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _feature(value):
    for names, number in ((("bytesList", "bytes_list"), 1), (("floatList", "float_list"), 2),
                          (("int64List", "int64_list"), 3)):  # fmt: skip
        for name in names:
            if name not in value:
                continue
            items = value[name].get("value", [])
            if number == 1:
                body = b"".join(_field(1, base64.b64decode(v)) for v in items)
            elif number == 2:
                body = _field(1, struct.pack("<%df" % len(items), *map(float, items)))
            else:
                body = _field(1, b"".join(_varint(int(v)) for v in items))
            return _field(number, body if items else b"")
    return b""


def _only(message, field):
    """The value of a message's one field."""
    for name in message:
        if name != field:
            raise ValueError("%s: Cannot find field." % name)
    return message.get(field, {})


def _json_example(texts):
    def encode(text):
        try:
            example = json.loads(text.decode("utf-8"))
            features = _only(_only(example, "features"), "feature")
            entries = [
                _field(1, _field(1, name.encode()) + _field(2, _feature(value)))
                for name, value in sorted(features.items())
            ]
        except (ValueError, AttributeError, TypeError, struct.error, OverflowError) as error:
            raise ValueError("Error while parsing JSON: %s" % error) from None
        return _field(1, b"".join(entries)) if entries else b""

    return _map(encode, texts)


_FUNCTIONS = {
    "regex_full_match": _regex_full_match,
    "regex_replace": _regex_replace,
    "lower": lambda texts: _map(lambda t: _bytes(_text(t).lower()), texts),
    "upper": lambda texts: _map(lambda t: _bytes(_text(t).upper()), texts),
    "decode": _decode,
    "script": _script,
    "decompress": _decompress,
    "json_example": _json_example,
}
