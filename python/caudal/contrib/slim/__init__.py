# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.slim`: layers, argument scopes, variables, training, networks."""
# ruff: noqa: F401, F403

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
import caudal.contrib.slim.summaries as summaries
from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops import variables

__getattr__ = _module_getattr(
    "contrib.slim",
    {
        "caudal.contrib.slim.evaluation": "@",
        "caudal.contrib.slim.learning": "@",
        "caudal.contrib.losses": "@",
        "caudal.contrib.metrics": "@",
        "caudal.contrib.slim.model_analyzer": "@",
        "caudal.contrib.slim.nets": "@",
    },
)
