# SPDX-License-Identifier: Apache-2.0
"""The line that shows how far a loop is: the texts are those of Keras 2.2.4."""

import pytest

from caudal.keras.utils import progbar
from caudal.keras.utils.generic_utils import Progbar


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progbar.time, "time", lambda: now[0])
    return now


def test_bar(clock, capsys):
    bar = Progbar(4, width=8)
    for step, loss in ((1, 2.0), (2, 1.0), (4, 0.00001)):
        clock[0] += 2
        bar.update(step, [("loss", loss)])
    assert capsys.readouterr().out == (
        "\n1/4 [=>......] - ETA: 6s - loss: 2.0000"
        "\n2/4 [===>....] - ETA: 4s - loss: 1.5000"
        "\n4/4 [========] - 6s 2s/step - loss: 0.7500\n"
    )


def test_stateful_values_and_small_ones(clock, capsys):
    bar = Progbar(200, verbose=2, stateful_metrics=["acc"])
    bar.update(100, [("loss", 1e-5), ("acc", 0.25)])
    bar.add(100, [("loss", 3e-5), ("acc", 0.5)])
    assert capsys.readouterr().out == " - 0s - loss: 2.0000e-05 - acc: 0.5000\n"


@pytest.mark.parametrize("seconds, text", [
    (10, "ETA: 10s"), (61, "ETA: 1:01"), (3661, "ETA: 1:01:01"),
])  # fmt: skip
def test_time_that_is_left(clock, capsys, seconds, text):
    bar = Progbar(2)
    clock[0] += seconds
    bar.update(1)
    assert text in capsys.readouterr().out


@pytest.mark.parametrize("seconds, text", [(2, "2s/step"), (0.02, "20ms/step"), (1e-5, "10us")])
def test_time_of_a_step(clock, capsys, seconds, text):
    bar = Progbar(1)
    clock[0] += seconds
    bar.update(1)
    assert text in capsys.readouterr().out


def test_interval(clock, capsys):
    bar = Progbar(100, interval=1)
    for step in range(1, 101):
        clock[0] += 0.125
        bar.update(step)
    text = capsys.readouterr().out
    assert text.count("ETA") == 13 and text.count("100/100 [") == 1


def test_without_a_target(clock, capsys):
    bar = Progbar(None)
    bar.update(3, [("loss", 2.0)])
    bar.add(2)
    assert capsys.readouterr().out == (
        "\n      3/Unknown - 0s 0us/step - loss: 2.0000"
        "\n      5/Unknown - 0s 0us/step - loss: 2.0000"
    )


def test_a_terminal_is_written_over(clock, capsys, monkeypatch):
    monkeypatch.setattr(progbar.sys.stdout, "isatty", lambda: True, raising=False)
    bar = Progbar(2, width=4)
    bar.update(1, [("loss", 1.0)])
    first = capsys.readouterr().out
    bar.update(2)
    second = capsys.readouterr().out
    assert first[0] == "\r" and second.count("\b") == len(first) - 1
    assert "\n" not in first and second[-1] == "\n"


def test_silence(capsys):
    bar = Progbar(2, verbose=0)
    bar.update(1, [("loss", 1.0)])
    bar.update(2)
    assert capsys.readouterr().out == ""
