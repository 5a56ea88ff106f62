# SPDX-License-Identifier: Apache-2.0
"""TensorFlow 1's programming model on a small engine: `import caudal as tf`.

This file is the table of contents of the API.
"""

# Graphs, tensors and scopes
from caudal.framework.ops import (
    Graph,
    GraphKeys,
    IndexedSlices,
    NoGradient,
    NotDifferentiable,
    Operation,
    RegisterGradient,
    Tensor,
    add_to_collection,
    add_to_collections,
    colocate_with,
    container,
    control_dependencies,
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    device,
    get_collection,
    get_collection_ref,
    get_default_graph,
    get_default_session,
    init_scope,
    name_scope,
    op_scope,
    register_tensor_conversion_function,
    reset_default_graph,
)
from caudal.framework.device import DeviceSpec
from caudal.framework.sparse_tensor import (
    SparseTensor,
    SparseTensorValue,
    convert_to_tensor_or_sparse_tensor,
)
from caudal.framework.tensor_shape import (
    Dimension,
    TensorShape,
    dimension_at_index,
    dimension_value,
)
from caudal.framework.tensor_util import get_static_value, is_tensor
from caudal.framework.constant_op import constant
from caudal.framework.random_seed import get_seed, set_random_seed
from caudal.framework.behavior import (
    control_flow_v2_enabled,
    disable_control_flow_v2,
    disable_eager_execution,
    disable_resource_variables,
    disable_tensor_equality,
    disable_v2_behavior,
    disable_v2_tensorshape,
    enable_control_flow_v2,
    enable_eager_execution,
    enable_resource_variables,
    enable_tensor_equality,
    enable_v2_behavior,
    enable_v2_tensorshape,
    executing_eagerly,
    resource_variables_enabled,
)

# Element types
from caudal.framework.dtypes import (
    QUANTIZED_DTYPES,
    DType,
    as_dtype,
    bfloat16,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)

# Gradients
from caudal.framework.ops import NotDifferentiable as no_gradient

# Running
from caudal.client.session import InteractiveSession, Session
from caudal.framework.errors import OpError

# Arrays
from caudal.ops.array_ops import (
    batch_gather,
    batch_to_space_nd,
    bitcast,
    boolean_mask,
    broadcast_to,
    concat,
    diag,
    diag_part,
    dynamic_partition,
    dynamic_stitch,
    fill,
    gather,
    gather_nd,
    identity,
    identity_n,
    invert_permutation,
    matrix_band_part,
    matrix_transpose,
    meshgrid,
    newaxis,
    one_hot,
    ones,
    ones_like,
    pad,
    parallel_stack,
    placeholder,
    placeholder_with_default,
    range,
    reshape,
    reverse,
    reverse_sequence,
    reverse_v2,
    scatter_nd,
    segment_sum,
    sequence_mask,
    setdiff1d,
    slice,
    space_to_batch_nd,
    split,
    stack,
    stop_gradient,
    tensor_scatter_add,
    tensor_scatter_nd_add,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
    tensor_scatter_sub,
    tensor_scatter_update,
    tile,
    transpose,
    unique,
    unique_with_counts,
    unsorted_segment_sum,
    unstack,
    where,
    where_v2,
    zeros,
    zeros_like,
)
from caudal.ops.shape_ops import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    expand_dims,
    rank,
    shape,
    shape_n,
    size,
    squeeze,
)
from caudal.ops.slice_ops import strided_slice
from caudal.ops.space_ops import (
    batch_to_space,
    depth_to_space,
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
    required_space_to_batch_paddings,
    space_to_batch,
    space_to_depth,
)

# Arithmetic, comparison, logic, reduction
from caudal.ops.math_ops import (
    abs,
    arg_max,
    arg_min,
    accumulate_n,
    acos,
    acosh,
    add,
    add_n,
    angle,
    argmax,
    argmin,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cast,
    ceil,
    complex,
    conj,
    cos,
    cosh,
    count_nonzero,
    cumprod,
    cumsum,
    digamma,
    div,
    div_no_nan,
    divide,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    floor_div,
    floordiv,
    floormod,
    greater,
    greater_equal,
    imag,
    is_finite,
    is_inf,
    is_nan,
    lbeta,
    less,
    less_equal,
    lgamma,
    lin_space,
    linspace,
    log,
    log1p,
    log_sigmoid,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    not_equal,
    polygamma,
    pow,
    real,
    realdiv,
    reciprocal,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    rint,
    round,
    rsqrt,
    saturate_cast,
    scalar_mul,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    squared_difference,
    subtract,
    tan,
    tanh,
    to_bfloat16,
    to_complex64,
    to_complex128,
    to_double,
    to_float,
    to_int32,
    to_int64,
    truediv,
    truncatediv,
    truncatemod,
    zeta,
)
from caudal.ops.matmul_ops import matmul, sparse_matmul, tensordot, trace
from caudal.ops.linalg_ops import eye, norm, qr
from caudal.ops.clip_ops import (
    clip_by_average_norm,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    global_norm,
)
from caudal.ops.counting_ops import (
    confusion_matrix,
    repeat,
    unsorted_segment_mean,
    unsorted_segment_sqrt_n,
)
from caudal.ops.string_ops import as_string, string_join

