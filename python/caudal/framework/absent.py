# SPDX-License-Identifier: Apache-2.0
"""Names of TensorFlow that caudal lacks, and what asking for one says; names that load late.

A name that is added leaves NAMES.
"""

import importlib
import sys

# TensorFlow 1.15 has these and caudal does not, by module; "" is the top level.
NAMES = {
    "": """
        ConditionalAccumulator ConditionalAccumulatorBase CriticalSection IndexedSlicesSpec
        LMDBReader Module OptionalSpec RaggedTensorSpec SparseConditionalAccumulator
        SparseTensorSpec TensorArraySpec TensorSpec TypeSpec audio autograph config data
        delete_session_tensor distribute estimator experimental feature_column
        get_session_handle get_session_tensor lite load_file_system_library load_library
        load_op_library nondifferentiable_batch_function profiler resource_loader sysconfig tpu
        user_ops xla
    """,
    "contrib": """
        all_reduce autograph batching bayesflow bigtable checkpoint cloud cluster_resolver
        coder compiler constrained_optimization copy_graph data decision_trees deprecated
        distribute estimator feature_column ffmpeg fused_conv gan graph_editor grid_rnn
        hadoop hooks hvx ignite input_pipeline integrate kafka keras kernel_methods kinesis
        labeled_tensor libsvm linear_optimizer memory_stats mixed_precision model_pruning
        nccl optimizer_v2 periodic_resample predictor proto quantization quantize
        receptive_field recurrent reduce_slice_ops remote_fused_graph rpc
        saved_model session_bundle solvers sparsemax specs staging stat_summarizer
        summary tensorrt testing text tfprof timeseries tpu
    """,
    "contrib.distributions": """
        PoissonLogNormalQuadratureCompound VectorDiffeomixture
        estimator_head_distribution_regression quadrature_scheme_lognormal_gauss_hermite
        quadrature_scheme_lognormal_quantiles quadrature_scheme_softmaxnormal_gauss_hermite
        quadrature_scheme_softmaxnormal_quantiles
    """,
    "contrib.factorization": """
        GMM GmmAlgorithm KMeansClustering WALSMatrixFactorization WALSModel gmm
    """,
    "contrib.framework": """
        BoundedTensorSpec RecordInput TensorSpec fuse_op load_and_remap_matrix_initializer
        load_embedding_initializer load_linear_multiclass_bias_initializer
        load_variable_slot_initializer
    """,
    "contrib.image": """
        bipartite_match connected_components single_image_random_dot_stereograms
    """,
    "contrib.layers": """
        bucketized_column check_feature_columns create_feature_spec_for_parsing
        crossed_column embedding_column feature_column infer_real_valued_columns
        input_from_feature_columns joint_weighted_sum_from_feature_columns
        make_place_holder_tensors_for_base_features one_hot_column
        parse_feature_columns_from_examples parse_feature_columns_from_sequence_examples
        real_valued_column scattered_embedding_column sequence_input_from_feature_columns
        shared_embedding_columns sparse_column_with_hash_bucket
        sparse_column_with_integerized_feature sparse_column_with_keys
        sparse_column_with_vocabulary_file transform_features weighted_sparse_column
        weighted_sum_from_feature_columns
    """,
    "contrib.learn": """
        BaseEstimator DNNClassifier DNNEstimator DNNLinearCombinedClassifier
        DNNLinearCombinedEstimator DNNLinearCombinedRegressor DNNRegressor
        DynamicRnnEstimator Estimator Evaluable Experiment ExportStrategy Head InputFnOps
        KMeansClustering LinearClassifier LinearEstimator LinearRegressor LogisticRegressor
        MetricSpec ModeKeys ModelFnOps NanLossDuringTrainingError NotFittedError
        PredictionKey ProblemType RunConfig SKCompat SVM TaskType Trainable binary_svm_head
        build_parsing_serving_input_fn evaluate extract_dask_data extract_dask_labels
        extract_pandas_data extract_pandas_labels extract_pandas_matrix graph_actions head
        infer infer_real_valued_columns_from_input infer_real_valued_columns_from_input_fn
        io learn_runner make_export_strategy models monitors multi_class_head multi_head
        multi_label_head no_op_train_fn ops poisson_regression_head preprocessing
        read_batch_examples read_batch_features read_batch_record_features
        read_keyed_batch_examples read_keyed_batch_examples_shared_queue
        read_keyed_batch_features read_keyed_batch_features_shared_queue regression_head
        run_feeds run_n train utils
    """,
    "contrib.opt": """
        AGNCustomGetter AGNOptimizer DropStaleGradientOptimizer ElasticAverageCustomGetter
        ElasticAverageOptimizer GGTOptimizer ModelAverageCustomGetter ModelAverageOptimizer
    """,
    "contrib.slim": """
        DataFrameColumn InputLayer ProblemType arg_scope_func_key bucketize
        bucketized_column check_feature_columns create_feature_spec_for_parsing
        crossed_column data_decoder data_provider dataset dataset_data_provider
        embedding_column embedding_lookup_sparse_with_distributed_aggregation experimental
        get_default_binary_metrics_for_eval infer_real_valued_columns
        input_from_feature_columns joint_weighted_sum_from_feature_columns make_all
        make_place_holder_tensors_for_base_features one_hot_column parallel_reader
        parse_feature_columns_from_examples parse_feature_columns_from_sequence_examples
        prefetch_queue queues real_valued_column scattered_embedding_column
        scattered_embedding_lookup scattered_embedding_lookup_sparse
        sequence_input_from_feature_columns shared_embedding_columns
        sparse_column_with_hash_bucket sparse_column_with_integerized_feature
        sparse_column_with_keys sparse_column_with_vocabulary_file sparse_feature_cross
        tfexample_decoder transform_features weighted_sparse_column
        weighted_sum_from_feature_columns
    """,
    "contrib.training": """
        FeedingQueueRunner GreedyLoadBalancingStrategy NextQueuedSequenceBatch
        RandomStrategy SequenceQueueingStateSaver StopAfterNEvalsHook SummaryAtEndHook
        batch_sequences_with_states bucket bucket_by_sequence_length byte_size_load_fn
        evaluate_once evaluate_repeatedly get_or_create_eval_step rejection_sample
        resample_at_rate stratified_sample train weighted_resample
    """,
    "contrib.util": """
        loader
    """,
    "io": """
        decode_proto encode_proto
    """,
    "layers": """
        experimental
    """,
    "ragged": """
        boolean_mask stack stack_dynamic_partitions
    """,
    "random": """
        experimental
    """,
    "sparse": """
        SparseConditionalAccumulator
    """,
    "summary": """
        initialize
    """,
    "test": """
        create_local_cluster
    """,
    "train": """
        CheckpointSaverHook CheckpointSaverListener ChiefSessionCreator ClusterSpec FeedFnHook
        FinalOpsHook GlobalStepWaiterHook LoggingTensorHook MonitoredSession
        MonitoredTrainingSession NanLossDuringTrainingError NanTensorHook ProfilerHook Scaffold
        SecondOrStepTimer Server SessionCreator SessionManager SessionRunArgs SessionRunContext
        SessionRunHook SessionRunValues SingularMonitoredSession StepCounterHook StopAtStepHook
        SummarySaverHook Supervisor SyncReplicasOptimizer WorkerSessionCreator basic_train_loop
        do_quantize_training_on_graphdef experimental replica_device_setter sdca_fprint
        sdca_optimizer sdca_shrink_l1
    """,
}

