# SPDX-License-Identifier: Apache-2.0
"""Which dtypes every op computes on every kind of device, read from the engine's registry."""

import fnmatch
import sys

from caudal import _core
from caudal.framework import dtypes

_ORDER = (
    "half", "bfloat16", "float", "double", "int8", "int16", "int32", "int64", "uint8", "uint16",
    "uint32", "uint64", "bool", "complex64", "complex128", "string", "qint8", "quint8", "qint16",
    "quint16", "qint32", "resource", "variant",
)  # fmt: skip
_ENUMS = {name: dtypes.as_dtype(name).as_datatype_enum for name in _ORDER}


def devices():
    """The kinds of devices that kernels can exist for."""
    with_kernels = [d for d in ("CPU", "GPU") if any(_core.kernel_types(d, op) for op in _ANY)]
    return with_kernels or ["CPU"]


_ANY = ("Identity", "AddV2", "MatMul")


def supported(op, device="CPU"):
    """Names of the dtypes (as in op signatures) that a graph can run `op` with on a device.

    An op without a dtype of its own gives ["-"] if it has a kernel; no kernel gives [].
    """
    kernels = set(_core.kernel_types(device, op))
    if not kernels:
        return []
    chosen = [a for a in _core.op_def(op)["attrs"] if a["type"] in ("type", "list(type)")]
    if not chosen:
        return ["-"]
    taken = set()
    for attr in chosen:
        taken |= set(attr.get("allowed_types") or _ENUMS.values())
    return [name for name in _ORDER if _ENUMS[name] in kernels & taken]


def table(patterns=(), device=None):
    """Rows (op, {device: dtypes}) in the order of names; `patterns` are names or globs."""
    kinds = [device] if device else devices()
    rows = []
    for op in sorted(_core.all_ops()):
        if patterns and not any(fnmatch.fnmatchcase(op, p) for p in patterns):
            continue
        rows.append((op, {kind: supported(op, kind) for kind in kinds}))
    return rows


def _as_text(rows, out):
    width = max((len(op) for op, _ in rows), default=0)
    for op, by_device in rows:
        for kind, names in by_device.items():
            out.write("%-*s  %s  %s\n" % (width, op, kind, " ".join(names) or "none"))


def _as_tsv(rows, out):
    out.write("op\tdevice\tdtypes\n")
    for op, by_device in rows:
        for kind, names in by_device.items():
            out.write("%s\t%s\t%s\n" % (op, kind, ",".join(names)))


def _as_markdown(rows, out):
    used = {n for _, by_device in rows for names in by_device.values() for n in names}
    columns = [n for n in _ORDER if n in used]
    out.write("| op | device | %s |\n" % " | ".join(columns))
    out.write("|%s\n" % ("---|" * (len(columns) + 2)))
    for op, by_device in rows:
        for kind, names in by_device.items():
            cells = ["x" if c in names or names == ["-"] else "" for c in columns]
            out.write("| %s | %s | %s |\n" % (op, kind, " | ".join(cells)))


def add_command(commands):
    """Adds `support` to the subcommands of an argparse parser."""
    parser = commands.add_parser("support", help=__doc__, description=__doc__)
    parser.add_argument("ops", nargs="*", metavar="OP", help="names or globs, such as 'Conv*'")
    parser.add_argument("--device", help="one kind of device, such as CPU")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", dest="write", action="store_const", const=_as_markdown)
    form.add_argument("--tsv", dest="write", action="store_const", const=_as_tsv)
    parser.set_defaults(run=_run, write=_as_text)


def _run(options):
    rows = table(options.ops, options.device)
    if not rows:
        sys.stderr.write("no op is called %s\n" % " ".join(options.ops))
        return 1
    options.write(rows, sys.stdout)
    return 0
