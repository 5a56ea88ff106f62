# SPDX-License-Identifier: Apache-2.0
"""Argument names of Keras 1, in one table.

A row of `_ROWS` says which classes it is for and what their arguments were called. Layers take it
up by themselves when a class of that name is made (`adapt_layer_class`); `legacy_<row>_support` are
the same rows as decorators, for layers outside of the package.
"""

import functools
import warnings

_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": None}
_VALUES = {"dim_ordering": _FORMATS, "consume_less": {"cpu": 0, "mem": 1, "gpu": 2}}

_WEIGHTS = (
    " init:kernel_initializer W_regularizer:kernel_regularizer b_regularizer:bias_regularizer"
    " W_constraint:kernel_constraint b_constraint:bias_constraint bias:use_bias"
)
_CONV = " nb_filter:filters subsample:strides border_mode:padding dim_ordering:data_format"
_RECURRENT = (
    " init:kernel_initializer inner_init:recurrent_initializer"
    " inner_activation:recurrent_activation W_regularizer:kernel_regularizer"
    " b_regularizer:bias_regularizer U_regularizer:recurrent_regularizer dropout_W:dropout"
    " dropout_U:recurrent_dropout"
)
_POOL = "border_mode:padding dim_ordering:data_format"
_ORDER = "dim_ordering:data_format"

# row -> (names of classes, old:new names of arguments)
_ROWS = {
    "dense": ("Dense", "output_dim:units" + _WEIGHTS),
    "dropout": ("Dropout", "p:rate"),
    "embedding": (
        "Embedding",
        "init:embeddings_initializer W_regularizer:embeddings_regularizer"
        " W_constraint:embeddings_constraint",
    ),
    "pooling1d": (
        "MaxPooling1D AveragePooling1D",
        "pool_length:pool_size stride:strides border_mode:padding",
    ),
    "pooling2d": ("MaxPooling2D AveragePooling2D", _POOL),
    "pooling3d": ("MaxPooling3D AveragePooling3D", _POOL),
    "global_pooling": (
        "GlobalMaxPooling2D GlobalAveragePooling2D GlobalMaxPooling3D GlobalAveragePooling3D",
        _ORDER,
    ),
    "prelu": ("PReLU", "init:alpha_initializer"),
    "gaussiannoise": ("GaussianNoise", "sigma:stddev"),
    "gaussiandropout": ("GaussianDropout", "p:rate"),
    "recurrent": (
        "SimpleRNN GRU LSTM",
        "output_dim:units consume_less:implementation" + _RECURRENT,
    ),
    "upsampling1d": ("UpSampling1D", "length:size"),
    "upsampling2d": ("UpSampling2D", _ORDER),
    "upsampling3d": ("UpSampling3D", _ORDER),
    "conv1d": (
        "Conv1D LocallyConnected1D",
        "nb_filter:filters filter_length:kernel_size subsample_length:strides"
        " border_mode:padding" + _WEIGHTS,
    ),
    "conv2d": ("Conv2D LocallyConnected2D", _CONV + _WEIGHTS),
    "separable_conv2d": (
        "SeparableConv2D",
        _CONV + " b_regularizer:bias_regularizer b_constraint:bias_constraint bias:use_bias",
    ),
    "deconv2d": ("Conv2DTranspose", _CONV + _WEIGHTS),
    "conv3d": ("Conv3D", _CONV + _WEIGHTS),
    "convlstm2d": ("ConvLSTM2D", _CONV + _RECURRENT + " bias:use_bias"),
    "batchnorm": ("BatchNormalization", "beta_init:beta_initializer gamma_init:gamma_initializer"),
    "zeropadding2d": ("ZeroPadding2D", _ORDER),
    "zeropadding3d": ("ZeroPadding3D", _ORDER),
    "cropping2d": ("Cropping2D", _ORDER),
    "cropping3d": ("Cropping3D", _ORDER),
    "spatialdropout1d": ("SpatialDropout1D", "p:rate"),
    "spatialdropoutNd": ("SpatialDropout2D SpatialDropout3D", "p:rate dim_ordering:data_format"),
    "lambda": ("Lambda", ""),
    "input": ("InputLayer", "input_dtype:dtype"),
    "model_constructor": ("", "input:inputs output:outputs"),
    "generator_methods": (
        "",
        "samples_per_epoch:steps_per_epoch val_samples:steps nb_epoch:epochs"
        " nb_val_samples:validation_steps nb_worker:workers pickle_safe:use_multiprocessing"
        " max_q_size:max_queue_size",
    ),
    "add_weight": ("", ""),
    "get_updates": ("", ""),
}


