# SPDX-License-Identifier: Apache-2.0
"""Reading data in the format of MNIST: whole files, broken ones and missing ones."""

import gzip
import struct

import numpy as np
import pytest

import caudal as tf
from caudal.examples.tutorials.mnist import input_data

mnist = tf.contrib.learn.python.learn.datasets.mnist


def idx(array):
    header = struct.pack(">I", 2048 + array.ndim) + struct.pack(">%dI" % array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    for part, count in (("train", 12), ("t10k", 4)):
        images = np.arange(count * 6).reshape(count, 2, 3)
        labels = np.arange(count) % 10
        with gzip.open(tmp_path / (part + "-images-idx3-ubyte.gz"), "wb") as f:
            f.write(idx(images))
        # Files without compression are taken as well.
        (tmp_path / (part + "-labels-idx1-ubyte")).write_bytes(idx(labels))
    return tmp_path


def test_parts_and_values(folder):
    data = input_data.read_data_sets(str(folder), one_hot=True, validation_size=2)
    assert [d.num_examples for d in data] == [10, 2, 4]
    assert data.test.images.dtype == np.float32 and data.test.labels.shape == (4, 10)
    np.testing.assert_allclose(data.test.images[1], np.arange(6, 12) / 255.0, rtol=1e-6)
    raw = input_data.read_data_sets(
        str(folder), dtype=tf.uint8, reshape=False, validation_size=0
    ).train
    assert raw.images.shape == (12, 2, 3, 1) and raw.images[1, 0, 1, 0] == 7
    assert tf.examples.tutorials.mnist.input_data is input_data
    assert mnist.read_data_sets is input_data.read_data_sets


def test_every_epoch_has_every_example(folder):
    train = input_data.read_data_sets(str(folder), validation_size=0, seed=3).train
    seen = np.concatenate([train.next_batch(5)[0][:, 0] for _ in range(12)])
    for epoch in seen.reshape(5, 12):
        assert len(set(epoch.tolist())) == 12
    assert train.epochs_completed == 4
    again = input_data.read_data_sets(str(folder), validation_size=0, seed=3).train
    np.testing.assert_array_equal(again.next_batch(5)[0][:, 0], seen[:5])


def test_errors_name_what_is_wrong(folder):
    with pytest.raises(ValueError, match="Validation size"):
        input_data.read_data_sets(str(folder), validation_size=13)
    with pytest.raises(TypeError, match="Invalid image dtype"):
        input_data.read_data_sets(str(folder), validation_size=0, dtype=tf.int32)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(OSError) as caught:
        input_data.read_data_sets(str(tmp_path), source_url="http://127.0.0.1:9/")
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        assert name in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.no_graph
@pytest.mark.parametrize("compressed", [True, False])
def test_broken_files(tmp_path, compressed):
    whole = idx(np.ones([3, 2, 2]))
    broken = [whole[:n] for n in (0, 2, 4, 9, 16, 20)]
    broken += [b"\0\0\0\1" + whole[4:], whole + b"x", whole[:4] + b"\xff" * 12 + whole[16:]]
    for data in broken:
        path = tmp_path / "images"
        path.write_bytes(gzip.compress(data) if compressed else data)
        with open(path, "rb") as f, pytest.raises(ValueError):
            mnist.extract_images(f)
    if compressed:
        path.write_bytes(gzip.compress(whole)[:-12])
        with open(path, "rb") as f, pytest.raises(ValueError):
            mnist.extract_images(f)
    with open(path, "wb") as f:
        f.write(idx(np.array([3, 11])))
    with open(path, "rb") as f, pytest.raises(ValueError, match="Label 11"):
        mnist.extract_labels(f, one_hot=True)
