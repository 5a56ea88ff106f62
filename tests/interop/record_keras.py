# SPDX-License-Identifier: Apache-2.0
"""Records what layers compute under real Keras 2.2.4: tests/data/keras_layers/MODULE.npz.

Run with a Python that has Keras 2.2.4 on TensorFlow 1: python record_keras.py [MODULE ...]

To add layers, put a module with `CASES` into tests/interop/keras_layer_cases (its `__init__.py`
says what a case looks like), run this with the module's name and commit both files. The tests find
the module by themselves. A case that real Keras refuses is named and left out.
"""

import pathlib
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from interop.keras_layer_cases import DATA, MODULES, cases_of, measure, save  # noqa: E402


class OrderedSGD(keras.optimizers.SGD):
    """SGD that changes no weight before everything that reads weights is done.

    TensorFlow 1 leaves open whether other readers see a reference variable before or after.
    """

    def get_gradients(self, loss, params):
        gradients = super().get_gradients(loss, params)
        with tf.control_dependencies(gradients + [loss]):
            return [tf.identity(g) for g in gradients]


def main(modules):
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
    main(sys.argv[1:] or MODULES)
