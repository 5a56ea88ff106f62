# SPDX-License-Identifier: Apache-2.0
"""Weights of models in TensorFlow's checkpoints, by the names of the variables."""

import os

import numpy as np

from caudal.client.session import Session
from caudal.framework import ops
from caudal.keras import backend as K
from caudal.ops.ref_variable import Variable
from caudal.train.saver import Saver

# The names in the order of the model, for models whose variables are called otherwise.
_ORDER = "keras_weight_names"


def is_checkpoint(prefix):
    """Whether a path is the prefix of a checkpoint and no file."""
    return not os.path.isfile(prefix) and os.path.isfile(prefix + ".index")


def save_checkpoint(model, prefix):
    """Writes the weights of a model; `tf.train.latest_checkpoint` then finds them."""
    names = [w.op.name for w in model.weights]
    values = K.batch_get_value(model.weights)
    with ops.Graph().as_default():
        variables = {n: Variable(v, name="w", trainable=False) for n, v in zip(names, values)}
        variables[_ORDER] = Variable(np.array(names, object), name="order", trainable=False)
        with Session() as session:
            session.run([v.initializer for v in variables.values()])
            Saver(variables).save(session, prefix, write_meta_graph=False)


def load_checkpoint(model, prefix, by_name=False):
    """Sets the weights of a model to those of a checkpoint.

    Args:
      by_name: only what has the name of a weight; else names, or where they differ the order.

    Raises:
      ValueError: if a weight is missing or has another shape; nothing is changed then.
    """
    from caudal.io.checkpoint_reader import NewCheckpointReader

    reader = NewCheckpointReader(prefix)
    stored = set(reader.get_variable_to_shape_map())
    targets = {w.op.name: w for w in model.weights}
    names = {name: name for name in targets}
    if by_name:
        names = {name: name for name in targets if name in stored}
    elif not stored.issuperset(targets) and _ORDER in stored:
        order = [n.decode("utf-8") for n in reader.get_tensor(_ORDER)]
        if len(order) != len(targets):
            raise ValueError(
                "The checkpoint %s holds %d weights, model %s has %d"
                % (prefix, len(order), model.name, len(targets))
            )
        names = dict(zip(targets, order))
    pairs = []
    for own, name in names.items():
        if name not in stored:
            raise ValueError("The checkpoint %s has no value for weight %s" % (prefix, own))
        value = reader.get_tensor(name)
        if tuple(K.int_shape(targets[own])) != value.shape:
            raise ValueError(
                "Weight %s has shape %s, but the saved weight has shape %s."
                % (own, K.int_shape(targets[own]), value.shape)
            )
        pairs.append((targets[own], value))
    K.batch_set_value(pairs)
