# SPDX-License-Identifier: Apache-2.0
"""Names of TensorFlow 1.15 that caudal does not have yet, and what asking for one says.

A name that is added leaves this list.
"""

import importlib
import sys

# By module, "" for the top level.
NAMES = {
    "": """
        AttrValue ConditionalAccumulator ConditionalAccumulatorBase CriticalSection Event
        FIFOQueue FixedLenFeature FixedLenSequenceFeature FixedLengthRecordReader
        GradientTape GraphDef HistogramProto IdentityReader IndexedSlicesSpec LMDBReader
        LogMessage MetaGraphDef Module NameAttrList OptionalSpec PaddingFIFOQueue
        PriorityQueue QueueBase RaggedTensor RaggedTensorSpec RandomShuffleQueue ReaderBase
        SessionLog SparseConditionalAccumulator SparseFeature SparseTensorSpec Summary
        SummaryMetadata TFRecordReader TensorArray TensorArraySpec TensorInfo TensorSpec
        TextLineReader TypeSpec VarLenFeature WholeFileReader audio autograph betainc
        bincount bitwise cholesky cholesky_solve complex config contrib
        create_partitioned_variables cross data decode_base64 decode_compressed decode_csv
        decode_json_example decode_raw delete_session_tensor dequantize
        deserialize_many_sparse distribute distributions edit_distance einsum encode_base64
        estimator experimental extract_image_patches extract_volume_patches
        fake_quant_with_min_max_args fake_quant_with_min_max_args_gradient
        fake_quant_with_min_max_vars fake_quant_with_min_max_vars_gradient
        fake_quant_with_min_max_vars_per_channel
        fake_quant_with_min_max_vars_per_channel_gradient feature_column fft fft2d fft3d
        fingerprint fixed_size_partitioner foldl foldr function get_session_handle
        get_session_tensor gfile graph_util guarantee_const histogram_fixed_width
        histogram_fixed_width_bins ifft ifft2d ifft3d igamma igammac image import_graph_def
        io keras layers lite load_file_system_library load_library load_op_library lookup
        losses make_ndarray make_tensor_proto map_fn matching_files matrix_determinant
        matrix_inverse matrix_solve matrix_solve_ls matrix_square_root
        matrix_triangular_solve metrics min_max_variable_partitioner
        nondifferentiable_batch_function parse_example parse_single_example
        parse_single_sequence_example parse_tensor profiler python_io quantization
        quantize quantize_v2 quantized_concat queue ragged random_gamma random_poisson
        raw_ops read_file recompute_grad reduce_join regex_replace resource_loader roll
        saved_model scan searchsorted segment_max segment_mean segment_min segment_prod
        self_adjoint_eig self_adjoint_eigvals serialize_many_sparse serialize_sparse
        serialize_tensor sets signal sparse sparse_add sparse_concat sparse_fill_empty_rows
        sparse_mask sparse_maximum sparse_merge sparse_minimum sparse_placeholder
        sparse_reduce_max sparse_reduce_max_sparse sparse_reduce_sum
        sparse_reduce_sum_sparse sparse_reorder sparse_reset_shape sparse_reshape
        sparse_retain sparse_segment_mean sparse_segment_sqrt_n sparse_segment_sum
        sparse_slice sparse_softmax sparse_split sparse_tensor_dense_matmul
        sparse_tensor_to_dense sparse_to_dense sparse_to_indicator sparse_transpose spectral
        string_split string_strip string_to_hash_bucket string_to_hash_bucket_fast
        string_to_hash_bucket_strong string_to_number strings substr summary svd sysconfig
        tpu unravel_index unsorted_segment_max unsorted_segment_min unsorted_segment_prod
        variable_axis_size_partitioner vectorized_map wrap_function write_file xla
    """,
    "manip": """
        roll
    """,
    "nn": """
        all_candidate_sampler avg_pool3d bidirectional_dynamic_rnn collapse_repeated
        compute_accidental_hits compute_average_loss conv1d_transpose conv3d
        conv3d_backprop_filter conv3d_backprop_filter_v2 conv3d_transpose conv_transpose
        ctc_beam_search_decoder ctc_beam_search_decoder_v2 ctc_greedy_decoder ctc_loss
        ctc_loss_v2 ctc_unique_labels dilation2d dynamic_rnn embedding_lookup_sparse
        erosion2d fixed_unigram_candidate_sampler fractional_avg_pool fractional_max_pool
        learned_unigram_candidate_sampler log_uniform_candidate_sampler max_pool3d
        max_pool_with_argmax nce_loss quantized_avg_pool quantized_conv2d quantized_max_pool
        quantized_relu_x raw_rnn rnn_cell safe_embedding_lookup_sparse sampled_softmax_loss
        scale_regularization_loss static_bidirectional_rnn static_rnn
        static_state_saving_rnn uniform_candidate_sampler with_space_to_batch
    """,
    "math": """
        bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bincount cumulative_logsumexp
        igamma igammac nextafter segment_max segment_mean segment_min segment_prod
        unsorted_segment_max unsorted_segment_min unsorted_segment_prod
    """,
    "random": """
        all_candidate_sampler experimental fixed_unigram_candidate_sampler gamma
        learned_unigram_candidate_sampler log_uniform_candidate_sampler poisson
        stateless_categorical stateless_multinomial stateless_normal
        stateless_truncated_normal stateless_uniform uniform_candidate_sampler
    """,
    "dtypes": """
        complex
    """,
    "linalg": """
        LinearOperator LinearOperatorAdjoint LinearOperatorBlockDiag LinearOperatorCirculant
        LinearOperatorCirculant2D LinearOperatorCirculant3D LinearOperatorComposition
        LinearOperatorDiag LinearOperatorFullMatrix LinearOperatorHouseholder
        LinearOperatorIdentity LinearOperatorInversion LinearOperatorKronecker
        LinearOperatorLowRankUpdate LinearOperatorLowerTriangular
        LinearOperatorScaledIdentity LinearOperatorToeplitz LinearOperatorZeros cholesky
        cholesky_solve cross det eigh eigvalsh einsum expm inv logdet logm lstsq lu
        matrix_rank pinv slogdet solve sqrtm svd triangular_solve tridiagonal_matmul
        tridiagonal_solve
    """,
    "debugging": """
        assert_shapes get_log_device_placement set_log_device_placement
    """,
    "compat": """
        v2
    """,
    "train": """
        BytesList Checkpoint CheckpointManager CheckpointSaverHook CheckpointSaverListener
        ChiefSessionCreator ClusterDef ClusterSpec Coordinator Example Feature FeatureList
        FeatureLists Features FeedFnHook FinalOpsHook FloatList GlobalStepWaiterHook
        Int64List JobDef LoggingTensorHook LooperThread MonitoredSession
        MonitoredTrainingSession NanLossDuringTrainingError NanTensorHook
        NewCheckpointReader ProfilerHook QueueRunner Saver SaverDef Scaffold
        SecondOrStepTimer SequenceExample Server ServerDef SessionCreator SessionManager
        SessionRunArgs SessionRunContext SessionRunHook SessionRunValues
        SingularMonitoredSession StepCounterHook StopAtStepHook SummarySaverHook Supervisor
        SyncReplicasOptimizer VocabInfo WorkerSessionCreator add_queue_runner
        basic_train_loop batch batch_join checkpoint_exists checkpoints_iterator
        do_quantize_training_on_graphdef experimental export_meta_graph
        generate_checkpoint_state_proto get_checkpoint_mtimes get_checkpoint_state
        import_meta_graph init_from_checkpoint input_producer latest_checkpoint limit_epochs
        list_variables load_checkpoint load_variable match_filenames_once maybe_batch
        maybe_batch_join maybe_shuffle_batch maybe_shuffle_batch_join queue_runner
        range_input_producer remove_checkpoint replica_device_setter sdca_fprint
        sdca_optimizer sdca_shrink_l1 shuffle_batch shuffle_batch_join slice_input_producer
        start_queue_runners string_input_producer summary_iterator update_checkpoint_state
        warm_start write_graph SummaryWriter
    """,
    "errors": """
        raise_exception_on_not_ok_status
    """,
    "test": """
        Benchmark StubOutForTesting assert_equal_graph_def benchmark_config
        create_local_cluster is_built_with_rocm test_src_dir_path
    """,
}


def module_getattr(module, later=None):
    """The `__getattr__` of a public module, "" for the package itself.

    Its AttributeError tells a name that TensorFlow 1.15 has from one that nobody knows.

    Args:
      module: dotted path below the package, "" for the package itself.
      later: names that are part of the module but load when first asked for, so that importing
        caudal stays fast: {"caudal.ops.rnn": "dynamic_rnn static_rnn"}; "@" stands for the named
        module itself, under its last name.
    """
    path = "tf." + (module and module + ".")
    where = "caudal" + (module and "." + module)
    homes = {}
    for home, names in (later or {}).items():
        for name in names.split():
            homes[home.rpartition(".")[2] if name == "@" else name] = (home, name)

    def __getattr__(name):
        if name in homes:
            home, item = homes[name]
            value = importlib.import_module(home)
            if item != "@":
                value = getattr(value, item)
            setattr(sys.modules[where], name, value)
            return value
        if name in NAMES.get(module, "").split():
            raise AttributeError(
                "caudal does not have %s%s yet, which TensorFlow 1.15 has" % (path, name)
            )
        raise AttributeError("module %r has no attribute %r" % (where, name))

    __getattr__.names = tuple(homes)
    return __getattr__
