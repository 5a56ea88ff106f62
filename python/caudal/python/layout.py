# SPDX-License-Identifier: Apache-2.0
"""Where caudal keeps what TensorFlow has in its internal modules."""

import functools

from caudal.framework import op_registry
from caudal.framework.op_functions import OpFunction

# One line for each module below tensorflow.python: its path, then the modules of caudal in which
# its names are found, in this order; "caudal." is left out, "@" is the top level, and "generated"
# the functions made of the registry. Modules that are imported for their effect alone (gradients
# that they register) have no places.
_LAYOUT = """
client.client_lib @
client.device_lib client.device_lib
client.session client.session @
client.timeline client.timeline
compat.compat compat
eager.context framework.behavior @
framework.common_shapes ops.shape_ops
framework.composite_tensor framework.sparse_tensor
framework.constant_op framework.constant_op @
framework.device framework.device @
framework.device_spec framework.device @
framework.dtypes framework.dtypes @
framework.errors framework.errors
framework.errors_impl framework.errors
framework.function framework.function
framework.graph_io framework.graph_io
framework.graph_util framework.graph_util
framework.graph_util_impl framework.graph_util
framework.importer framework.importer
framework.indexed_slices framework.indexed_slices framework.ops
framework.meta_graph framework.meta_graph
framework.ops framework.ops framework.behavior client.session framework.conversion @
framework.random_seed framework.random_seed @
framework.smart_cond layers.utils
framework.sparse_tensor framework.sparse_tensor @
framework.tensor framework.tensor framework.ops
framework.tensor_conversion_registry framework.conversion framework.ops
framework.tensor_shape framework.tensor_shape
framework.tensor_util framework.tensor_util @
framework.test_util client.test_util client.test_case client.test @
framework.versions framework.versions version @
keras keras
keras.activations keras.activations
keras.applications keras.applications
keras.backend keras.backend
keras.callbacks keras.callbacks
keras.constraints keras.constraints
keras.datasets keras.datasets
keras.engine keras.engine
keras.engine.base_layer keras.engine.base_layer
keras.engine.input_layer keras.engine.input_layer
keras.engine.network keras.engine.network
keras.engine.sequential keras.engine.sequential
keras.engine.training keras.engine.training
keras.initializers keras.initializers
keras.layers keras.layers
keras.layers.convolutional keras.layers.convolutional
keras.layers.core keras.layers.core
keras.layers.merge keras.layers.merge
keras.layers.normalization keras.layers.normalization
keras.layers.pooling keras.layers.pooling
keras.layers.recurrent keras.layers.recurrent
keras.layers.wrappers keras.layers.wrappers
keras.losses keras.losses
keras.metrics keras.metrics
keras.models keras.models
keras.optimizers keras.optimizers
keras.preprocessing keras.preprocessing
keras.preprocessing.image keras.preprocessing.image
keras.preprocessing.sequence keras.preprocessing.sequence
keras.preprocessing.text keras.preprocessing.text
keras.regularizers keras.regularizers
keras.utils keras.utils
keras.utils.data_utils keras.utils.data_utils
keras.utils.generic_utils keras.utils.generic_utils
keras.utils.np_utils keras.utils.np_utils
keras.wrappers keras.wrappers
keras.wrappers.scikit_learn keras.wrappers.scikit_learn
layers.base layers.base layers
layers.convolutional layers
layers.core layers
layers.layers layers
layers.normalization layers
layers.pooling layers
layers.utils layers.utils
lib.io.file_io io.file_io
lib.io.python_io python_io
lib.io.tf_record io.tf_record
ops.array_grad
ops.array_ops ops.array_ops ops.shape_ops ops.slice_ops ops.space_ops ops.search_ops @ generated
ops.array_ops_stack @
ops.bitwise_ops bitwise
ops.candidate_sampling_ops nn random @
ops.check_ops ops.check_ops debugging @
ops.clip_ops ops.clip_ops @
ops.cond @
ops.confusion_matrix ops.confusion_matrix @
ops.control_flow_assert @
ops.control_flow_case @
ops.control_flow_grad
ops.control_flow_ops ops.control_flow_ops @ generated
ops.control_flow_util framework.control_flow_util
ops.ctc_ops nn
ops.custom_gradient framework.custom_gradient @
ops.data_flow_grad
ops.data_flow_ops ops.data_flow_ops ops.array_ops @ generated
ops.distributions.bernoulli distributions
ops.distributions.beta distributions
ops.distributions.categorical distributions
ops.distributions.dirichlet distributions
ops.distributions.dirichlet_multinomial distributions
ops.distributions.distribution distributions
ops.distributions.distributions distributions
ops.distributions.exponential distributions
ops.distributions.gamma distributions
ops.distributions.kullback_leibler distributions ops.distributions.kullback_leibler
ops.distributions.laplace distributions
ops.distributions.multinomial distributions
ops.distributions.normal distributions
ops.distributions.student_t distributions
ops.distributions.uniform distributions
ops.distributions.util ops.distributions.util distributions
ops.embedding_ops nn ops.embedding_ops @
ops.functional_ops ops.functional_ops @
ops.gradient_checker client.gradient_checker client.test
ops.gradients framework.gradients_impl framework.ops @
ops.gradients_impl framework.gradients_impl @
ops.gradients_util framework.gradients_impl
ops.histogram_ops @
ops.image_grad
ops.image_ops image
ops.image_ops_impl image ops.image_ops
ops.init_ops ops.init_ops initializers @
ops.inplace_ops ops.inplace_ops generated
ops.io_ops io.readers io @
ops.linalg.linalg linalg
ops.linalg.linalg_impl linalg ops.linalg_impl
ops.linalg.linear_operator linalg
ops.linalg.linear_operator_adjoint linalg
ops.linalg.linear_operator_block_diag linalg
ops.linalg.linear_operator_circulant linalg
ops.linalg.linear_operator_composition linalg
ops.linalg.linear_operator_diag linalg
ops.linalg.linear_operator_full_matrix linalg
ops.linalg.linear_operator_householder linalg
ops.linalg.linear_operator_identity linalg
ops.linalg.linear_operator_inversion linalg
ops.linalg.linear_operator_kronecker linalg
ops.linalg.linear_operator_low_rank_update linalg
ops.linalg.linear_operator_lower_triangular linalg
ops.linalg.linear_operator_toeplitz linalg
ops.linalg.linear_operator_zeros linalg
ops.linalg_grad
ops.linalg_ops linalg ops.linalg_ops @ generated
ops.linalg_ops_impl linalg ops.linalg_ops
ops.logging_ops ops.logging_ops @
ops.lookup_ops ops.lookup_ops lookup @
ops.losses.losses losses
ops.losses.losses_impl losses losses.losses_impl
ops.losses.util losses losses.util
ops.manip_grad
ops.manip_ops manip @
ops.map_fn @
ops.math_grad
ops.math_ops ops.math_ops math @ ops.counting_ops ops.special_math_ops generated
ops.metrics metrics
ops.metrics_impl metrics metrics.support losses.losses_impl ops.confusion_matrix
ops.nn nn
ops.nn_grad
ops.nn_impl nn ops.nn_impl
ops.nn_ops nn ops.nn_ops ops.conv_ops @ generated
ops.numerics ops.numerics debugging @
ops.parsing_ops io ops.parsing_ops @
ops.partitioned_variables ops.partitioned_variables @
ops.random_grad
ops.random_ops random ops.random_ops @
ops.resource_variable_ops ops.resource_variable_ops ops.variables @ generated
ops.resource_variables_toggle framework.behavior @
ops.resources ops.resources
ops.rnn nn layers.rnn python.ops
ops.rnn_cell nn.rnn_cell
ops.rnn_cell_impl nn.rnn_cell layers.rnn_cell_base layers.rnn_cells
ops.rnn_grad
ops.script_ops ops.script_ops @
ops.sets sets
ops.sets_impl sets
ops.signal.dct_ops signal
ops.signal.fft_ops signal spectral @
ops.signal.mel_ops signal
ops.signal.mfcc_ops signal
ops.signal.reconstruction_ops signal
ops.signal.shape_ops signal
ops.signal.signal signal
ops.signal.spectral_ops signal
ops.signal.util_ops signal
ops.signal.window_ops signal
ops.sort_ops @
ops.sparse_grad
ops.sparse_ops sparse ops.sparse_ops @ generated
ops.special_math_ops math ops.special_math_ops @
ops.spectral_ops spectral signal
ops.standard_ops @
ops.state_grad
ops.state_ops ops.state_ops @ generated
ops.stateless_random_ops random contrib.stateless
ops.string_ops strings ops.string_ops @ generated
ops.summary_op_util summary.summary_ops
ops.summary_ops summary
ops.template ops.template @
ops.tensor_array_grad
ops.tensor_array_ops ops.tensor_array_ops @
ops.unconnected_gradients @
ops.variable_scope ops.variable_scope ops.variable_store @
ops.variable_v1 ops.variables @
ops.variables ops.variables ops.partitioned_variable @
ops.weights_broadcast_ops ops.weights_broadcast_ops
ops.while_loop @
platform.app platform.app app
platform.flags platform.flags flags
platform.gfile gfile
platform.googletest client.test
platform.test client.test
platform.tf_logging platform.tf_logging logging
summary.summary summary
summary.summary_iterator io.event_files
summary.writer.event_file_writer io.event_files
summary.writer.writer summary.writer
summary.writer.writer_cache summary.writer
tf2 framework.behavior
pywrap_tensorflow io.checkpoint_reader
saved_model.builder saved_model.builder
saved_model.builder_impl saved_model.builder
saved_model.constants saved_model.constants
saved_model.loader saved_model.loader
saved_model.loader_impl saved_model.loader
saved_model.main_op saved_model.main_op
saved_model.saved_model saved_model
saved_model.signature_constants saved_model.signature_constants
saved_model.signature_def_utils saved_model.signature_def_utils
saved_model.signature_def_utils_impl saved_model.signature_def_utils
saved_model.simple_save saved_model.simple_save
saved_model.tag_constants saved_model.tag_constants
saved_model.utils saved_model.utils
saved_model.utils_impl saved_model.utils
tools.freeze_graph tools.freeze_graph
training.adadelta train train.adadelta
training.adagrad train train.adagrad
training.adagrad_da train
training.adam train train.adam
training.checkpoint_management train.checkpoint_management
training.checkpoint_state_pb2 proto
training.checkpoint_utils train.checkpoint_utils
training.coordinator train.coordinator
training.ftrl train train.ftrl
training.gradient_descent train train.gradient_descent
training.input train.input
training.learning_rate_decay train train.learning_rate_decay
training.momentum train train.momentum
training.moving_averages train.moving_averages train
training.optimizer train train.optimizer
training.proximal_adagrad train
training.proximal_gradient_descent train
training.queue_runner train.queue_runner
training.queue_runner_impl train.queue_runner
training.rmsprop train train.rmsprop
training.saver train.saver train.saver_builder train.checkpoint_management
training.saving.saveable_object ops.saveable_object
training.saving.saveable_object_util ops.saveable_object
training.slot_creator train.slot_creator
training.tracking.util train.checkpoint
training.training train
training.training_ops generated
training.training_util train train.training_util
training.warm_starting_util train.warm_starting_util
util.compat compat
util.deprecation contrib.framework.deprecation
util.nest framework.nest
util.tf_contextlib contextlib
util.tf_decorator framework.decorators
util.tf_export framework.decorators
util.tf_inspect framework.decorators inspect
"""
# Contrib: the namespace, a package inside it, and that package's modules. Their names are found in
# a module of the same name below the namespace, if there is one, or in the namespace.
_CONTRIB = """
crf python.ops crf
cudnn_rnn python.ops cudnn_rnn_ops
cudnn_rnn python.layers cudnn_rnn
distributions python.ops autoregressive batch_reshape binomial cauchy chi2 deterministic estimator
distributions python.ops geometric gumbel half_normal independent inverse_gamma kumaraswamy logistic
distributions python.ops mixture mixture_same_family mvn_diag mvn_diag_plus_low_rank
distributions python.ops mvn_full_covariance mvn_tril negative_binomial onehot_categorical poisson
distributions python.ops poisson_lognormal relaxed_bernoulli relaxed_onehot_categorical sample_stats
distributions python.ops shape sinh_arcsinh statistical_testing test_util vector_student_t wishart
factorization python.ops clustering_ops kmeans
framework python.framework checkpoint_utils experimental graph_util tensor_util
framework python.ops accumulate_n_v2 arg_scope checkpoint_ops ops prettyprint_ops script_ops
framework python.ops sort_ops variables
image python.ops dense_image_warp distort_image_ops image_ops interpolate_spline
image python.ops single_image_random_dot_stereograms sparse_image_warp
layers python.layers embedding_ops encoders feature_column feature_column_ops initializers layers
layers python.layers normalization optimizers regularizers rev_block_lib summaries utils
layers python.ops bucketization_op sparse_ops
legacy_seq2seq python.ops seq2seq
losses python.losses loss_ops
losses python.metric_learning metric_loss_ops
metrics python.metrics classification
metrics python.ops confusion_matrix_ops histogram_ops metric_ops set_ops
opt python.training adam_gs_optimizer adamax addsign agn_optimizer decoupled_weight_decay_optimizer
opt python.training drop_stale_gradient_optimizer elastic_average_optimizer external_optimizer ggt
opt python.training lars_optimizer lazy_adam_optimizer matrix_functions model_average_optimizer
opt python.training moving_average_optimizer multitask_optimizer_wrapper nadam_optimizer powersign
opt python.training reg_adagrad_optimizer shampoo sign_decay variable_clipping_optimizer
opt python.training weight_decay_optimizers
rnn python.ops core_rnn core_rnn_cell fused_rnn_cell gru_ops lstm_ops rnn rnn_cell
seq2seq python.ops attention_wrapper basic_decoder beam_search_decoder beam_search_ops decoder
seq2seq python.ops helper loss
slim python.slim evaluation learning model_analyzer summaries
slim python.slim.nets alexnet inception inception_v1 inception_v2 inception_v3 overfeat resnet_utils
slim python.slim.nets resnet_v1 resnet_v2 vgg
training python.training device_setter evaluation hparam resample sampling_ops training
"""
# Names that are others here.
RENAMED = {
    "python.framework.device_spec.DeviceSpecV1": "DeviceSpec",
    "python.ops.math_ops._bucketize": "bucketize",
    "python.ops.rnn_cell_impl._WEIGHTS_VARIABLE_NAME": "WEIGHTS_NAME",
    "python.ops.rnn_cell_impl._BIAS_VARIABLE_NAME": "BIAS_NAME",
    "python.ops.rnn_cell_impl._zero_state_tensors": "zero_state_tensors",
    "python.tf2.enabled": "executing_eagerly",
}
# Modules of functions made of the registry.
_GENERATED_FAMILIES = """
array audio bitwise candidate_sampling checkpoint control_flow ctc data_flow image io linalg list
logging lookup manip math nn parsing random resource_variable script sdca set sparse spectral state
stateful_random stateless_random string training user
"""
GENERATED = "generated"


