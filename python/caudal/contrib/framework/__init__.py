# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.framework`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.contrib.framework.arg_scope import (
    add_arg_scope,
    arg_scope,
    arg_scoped_arguments,
    current_arg_scope,
    has_arg_scope,
)
from caudal.contrib.framework.deprecation import (
    deprecated,
    deprecated_arg_values,
    deprecated_args,
)
from caudal.contrib.framework.script_ops import py_func
from caudal.contrib.framework.tensor_checks import (
    assert_scalar_int,
    get_graph_from_inputs,
    get_name_scope,
    get_placeholders,
    prepend_name_scope,
    reduce_sum_n,
    remove_squeezable_dimensions,
    smart_case,
    strip_name_scope,
    with_same_shape,
    with_shape,
)
from caudal.contrib.framework.variables import (
    VariableDeviceChooser,
    add_model_variable,
    assert_global_step,
    assert_or_get_global_step,
    assign_from_checkpoint,
    assign_from_checkpoint_fn,
    assign_from_values,
    assign_from_values_fn,
    create_global_step,
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
    local_variable,
    model_variable,
    variable,
    zero_initializer,
)
from caudal.framework import nest
from caudal.framework.sparse_tensor import convert_to_tensor_or_sparse_tensor
from caudal.framework.tensor_util import is_tensor
from caudal.layers.utils import constant_value as smart_constant_value
from caudal.layers.utils import smart_cond
from caudal.ops.check_ops import assert_same_float_dtype, assert_scalar
from caudal.ops.sort_ops import argsort, sort

__all__ = [name for name in dir() if not name.startswith("_")]

__getattr__ = _module_getattr(
    "contrib.framework",
    {
        "caudal.contrib.framework.orthogonal_kernels": "convolutional_delta_orthogonal "
        "convolutional_orthogonal_1d convolutional_orthogonal_2d convolutional_orthogonal_3d",
        "caudal.contrib.framework.checkpoints": "init_from_checkpoint list_variables "
        "load_checkpoint load_variable",
    },
)
