# SPDX-License-Identifier: Apache-2.0
"""Records what layers compute under real Keras 2.2.4: tests/data/keras_layers/MODULE.npz.

Run with a Python that has Keras 2.2.4 on TensorFlow 1: python record_keras.py [MODULE ...]
With "training" as a module, it is tests/data/keras_training.npz of keras_training_cases.py.

To add layers, put a module with `CASES` into tests/interop/keras_layer_cases (its `__init__.py`
says what a case looks like), run this with the module's name and commit both files. The tests find
the module by themselves. A case that real Keras refuses is named and left out.
"""

import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from interop import keras_training_cases as training  # noqa: E402
from interop.keras_layer_cases import DATA, MODULES, cases_of, measure, save  # noqa: E402


class OrderedSGD(keras.optimizers.SGD):
    """SGD that changes no weight before everything that reads weights is done.

    TensorFlow 1 leaves open whether other readers see a reference variable before or after.
    """

    def get_gradients(self, loss, params):
        gradients = super().get_gradients(loss, params)
        with tf.control_dependencies(gradients + [loss]):
            return [tf.identity(g) for g in gradients]


def order_updates():
    """Makes every run of Keras change variables only after all that reads them is done."""
    backend = keras.backend.tensorflow_backend
    make = backend.Function.__init__

    def ordered(self, inputs, outputs, updates=None, **kwargs):
        make(self, inputs, outputs, updates=updates, **kwargs)
        changes = [op for op in self.updates_op.control_inputs if op.type.startswith("Assign")]
        others = {op.name for op in self.updates_op.control_inputs}
        before = {y.op for y in self.outputs} | {op.inputs[1].op for op in changes}
        before = [op for op in before if op.name not in others]
        for op in changes:
            op._add_control_inputs([b for b in before if b not in op.control_inputs])

    backend.Function.__init__ = ordered
    compute = tf.train.Optimizer.compute_gradients

    def gated(self, loss, *args, **kwargs):
        pairs = compute(self, loss, *args, **kwargs)
        with tf.control_dependencies([loss] + [g for g, _ in pairs]):
            return [(tf.identity(g), v) for g, v in pairs]

    tf.train.Optimizer.compute_gradients = gated


def plain_session():
    """A session with one thread that runs the graph as it is, in the order that it demands."""
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.optimizer_options.opt_level = -1
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return tf.Session(config=config)


def twice_the_same(name):
    """What a case gave in two of some runs: single runs may still have read a changed variable."""
    seen = []
    for _ in range(5):
        keras.backend.clear_session()
        keras.backend.set_session(plain_session())
        facts, arrays = training.measure(keras, tf, name)
        for other_facts, other in seen:
            if facts == other_facts and all(
                np.allclose(other[k], v, 1e-6, 1e-7, equal_nan=True) for k, v in arrays.items()
            ):
                return facts, arrays
        seen.append((facts, arrays))
    raise ValueError("no two runs are the same")


def record_training(path=training.DATA, names=None):
    order_updates()
    measured = {}
    for name in names or training.cases():
        try:
            measured[name] = twice_the_same(name)
        except Exception:
            print("training: %s is left out" % name)
            traceback.print_exc(limit=-4)
    save(path, measured)
    print("training: %d cases" % len(measured))


def main(modules):
    if "training" in modules:
        record_training()
        modules = [m for m in modules if m != "training"]
    for module in modules:
        measured = {}
        for name, case in cases_of(module).items():
            keras.backend.clear_session()
            try:
                measured[name] = measure(keras, tf, case, OrderedSGD)
            except Exception:
                print("%s: %s is left out" % (module, name))
                traceback.print_exc(limit=-2)
        save(DATA / (module + ".npz"), measured)
        print("%s: %d cases" % (module, len(measured)))


if __name__ == "__main__":
    main(sys.argv[1:] or MODULES + ["training"])