@functools.cache
def _table():
    table = {}
    for line in _LAYOUT.strip().splitlines():
        path, *places = line.split()
        table["python." + path] = tuple(_full(p) for p in places)
    for family in _GENERATED_FAMILIES.split():
        table[f"python.ops.gen_{family}_ops"] = (GENERATED,)
    for line in _CONTRIB.strip().splitlines():
        space, package, *modules = line.split()
        below = package.partition(".")[2].split(".")[1:]  # slim.nets: modules lie in slim/nets
        for module in modules:
            near = ".".join(["caudal.contrib", space, *below, module])
            table[f"contrib.{space}.{package}.{module}"] = (near, f"caudal.contrib.{space}")
    return table


def _full(place):
    if place in (GENERATED, "contextlib", "inspect"):
        return place
    return "caudal" if place == "@" else "caudal." + place


def has_module(path):
    return path in _table()


def places(path):
    """Modules in which the names of `path` are looked up; none for packages."""
    return _table().get(path, ())


def paths():
    """All modules of the layout."""
    return tuple(_table())


@functools.cache
def packages():
    """Paths that hold modules."""
    found = {path[:i] for path in _table() for i, c in enumerate(path) if c == "."}
    return frozenset(p for p in found if "python." in p + "." and p != "python")


def _function_name(op_name):
    """ "Conv2DBackpropInput" -> "conv2d_backprop_input", as TensorFlow names its functions."""
    out = []
    for i, c in enumerate(op_name):
        after_lower = i > 0 and op_name[i - 1].islower()
        before_lower = i > 0 and op_name[i + 1 : i + 2].islower()
        if c.isupper() and (after_lower or before_lower):
            out.append("_")
        out.append(c.lower())
    return "".join(out)


@functools.cache
def _op_names():
    return {_function_name(op): op for op in op_registry.names()}


@functools.cache
def generated(name):
    """The function that adds one node of the op of that name; AttributeError if there is none."""
    op = _op_names().get(name)
    if op is None:
        raise AttributeError(f"no op for {name!r}")
    return OpFunction(op, name, None, (), None, None)
