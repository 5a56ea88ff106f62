# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.slim.nets`: networks that are well known."""

from caudal.contrib.slim.nets import (
    alexnet,
    cifarnet,
    inception,
    lenet,
    overfeat,
    resnet_utils,
    resnet_v1,
    resnet_v2,
    vgg,
)