_GRAPHS_ONLY = "which builds graphs and runs them in sessions; tf.gradients differentiates them"
_TREES = "which has no decision trees"
_CUDNN = (
    "which does without cuDNN; CudnnCompatibleLSTMCell and CudnnCompatibleGRUCell with "
    "tf.nn.dynamic_rnn compute the same"
)
# What stays out, by module: names, and what to say.
OUT = {
    "": {"GradientTape function wrap_function": _GRAPHS_ONLY},
    "contrib": {"eager": _GRAPHS_ONLY, "tensor_forest boosted_trees": _TREES},
    "contrib.cudnn_rnn": {
        """CudnnGRU CudnnGRUSaveable CudnnLSTM CudnnLSTMSaveable CudnnParamsFormatConverterGRU
        CudnnParamsFormatConverterLSTM CudnnParamsFormatConverterRelu
        CudnnParamsFormatConverterTanh CudnnRNNRelu CudnnRNNReluSaveable CudnnRNNTanh
        CudnnRNNTanhSaveable python""": _CUDNN
    },
}

# Names that TensorFlow lost by 1.0, by module: old and new in turns.
RENAMED = {
    "": """
        audio_summary summary.audio
        batch_cholesky cholesky
        batch_cholesky_solve cholesky_solve
        batch_fft fft
        batch_fft2d fft2d
        batch_fft3d fft3d
        batch_ifft ifft
        batch_ifft2d ifft2d
        batch_ifft3d ifft3d
        batch_matmul matmul
        batch_matrix_band_part matrix_band_part
        batch_matrix_determinant matrix_determinant
        batch_matrix_diag matrix_diag
        batch_matrix_diag_part matrix_diag_part
        batch_matrix_inverse matrix_inverse
        batch_matrix_set_diag matrix_set_diag
        batch_matrix_solve matrix_solve
        batch_matrix_solve_ls matrix_solve_ls
        batch_matrix_transpose matrix_transpose
        batch_matrix_triangular_solve matrix_triangular_solve
        batch_self_adjoint_eig self_adjoint_eig
        batch_self_adjoint_eigvals self_adjoint_eigvals
        batch_svd svd
        complex_abs abs
        concat_v2 concat
        histogram_summary summary.histogram
        image_summary summary.image
        inv reciprocal
        list_diff setdiff1d
        listdiff setdiff1d
        merge_all_summaries summary.merge_all
        merge_summary summary.merge
        models nn.rnn_cell
        mul multiply
        neg negative
        pack stack
        scalar_summary summary.scalar
        select where
        sub subtract
        unpack unstack
    """,
    "nn": """
        bidirectional_rnn nn.static_bidirectional_rnn
        deconv2d nn.conv2d_transpose
        rnn nn.static_rnn
        seq2seq contrib.legacy_seq2seq
        state_saving_rnn nn.static_state_saving_rnn
    """,
    "train": """
        SummaryWriter summary.FileWriter
    """,
}