def raise_duplicate_arg_error(old_arg, new_arg):
    """Raises TypeError: both names of one argument were given."""
    raise TypeError(
        f"For the `{new_arg}` argument, the layer received both the legacy keyword argument "
        f"`{old_arg}` and the Keras 2 keyword argument `{new_arg}`. Stick to the latter!"
    )


# What is more than another name ------------------------------------------------------------------
# Each function takes and gives (args with self, kwargs) and says what it changed.


def _drop_embedding_dropout(args, kwargs):
    if kwargs.pop("dropout", None) is not None:
        warnings.warn(
            "The `dropout` argument is no longer support in `Embedding`. You can apply a "
            "`keras.layers.SpatialDropout1D` layer right after the `Embedding` layer to get the "
            "same behavior.",
            stacklevel=5,
        )
    return args, kwargs, []


def _forget_bias(args, kwargs):
    if "forget_bias_init" not in kwargs:
        return args, kwargs, []
    if kwargs.pop("forget_bias_init") == "one":
        kwargs["unit_forget_bias"] = True
        return args, kwargs, ["unit_forget_bias"]
    warnings.warn(
        "The `forget_bias_init` argument has been ignored. Use `unit_forget_bias=True` instead to "
        "initialize with ones.",
        stacklevel=5,
    )
    return args, kwargs, []


def _sequence_shape(args, kwargs):
    """input_length and input_dim of a layer for sequences are its input_shape."""
    if "input_dim" not in kwargs:
        return args, kwargs, []
    kwargs["input_shape"] = (kwargs.pop("input_length", None), kwargs.pop("input_dim"))
    return args, kwargs, ["input_shape"]


def _recurrent(args, kwargs):
    args, kwargs, changed = _forget_bias(args, kwargs)
    args, kwargs, shaped = _sequence_shape(args, kwargs)
    if shaped:
        warnings.warn(
            "The `input_dim` and `input_length` arguments in recurrent layers are deprecated. Use "
            "`input_shape` instead.",
            stacklevel=5,
        )
    return args, kwargs, changed + shaped


def _sizes_apart(*names):
    """For convolutions whose kernel sizes were arguments of their own, behind `filters`."""

    def gather(args, kwargs):
        sizes = list(args[2 : 2 + len(names)])
        if not all(isinstance(s, int) for s in sizes) or len(args) > 2 + len(names):
            return args, kwargs, []
        positional = len(sizes)
        for name in names[positional:]:
            if name not in kwargs:
                break
            sizes.append(kwargs[name])
        if len(sizes) < len(names):
            return args, kwargs, []
        if positional == len(names) and any(k in kwargs for k in ("padding", "strides")):
            raise ValueError(
                "It seems that you are using the Keras 2 and you are passing both `kernel_size` "
                "and `strides` as integer positional arguments. For safety reasons, this is "
                "disallowed. Pass `strides` as a keyword argument instead."
            )
        for name in names[positional:]:
            del kwargs[name]
        if len(args) == 1:
            kwargs["kernel_size"] = tuple(sizes)
            return args, kwargs, ["kernel_size"]
        return (*args[:2], tuple(sizes)), kwargs, ["kernel_size"]

    return gather


