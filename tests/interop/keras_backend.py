# SPDX-License-Identifier: Apache-2.0
"""Functions of Keras' backend, with their gradients, measured in the same way everywhere.

Run with a Python that has Keras 2.2.4 on TensorFlow 1, this writes tests/data/keras_backend.npz,
which tests/python/keras/backend/test_recorded.py compares. It runs under Python 3.7 as well.

A case is (function, arguments, keyword arguments) with `In` in the place of tensors. Of each result
and each gradient the dtype, the shapes and two weighted sums are kept.
"""

import itertools
import json
import pathlib
import zlib

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "keras_backend.npz"


class In:
    """An input of random numbers from -1 to 1.

    Args:
      *shape: of the numbers.
      static: the shape of a placeholder; by default the input is a variable.
      low: the least number.
      integers: n: integers in [0, n), of type int32.
      distribution: the axis along which the numbers are a distribution.
      values: the array instead.
      constant: it has no gradient (fused batch normalisation gives none of its moments).
    """

    def __init__(
        self, *shape, static=None, low=-1.0, integers=None, distribution=None, values=None,
        constant=False,
    ):  # fmt: skip
        self.shape = shape
        self.static = static
        self.low = low
        self.integers = integers
        self.distribution = distribution
        self.values = values
        self.constant = constant

    def array(self, source):
        if self.values is not None:
            return np.array(self.values)
        if self.integers:
            return source.randint(self.integers, size=self.shape).astype("int32")
        array = source.uniform(self.low, 1.0, self.shape)
        if self.distribution is not None:
            array = np.exp(array) / np.exp(array).sum(self.distribution, keepdims=True)
        return array.astype("float32")


def _ints(values):
    return In(values=np.array(values, "int32"))


def _elementwise():
    names = "abs square exp round sign sin cos softplus softsign sigmoid hard_sigmoid tanh"
    for name in names.split():
        yield name, [In(3, 4)], {}
    for name in ("sqrt", "log"):
        yield name, [In(3, 4, low=0.1)], {}
    for name in "maximum minimum equal not_equal greater greater_equal less less_equal".split():
        yield name, [In(3, 4), In(3, 4)], {}
    yield "pow", [In(3, 4), 2], {}
    yield "pow", [In(3, 4, low=0.1), 1.5], {}
    for bounds in ((-0.3, 0.2), (0.2, 0.1), (0, None)):
        yield "clip", [In(3, 4), *bounds], {}
    for alpha, top, threshold in itertools.product((0.0, 0.2), (None, 0.5, 6), (0.0, 0.3, -0.2)):
        yield "relu", [In(4, 5)], {"alpha": alpha, "max_value": top, "threshold": threshold}
    for alpha in (1.0, 0.3):
        yield "elu", [In(3, 4)], {"alpha": alpha}
    for axis in (-1, 0, 1):
        yield "softmax", [In(3, 4, 2)], {"axis": axis}
    for axis in (None, 1):
        yield "l2_normalize", [In(3, 4)], {"axis": axis}


def _reductions():
    for name in "max min sum prod mean var std logsumexp any all".split():
        for kwargs in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": [0, 2]}):
            yield name, [In(2, 3, 4)], kwargs
    for name in "argmax argmin cumsum cumprod".split():
        yield name, [In(2, 3, 4)], {}
        yield name, [In(2, 3, 4)], {"axis": 1}


def _products():
    shapes = [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 3, 4), (3, 4, 5))]
    for x, y in shapes:
        yield "dot", [In(*x), In(*y)], {}
    yield "dot", [In(2, 3, 4, static=(None, None, 4)), In(4, 5)], {}
    yield "dot", [In(2, 3, 4, static=(None, None, 4)), In(3, 4, 5, static=(None, 4, None))], {}
    for x, y, axes in [
        ((2, 3), (2, 3), 1), ((3, 3), (3, 3), None), ((3, 3), (3, 3), (0, 1)),
        ((3, 3), (3, 3), (1, 0)), ((3, 3), (3, 3), 0), ((2, 3, 4), (2, 4, 5), None),
        ((2, 3, 4), (2, 4, 5), (2, 1)), ((2, 3, 4), (2, 5, 4), 2), ((2, 4, 3), (2, 4, 5), 1),
        ((2, 3, 4), (2, 4), (2, 1)), ((2, 4), (2, 4, 5), (1, 1)), ((2, 4), (2, 5, 4), (1, 2)),
        ((2, 3, 4, 5), (2, 3, 5, 6), None), ((4, 1), (4, 1), None),
    ]:  # fmt: skip
        yield "batch_dot", [In(*x), In(*y)], {"axes": axes}


