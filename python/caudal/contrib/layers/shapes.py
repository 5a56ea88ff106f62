# SPDX-License-Identifier: Apache-2.0
"""Layers without weights of their own: dropout, shapes, one-hot vectors, softmax; repetition."""

from caudal.contrib.framework import variables
from caudal.contrib.framework.arg_scope import add_arg_scope
from caudal.contrib.layers import getters, utils
from caudal.framework import constant_op, dtypes, ops, sparse_tensor
from caudal.layers import core
from caudal.ops import array_ops, init_ops, math_ops, nn_ops, sparse_ops, variable_scope

__all__ = [
    "bias_add",
    "dense_to_sparse",
    "dropout",
    "flatten",
    "images_to_sequence",
    "maxout",
    "one_hot_encoding",
    "repeat",
    "sequence_to_images",
    "softmax",
    "spatial_softmax",
    "stack",
]


@add_arg_scope
def bias_add(inputs, activation_fn=None, initializer=init_ops.zeros_initializer(),  # noqa: B008
             regularizer=None, reuse=None, variables_collections=None, outputs_collections=None,
             trainable=True, data_format="NHWC", scope=None):  # fmt: skip
    """Adds a bias to every channel.

    Args:
      inputs: Tensor of rank 2 or more, [batch, ..., channels], or channels second.
      activation_fn: function, or None.
      initializer, regularizer: of the variable "biases".
      data_format: "NHWC" or "NCHW".
      scope: variable scope; default: "BiasAdd".
      Others: see `fully_connected`.

    Raises:
      ValueError: for formats and sizes that do not fit.
    """
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with variable_scope.variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        rank = inputs.get_shape().ndims
        if rank is None:
            raise ValueError("Dims of shape must be known but is None")
        if rank != 4 and data_format == "NCHW":
            raise ValueError("Data format NCHW only supports 4D Tensor")
        channels = inputs.get_shape().dims[1 if data_format == "NCHW" else -1].value
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = variables.model_variable(
            "biases",
            shape=[channels],
            dtype=inputs.dtype.base_dtype,
            initializer=initializer,
            regularizer=regularizer,
            collections=utils.get_variable_collections(variables_collections, "biases"),
            trainable=trainable,
        )
        outputs = nn_ops.bias_add(inputs, biases, data_format=data_format)
        return getters.finish(outputs, None, None, activation_fn, outputs_collections, sc.name)


