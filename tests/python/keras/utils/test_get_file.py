# SPDX-License-Identifier: Apache-2.0
"""Files from URLs: cache, hashes, archives, and what goes wrong."""

import io
import os
import pathlib
import tarfile
import zipfile

import pytest

from caudal.keras.utils import get_file
from caudal.keras.utils.data_utils_files import _extract_archive, _hash_file, validate_file


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def origin(tmp_path):
    file = tmp_path / "source.txt"
    file.write_text("Float like a butterfly.")
    return file.as_uri()


def archive(path, members):
    with tarfile.open(path, "w:gz") as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                file.addfile(member, io.BytesIO(content))
            else:
                member.type, member.linkname = content
                file.addfile(member)


def test_a_file_is_downloaded_once(home, origin, tmp_path, capsys):
    path = get_file("a.txt", origin)
    assert path == str(home / "datasets" / "a.txt")
    assert pathlib.Path(path).read_text() == "Float like a butterfly."
    assert "Downloading data" in capsys.readouterr().out
    (tmp_path / "source.txt").unlink()
    assert get_file("a.txt", origin) == path
    assert get_file(path, origin) == path
    assert get_file("a.txt", (pathlib.Path(path)).as_uri(), cache_subdir="more").endswith(
        os.path.join("more", "a.txt")
    )


def test_hashes(home, origin):
    path = get_file("a.txt", origin)
    for algorithm in ("md5", "sha256"):
        value = _hash_file(path, algorithm)
        assert validate_file(path, value) and validate_file(path, value, algorithm)
        assert not validate_file(path, value[::-1])
        get_file("a.txt", origin, file_hash=value)
    get_file("a.txt", origin, md5_hash=_hash_file(path, "md5"))


def test_a_wrong_file_is_replaced(home, origin, capsys):
    path = pathlib.Path(get_file("a.txt", origin))
    right = _hash_file(path)
    path.write_text("other")
    get_file("a.txt", origin, file_hash=right)
    assert path.read_text().startswith("Float")
    assert "re-download" in capsys.readouterr().out


def test_a_download_with_another_hash_is_not_kept(home, origin):
    with pytest.raises(ValueError, match="hash"):
        get_file("a.txt", origin, file_hash="0" * 64)
    assert os.listdir(home / "datasets") == []


def test_no_file(home, tmp_path):
    missing = (tmp_path / "missing").as_uri()
    with pytest.raises(OSError, match="URL fetch failure on .*missing.*datasets.*name a.txt"):
        get_file("a.txt", missing)
    assert os.listdir(home / "datasets") == []


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_archives_are_unpacked(home, tmp_path, kind):
    path = tmp_path / "source"
    if kind == "tar":
        archive(path, {"top/a.txt": b"a"})
    else:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("top/a.txt", "a")
    get_file("pack", path.as_uri(), extract=True)
    assert (home / "datasets" / "top" / "a.txt").read_text() == "a"
    assert not _extract_archive(str(path), str(tmp_path), None)
    assert not _extract_archive(str(path), str(tmp_path), "zip" if kind == "tar" else "tar")
    with pytest.raises(ValueError, match="Unknown archive format"):
        _extract_archive(str(path), str(tmp_path), "rar")


def test_untar(home, tmp_path):
    archive(tmp_path / "source", {"top/a.txt": b"a"})
    origin = (tmp_path / "source").as_uri()
    path = get_file("top", origin, untar=True)
    assert path == str(home / "datasets" / "top") and os.listdir(path) == ["a.txt"]
    (home / "datasets" / "top.tar.gz").unlink()
    (tmp_path / "source").unlink()
    assert get_file("top", origin, untar=True) == path  # it has been unpacked already


@pytest.mark.parametrize("members", [
    {"../out.txt": b"x"},
    {"/out.txt": b"x"},
    {"top/../../out.txt": b"x"},
    {"link": (tarfile.SYMTYPE, "../.."), "link/out.txt": b"x"},
    {"link": (tarfile.SYMTYPE, "/tmp")},
    {"hard": (tarfile.LNKTYPE, "../../out.txt")},
    {"device": (tarfile.CHRTYPE, "")},
    {"C:/out.txt": b"x"},
])  # fmt: skip
def test_archives_that_lead_out_of_their_folder(tmp_path, members):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    archive(tmp_path / "bad", members)
    with pytest.raises(ValueError):
        _extract_archive(str(tmp_path / "bad"), str(inside))
    assert list(inside.iterdir()) == [] and sorted(os.listdir(tmp_path)) == ["a", "bad"]


def test_zip_files_that_lead_out_of_their_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad", "w") as file:
        file.writestr("../out.txt", "x")
    with pytest.raises(ValueError, match="lead out"):
        _extract_archive(str(tmp_path / "bad"), str(tmp_path / "a"))
