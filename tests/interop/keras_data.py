# SPDX-License-Identifier: Apache-2.0
"""Images, texts, sequences and data sets, measured in the same way everywhere.

Run with a Python that has Keras 2.2.4, Pillow, SciPy and pandas, this writes
tests/data/keras_data.npz.xz, which tests/python/keras/preprocessing and datasets compare. It
runs under Python 3.7 as well. Texts stand as JSON.
"""

import gzip
import importlib
import io
import json
import lzma
import os
import pathlib
import pickle
import random
import sys
import tarfile
import tempfile

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "keras_data.npz.xz"

IMAGES = np.random.RandomState(3).rand(4, 7, 6, 3).astype("float32") * 255
LABELS = np.arange(4)
GENERATORS = {
    "all": dict(rotation_range=40, width_shift_range=0.2, height_shift_range=3, shear_range=20,
                zoom_range=0.3, channel_shift_range=30.0, horizontal_flip=True,
                vertical_flip=True),
    "shifts": dict(width_shift_range=[-2, 0, 1], height_shift_range=2.5, fill_mode="constant",
                   cval=7.0, zoom_range=(0.5, 1.5)),
    "shares": dict(width_shift_range=[0.1, 0.3], height_shift_range=0.4, fill_mode="reflect"),
    "bright": dict(brightness_range=(0.5, 1.5), horizontal_flip=True, rescale=1 / 255.0),
    "scaled": dict(featurewise_std_normalization=True, samplewise_std_normalization=True,
                   featurewise_center=True, samplewise_center=True),
    "wrapped": dict(rotation_range=90, fill_mode="wrap",
                    preprocessing_function=lambda x: x[::-1] * 2),
}  # fmt: skip
FUNCTIONS = {
    "random_rotation": (40,),
    "random_shift": (0.2, 0.3),
    "random_shear": (20,),
    "random_zoom": ((0.5, 1.5),),
    "random_channel_shift": (20.0,),
}
FLOWS = {
    "categorical": {},
    "sparse": dict(class_mode="sparse", color_mode="grayscale", interpolation="bilinear"),
    "input": dict(class_mode="input", classes=["c", "a"]),
    "none": dict(class_mode=None, color_mode="rgba"),
}
FRAMES = {
    "categorical": {},
    "sparse": dict(class_mode="sparse", classes=["b", "c"]),
    "several": dict(y_col="several"),
    "chosen": dict(y_col="several", classes=["z", "c"]),
    "raw": dict(class_mode="raw", y_col="value", weight_col="weight"),
    "multi_output": dict(class_mode="multi_output", y_col=["value", "class"]),
    "input": dict(class_mode="input"),
    "none": dict(class_mode=None),
}
TEXTS = ["The cat sat on the mat.", "The dog sat on the LOG!", "Don't, dogs & cats living."]
TOKENIZERS = {
    "plain": {},
    "five": dict(num_words=5),
    "oov": dict(oov_token="<u>", num_words=6),
    "characters": dict(char_level=True),
    "split": dict(lower=False, split="t"),
}
SETS = [
    ("mnist", {}),
    ("fashion_mnist", {}),
    ("boston_housing", {}),
    ("boston_housing", dict(test_split=0.5, seed=3)),
    ("cifar100", {}),
    ("cifar100", dict(label_mode="coarse")),
    ("imdb", {}),
    ("imdb", dict(num_words=20, skip_top=4)),
    ("imdb", dict(maxlen=12)),
    ("imdb", dict(start_char=None, oov_char=None, num_words=20, index_from=0)),
    ("imdb", dict(start_char=None, index_from=5, seed=2)),
    ("reuters", {}),
    ("reuters", dict(num_words=20, test_split=0.3)),
    ("reuters", dict(maxlen=12, oov_char=None, skip_top=5)),
]


def _flat(prefix, value, found):
    """Puts arrays inside of tuples and lists into the dict `found`."""
    if isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            _flat("%s/%d" % (prefix, i), item, found)
    else:
        found[prefix] = value


def _text(value):
    return np.array(json.dumps(value, sort_keys=True))


def _part(package, name):
    return importlib.import_module("%s.%s" % (package, name))