def _message(module, name):
    """What AttributeError says of a name that the module does not have."""
    path = "tf." + (module and module + ".") + name
    if name in NAMES.get(module, "").split():
        return "caudal does not have %s yet, which TensorFlow 1.15 has" % path
    for names, reason in OUT.get(module, {}).items():
        if name in names.split():
            return "%s is not part of caudal, %s" % (path, reason)
    renamed = RENAMED.get(module, "").split()
    if name in renamed[::2]:
        new = renamed[2 * renamed[::2].index(name) + 1]
        return "%s was renamed tf.%s in TensorFlow 1.0" % (path, new)
    return "module %r has no attribute %r" % ("caudal" + (module and "." + module), name)


def module_getattr(module, later=None, home=None):
    """The `__getattr__` of a public module, which gets a `__dir__` as well.

    Its AttributeError tells a name that TensorFlow 1.15 has from one that nobody knows.

    Args:
      module: dotted path below the package, "" for the package itself.
      later: names that are part of the module but load when first asked for, so that importing
        caudal stays fast: {"caudal.ops.rnn": "dynamic_rnn static_rnn"}; "@" stands for the named
        module itself, under its last name.
      home: name of the Python module, if it is not that of its path.
    """
    space = vars(sys.modules[home or "caudal" + (module and "." + module)])
    homes = {}
    for source, names in (later or {}).items():
        for name in names.split():
            homes[source.rpartition(".")[2] if name == "@" else name] = (source, name)

    def __getattr__(name):
        if name in homes:
            source, item = homes[name]
            value = importlib.import_module(source)
            if item != "@":
                value = getattr(value, item)
            space[name] = value
            return value
        raise AttributeError(_message(module, name))

    def __dir__():
        return sorted({*space, *homes})

    __getattr__.names = tuple(homes)
    space["__dir__"] = __dir__
    return __getattr__
