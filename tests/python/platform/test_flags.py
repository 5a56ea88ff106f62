# SPDX-License-Identifier: Apache-2.0
"""Flags, tf.app.run and tf.logging."""

import subprocess
import sys
import textwrap

import pytest

from caudal.platform import flags, tf_logging

pytestmark = pytest.mark.no_graph


@pytest.fixture
def values():
    fv = flags.FlagValues()
    flags.DEFINE_string("s", "d", "a string", flag_values=fv)
    flags.DEFINE_integer("i", 3, "an int", lower_bound=0, flag_values=fv)
    flags.DEFINE_float("f", 0.5, "a float", flag_values=fv)
    flags.DEFINE_boolean("b", True, "a bool", flag_values=fv)
    flags.DEFINE_enum("e", "x", ["x", "y"], "an enum", flag_values=fv)
    flags.DEFINE_list("l", "a,b", "a list", flag_values=fv)
    flags.DEFINE_multi_integer("m", [1], "several", flag_values=fv)
    flags.DEFINE_string("none", None, "no default", flag_values=fv)
    return fv


def test_defaults(values):
    assert values(["prog"]) == ["prog"]
    assert values.flag_values_dict() == {
        "s": "d",
        "i": 3,
        "f": 0.5,
        "b": True,
        "e": "x",
        "l": ["a", "b"],
        "m": [1],
        "none": None,
    }
    assert "s" in values and "t" not in values and len(values) == 8
    assert sorted(values) == sorted(["s", "i", "f", "b", "e", "l", "m", "none"])


def test_forms_of_arguments(values):
    rest = values(
        [
            "p",
            "--s=q",
            "--i",
            "4",
            "--nob",
            "-e=y",
            "--l=u, v",
            "--m=4",
            "--m",
            "5",
            "-f",
            "1e-3",
            "pos",
            "--s=not_parsed",
        ]
    )
    assert rest == ["p", "pos", "--s=not_parsed"]
    assert (values.s, values.i, values.f, values.b, values.e) == ("q", 4, 1e-3, False, "y")
    assert values.l == ["u", "v"] and values.m == [4, 5]
    values.unparse_flags()
    assert values(["p", "--b=false", "--", "--s=x"]) == ["p", "--s=x"]
    assert values.b is False and values.s == "d"
    assert values(["p", "--s="]) == ["p"] and values.s == ""
    assert values["s"].present == 1 and values["i"].default == 3


@pytest.mark.parametrize(
    "argument,text",
    [
        ("--i=-1", "flag --i=-1: -1 is not a non-negative integer"),
        ("--i=abc", "flag --i=abc: invalid literal"),
        ("--e=z", "value should be one of <x|y>"),
        ("--b=maybe", "Non-boolean argument to boolean flag"),
        ("--f=x", "could not convert string to float"),
    ],
)
def test_bad_values(values, argument, text):
    with pytest.raises(flags.IllegalFlagValueError) as error:
        values(["p", argument])
    assert text in str(error.value)


def test_unknown_and_missing(values):
    with pytest.raises(flags.UnrecognizedFlagError, match="Unknown command line flag 'zz'"):
        values(["p", "--zz=4"])
    assert values(["p", "--zz=4", "--i=5", "x"], known_only=True) == ["p", "--zz=4", "x"]
    assert values.i == 5
    assert values(["p", "--undefok=zz", "--zz=4"]) == ["p"]
    with pytest.raises(flags.Error, match="Missing value for flag --i"):
        values(["p", "--i"])
    with pytest.raises(AttributeError):
        getattr(values, "zz")  # noqa: B009
    with pytest.raises(AttributeError):
        values.zz = 3


def test_setting_and_defaults(values):
    values(["p"])
    values.s = "new"
    assert values.s == "new"
    values.set_default("i", 7)
    assert values.i == 7
    del values.s
    assert "s" not in values


def test_validators(values):
    flags.register_validator("i", lambda v: v < 10, "too large", flag_values=values)
    flags.mark_flag_as_required("none", flag_values=values)
    with pytest.raises(flags.IllegalFlagValueError, match="must have a value other than None"):
        values(["p"])
    with pytest.raises(flags.IllegalFlagValueError, match="flag --i=11: too large"):
        values(["p", "--none=x", "--i=11"])
    values(["p", "--none=x", "--i=9"])
    with pytest.raises(flags.IllegalFlagValueError):
        values.i = 12


def test_redefinition(values):
    with pytest.raises(flags.DuplicateFlagError, match="The flag 's' is defined twice"):
        flags.DEFINE_string("s", "d", "again", flag_values=values)
    holder = flags.DEFINE_string(
        flag_name="old", default_value="v", docstring="old names", flag_values=values
    )
    values(["p"])
    assert holder.value == "v" and holder.name == "old" and not holder.present


def test_text_round_trip(values, tmp_path):
    values(["p", "--s=a b", "--m=1", "--m=2", "--nob", "--l=x,y"])
    path = tmp_path / "flags"
    path.write_text("# comment\n" + values.flags_into_string())
    values.unparse_flags()
    values(["p", "--flagfile=%s" % path])
    assert (values.s, values.m, values.b, values.l) == ("a b", [1, 2], False, ["x", "y"])


PROGRAM = textwrap.dedent('''
    """Does things."""
    import sys
    import caudal.platform.app as app
    flags = app.flags
    flags.DEFINE_integer("i", 3, "an int")
    flags.DEFINE_boolean("b", True, "a bool")
    FLAGS = flags.FLAGS

    def main(argv):
        print(argv[1:], FLAGS.i, FLAGS.b)
        return 3

    if __name__ == "__main__":
        if "lazy" in sys.argv:
            sys.argv.remove("lazy")
            print(FLAGS.i)
        else:
            app.run()
''')


def _run(tmp_path, *arguments):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return subprocess.run([sys.executable, str(path), *arguments], capture_output=True, text=True)


def test_app_run(tmp_path):
    done = _run(tmp_path, "--i=5", "--unknown", "--nob", "x")
    assert done.stdout == "['--unknown', 'x'] 5 False\n" and done.returncode == 3
    done = _run(tmp_path, "lazy", "--i=8")
    assert done.stdout == "8\n"
    done = _run(tmp_path, "lazy", "--zz=8")
    assert "Unknown command line flag 'zz'" in done.stderr and done.returncode == 1
    done = _run(tmp_path, "--help")
    assert done.returncode == 1
    for part in ("Does things.", "--[no]b: a bool", "--i: an int", "(default: '3')"):
        assert part in done.stdout


def test_logging(capsys):
    program = textwrap.dedent("""
        from caudal.platform import tf_logging as log
        log.info("hidden"); log.warning("seen %d", 1)
        log.set_verbosity(log.INFO)
        for i in range(5):
            log.log_first_n(log.INFO, "first %d", 2, i)
            log.log_every_n(log.INFO, "every %d", 2, i)
        log.log_if(log.ERROR, "no", False)
        log.error("bad"); log.debug("hidden")
        assert log.get_verbosity() == log.INFO == 20
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.splitlines() == [
        "WARNING:tensorflow:seen 1",
        "INFO:tensorflow:first 0",
        "INFO:tensorflow:every 0",
        "INFO:tensorflow:first 1",
        "INFO:tensorflow:every 2",
        "INFO:tensorflow:every 4",
        "ERROR:tensorflow:bad",
    ]
    assert done.stdout == "" and tf_logging.FATAL == 50