def _arrays():
    dynamic = In(2, 3, 4, static=(None, None, 4))
    yield "reshape", [In(2, 3, 4), (4, -1)], {}
    yield "permute_dimensions", [In(2, 3, 4), (2, 0, 1)], {}
    for name in ("transpose", "flatten", "batch_flatten", "zeros_like", "ones_like", "identity"):
        yield name, [In(2, 3, 4)], {}
    yield "batch_flatten", [dynamic], {}
    for x in (In(2, 3, 4), dynamic):
        for axis in (0, 1, -1):
            yield "repeat_elements", [x, 3, axis], {}
    yield "repeat", [In(2, 3), 4], {}
    yield "tile", [In(2, 3), [2, 3]], {}
    yield "tile", [In(4), 3], {}
    yield "expand_dims", [In(2, 3)], {}
    yield "expand_dims", [In(2, 3), 0], {}
    yield "squeeze", [In(2, 1, 3), 1], {}
    yield "stack", [[In(2, 3), In(2, 3)]], {"axis": 1}
    for axis in (-1, 0, -2):
        yield "concatenate", [[In(2, 2), In(2, 2)]], {"axis": axis}
    yield "reverse", [In(2, 3, 4), 1], {}
    yield "reverse", [In(2, 3, 4), (0, 2)], {}
    yield "slice", [In(2, 3), [0, 1], [2, 2]], {}
    yield "gather", [In(4, 3), In(2, 5, integers=4)], {}
    yield "one_hot", [In(2, 5, integers=4), 3], {}
    for bounds in ((5,), (2, 5), (0, 10, 3), (-3,), (5, 2, -1)):
        yield "arange", list(bounds), {}
    yield "arange", [5], {"dtype": "float32"}
    yield "in_top_k", [In(6, 5), In(6, integers=5), 2], {}
    yield "eye", [4], {}
    yield "zeros", [(2, 3)], {}
    yield "ones", [(2, 3)], {"dtype": "float64"}
    yield "constant", [2], {"shape": (2, 2)}
    yield "cast", [In(2, 3), "int32"], {}
    yield "temporal_padding", [In(2, 3, 2), (1, 3)], {}
    for shape in ((), (2,), (2, 3), (2, 3, 4)):
        yield "switch", [In(*shape, integers=2), In(2, 3, 4), In(2, 3, 4)], {}
    for name in ("in_train_phase", "in_test_phase"):
        for training in (0, 1, None):
            yield name, [In(2, 3), In(2, 3)], {"training": training}


def _losses():
    for logits in (False, True):
        pair = [In(3, 5, distribution=-1), In(3, 5, distribution=-1)]
        yield "categorical_crossentropy", pair, {"from_logits": logits}
        yield "binary_crossentropy", pair, {"from_logits": logits}
        for shape, axis in (((3,), -1), ((3, 1), -1), ((3, 2), -1), ((3, 2), 1)):
            sizes = (3, 5) if shape[1:] in ((), (1,)) else (3, 2, 5) if axis == -1 else (3, 5, 2)
            pair = [In(*shape, integers=5), In(*sizes, distribution=axis)]
            yield "sparse_categorical_crossentropy", pair, {"from_logits": logits, "axis": axis}
    pair = [In(2, 3, 4, distribution=1), In(2, 3, 4, distribution=1)]
    yield "categorical_crossentropy", pair, {"axis": 1}
    labels = [_ints([[0, 1, 2], [1, 1, 0]]), In(2, 6, 4, distribution=-1)]
    yield "ctc_batch_cost", [*labels, _ints([[6], [4]]), _ints([[3], [2]])], {}
    yield "ctc_decode", [In(2, 6, 4, distribution=-1), _ints([6, 4])], {}
    kwargs = {"greedy": False, "beam_width": 10, "top_paths": 3}
    yield "ctc_decode", [In(2, 6, 4, distribution=-1), _ints([6, 4])], kwargs


def _normalization():
    for axes in ([0], [0, 1], [0, 2]):
        yield "normalize_batch_in_training", [In(4, 3, 5), None, None, axes], {}
    for x in (In(2, 3, 4, 5), In(2, 3, 4, 5, static=(None, 3, 4, 5))):
        yield "normalize_batch_in_training", [x, In(5), In(5), [0, 1, 2]], {}
        yield "normalize_batch_in_training", [x, None, None, [0, 1, 2]], {}
        yield "normalize_batch_in_training", [x, In(3), In(3), [0, 2, 3]], {}
    moments = [In(5, constant=True), In(5, low=0.1, constant=True)]
    for shape in ((3, 5), (2, 3, 4, 5)):
        yield "batch_normalization", [In(*shape), *moments, In(5), In(5)], {}
        yield "batch_normalization", [In(*shape), *moments, None, None], {"axis": -1}
    first = [In(1, 3, 1, 1), In(1, 3, 1, 1, low=0.1), In(1, 3, 1, 1), In(1, 3, 1, 1)]
    yield "batch_normalization", [In(2, 3, 4, 5), *first], {"axis": 1}


