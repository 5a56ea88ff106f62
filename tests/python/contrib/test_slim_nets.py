# SPDX-License-Identifier: Apache-2.0
"""Networks of slim have the variables, end points and collections that TensorFlow 1.15.5 makes.

data/slim_nets.json holds what it made: counts of variables (all, trainable, model), losses and
updates; the output; and a digest of names and shapes, for some networks also these themselves.
"""

import hashlib
import json
import pathlib

import pytest

import caudal as tf

slim = tf.contrib.slim
nets = slim.nets
RECORDED = json.loads((pathlib.Path(__file__).parent / "data" / "slim_nets.json").read_text())
_RESNET = nets.resnet_utils.resnet_arg_scope
_INCEPTION = {v: getattr(nets.inception, "inception_%s_arg_scope" % v) for v in ("v1", "v2", "v3")}

# name -> (function, image size, argument scope, arguments)
CASES = {
    "alexnet_v2": (nets.alexnet.alexnet_v2, 224, nets.alexnet.alexnet_v2_arg_scope, {}),
    "overfeat": (nets.overfeat.overfeat, 231, nets.overfeat.overfeat_arg_scope, {}),
    **{
        name: (getattr(nets.vgg, name), 224, nets.vgg.vgg_arg_scope, {"num_classes": 10})
        for name in ("vgg_a", "vgg_16", "vgg_19")
    },
    "inception_v1": (nets.inception.inception_v1, 224, _INCEPTION["v1"], {}),
    "inception_v2": (nets.inception.inception_v2, 224, _INCEPTION["v2"], {}),
    "inception_v3": (nets.inception.inception_v3, 299, _INCEPTION["v3"], {}),
    "inception_v1_noscope": (nets.inception.inception_v1, 224, None, {"num_classes": 7}),
    "inception_v2_small": (
        nets.inception.inception_v2, 80, _INCEPTION["v2"],
        {"num_classes": 7, "depth_multiplier": 0.5, "spatial_squeeze": False},
    ),
    "inception_v3_small": (
        nets.inception.inception_v3, 107, _INCEPTION["v3"],
        {"num_classes": 7, "depth_multiplier": 0.5, "is_training": False},
    ),
}  # fmt: skip
for version in ("resnet_v1", "resnet_v2"):
    module = getattr(nets, version)
    for depth in (50, 101, 152, 200):
        name = "%s_%d" % (version, depth)
        CASES[name] = (getattr(module, name), 224, _RESNET, {"num_classes": 1000})
    CASES[version + "_50_os8"] = (
        getattr(module, version + "_50"), 65, _RESNET, {"output_stride": 8, "global_pool": False},
    )  # fmt: skip


def listed(name, tensor):
    sizes = tensor.shape.as_list() if tensor.shape.ndims is not None else ["?"]
    return " ".join([name] + [str(n) for n in sizes])


@pytest.mark.parametrize("name", sorted(CASES))
def test_as_in_tensorflow(name):
    network, size, scope, arguments = CASES[name]
    recorded = RECORDED[name]
    x = tf.placeholder(tf.float32, [1, size, size, 3])
    with slim.arg_scope(scope() if scope else {}):
        net, ends = network(x, **arguments)
    variables = [listed(v.op.name, v) for v in tf.global_variables()]
    end_points = [listed(k, v) for k, v in ends.items()]
    if "variables" in recorded:
        assert variables == recorded["variables"]
        assert end_points == recorded["end_points"]
    assert listed(net.op.name, net) == recorded["output"]
    keys = ["trainable_variables", "regularization_losses", "update_ops", "model_variables"]
    counts = [len(variables)] + [len(tf.get_collection(k)) for k in keys]
    assert counts == recorded["counts"]
    digest = hashlib.sha256("\n".join(variables + end_points).encode()).hexdigest()[:16]
    assert digest == recorded["digest"]


def test_all_that_was_recorded_is_tested():
    assert set(CASES) == set(RECORDED)


def test_final_end_point_and_unknown_ones():
    x = tf.placeholder(tf.float32, [1, 96, 96, 3])
    net, ends = nets.inception.inception_v3_base(x, final_endpoint="Mixed_5b")
    assert list(ends)[-1] == "Mixed_5b" and net is ends["Mixed_5b"]
    with pytest.raises(ValueError, match="Unknown final endpoint"):
        nets.inception.inception_v1_base(x, final_endpoint="Mixed_9z")
    with pytest.raises(ValueError, match="depth_multiplier"):
        nets.inception.inception_v2_base(x, depth_multiplier=0)
    with pytest.raises(ValueError, match="multiple of 4"):
        nets.resnet_v1.resnet_v1_50(x, output_stride=3)


@pytest.mark.parametrize("network", [nets.lenet.lenet, nets.cifarnet.cifarnet])
def test_small_networks_learn(network):
    size = network.default_image_size
    tf.set_random_seed(1)
    x = tf.random_normal([8, size, size, 1], seed=2)
    labels = tf.constant([0, 1] * 4)
    scope = nets.lenet.lenet_arg_scope if size == 28 else nets.cifarnet.cifarnet_arg_scope
    with slim.arg_scope(scope()):
        logits, ends = network(x, num_classes=2, is_training=True)
    assert logits.shape == (8, 2) and "Predictions" in ends
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    train = slim.learning.create_train_op(loss, tf.train.GradientDescentOptimizer(0.01))
    assert slim.learning.train(train, None, number_of_steps=3, log_every_n_steps=0) < 1000
