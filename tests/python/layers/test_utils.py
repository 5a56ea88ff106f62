# SPDX-License-Identifier: Apache-2.0
"""Sizes and arguments of layers."""

import pytest

import caudal as tf
from caudal.layers import utils


def test_data_formats():
    words = [utils.convert_data_format("channels_first", n) for n in (3, 4, 5)]
    assert words == ["NCW", "NCHW", "NCDHW"]
    assert utils.convert_data_format("channels_last", 5) == "NDHWC"
    with pytest.raises(ValueError, match="Input rank not supported"):
        utils.convert_data_format("channels_last", 2)
    with pytest.raises(ValueError, match="Invalid data_format"):
        utils.convert_data_format("planes", 4)


@pytest.mark.parametrize("padding", ["same", "valid", "full"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_input_of_an_output(padding, stride):
    for kernel in (1, 3, 5):
        length = utils.conv_input_length(4, kernel, padding, stride)
        assert utils.conv_output_length(length, kernel, padding, stride) == 4
    assert utils.conv_input_length(None, 3, padding, stride) is None


def test_lengths_of_transposes():
    assert utils.deconv_output_length(4, 3, "same", 2) == 8
    assert utils.deconv_output_length(4, 3, "valid", 2) == 9
    assert utils.deconv_output_length(4, 3, "full", 2) == 5
    assert utils.deconv_output_length(4, 3, "same", 2, output_padding=1) == 8


def test_transposed_layers_make_the_nodes_that_later_seeds_count():
    with tf.Graph().as_default() as graph:
        y = tf.layers.conv2d_transpose(tf.ones([2, 4, 4, 3]), 5, 3, strides=2)
        assert y.shape.as_list() == [2, 9, 9, 5]
        kinds = [op.type for op in graph.get_operations()]
    assert kinds.count("StridedSlice") == 4
    assert kinds.count("Pack") == 1


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_subclasses_convolve_with_kernels_of_their_own(rank):
    base = {1: tf.layers.Conv1D, 2: tf.layers.Conv2D, 3: tf.layers.Conv3D}[rank]

    class Halved(base):
        def call(self, inputs):
            return self._convolution_op(inputs, 0.5 * self.kernel)

    ones = {"kernel_initializer": tf.ones_initializer()}
    with tf.Graph().as_default(), tf.Session() as sess:
        image = tf.ones([1] + [4] * rank + [2])
        whole, half = (kind(3, 2, **ones)(image) for kind in (base, Halved))
        sess.run(tf.global_variables_initializer())
        assert sess.run(tf.reduce_all(tf.equal(whole, 2 * half)))
