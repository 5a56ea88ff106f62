# SPDX-License-Identifier: Apache-2.0
"""tf.gfile and tf.io.gfile: what they do and how they fail, as TensorFlow 1.15 does."""

import os

import pytest

import caudal as tf
from caudal.io import file_io

pytestmark = pytest.mark.no_graph
gfile = tf.gfile


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def put(path, text="text"):
    with gfile.GFile(path, "w") as file:
        file.write(text)


def fails(error, message, function, *args, **kwargs):
    with pytest.raises(error) as info:
        function(*args, **kwargs)
    assert message in str(info.value)


def test_reading():
    put("f", "hello\nworld\n")
    file = gfile.GFile("f")
    assert (file.name, file.mode, file.size()) == ("f", "r", 12)
    assert file.readline() == "hello\n" and file.tell() == 6
    assert file.readlines() == ["world\n"] and file.read() == ""
    file.seek(2)
    assert file.read(3) == "llo"
    file.seek(-3, whence=2)
    assert list(file) == ["ld\n"]
    fails(tf.errors.OutOfRangeError, "reached end of file", file.seek, 100)
    fails(tf.errors.InvalidArgumentError, "negative position: -2", file.seek, -2)
    fails(tf.errors.InvalidArgumentError, "Invalid whence argument: 7", file.seek, 0, 7)
    fails(TypeError, "offset argument required", file.seek)
    fails(tf.errors.PermissionDeniedError, "File isn't open for writing", file.write, "x")
    file.close()
    assert file.read() == "hello\nworld\n"  # opened anew
    with gfile.FastGFile("f", "rb") as file:
        assert next(file) == b"hello\n" and file.read() == b"world\n"
    # Opened when used, as in TensorFlow.
    file = gfile.Open("none")
    fails(tf.errors.NotFoundError, "none; No such file or directory", file.read)
    fails(tf.errors.NotFoundError, "none; No such file or directory", file.size)
    os.mkdir("d")
    fails(tf.errors.FailedPreconditionError, "Is a directory", gfile.GFile("d").read)
    fails(tf.errors.InvalidArgumentError, "mode is not", gfile.GFile, "f", "q")


def test_writing():
    file = gfile.GFile("f", "w")
    assert not gfile.Exists("f")
    file.write("é")
    file.write(b"b")
    assert file.tell() == 3
    file.flush()
    assert gfile.GFile("f").read() == "éb"
    fails(tf.errors.PermissionDeniedError, "File isn't open for reading", file.read)
    file.close()
    with gfile.GFile("f", "a") as file:
        file.write("c")
    with gfile.GFile("f", "r+") as file:
        assert file.read() == "ébc"
    nowhere = gfile.GFile("none/f", "w")
    fails(tf.errors.NotFoundError, "none/f; No such file", nowhere.write, "x")


def test_folders():
    gfile.MakeDirs("a/b/c")
    gfile.MakeDirs("a/b/c")
    gfile.MkDir("a")
    put("a/f.txt")
    fails(tf.errors.NotFoundError, "x/y; No such file", gfile.MkDir, "x/y")
    assert sorted(gfile.ListDirectory("a")) == ["b", "f.txt"]
    fails(tf.errors.NotFoundError, "Could not find directory none", gfile.ListDirectory, "none")
    assert gfile.IsDirectory("a") and not gfile.IsDirectory("a/f.txt")
    assert not gfile.Exists("none") and gfile.Exists(b"a") and not gfile.Exists("a\0")
    down = [("a", ["b"], ["f.txt"]), ("a/b", ["c"], []), ("a/b/c", [], [])]
    assert list(gfile.Walk("a")) == down
    assert list(gfile.Walk("a", in_order=False)) == down[::-1]
    assert list(gfile.Walk("none")) == []
    assert gfile.Glob("a/*") == ["a/b", "a/f.txt"]
    assert gfile.Glob(["a/f*", "a"]) == ["a/f.txt", "./a"]
    statistics = gfile.Stat("a/f.txt")
    assert statistics.length == 4 and not statistics.is_directory
    assert statistics.mtime_nsec > 10**18 and gfile.Stat("a").is_directory
    fails(tf.errors.FailedPreconditionError, "Not a directory", gfile.DeleteRecursively, "a/f.txt")
    fails(tf.errors.NotFoundError, "none not found", gfile.DeleteRecursively, "none")
    gfile.DeleteRecursively("a")
    assert not gfile.Exists("a")


def test_copies_and_names():
    put("f")
    os.mkdir("d")
    gfile.Copy("f", "g")
    fails(tf.errors.AlreadyExistsError, "file already exists", gfile.Copy, "f", "g")
    gfile.Copy("f", "g", overwrite=True)
    fails(tf.errors.NotFoundError, "none; No such file", gfile.Copy, "none", "h")
    fails(tf.errors.AlreadyExistsError, "file already exists", gfile.Rename, "g", "f")
    gfile.Rename("g", "f", True)
    fails(tf.errors.NotFoundError, "none; No such file", gfile.Rename, "none", "h")
    fails(tf.errors.NotFoundError, "none; No such file", gfile.Remove, "none")
    fails(tf.errors.FailedPreconditionError, "Is a directory", gfile.Remove, "d")
    fails(tf.errors.NotFoundError, "none; No such file", gfile.Stat, "none")
    gfile.Remove("f")
    assert gfile.ListDirectory(".") == ["d"]


def test_names_of_version_2(tmp_path):
    v2 = tf.io.gfile
    v2.makedirs(tmp_path / "m" / "n")
    v2.mkdir("m/o")
    put("m/f")
    v2.copy("m/f", "m/g")
    v2.rename("m/g", "m/h")
    assert v2.exists("m/h") and v2.isdir("m/n") and v2.stat("m/h").length == 4
    assert sorted(v2.listdir("m")) == ["f", "h", "n", "o"]
    assert v2.glob("m/?") == ["m/f", "m/h", "m/n", "m/o"]
    missing = []
    assert list(v2.walk("none", onerror=missing.append)) == [] and len(missing) == 1
    assert [p for p, _, _ in v2.walk("m", topdown=False)] == ["m/n", "m/o", "m"]
    v2.remove("m/f")
    v2.rmtree("m")
    assert not v2.exists("m")


def test_whole_files():
    file_io.write_string_to_file("f", "abc")
    assert file_io.read_file_to_string("f") == "abc"
    assert file_io.read_file_to_string("f", True) == b"abc"
    assert file_io.file_crc32("f") == "0x352441c2"
    file_io.atomic_write_string_to_file("g", "abc")
    assert file_io.filecmp("f", "g")
    fails(
        tf.errors.AlreadyExistsError, "exists", file_io.atomic_write_string_to_file, "g", "", False
    )
