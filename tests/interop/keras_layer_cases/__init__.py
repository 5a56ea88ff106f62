# SPDX-License-Identifier: Apache-2.0
"""Layers on small inputs, measured in the same way under real Keras and under caudal.keras.

Every module beside this one holds `CASES`, a list of plain data:

    (name, class name, kwargs, input shape[, options])

* input shape: of one input with its batch, (2, 5, 3), or a list of such tuples.
* kwargs: may hold layers: {"layer": "Dense", "kwargs": {"units": 3}} (in lists, too).
* options, a dict:
    mask           rows of 0 and 1, [batch][steps], for a Masking in front of the (first) input
    integers       n: the inputs are integers in [0, n)
    call           further arguments of the call of the layer
    fixed_batch    True: the Input knows the size of the batch
    random         True: the output while training is random, so only inference is measured
    no_config      True: the configuration is not compared (it holds code)
    tolerance      absolute tolerance, default 2e-5

Inputs, weights, targets and the factors of the gradient come from RandomState(crc32(name)), so
only results are kept: tests/data/keras_layers/MODULE.npz, which tests/interop/record_keras.py
writes under real Keras. tests/python/keras/layers/test_recorded.py replays all modules here.
This package runs under Python 3.7 as well.
"""

import importlib
import json
import pathlib
import zlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[1] / "data" / "keras_layers"
MODULES = sorted(p.stem for p in HERE.glob("*.py") if p.stem != "__init__")


class Case:
    """One row of `CASES`."""

    def __init__(self, name, class_name, kwargs, shapes, options=None):
        self.name = name
        self.class_name = class_name
        self.kwargs = kwargs
        self.several = isinstance(shapes, list)
        self.shapes = shapes if self.several else [shapes]
        self.options = options or {}

    def source(self):
        return np.random.RandomState(zlib.crc32(self.name.encode()) & 0x7FFFFFFF)

    def arrays(self):
        """The inputs."""
        source = self.source()
        integers = self.options.get("integers")
        if integers:
            return [source.randint(integers, size=s).astype("float32") for s in self.shapes]
        arrays = [source.uniform(-1, 1, s).astype("float32") for s in self.shapes]
        if "mask" in self.options:
            kept = np.array(self.options["mask"], "float32")
            arrays[0] *= kept.reshape(kept.shape + (1,) * (arrays[0].ndim - kept.ndim))
        return arrays


def cases_of(module):
    """The Cases of a module, by name."""
    rows = importlib.import_module(__name__ + "." + module).CASES
    cases = {row[0]: Case(*row) for row in rows}
    assert len(cases) == len(rows), "names of cases must be unique"
    return cases


def plain(config):
    """A configuration as JSON gives it back."""
    return json.loads(json.dumps(config, default=lambda x: x.item(), sort_keys=True))


def built_kwargs(keras, value):
    """`value` with layers in the place of their descriptions."""
    if isinstance(value, dict):
        if "layer" in value and isinstance(value["layer"], str):
            cls = getattr(keras.layers, value["layer"])
            return cls(**built_kwargs(keras, value.get("kwargs", {})))
        return {k: built_kwargs(keras, v) for k, v in value.items()}
    if isinstance(value, list):
        return [built_kwargs(keras, v) for v in value]
    return value


def make_layer(keras, case):
    kwargs = built_kwargs(keras, case.kwargs)
    return getattr(keras.layers, case.class_name)(name="layer", **kwargs)


def listed(x):
    return list(x) if isinstance(x, (list, tuple)) else [x]


def connect(keras, case, layer):
    """(inputs, what the layer gets, outputs) of a call."""
    inputs = []
    for shape in case.shapes:
        if case.options.get("fixed_batch"):
            inputs.append(keras.layers.Input(batch_shape=shape))
        else:
            inputs.append(keras.layers.Input(shape=shape[1:]))
    given = list(inputs)
    if "mask" in case.options:
        given[0] = keras.layers.Masking(mask_value=0.0, name="mask")(given[0])
    outputs = layer(given if case.several else given[0], **case.options.get("call", {}))
    return inputs, given, listed(outputs)


def drawn_weights(case, shapes):
    """Values for weights: [(name, shape), ...]; those called variance are positive."""
    source = case.source()
    values = [source.uniform(-0.7, 0.7, shape).astype("float32") for _, shape in shapes]
    for i, (name, _) in enumerate(shapes):
        if "variance" in name:
            values[i] = np.abs(values[i]) + np.float32(0.3)
    return values