def measure_images(package):
    image = _part(package, "preprocessing.image")
    found = {}
    for name, options in GENERATORS.items():
        generator = image.ImageDataGenerator(**options)
        generator.fit(IMAGES, augment=name != "bright", rounds=2, seed=5)
        flow = generator.flow(IMAGES, LABELS, batch_size=3, seed=9, sample_weight=LABELS * 2)
        _flat("flow/%s" % name, [next(flow) for _ in range(3)], found)
        np.random.seed(1)
        flow = generator.flow((IMAGES, [LABELS, LABELS * 3]), LABELS, batch_size=3)
        _flat("sequence/%s" % name, flow[1], found)
    generator = image.ImageDataGenerator(
        rotation_range=40, width_shift_range=0.2, zoom_range=0.3, data_format="channels_first"
    )
    found["channels_first"] = generator.random_transform(IMAGES[0].transpose(2, 0, 1), seed=4)
    for name, arguments in FUNCTIONS.items():
        function = getattr(image, name)
        np.random.seed(8)
        found[name + "/first"] = function(IMAGES[0].transpose(2, 0, 1), *arguments)
        if name != "random_channel_shift":
            np.random.seed(8)
            found[name + "/last"] = function(
                IMAGES[0], *arguments, row_axis=0, col_axis=1, channel_axis=2,
                fill_mode="constant", cval=3.0
            )  # fmt: skip
    np.random.seed(8)
    found["random_brightness"] = image.random_brightness(IMAGES[0], (0.5, 1.5))
    return found


def write_pictures(folder):
    """Pictures a/0.png, a/sub/1.png, ... of three classes; returns the names."""
    from PIL import Image

    rng = np.random.RandomState(4)
    names = []
    for kind in "abc":
        os.makedirs(os.path.join(folder, kind, "sub"))
        for i in range(5):
            name = "%s/%s%d.png" % (kind, "sub/" if i % 2 else "", i)
            picture = Image.fromarray(rng.randint(0, 256, (6, 7, 3)).astype("uint8"))
            picture.save(os.path.join(folder, name))
            names.append(name)
    return names


def columns(names):
    """A table of pictures as a dict of lists; the last file does not exist."""
    classes = [name[0] for name in names] + ["a"]
    return {
        "filename": names + ["nothing.png"],
        "class": classes,
        "several": [[c, "z"] if i % 2 else c for i, c in enumerate(classes)],
        "value": [float(i) for i in range(len(classes))],
        "weight": [2.0 * i for i in range(len(classes))],
    }


def measure_files(package, table=dict):
    """Batches of files; `table` makes a table of a dict of lists."""
    image = _part(package, "preprocessing.image")
    generator = image.ImageDataGenerator(
        rotation_range=20, horizontal_flip=True, validation_split=0.4
    )
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        frame = table(columns(write_pictures(folder)))
        for subset in (None, "training", "validation"):
            options = dict(target_size=(4, 3), batch_size=4, seed=3, subset=subset)
            flows = [
                ("folder/%s" % name, generator.flow_from_directory(folder, **options, **more))
                for name, more in FLOWS.items()
            ] + [
                ("frame/%s" % name, generator.flow_from_dataframe(frame, folder, **options, **more))
                for name, more in FRAMES.items()
            ]
            for name, flow in flows:
                prefix = "%s/%s" % (name, subset)
                found[prefix + "/files"] = _text(list(flow.filenames))
                _flat(prefix, next(flow), found)
    return found


def measure_texts(package):
    text = _part(package, "preprocessing.text")
    found = {"hashing_trick": np.array(text.hashing_trick("the cat sat, on THE mat", 7, "md5"))}
    for name, options in TOKENIZERS.items():
        tokenizer = text.Tokenizer(**options)
        texts = TEXTS + ([] if name == "characters" else [["The", "list", "Cat"]])
        tokenizer.fit_on_texts(texts)
        sequences = tokenizer.texts_to_sequences(texts + ["new cat words"])
        config = tokenizer.get_config()
        for table in ("word_docs", "index_docs", "word_counts", "word_index", "index_word"):
            config[table] = json.loads(config[table])
        found["tokenizer/" + name] = _text(
            [sequences, tokenizer.sequences_to_texts(sequences + [[1, 99]]), config]
        )
        for mode in ("binary", "count", "freq", "tfidf"):
            found["matrix/%s/%s" % (name, mode)] = tokenizer.texts_to_matrix(texts, mode)
    return found


def measure_sequences(package):
    sequence = _part(package, "preprocessing.sequence")
    found = {"sampling_table": sequence.make_sampling_table(20)}
    random.seed(4)
    table = sequence.make_sampling_table(7, 0.1)
    words = [1, 2, 0, 3, 4, 5, 6]
    _flat("skipgrams", [np.array(part) for part in sequence.skipgrams(
        words, 7, window_size=2, negative_samples=1.5, sampling_table=table)], found)  # fmt: skip
    _flat("skipgrams/seed", [np.array(part) for part in sequence.skipgrams(
        words, 7, window_size=2, categorical=True, seed=3)], found)  # fmt: skip
    found["padded"] = sequence.pad_sequences(
        [[1], [2, 3, 4], []], maxlen=2, padding="post", truncating="post", value=9
    )
    data = np.arange(40).reshape(20, 2)
    series = sequence.TimeseriesGenerator(
        data, np.arange(20), 4, sampling_rate=2, stride=3, start_index=2, end_index=17,
        reverse=True, batch_size=2,
    )  # fmt: skip
    found["series/config"] = _text(series.get_config())
    _flat("series", series[1], found)
    np.random.seed(2)
    series = sequence.TimeseriesGenerator(data, np.arange(20), 4, shuffle=True, batch_size=5)
    _flat("series/shuffled", series[0], found)
    return found


