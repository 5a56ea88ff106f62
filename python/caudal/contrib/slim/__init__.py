# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.slim`: layers, argument scopes, variables, training, networks."""
# ruff: noqa: F401, F403

import importlib

from caudal.contrib import layers
from caudal.contrib.framework import (
    VariableDeviceChooser,
    add_arg_scope,
    add_model_variable,
    arg_scope,
    arg_scoped_arguments,
    assert_global_step,
    assert_or_get_global_step,
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
    create_global_step,
    current_arg_scope,
    deprecated,
    deprecated_arg_values,
    filter_variables,
    get_global_step,
    get_local_variables,
    get_model_variables,
    get_or_create_global_step,
    get_trainable_variables,
    get_unique_variable,
    get_variable_full_name,
    get_variables,
    get_variables_by_name,
    get_variables_by_suffix,
    get_variables_to_restore,
    global_variable,
    has_arg_scope,
    local_variable,
    model_variable,
    nest,
    variable,
    zero_initializer,
)
from caudal.contrib.framework import variables as contrib_variables
from caudal.contrib.layers import *
from caudal.contrib.layers import initializers, optimizers, regularizers, utils
from caudal.ops import variables

# Loaded when first asked for.
_LATER = {
    "evaluation": "caudal.contrib.slim.evaluation",
    "learning": "caudal.contrib.slim.learning",
    "losses": "caudal.contrib.losses",
    "metrics": "caudal.contrib.metrics",
    "model_analyzer": "caudal.contrib.slim.model_analyzer",
    "nets": "caudal.contrib.slim.nets",
    "summaries": "caudal.contrib.slim.summaries",
}
_OUT = ("data_decoder", "data_provider", "dataset", "dataset_data_provider", "parallel_reader",
        "prefetch_queue", "queues", "tfexample_decoder")  # fmt: skip


def __getattr__(name):
    if name in _LATER:
        try:
            return importlib.import_module(_LATER[name])
        except ModuleNotFoundError as error:
            if error.name != _LATER[name]:
                raise
    if name in _LATER or name in _OUT:
        raise AttributeError("caudal does not have tf.contrib.slim.%s" % name)
    if name in layers._FEATURE_COLUMNS:
        return getattr(layers, name)
    raise AttributeError("module 'caudal.contrib.slim' has no attribute %r" % name)