def measure(keras, tf, case, optimizer=None):
    """What a layer says of itself and what it computes.

    Args:
      keras, tf: the modules of the library under measurement.
      case: Case.
      optimizer: class, instead of SGD.

    Returns:
      (facts, arrays): a dict of plain values, and a dict of arrays: "output/I" for inference,
      "train_output/I" where training differs, "mask/I", "gradient/I" of sum(outputs * factors)
      towards inputs and trainable weights, "loss" and "updated/I" of a step of SGD.
    """
    K = keras.backend
    layer = make_layer(keras, case)
    inputs, given, outputs = connect(keras, case, layer)
    weights = layer.weights
    names = [(w.name.split(":")[0], K.int_shape(w)) for w in weights]
    layer.set_weights(drawn_weights(case, names))
    arrays = case.arrays()
    shapes = [K.int_shape(x) for x in given]
    phase = any(getattr(y, "_uses_learning_phase", False) for y in outputs)
    computed = layer.compute_output_shape(shapes if case.several else shapes[0])
    facts = {
        "weights": [[name, list(shape)] for name, shape in names],
        "trainable": len(layer.trainable_weights),
        "shapes": [list(K.int_shape(y)) for y in outputs],
        "computed": [list(s) for s in (computed if isinstance(computed, list) else [computed])],
        "phase": phase,
        "parameters": layer.count_params(),
        "types": [K.dtype(y) for y in outputs],
    }
    if not case.options.get("no_config"):
        facts["config"] = layer.get_config()
    results = {}

    def keep(kind, values):
        for i, value in enumerate(values):
            if value is not None:
                results["%s/%d" % (kind, i)] = np.asarray(value)

    values = K.function(inputs, outputs)(arrays)
    keep("output", values)
    masks = [m for m in listed(layer.get_output_mask_at(0)) if m is not None]
    facts["masks"] = len(masks)
    if masks:
        keep("mask", K.function(inputs, masks)(arrays))
    source = case.source()
    floats = [y for y in outputs if K.dtype(y).startswith("float")]
    factors = [source.uniform(-1, 1, v.shape).astype("float32") for v in values]
    total = sum(K.sum(y * K.constant(f)) for y, f in zip(outputs, factors) if y in floats)
    wanted = [] if case.options.get("integers") else list(inputs)
    wanted += layer.trainable_weights
    if wanted and floats:
        gradients = K.gradients(total, wanted)
        there = [g for g in gradients if g is not None]
        facts["gradients"] = [g is not None for g in gradients]
        dense = [tf.convert_to_tensor(g) for g in there]
        if dense:
            keep("gradient", K.function(inputs, dense)(arrays))
    if phase and not case.options.get("random"):
        train = K.function(inputs + [K.learning_phase()], outputs)
        keep("train_output", train(arrays + [1]))
    if not case.options.get("random") and len(floats) == len(outputs):
        model = keras.models.Model(inputs, outputs)
        model.compile((optimizer or keras.optimizers.SGD)(0.1), "mse")
        targets = [source.uniform(-1, 1, v.shape).astype("float32") for v in values]
        layer.set_weights(drawn_weights(case, names))
        loss = model.train_on_batch(arrays, targets)
        results["loss"] = np.float32(listed(loss)[0])
        keep("updated", layer.get_weights())
    return plain(facts), results


def save(path, measured):
    """Writes {name: (facts, arrays)} as one compressed file."""
    index, chunks, start = {}, [], 0
    for name, (facts, arrays) in measured.items():
        places = {}
        for key, array in arrays.items():
            places[key] = [start, list(array.shape)]
            chunks.append(np.asarray(array, "float32").ravel())
            start += array.size
        index[name] = [facts, places]
    text = json.dumps(index, sort_keys=True, separators=(",", ":"))
    np.savez_compressed(
        path,
        index=np.frombuffer(text.encode(), "uint8"),
        values=np.concatenate(chunks) if chunks else np.zeros(0, "float32"),
    )


def load(path):
    """What `save` wrote."""
    with np.load(path) as file:
        values, index = file["values"], json.loads(file["index"].tobytes().decode())
    return {
        name: (
            facts,
            {k: values[i : i + int(np.prod(s))].reshape(s) for k, (i, s) in places.items()},
        )
        for name, (facts, places) in index.items()
    }
