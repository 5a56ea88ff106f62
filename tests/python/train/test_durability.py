# SPDX-License-Identifier: Apache-2.0
"""A save that is cut short, by whatever, leaves the last good checkpoint as it was.

CAUDAL_KILLS sets how many times a saving process is killed (default 8).
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import caudal as tf
from caudal import _core

pytestmark = pytest.mark.no_graph

SIZES = {"a": (300, 700), "b": (7,), "c/d": (1, 50000)}
SAVING = """
import itertools, sys
import numpy as np
import caudal as tf

folder, mode, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
sizes = {"a": (300, 700), "b": (7,), "c/d": (1, 50000)}
number = tf.placeholder(tf.int64, [])
step = tf.get_variable("step", [], tf.int64)
assign = [step.assign(number)]
for name, shape in sizes.items():
    v = tf.get_variable(name, shape)
    assign.append(v.assign(tf.fill(shape, tf.cast(number, tf.float32) * len(name))))
saver = tf.train.Saver(max_to_keep=2, sharded=mode == "sharded")
with tf.Session() as session:
    for k in itertools.count(first):
        session.run([a.op for a in assign], {number: k})
        saver.save(session, folder + "/model", global_step=None if mode == "same" else k,
                   write_meta_graph=False)
        print(k, flush=True)