def _layouts():
    for layout in ("channels_last", "channels_first"):

        def images(*sizes, layout=layout):
            if layout == "channels_first":
                sizes = (sizes[0], sizes[-1], *sizes[1:-1])
            return In(*sizes)

        yield from _convolutions(layout, images)
        yield from _spatial(layout, images)


def _convolutions(layout, images):
    for spatial in (1, 2, 3):
        x, kernel = (6, 7, 5)[:spatial], (3, 2, 3)[:spatial]
        causal = ("causal",) if spatial == 1 and layout == "channels_last" else ()
        for padding in ("valid", "same", *causal):
            for stride, rate in ((1, 1), (2, 1), (1, 2)):
                numbers = [v if spatial == 1 else (v,) * spatial for v in (stride, rate)]
                kwargs = {"padding": padding, "data_format": layout,
                          "strides": numbers[0], "dilation_rate": numbers[1]}  # fmt: skip
                yield "conv%dd" % spatial, [images(2, *x, 3), In(*kernel, 3, 4)], kwargs
                if spatial == 3 or padding == "causal":
                    continue
                depth = In(*kernel, 3, 2)
                if spatial == 2:
                    yield "depthwise_conv2d", [images(2, *x, 3), depth], kwargs
                point = In(*[1] * spatial, 6, 2)
                yield "separable_conv%dd" % spatial, [images(2, *x, 3), depth, point], kwargs
    for shape, kwargs in (
        ((2, 8, 10, 2), {"padding": "same", "strides": (2, 2)}),
        ((2, 9, 11, 2), {"padding": "valid", "strides": (2, 2)}),
        ((2, 4, 5, 2), {"padding": "same", "dilation_rate": (2, 2)}),
    ):
        kwargs["data_format"] = layout
        arguments = [images(2, 4, 5, 3), In(3, 3, 2, 3), images(*shape).shape]
        yield "conv2d_transpose", arguments, kwargs
    kwargs = {"padding": "same", "strides": (2, 2, 2), "data_format": layout}
    arguments = [images(2, 3, 3, 2, 3), In(3, 3, 3, 2, 3), images(2, 6, 6, 4, 2).shape]
    yield "conv3d_transpose", arguments, kwargs
    arguments = [images(2, 5, 7, 3), In(12, 18, 4), (2, 3), (1, 2), (4, 3)]
    yield "local_conv2d", arguments, {"data_format": layout}
    if layout == "channels_last":
        yield "local_conv1d", [In(2, 8, 3), In(3, 6, 4), (2,), (3,)], {}


def _spatial(layout, images):
    kinds = itertools.product(("max", "avg"), ("valid", "same"), (1, 2))
    for mode, padding, stride in kinds:
        kwargs = {"padding": padding, "pool_mode": mode, "data_format": layout}
        strides = (stride,) * 3
        yield "pool2d", [images(2, 5, 6, 3), (2, 3)], {**kwargs, "strides": strides[:2]}
        yield "pool3d", [images(2, 5, 6, 4, 3), (2, 3, 2)], {**kwargs, "strides": strides}
    kwargs = {"data_format": layout}
    for sizes in ((5,), (5, 6), (3, 4, 2)):
        yield "bias_add", [images(2, *sizes, 3), In(3)], kwargs
        yield "bias_add", [images(2, *sizes, 3), In(*sizes, 3)], kwargs
    yield "bias_add", [In(2, 3), In(3)], kwargs
    x = images(2, 3, 4, 2)
    unknown = images(2, 3, 4, 2)
    unknown.static = images(None, None, None, 2).shape
    for interpolation in ("nearest", "bilinear"):
        kwargs = {"interpolation": interpolation}
        yield "resize_images", [x, 2, 3, layout], kwargs
        yield "resize_images", [unknown, 2, 3, layout], kwargs
    yield "resize_volumes", [images(2, 2, 3, 2, 2), 2, 3, 2, layout], {}
    yield "spatial_2d_padding", [x, ((1, 2), (0, 1))], {"data_format": layout}
    volumes = images(2, 2, 3, 2, 2)
    yield "spatial_3d_padding", [volumes, ((1, 2), (0, 1), (2, 2))], {"data_format": layout}


