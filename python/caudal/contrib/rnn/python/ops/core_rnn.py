# SPDX-License-Identifier: Apache-2.0
"""An internal path of TensorFlow that programs use."""

from caudal.layers.rnn import static_bidirectional_rnn, static_rnn, static_state_saving_rnn

__all__ = ["static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn"]
