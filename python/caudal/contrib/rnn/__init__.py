# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.rnn`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.rnn",
    {
        "caudal.contrib.rnn.block_cells": "GRUBlockCell GRUBlockCellV2 LSTMBlockCell "
        "LSTMBlockFusedCell LSTMBlockWrapper",
        "caudal.contrib.rnn.fused": "FusedRNNCell FusedRNNCellAdaptor TimeReversedFusedRNN",
        "caudal.contrib.rnn.grid_cells": "BidirectionalGridLSTMCell GridLSTMCell TimeFreqLSTMCell",
        "caudal.contrib.rnn.lstm_cells": "Conv1DLSTMCell Conv2DLSTMCell Conv3DLSTMCell "
        "ConvLSTMCell CoupledInputForgetGateLSTMCell GLSTMCell LayerNormBasicLSTMCell "
        "PhasedLSTMCell",
        "caudal.contrib.rnn.python": "@",
        "caudal.contrib.rnn.simple_cells": "IndRNNCell IndyGRUCell IndyLSTMCell "
        "IntersectionRNNCell NASCell SRUCell UGRNNCell",
        "caudal.contrib.rnn.stacks": "stack_bidirectional_dynamic_rnn stack_bidirectional_rnn",
        "caudal.contrib.rnn.wrappers": "AttentionCellWrapper CompiledWrapper EmbeddingWrapper "
        "HighwayWrapper InputProjectionWrapper OutputProjectionWrapper",
        "caudal.layers.rnn": "best_effort_input_batch_size static_bidirectional_rnn static_rnn "
        "static_state_saving_rnn transpose_batch_time",
        "caudal.layers.rnn_cell": "BasicLSTMCell BasicRNNCell DeviceWrapper DropoutWrapper "
        "GRUCell LSTMCell LSTMStateTuple MultiRNNCell ResidualWrapper RNNCell",
        "caudal.layers.rnn_cell_base": "LayerRNNCell",
    },
)