def _loops():
    for unroll, backwards, mask, constants in itertools.product(*[(False, True)] * 4):
        kwargs = {"unroll": unroll, "go_backwards": backwards}
        kept = [[1, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]]
        yield "rnn", [
            In(3, 4, 2, static=(None, 4, 2)), In(2, 2), In(2, 2), In(3, 2),
            In(values=np.array(kept, "float32")) if mask else None,
            In(3, 2) if constants else None,
        ], kwargs  # fmt: skip


def _rnn(K, x, w, r, h, mask, constant, **kwargs):
    """A recurrent step with two states and possibly a constant."""

    def step(x, states):
        output = K.tanh(K.dot(x, w) + K.dot(states[0], r) + sum(states[2:]))
        return output, [output, states[1] + 1.0]

    constants = [] if constant is None else [constant]
    states = [h, K.zeros_like(h)]
    return K.rnn(step, x, states, mask=mask, constants=constants, input_length=4, **kwargs)


def cases():
    """{name: (function, arguments, keyword arguments)}."""
    families = (_elementwise, _reductions, _products, _arrays, _losses, _normalization, _layouts,
                _loops)  # fmt: skip
    found, counts = {}, {}
    for family in families:
        for case in family():
            counts[case[0]] = counts.get(case[0], 0) + 1
            found["%s %d" % (case[0], counts[case[0]])] = case
    return found


def _flat(value):
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flat(item)]
    return [value]


def measure(K, name, case):
    """[(dtype, static shape, shape, two sums)] of the results and the gradients of a case."""
    function, arguments, kwargs = case
    source = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    feeds, leaves = {}, []

    def built(item):
        if isinstance(item, list):
            return [built(i) for i in item]
        if not isinstance(item, In):
            return item
        array = item.array(source)
        if item.static is None:
            tensor = K.variable(array, dtype=array.dtype.name)
        else:
            tensor = K.placeholder(item.static, dtype=array.dtype.name)
            feeds[tensor] = array
        if array.dtype == np.float32 and not item.constant:
            leaves.append(tensor)
        return tensor

    arguments = built(arguments)
    if function == "rnn":
        results = _flat(_rnn(K, *arguments, **kwargs))
    else:
        results = _flat(getattr(K, function)(*arguments, **kwargs))
    floats = [x for x in results if K.dtype(x) == "float32"]
    gradients = []
    for x in floats if function != "one_hot" else ():
        # Of one result at a time: some loops of TensorFlow 1 can be read only once.
        weights = K.cos(K.cast(K.arange(0, K.prod(K.shape(x))), "float32"))
        loss = K.sum(K.flatten(x) * weights)
        gradients += [g for g in K.gradients(loss, leaves) if g is not None] if leaves else []
    session = K.get_session()
    rows = []
    for x in results + gradients:
        if hasattr(x, "dense_shape"):
            value, shape = session.run([x.values, x.indices], feeds)[0], None
        else:
            value, shape = session.run(x, feeds), K.int_shape(x)
        value = np.asarray(value)
        flat = value.astype("float64").ravel()
        sums = [flat.sum(), (flat * np.sin(np.arange(flat.size) + 1.0)).sum()]
        is_result = len(rows) < len(results)
        rows.append((value.dtype.name, shape if is_result else None, value.shape, sums))
    return rows


def save(records):
    facts = {
        name: [[dtype, static, shape] for dtype, static, shape, _ in rows]
        for name, rows in records.items()
    }
    sums = np.array([sums for rows in records.values() for *_, sums in rows])
    text = np.frombuffer(json.dumps(facts).encode(), "uint8")
    np.savez_compressed(DATA, facts=text, sums=sums)


def load():
    """{name: [(dtype, static shape, shape, two sums)]} as recorded."""
    with np.load(DATA) as file:
        facts, sums = json.loads(file["facts"].tobytes().decode()), iter(file["sums"])
    return {
        name: [
            (dtype, None if static is None else tuple(static), tuple(shape), next(sums))
            for dtype, static, shape in rows
        ]
        for name, rows in facts.items()
    }


def main():
    from keras import backend as K

    records = {}
    for name, case in cases().items():
        K.clear_session()
        try:
            records[name] = measure(K, name, case)
        except Exception as error:
            print("%s is left out: %s" % (name, str(error)[:200]))
    save(records)
    print("%d cases" % len(records))


if __name__ == "__main__":
    main()
