# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib`: submodules load when they are first asked for."""

import importlib
import importlib.util

# Parts of TensorFlow 1.15's contrib that caudal leaves out.
_OUT = frozenset(
    """
    all_reduce autograph batching bayesflow bigtable boosted_trees checkpoint cloud
    cluster_resolver coder compiler constrained_optimization copy_graph crf cudnn_rnn data
    decision_trees deprecated distribute distributions eager estimator factorization
    feature_column ffmpeg fused_conv gan graph_editor grid_rnn hadoop hooks hvx ignite image
    input_pipeline integrate kafka keras kernel_methods kinesis labeled_tensor layers learn
    legacy_seq2seq libsvm linear_optimizer lookup losses memory_stats metrics mixed_precision
    model_pruning nccl nn opt optimizer_v2 periodic_resample predictor proto quantization
    quantize receptive_field recurrent reduce_slice_ops remote_fused_graph resampler rnn rpc
    saved_model seq2seq session_bundle signal slim solvers sparsemax specs stat_summarizer
    stateless staging summary tensor_forest tensorboard tensorrt testing text tfprof timeseries
    tpu training util
""".split()
)


def __getattr__(name):
    if not name.startswith("_") and importlib.util.find_spec("caudal.contrib." + name):
        return importlib.import_module("caudal.contrib." + name)
    if name in _OUT:
        raise AttributeError("caudal does not have tf.contrib.%s, which TensorFlow 1.15 has" % name)
    raise AttributeError("module 'caudal.contrib' has no attribute %r" % name)
