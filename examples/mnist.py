# SPDX-License-Identifier: Apache-2.0
"""Reads MNIST's idx files, gzipped or not. examples/data holds a balanced part of the real set."""

import gzip
import pathlib

import numpy as np

DATA = pathlib.Path(__file__).parent / "data"


def read_idx(path):
    """An idx file of bytes as an array."""
    path = pathlib.Path(path)
    content = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an idx file of bytes")
    rank = content[3]
    start = 4 + 4 * rank
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4)]
    if len(content) != start + int(np.prod(shape, dtype=object)):
        raise ValueError(f"{path} does not hold {shape} bytes")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _find(folder, name):
    for candidate in (folder / f"{name}.gz", folder / name, folder / name.replace("-idx", ".idx")):
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"no {name} or {name}.gz in {folder}")


def load(folder=None):
    """((images, labels) to train on, (images, labels) to test on): [n,28,28,1] in [0,1], int64."""
    folder = pathlib.Path(folder or DATA)
    parts = []
    for prefix in ("train", "t10k"):
        images = read_idx(_find(folder, f"{prefix}-images-idx3-ubyte"))
        labels = read_idx(_find(folder, f"{prefix}-labels-idx1-ubyte"))
        if len(images) != len(labels):
            raise ValueError(f"{len(images)} images but {len(labels)} labels in {folder}")
        parts.append((images[..., np.newaxis].astype(np.float32) / 255, labels.astype(np.int64)))
    return parts


def batches(images, labels, size, rng):
    """One epoch in random order; the rest that does not fill a batch is left out."""
    order = rng.permutation(len(images))
    for start in range(0, len(images) - size + 1, size):
        chosen = order[start : start + size]
        yield images[chosen], labels[chosen]