_conv2d = _sizes_apart("nb_row", "nb_col")


def _separable(args, kwargs):
    changed = []
    if "init" in kwargs:
        init = kwargs.pop("init")
        kwargs["depthwise_initializer"] = kwargs["pointwise_initializer"] = init
        changed.append("depthwise_initializer/pointwise_initializer")
    args, kwargs, more = _conv2d(args, kwargs)
    return args, kwargs, changed + more


def _deconv2d(args, kwargs):
    changed = []
    if len(args) == 5 and isinstance(args[4], tuple):
        args = args[:-1]
        changed.append("output_shape")
    if "output_shape" in kwargs:
        del kwargs["output_shape"]
        changed.append("output_shape")
    args, kwargs, more = _conv2d(args, kwargs)
    return args, kwargs, changed + more


def _convlstm2d(args, kwargs):
    args, kwargs, changed = _forget_bias(args, kwargs)
    args, kwargs, more = _conv2d(args, kwargs)
    return args, kwargs, changed + more


def _batchnorm(args, kwargs):
    if len(args) > 1:
        raise TypeError(
            "The `BatchNormalization` layer does not accept positional arguments. Use keyword "
            "arguments instead."
        )
    if "mode" not in kwargs:
        return args, kwargs, []
    if kwargs.pop("mode") != 0:
        raise TypeError(
            "The `mode` argument of `BatchNormalization` no longer exists. `mode=1` and `mode=2` "
            "are no longer supported."
        )
    return args, kwargs, ["mode"]


_SIDES = {"top_pad", "bottom_pad", "left_pad", "right_pad"}


def _zeropadding2d(args, kwargs):
    padding = kwargs.get("padding", args[1] if len(args) == 2 else None)
    if not isinstance(padding, dict) or not set(padding) <= _SIDES:
        return args, kwargs, []
    top, bottom, left, right = (
        padding.get(side, 0) for side in ("top_pad", "bottom_pad", "left_pad", "right_pad")
    )
    kwargs["padding"] = ((top, bottom), (left, right))
    warnings.warn(
        "The `padding` argument in the Keras 2 API no longer accepts dict types. You can now input "
        "argument as: `padding=((top_pad, bottom_pad), (left_pad, right_pad))`.",
        stacklevel=5,
    )
    return args[:1], kwargs, []


_COUNTS = {"samples_per_epoch", "val_samples", "nb_epoch", "nb_val_samples", "nb_worker"}


def _generator_methods(args, kwargs):
    if _COUNTS & kwargs.keys():
        warnings.warn(
            "The semantics of the Keras 2 argument `steps_per_epoch` is not the same as the Keras "
            "1 argument `samples_per_epoch`. `steps_per_epoch` is the number of batches to draw "
            "from the generator at each epoch. Basically steps_per_epoch = samples_per_epoch/"
            "batch_size. Similarly `nb_val_samples`->`validation_steps` and `val_samples`->`steps` "
            "arguments have changed. Update your method calls accordingly.",
            stacklevel=5,
        )
    if len(args) >= 3 or "samples_per_epoch" not in kwargs:
        return args, kwargs, []
    generator = args[1] if len(args) > 1 else kwargs.get("generator")
    samples = kwargs.pop("samples_per_epoch")
    size = getattr(generator, "batch_size", None)
    kwargs["steps_per_epoch"] = samples // size if size else samples
    return args, kwargs, ["steps_per_epoch"]


def _add_weight(args, kwargs):
    """The shape stood first, the name behind it."""
    if len(args) > 1 and isinstance(args[1], (tuple, list)):
        kwargs["shape"] = args[1]
        args = args[:1] + args[2:]
        if len(args) > 1 and isinstance(args[1], str):
            kwargs["name"] = args[1]
            args = args[:1] + args[2:]
    return args, kwargs, []