def _lists(rng, count):
    lists = np.empty(count, dtype=object)
    for i in range(count):
        lists[i] = [int(word) for word in rng.randint(1, 40, rng.randint(3, 15))]
    return lists


def write_sets(folder):
    """Small files in the forms of the data sets, in the folder of a cache."""
    rng = np.random.RandomState(0)

    def path(name):
        return os.path.join(folder, name)

    def images(*shape):
        return rng.randint(0, 256, shape).astype("uint8")

    os.makedirs(path("fashion-mnist"))
    labels = np.arange(3, dtype="uint8")
    np.savez(path("mnist.npz"), x_train=images(3, 2, 2), y_train=labels,
             x_test=images(2, 2, 2), y_test=labels[:2])  # fmt: skip
    np.savez(path("boston_housing.npz"), x=rng.rand(11, 3), y=rng.rand(11))
    np.savez(path("imdb.npz"), x_train=_lists(rng, 12), y_train=rng.randint(0, 2, 12),
             x_test=_lists(rng, 9), y_test=rng.randint(0, 2, 9))  # fmt: skip
    np.savez(path("reuters.npz"), x=_lists(rng, 17), y=rng.randint(0, 46, 17))
    for name in ("imdb", "reuters"):
        with open(path(name + "_word_index.json"), "w") as file:
            json.dump({"a": 1, "b": 2}, file)
    for part, count in (("train", 3), ("t10k", 2)):
        with gzip.open(path("fashion-mnist/%s-labels-idx1-ubyte.gz" % part), "wb") as file:
            file.write(b"\0" * 8 + bytes(bytearray(range(count))))
        with gzip.open(path("fashion-mnist/%s-images-idx3-ubyte.gz" % part), "wb") as file:
            file.write(b"\0" * 16 + images(count * 784).tobytes())
    batch = lambda *kinds: {
        b"data": images(2, 3072), **{kind: [1, 0] for kind in kinds}
    }  # fmt: skip
    _pickles(path("cifar-100-python"), {
        part: batch(b"fine_labels", b"coarse_labels") for part in ("train", "test")})  # fmt: skip
    _pickles(path("cifar-10-batches-py"), {
        part: batch(b"labels")
        for part in ["test_batch"] + ["data_batch_%d" % i for i in range(1, 6)]})  # fmt: skip


def _pickles(path, files):
    with tarfile.open(path + ".tar.gz", "w:gz") as archive:
        for name, content in files.items():
            content = pickle.dumps(content, protocol=2)
            member = tarfile.TarInfo("%s/%s" % (os.path.basename(path), name))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def measure_sets(package):
    """What `load_data` makes of the files of `write_sets`, which are in the cache already."""
    found = {}
    for i, (name, options) in enumerate(SETS):
        parts = _part(package, "datasets." + name).load_data(**options)
        for j, array in enumerate([array for part in parts for array in part]):
            if array.dtype == object:
                array = _text([[int(word) for word in words] for words in array])
            elif array.ndim > 2:
                array = array.reshape(len(array), -1)[:, ::97]
            found["set/%d/%s/%d" % (i, name, j)] = array
        if "seed" in options or name in ("imdb", "reuters"):
            found["set/%d/%s/after" % (i, name)] = np.random.rand()
    for name in ("imdb", "reuters"):
        index = _part(package, "datasets." + name).get_word_index()
        found["set/words/" + name] = _text(index)
    return found


def main():
    import pandas

    found = {}
    for measured in (measure_images("keras"), measure_files("keras", pandas.DataFrame),
                     measure_texts("keras"), measure_sequences("keras")):  # fmt: skip
        found.update(measured)
    from keras.utils import data_utils

    data_utils.validate_file = lambda *args, **kwargs: True
    load = np.load
    np.load = lambda path: load(path, allow_pickle=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        os.makedirs(os.path.join(home, ".keras", "datasets"))
        write_sets(os.path.join(home, ".keras", "datasets"))
        found.update(measure_sets("keras"))
    packed = io.BytesIO()
    np.savez(packed, **{name.replace("/", "|"): value for name, value in found.items()})
    DATA.write_bytes(lzma.compress(packed.getvalue()))
    print("%d values" % len(found))


def load():
    """The record: {name: array}."""
    with np.load(io.BytesIO(lzma.decompress(DATA.read_bytes()))) as file:
        return {name.replace("|", "/"): file[name] for name in file.files}


if __name__ == "__main__":
    sys.exit(main())
