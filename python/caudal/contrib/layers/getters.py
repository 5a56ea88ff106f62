# SPDX-License-Identifier: Apache-2.0
"""How the layers here make variables: model variables, with the names of this library."""

from caudal.contrib.framework import variables
from caudal.contrib.layers import utils
from caudal.framework import ops


def variable_getter(rename=None):
    """A custom getter that makes model variables, with some last parts of names replaced."""
    rename = rename or {}

    def getter_of_layer(getter, name, shape=None, dtype=None, initializer=None, regularizer=None,
                        trainable=True, collections=None, caching_device=None, partitioner=None,
                        use_resource=None, **_):  # fmt: skip
        scope, slash, last = name.rpartition("/")
        return variables.model_variable(
            scope + slash + rename.get(last, last),
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            collections=collections,
            trainable=trainable,
            caching_device=caching_device,
            partitioner=partitioner,
            custom_getter=getter,
            use_resource=use_resource,
        )

    return getter_of_layer


KERNEL_AND_BIAS = {"bias": "biases", "kernel": "weights"}


def collect_variable(variable, collections, name):
    """Adds a variable to the collections that are meant for its kind, "weights" or "biases"."""
    wanted = set(utils.get_variable_collections(collections, name) or [])
    existing = ops.get_default_graph().get_all_collection_keys()
    parts = variable if hasattr(variable, "_get_variable_list") else [variable]
    for part in parts:
        for key in wanted:
            held = ops.get_collection_ref(key) if key in existing else []
            if not any(part is v for v in held):
                ops.add_to_collection(key, part)
    return variable


def finish(outputs, normalizer_fn, normalizer_params, activation_fn, collections, scope_name):
    """Normalizes, activates and collects what a layer computed."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return utils.collect_named_outputs(collections, scope_name, outputs)