def _get_updates(args, kwargs):
    """(params, constraints, loss) is what (loss, params) was."""
    if len(args) > 4:
        raise TypeError("`get_update` call received more arguments than expected.")
    if len(args) == 4:
        return args[:1], {**kwargs, "params": args[1], "loss": args[3]}, []
    if len(args) == 3 and isinstance(args[1], (list, tuple)):
        return args[:1], {**kwargs, "params": args[1]}, []
    return args, kwargs, []


_PREPARE = {
    "embedding": _drop_embedding_dropout,
    "recurrent": _recurrent,
    "conv1d": _sequence_shape,
    "conv2d": _conv2d,
    "separable_conv2d": _separable,
    "deconv2d": _deconv2d,
    "conv3d": _sizes_apart("kernel_dim1", "kernel_dim2", "kernel_dim3"),
    "convlstm2d": _convlstm2d,
    "batchnorm": _batchnorm,
    "zeropadding2d": _zeropadding2d,
    "generator_methods": _generator_methods,
    "add_weight": _add_weight,
    "get_updates": _get_updates,
}

# Decorators --------------------------------------------------------------------------------------


def _brief(value):
    if isinstance(value, str):
        return '"%s"' % value
    text = "array" if hasattr(value, "__array__") else str(value)
    return text[:10] + "..." if len(text) > 10 else text


def generate_legacy_interface(
    allowed_positional_args=None,
    conversions=None,
    preprocessor=None,
    value_conversions=None,
    object_type="class",
):
    """A decorator that translates arguments of Keras 1 for a method, with a warning.

    Args:
      allowed_positional_args: kept for calls as in Keras; positions are not restricted.
      conversions: list of (old name, new name).
      preprocessor: function from (args with self, kwargs) to these and a list of what it changed.
      value_conversions: dict from old name to dict from old value to new value.
      object_type: "class" names the class in the warning, "method" the method.
    """
    conversions = list(conversions or ())
    value_conversions = value_conversions or {}

    def decorate(function):
        @functools.wraps(function)
        def translated(*args, **kwargs):
            changed = []
            if preprocessor is not None:
                args, kwargs, changed = preprocessor(args, kwargs)
                changed = list(changed)
            for old, new in conversions:
                if old not in kwargs:
                    continue
                value = kwargs.pop(old)
                if new in kwargs:
                    raise_duplicate_arg_error(old, new)
                if old in value_conversions and isinstance(value, str):
                    value = value_conversions[old].get(value, value)
                kwargs[new] = value
                changed.append(new)
            if changed:
                of_class = object_type == "class"
                name = type(args[0]).__name__ if of_class else function.__name__
                given = [_brief(a) for a in args[1:]]
                given += ["%s=%s" % (k, _brief(v)) for k, v in kwargs.items()]
                warnings.warn(
                    "Update your `%s` call to the Keras 2 API: `%s(%s)`"
                    % (name, name, ", ".join(given)),
                    stacklevel=2,
                )
            return function(*args, **kwargs)

        translated._original_function = function
        return translated

    return decorate


def _decorator(row):
    renames = [tuple(pair.split(":")) for pair in _ROWS[row][1].split()]
    return generate_legacy_interface(
        conversions=renames,
        preprocessor=_PREPARE.get(row),
        value_conversions=_VALUES,
        object_type="method" if row == "generator_methods" else "class",
    )


for _row in _ROWS:
    globals()["legacy_%s_support" % _row] = _decorator(_row)
generate_legacy_method_interface = functools.partial(
    generate_legacy_interface, object_type="method"
)

_ROW_OF_CLASS = {name: row for row, (names, _) in _ROWS.items() for name in names.split()}


def adapt_layer_class(cls):
    """Makes a class of the package that is in the table accept its arguments of Keras 1."""
    row = _ROW_OF_CLASS.get(cls.__name__)
    if row is not None and cls.__module__.startswith("caudal.keras."):
        cls.__init__ = globals()["legacy_%s_support" % row](cls.__init__)