# Random numbers
from caudal.ops.random_ops import (
    multinomial,
    random_crop,
    random_normal,
    random_shuffle,
    random_uniform,
    truncated_normal,
)

# Variables and their initial values
from caudal.ops.ref_variable import Variable, VariableAggregation, VariableSynchronization
from caudal.ops.variables import (
    all_variables,
    assert_variables_initialized,
    global_variables,
    global_variables_initializer,
    initialize_all_tables,
    initialize_all_variables,
    initialize_local_variables,
    initialize_variables,
    is_variable_initialized,
    local_variables,
    local_variables_initializer,
    model_variables,
    moving_average_variables,
    report_uninitialized_variables,
    tables_initializer,
    trainable_variables,
    variables_initializer,
)
from caudal.ops.variable_scope import (
    VariableScope,
    get_local_variable,
    get_variable,
    get_variable_scope,
    no_regularizer,
    variable_creator_scope,
    variable_op_scope,
    variable_scope,
)
from caudal.ops.variable_store import AUTO_REUSE
from caudal.ops.template import make_template
from caudal.ops.init_ops import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from caudal.ops.state_ops import (
    assign,
    assign_add,
    assign_sub,
    batch_scatter_update,
    count_up_to,
    scatter_add,
    scatter_div,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_nd_add,
    scatter_nd_sub,
    scatter_nd_update,
    scatter_sub,
    scatter_update,
)

# Control flow, Python functions
from caudal.ops.control_flow_ops import case, cond, group, no_op, switch_case, tuple, while_loop

# Checks and printing
from caudal.ops.check_ops import (
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_integer,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
    assert_proper_iterable,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_same_float_dtype,
    assert_scalar,
    assert_type,
    ensure_shape,
    is_non_decreasing,
    is_numeric_tensor,
    is_strictly_increasing,
)
from caudal.ops.logging_ops import Assert, Print, timestamp
from caudal.ops.logging_ops import print_v2 as print
from caudal.ops.numerics import add_check_numerics_ops, check_numerics, verify_tensor_all_finite

# Namespaces
from caudal import compat, debugging, dtypes, initializers, manip, math, nn, random
from caudal import version
from caudal.embedding import get_cmake_dir, get_include
from caudal.framework import errors, nest
from caudal.framework.absent import module_getattr as _module_getattr
from caudal.platform import tf_logging as logging
from caudal.platform.tf_logging import get_logger

# Versions
from caudal.framework.versions import (
    COMPILER_VERSION,
    CXX11_ABI_FLAG,
    GIT_VERSION,
    GRAPH_DEF_VERSION,
    GRAPH_DEF_VERSION_MIN_CONSUMER,
    GRAPH_DEF_VERSION_MIN_PRODUCER,
    MONOLITHIC_BUILD,
    VERSION,
    __compiler_version__,
    __git_version__,
    __version__,
)