"""


def check(prefix):
    """The number under which a checkpoint was saved, all values of which must fit it."""
    reader = _core.CheckpointReader(prefix)
    step = int(reader.read("step"))
    for name, shape in SIZES.items():
        np.testing.assert_array_equal(
            reader.read(name), np.full(shape, np.float32(step) * len(name), np.float32)
        )
    return step


def environment():
    root = str(pathlib.Path(tf.__file__).parents[1])
    return dict(os.environ, PYTHONPATH=root, OMP_NUM_THREADS="1")


@pytest.mark.parametrize("mode", ["steps", "same", "sharded"])
def test_killed_while_saving(tmp_path, mode):
    kills = int(os.environ.get("CAUDAL_KILLS", "8"))
    rng = random.Random(mode)
    first = 1
    for _ in range((kills + 2) // 3):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(tmp_path), mode, str(first)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip
        done = process.stdout.readline()
        assert done, process.stderr.read()
        time.sleep(rng.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        finished = int((done + process.stdout.read()).split()[-1])
        process.communicate()
        latest = tf.train.latest_checkpoint(str(tmp_path))
        step = check(latest)
        # What was reported as saved is there; the save that was cut short may be, too.
        assert finished <= step <= finished + 1
        first = step + 1
    saved = _core.CheckpointWriter(str(tmp_path / "model"))
    saved.add("x", np.zeros(3))
    saved.finish()
    if mode == "same":
        left = {n for n in os.listdir(tmp_path)}
        assert left == {"checkpoint", "model.index", "model.data-00000-of-00001"}


def save(prefix, value):
    writer = _core.CheckpointWriter(str(prefix))
    writer.add("v", np.full(1000, value, np.float32))
    writer.finish()


def value(prefix):
    values = set(_core.CheckpointReader(str(prefix)).read("v").tolist())
    assert len(values) == 1
    return values.pop()


# Replacing a checkpoint takes several renames. The states that a crash in between leaves: which of
# the new files are there under the name of the first stage and which have theirs already.
@pytest.mark.parametrize(
    "staged, renamed, expected",
    [
        ([], [], 1),
        ([".data-00000-of-00001"], [], 1),
        ([".data-00000-of-00001", ".index"], [], 2),
        ([".index"], [".data-00000-of-00001"], 2),
        ([], [".data-00000-of-00001", ".index"], 2),
    ],
)
def test_cut_short_between_renames(tmp_path, staged, renamed, expected):
    prefix, other = tmp_path / "model", tmp_path / "new"
    save(prefix, 1)
    save(other, 2)
    for ending in staged:
        os.rename(f"{other}{ending}", f"{prefix}{ending}.commit")
    for ending in renamed:
        os.rename(f"{other}{ending}", f"{prefix}{ending}")
    assert value(prefix) == expected
    (tmp_path / "model.index.tempstate0123").write_bytes(b"of a process that is gone")
    # Whoever saves next finishes or forgets what was begun.
    before = value(prefix)
    with pytest.raises(_core.Error):
        writer = _core.CheckpointWriter(str(prefix))
        writer.add("v", np.zeros(3))
        writer.add("v", np.zeros(3))
    del writer
    assert value(prefix) == before
    save(prefix, 3)
    assert value(prefix) == 3
    assert sorted(n for n in os.listdir(tmp_path) if n.startswith("model")) == [
        "model.data-00000-of-00001",
        "model.index",
    ]


def test_shards_of_a_dead_process_go(tmp_path):
    def shard(folder):
        save(tmp_path / folder / "part-00000-of-00001", 1)
        return tmp_path / folder

    dead, others, fresh = shard("model_temp_a"), shard("model_temp_b"), shard("model_temp_c")
    (others / "notes").write_text("of somebody")
    for folder in (dead, others):
        os.utime(folder, (1, 1))
    part = str(shard("model_temp_d") / "part-00000-of-00001")
    _core.merge_checkpoints([part], str(tmp_path / "model"))
    assert value(tmp_path / "model") == 1
    assert not dead.exists() and others.exists() and fresh.exists()


def test_a_writer_at_work_keeps_its_files(tmp_path):
    first = _core.CheckpointWriter(str(tmp_path / "model"))
    first.add("v", np.full(1000, 1, np.float32))
    save(tmp_path / "model", 2)
    first.finish()
    assert value(tmp_path / "model") == 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if mount is None or os.getuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def saver_of(value):
    graph = tf.Graph()
    with graph.as_default():
        v = tf.get_variable("v", initializer=value)
        return graph, v, tf.train.Saver(max_to_keep=None), tf.global_variables_initializer()


def test_full_disk(small_disk):
    graph, _, saver, init = saver_of(np.ones(200000, np.float32))
    prefix = str(small_disk / "model")
    with tf.Session(graph=graph) as session:
        session.run(init)
        saver.save(session, prefix, global_step=1, write_meta_graph=False)
        state = (small_disk / "checkpoint").read_bytes()
        saver.save(session, prefix, global_step=2, write_meta_graph=False)
        with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left on device"):
            saver.save(session, prefix, global_step=3, write_meta_graph=False)
        with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left on device"):
            saver.save(session, prefix, global_step=2, write_meta_graph=False)
        assert tf.train.latest_checkpoint(str(small_disk)) == prefix + "-2"
        for number in (1, 2):
            saver.restore(session, f"{prefix}-{number}")
        left = {n for n in os.listdir(small_disk) if "model" in n}
        assert left == {f"model-{n}{e}" for n in (1, 2) for e in (".index", ".data-00000-of-00001")}
        # Room again: saving works again.
        for ending in (".index", ".data-00000-of-00001"):
            os.remove(f"{prefix}-1{ending}")
        saver.save(session, prefix, global_step=3, write_meta_graph=False)
    assert b"model-1" in state


WITHOUT_RIGHTS = """
import logging, os, sys  # that user may not read what is imported later
import numpy as np
import caudal as tf

prefix = sys.argv[1]
v = tf.get_variable("v", initializer=np.full(9, 5, np.float32))
saver = tf.train.Saver()
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    saver.save(session, prefix, write_meta_graph=False)
    if os.getuid() == 0:
        os.setuid(65534)
    try:
        saver.save(session, prefix, write_meta_graph=False)
    except tf.errors.PermissionDeniedError as error:
        print("refused:", error.message.splitlines()[0])
    saver.restore(session, prefix)
    print(session.run(v).tolist())
"""


@pytest.mark.skipif(os.getuid() != 0, reason="rights are taken away by changing the user")
def test_revoked_rights(tmp_path):
    top = tmp_path
    while top != top.parent:  # the other user must find the folder
        os.chmod(top, os.stat(top).st_mode | 0o055)
        if top.name.startswith("pytest-of-"):
            break
        top = top.parent
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_RIGHTS, str(tmp_path / "model")],
        capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    refused, values = run.stdout.strip().splitlines()[-2:]
    assert refused.startswith("refused: ") and str(tmp_path / "model") in refused
    assert "Permission denied" in refused
    assert values == str([5.0] * 9)