@add_arg_scope
def dropout(inputs, keep_prob=0.5, noise_shape=None, is_training=True, outputs_collections=None,
            scope=None, seed=None):  # fmt: skip
    """While training, sets a share of 1 - keep_prob of the inputs to 0 and scales up the others.

    Args:
      inputs: Tensor of a floating type.
      keep_prob: float or scalar Tensor.
      noise_shape: shape of the decisions, which broadcasts against the inputs.
      is_training: bool or bool Tensor; False returns the inputs.
      outputs_collections: collections of the output.
      scope: variable scope; default: "Dropout".
      seed: integer.
    """
    with variable_scope.variable_scope(
        scope, "Dropout", [inputs], custom_getter=getters.variable_getter()
    ) as sc:
        inputs = ops.convert_to_tensor(inputs)
        layer = core.Dropout(
            rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name, _scope=sc
        )
        outputs = layer.apply(inputs, training=is_training)
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def flatten(inputs, outputs_collections=None, scope=None):
    """Makes a matrix of the inputs: one row per element of the batch.

    Args:
      inputs: Tensor of rank 1 or more.
      outputs_collections: collections of the output.
      scope: name scope; default: "Flatten".
    """
    with ops.name_scope(scope, "Flatten", [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        return utils.collect_named_outputs(outputs_collections, sc, core.flatten(inputs))


def inner_flatten(inputs, new_rank, output_collections=None, scope=None):
    """Joins the last axes of a tensor, so that it has the rank.

    Args:
      inputs: Tensor or SparseTensor.
      new_rank: int, at most the rank of the inputs.
      output_collections: collections of the output.
      scope: name scope; default: "InnerFlatten".

    Raises:
      ValueError: if the inputs have a lower rank.
    """
    with ops.name_scope(scope, "InnerFlatten", [inputs, new_rank]) as sc:
        if isinstance(inputs, sparse_tensor.SparseTensor):
            rank = inputs.dense_shape.get_shape().with_rank(1).dims[0].value
            if rank is not None and rank < new_rank:
                raise ValueError(
                    "Inputs has rank less than new_rank. %s must have rank at least %d. Received "
                    "rank %d." % (inputs, new_rank, rank)
                )
            sizes = inputs.dense_shape
            joined = [math_ops.reduce_prod(sizes[new_rank - 1 :])]
            flat = sparse_ops.sparse_reshape(
                inputs, array_ops.concat((sizes[: new_rank - 1], joined), 0)
            )
        else:
            inputs = ops.convert_to_tensor(inputs)
            known = inputs.get_shape()
            if known.ndims is not None and known.ndims < new_rank:
                raise ValueError(
                    "inputs has rank less than new_rank. Tensor %s must have rank at least %d. "
                    "Received rank %d, shape %s" % (inputs.name, new_rank, known.ndims, known)
                )
            sizes = array_ops.shape(inputs)
            flat = array_ops.reshape(inputs, array_ops.concat((sizes[: new_rank - 1], [-1]), 0))
            if known.ndims is not None:
                kept = known.as_list()[: new_rank - 1]
                flat.set_shape([*kept, known[new_rank - 1 :].num_elements()])
        return utils.collect_named_outputs(output_collections, sc, flat)


@add_arg_scope
def one_hot_encoding(labels, num_classes, on_value=1.0, off_value=0.0, outputs_collections=None,
                     scope=None):  # fmt: skip
    """Vectors with `on_value` at the label and `off_value` elsewhere.

    Args:
      labels: Tensor of int32 or int64.
      num_classes: int: length of the vectors.
      outputs_collections: collections of the output.
      scope: name scope; default: "OneHotEncoding".
    """
    with ops.name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = ops.convert_to_tensor(labels)
        if labels.dtype == dtypes.int32:
            labels = math_ops.to_int64(labels)
        outputs = array_ops.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


def _layer_name(layer, default):
    if hasattr(layer, "__name__"):
        return layer.__name__
    if hasattr(layer, "func") and hasattr(layer.func, "__name__"):
        return layer.func.__name__
    return default


@add_arg_scope
def repeat(inputs, repetitions, layer, *args, **kwargs):
    """Applies the same layer several times, each time with variables of its own.

    Args:
      inputs: Tensor.
      repetitions: int.
      layer: function (inputs, *args, scope=...).
      *args, **kwargs: of the layer; `scope`: variable scope, default "Repeat".
    """
    scope = kwargs.pop("scope", None)
    with variable_scope.variable_scope(scope, "Repeat", [inputs]):
        inputs = ops.convert_to_tensor(inputs)
        if scope is None:
            scope = _layer_name(layer, "repeat")
        outputs = inputs
        for i in range(repetitions):
            kwargs["scope"] = scope + "_" + str(i + 1)
            outputs = layer(outputs, *args, **kwargs)
        return outputs


@add_arg_scope
def stack(inputs, layer, stack_args, **kwargs):
    """Applies a layer several times, each time with other arguments and variables.

    Args:
      inputs: Tensor.
      layer: function (inputs, *arguments, scope=...).
      stack_args: list of arguments, or tuples of them, one for each time.
      **kwargs: of the layer; `scope`: variable scope, default "Stack".

    Raises:
      ValueError: if `stack_args` is no list or tuple.
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope.variable_scope(scope, "Stack", [inputs]):
        inputs = ops.convert_to_tensor(inputs)
        if scope is None:
            scope = _layer_name(layer, "stack")
        outputs = inputs
        for i, arguments in enumerate(stack_args):
            kwargs["scope"] = scope + "_" + str(i + 1)
            if not isinstance(arguments, (list, tuple)):
                arguments = [arguments]
            outputs = layer(outputs, *arguments, **kwargs)
        return outputs


@add_arg_scope
def softmax(logits, scope=None):
    """Softmax over the last axis.

    Args:
      logits: Tensor whose last axis is known.
      scope: variable scope; default: "softmax".
    """
    with variable_scope.variable_scope(scope, "softmax", [logits]):
        count = utils.last_dimension(logits.get_shape(), min_rank=2)
        rows = nn_ops.softmax(array_ops.reshape(logits, [-1, count]))
        predictions = array_ops.reshape(rows, array_ops.shape(logits))
        predictions.set_shape(logits.get_shape())
        return predictions


@add_arg_scope
def spatial_softmax(features, temperature=None, name=None, variables_collections=None,
                    trainable=True, data_format="NHWC"):  # fmt: skip
    """The mean position of each channel's softmax over an image, in [-1, 1].

    Args:
      features: Tensor [batch, height, width, channels], or channels second.
      temperature: initial value of the variable "temperature"; None: 1.
      name: variable scope; default: "spatial_softmax".
      variables_collections: list of collections, or dict of them for "temperature".
      trainable: whether the variable is for optimizers.
      data_format: "NHWC" or "NCHW".

    Returns:
      A Tensor [batch, channels * 2].

    Raises:
      ValueError: for formats and sizes that do not fit.
    """
    with variable_scope.variable_scope(name, "spatial_softmax"):
        shape = array_ops.shape(features)
        known = features.shape
        if data_format == "NHWC":
            height, width, channels = shape[1], shape[2], known.dims[3].value
        elif data_format == "NCHW":
            channels, height, width = known.dims[1].value, shape[2], shape[3]
        else:
            raise ValueError("data_format has to be either NCHW or NHWC.")
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. "
                "Found `None`."
            )
        with ops.name_scope("spatial_softmax_op", "spatial_softmax_op", [features]):
            rows, columns = array_ops.meshgrid(
                math_ops.lin_space(-1.0, 1.0, num=height),
                math_ops.lin_space(-1.0, 1.0, num=width),
                indexing="ij",
            )
            rows = array_ops.reshape(rows, [height * width])
            columns = array_ops.reshape(columns, [height * width])
            initializer = init_ops.ones_initializer()
            if temperature is not None:
                initializer = init_ops.constant_initializer(temperature)
            collections = None
            if trainable:
                collections = utils.get_variable_collections(variables_collections, "temperature")
            temperature = variables.model_variable(
                "temperature",
                shape=(),
                dtype=dtypes.float32,
                initializer=initializer,
                collections=collections,
                trainable=trainable,
            )
            if data_format == "NHWC":
                features = array_ops.transpose(features, [0, 3, 1, 2])
            features = array_ops.reshape(features, [-1, height * width])
            attention = nn_ops.softmax(features / temperature)
            x = math_ops.reduce_sum(rows * attention, [1], keepdims=True)
            y = math_ops.reduce_sum(columns * attention, [1], keepdims=True)
            both = array_ops.concat([x, y], 1)
            keypoints = array_ops.reshape(both, [-1, channels * 2])
            keypoints.set_shape([known.dims[0].value, channels * 2])
            return keypoints


@add_arg_scope
def maxout(inputs, num_units, axis=-1, scope=None):
    """The largest of each group of features.

    Args:
      inputs: Tensor.
      num_units: number of groups, a divisor of the size of the axis.
      axis: the axis.
      scope: name scope; default: "MaxOut".

    Raises:
      ValueError: if the sizes do not fit.
    """
    with variable_scope.variable_scope(scope, "MaxOut", [inputs]):
        inputs = ops.convert_to_tensor(inputs)
        sizes = inputs.get_shape().as_list()
        features = sizes[axis]
        if features % num_units:
            raise ValueError(
                f"number of features({features}) is not a multiple of num_units({num_units})"
            )
        axis = axis + len(sizes) if axis < 0 else axis
        split = [*sizes[:axis], num_units, features // num_units, *sizes[axis + 1 :]]
        if None in sizes:
            dynamic = array_ops.shape(inputs)
            places = [*range(axis), None, None, *range(axis + 1, len(sizes))]
            split = [dynamic[p] if n is None else n for n, p in zip(split, places)]
        outputs = math_ops.reduce_max(array_ops.reshape(inputs, split), axis=axis + 1)
        outputs.set_shape([*sizes[:axis], num_units, *sizes[axis + 1 :]])
        return outputs


@add_arg_scope
def dense_to_sparse(tensor, eos_token=0, outputs_collections=None, scope=None):
    """A SparseTensor of the elements that differ from `eos_token`.

    Args:
      tensor: Tensor.
      eos_token: value that is left out.
      outputs_collections: collections of the output.
      scope: name scope; default: "dense_to_sparse".
    """
    with variable_scope.variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        tensor = ops.convert_to_tensor(tensor)
        kept = math_ops.not_equal(tensor, constant_op.constant(eos_token, tensor.dtype))
        indices = array_ops.where(kept)
        values = array_ops.gather_nd(tensor, indices)
        outputs = sparse_tensor.SparseTensor(
            indices, values, array_ops.shape(tensor, out_type=dtypes.int64)
        )
        return utils.collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
def images_to_sequence(inputs, data_format="NHWC", outputs_collections=None, scope=None):
    """Every row of every image as a sequence: [width, batch * height, channels].

    Args:
      inputs: Tensor [batch, height, width, channels], or channels second.
      data_format: "NHWC" or "NCHW".
      outputs_collections: collections of the output.
      scope: name scope; default: "ImagesToSequence".

    Raises:
      ValueError: for formats and ranks that do not fit.
    """
    if data_format not in ("NCHW", "NHWC"):
        raise ValueError("data_format has to be either NCHW or NHWC.")
    with ops.name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        first = data_format == "NCHW"
        if inputs.get_shape().ndims != 4:
            raise ValueError("Input to images_to_sequence must be 4-D")
        sizes = inputs.get_shape().as_list()
        if first:
            inputs = array_ops.transpose(inputs, [0, 2, 3, 1])
            sizes = [sizes[0], sizes[2], sizes[3], sizes[1]]
        batch, height, width, depth = sizes
        dynamic = array_ops.shape(inputs)
        outputs = array_ops.transpose(inputs, [2, 0, 1, 3])
        count = (dynamic[0] if batch is None else batch) * (
            dynamic[1] if height is None else height
        )
        outputs = array_ops.reshape(outputs, [-1 if width is None else width, count, depth])
        total = batch * height if batch is not None and height is not None else None
        outputs.set_shape([width, total, depth])
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def sequence_to_images(inputs, height, output_data_format="channels_last",
                       outputs_collections=None, scope=None):  # fmt: skip
    """Undoes `images_to_sequence`.

    Args:
      inputs: Tensor [width, batch * height, channels].
      height: int.
      output_data_format: "channels_last" or "channels_first".
      outputs_collections: collections of the output.
      scope: name scope; default: "SequenceToImages".
    """
    with ops.name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        width, count, depth = inputs.get_shape().as_list()
        count = -1 if count is None else count // height
        outputs = array_ops.reshape(inputs, [-1 if width is None else width, count, height, depth])
        first = output_data_format == "channels_first"
        outputs = array_ops.transpose(outputs, [1, 3, 2, 0] if first else [1, 2, 0, 3])
        return utils.collect_named_outputs(outputs_collections, sc, outputs)