# Loaded when first asked for: what is large, or not needed by most programs.
__getattr__ = _module_getattr(
    "",
    {
        # Messages bring google.protobuf with them.
        "caudal.proto": "AttrValue ConfigProto Event GPUOptions GraphDef GraphOptions "
        "HistogramProto LogMessage MetaGraphDef NameAttrList NodeDef OptimizerOptions RunMetadata "
        "RunOptions SessionLog Summary SummaryMetadata TensorInfo",
        "caudal.train": "@",
        "caudal.linalg": "@",
        "caudal.framework.gradients_impl": "AggregationMethod UnconnectedGradients gradients "
        "hessians",
        "caudal.framework.custom_gradient": "custom_gradient grad_pass_through recompute_grad",
        "caudal.ops.sort_ops": "argsort sort",
        "caudal.ops.script_ops": "numpy_function py_func py_function",
        "caudal.platform.app": "@",
        "caudal.platform.flags": "@",
        "caudal.framework.tensor_proto": "make_ndarray make_tensor_proto",
        # unittest takes longer to import than everything above.
        "caudal.client.test": "@",
        "caudal.ops.functional_ops": "map_fn scan foldl foldr",
        "caudal.ops.tensor_array_ops": "TensorArray",
        "caudal.ops.linalg_impl": "cholesky cholesky_solve matrix_determinant matrix_inverse "
        "matrix_solve matrix_solve_ls matrix_square_root matrix_triangular_solve self_adjoint_eig "
        "self_adjoint_eigvals svd",
        "caudal.ops.einsum_ops": "einsum",
        "caudal.ops.fourier_ops": "fft fft2d fft3d ifft ifft2d ifft3d",
        "caudal.signal": "@",
        "caudal.spectral": "@",
        "caudal.bitwise": "@",
        "caudal.quantization": "@",
        "caudal.raw_ops": "@",
        "caudal.ops.special_math_ops": "betainc bincount cross histogram_fixed_width "
        "histogram_fixed_width_bins igamma igammac",
        "caudal.ops.segment_ops": "segment_max segment_mean segment_min segment_prod "
        "sparse_segment_mean sparse_segment_sqrt_n sparse_segment_sum unsorted_segment_max "
        "unsorted_segment_min unsorted_segment_prod",
        "caudal.ops.search_ops": "edit_distance extract_image_patches extract_volume_patches "
        "fingerprint guarantee_const roll searchsorted unravel_index",
        "caudal.ops.quantize_ops": "dequantize fake_quant_with_min_max_args "
        "fake_quant_with_min_max_args_gradient fake_quant_with_min_max_vars "
        "fake_quant_with_min_max_vars_gradient fake_quant_with_min_max_vars_per_channel "
        "fake_quant_with_min_max_vars_per_channel_gradient quantize quantize_v2 quantized_concat",
        "caudal.ops.sampling_ops": "random_gamma random_poisson",
        "caudal.ops.vectorize_ops": "vectorized_map",
        "caudal.framework.graph_util": "@",
        "caudal.framework.importer": "import_graph_def",
        "caudal.saved_model": "@",
        "caudal.layers": "@",
        "caudal.keras": "@",
        "caudal.contrib": "@",
        "caudal.examples": "@",
        "caudal.ops.partitioned_variables": "create_partitioned_variables "
        "fixed_size_partitioner min_max_variable_partitioner variable_axis_size_partitioner",
        "caudal.ops.sparse_ops": "sparse_concat sparse_fill_empty_rows sparse_mask sparse_merge "
        "sparse_placeholder sparse_reorder sparse_reset_shape sparse_reshape sparse_retain "
        "sparse_slice sparse_split sparse_tensor_to_dense sparse_to_dense sparse_to_indicator "
        "sparse_transpose serialize_sparse serialize_many_sparse deserialize_many_sparse",
        "caudal.ops.sparse_math_ops": "sparse_add sparse_maximum sparse_minimum sparse_reduce_max "
        "sparse_reduce_max_sparse sparse_reduce_sum sparse_reduce_sum_sparse sparse_softmax "
        "sparse_tensor_dense_matmul",
        "caudal.sparse": "@",
        "caudal.sets": "@",
        "caudal.ragged": "@",
        "caudal.ops.ragged.ragged_tensor": "RaggedTensor",
        "caudal.strings": "@",
        "caudal.io": "@",
        "caudal.lookup": "@",
        "caudal.ops.string_ops": "decode_base64 encode_base64 string_split string_strip "
        "string_to_hash_bucket string_to_hash_bucket_fast string_to_hash_bucket_strong "
        "string_to_number reduce_join regex_replace substr",
        "caudal.ops.parsing_ops": "FixedLenFeature FixedLenSequenceFeature SparseFeature "
        "VarLenFeature decode_compressed decode_csv decode_json_example decode_raw parse_example "
        "parse_single_example parse_single_sequence_example parse_tensor serialize_tensor",
        "caudal.ops.file_ops": "matching_files read_file write_file",
        "caudal.queue": "@",
        "caudal.ops.data_flow_ops": "FIFOQueue PaddingFIFOQueue PriorityQueue QueueBase "
        "RandomShuffleQueue",
        "caudal.io.readers": "FixedLengthRecordReader IdentityReader ReaderBase TFRecordReader "
        "TextLineReader WholeFileReader",
        "caudal.losses": "@",
        "caudal.summary": "@",
        "caudal.python_io": "@",
        "caudal.gfile": "@",
        "caudal.distributions": "@",
        "caudal.metrics": "@",
        "caudal.image": "@",
    },
)
