# SPDX-License-Identifier: Apache-2.0
"""What `Model.compile` builds: targets, sample weights, the total loss and the metrics."""

import re
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras import losses
from caudal.keras import metrics as metrics_module
from caudal.keras.engine.base_layer import Layer
from caudal.keras.engine.training_utils import collect_metrics, weighted_masked_objective
from caudal.layers.engine import snake_case
from caudal.ops import array_ops

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


def check_keys(mapping, names, argument):
    """Raises ValueError for keys of a dict that are no names of outputs."""
    for key in mapping:
        if key not in names:
            raise ValueError(
                'Unknown entry in %s dictionary: "%s". Only expected the following keys: %s'
                % (argument, key, names)
            )


def check_count(items, names, argument):
    """Raises ValueError for a list that has not one entry per output."""
    if len(items) != len(names):
        raise ValueError(
            "When passing a list as %s, it should have one entry per model output. The model has "
            "%d outputs, but you passed %s=%s" % (argument, len(names), argument.strip("`"), items)
        )


def loss_functions_of(loss, names):
    """The loss function, or None, of every output."""
    if isinstance(loss, dict):
        check_keys(loss, names, "loss")
        for name in names:
            if name not in loss:
                warnings.warn(
                    'Output "%s" missing from loss dictionary. We assume this was done on purpose, '
                    'and we will not be expecting any data to be passed to "%s" during training.'
                    % (name, name),
                    stacklevel=3,
                )
        return [losses.get(loss.get(name)) for name in names]
    if isinstance(loss, (list, tuple)):
        check_count(loss, names, "loss")
        return [losses.get(one) for one in loss]
    return [losses.get(loss)] * len(names)


def loss_weights_of(weights, names):
    """The factor of every output's loss."""
    if weights is None:
        return [1.0] * len(names)
    if isinstance(weights, dict):
        check_keys(weights, names, "loss_weights")
        return [weights.get(name, 1.0) for name in names]
    if isinstance(weights, list):
        check_count(weights, names, "loss_weights")
        return weights
    raise TypeError(
        "Could not interpret loss_weights argument: %s - expected a list of dicts." % (weights,)
    )


def target_tensors_of(tensors, names):
    """The user's target, or None, of every output."""
    if tensors is None:
        return [None] * len(names)
    if isinstance(tensors, dict):
        check_keys(tensors, names, "`target_tensors`")
        return [tensors.get(name) for name in names]
    if isinstance(tensors, list):
        check_count(tensors, names, "`target_tensors`")
        return tensors
    if K.is_tensor(tensors):
        if len(names) != 1:
            raise ValueError(
                "The model has %d outputs, but you passed a single tensor as `target_tensors`. "
                "Expected a list or a dict of tensors." % len(names)
            )
        return [tensors]
    raise TypeError(
        "Expected `target_tensors` to be a tensor, a list of tensors, or dict of tensors, but got: "
        "%s" % (tensors,)
    )


def sample_weight_modes_of(mode, names, weighted):
    """ "temporal" or None for every output; `weighted` says which outputs take weights at all."""
    if isinstance(mode, dict):
        check_keys(mode, names, "sample_weight_mode")
        for name, takes in zip(names, weighted):
            if takes and name not in mode:
                raise ValueError('Output "%s" missing from sample_weight_modes dictionary' % name)
        modes = [mode.get(name) for name in names]
    elif isinstance(mode, list):
        check_count(mode, names, "sample_weight_mode")
        modes = mode
    else:
        modes = [mode] * len(names)
    return [m if takes and m == "temporal" else None for m, takes in zip(modes, weighted)]


def weights_placeholder(name, mode):
    """Placeholder of weights: one per sample, or per timestep. A run without weights counts all
    samples alike: the default is a single one, which the plan of such a run folds away."""
    rank = 2 if mode == "temporal" else 1
    ones = np.ones((1,) * rank, K.floatx())
    weights = array_ops.placeholder_with_default(ones, [None] * rank, name=name)
    weights._keras_shape = (None,) * rank
    weights._uses_learning_phase = False
    return weights


class Output:
    """One output of a model that is being compiled."""

    def __init__(self, name, tensor, loss, mask):
        self.name = name
        self.tensor = tensor
        self.loss = loss
        self.mask = mask
        self.shape = K.int_shape(tensor)
        self.target = None
        self.is_fed = False  # its targets come from the user's arrays, and so do their weights
        self.weights = None

    def make_target(self, given):
        if self.loss is None:
            return
        if given is None:
            given = K.placeholder(
                ndim=len(self.shape), name=self.name + "_target", dtype=K.dtype(self.tensor),
                sparse=K.is_sparse(self.tensor),
            )  # fmt: skip
        self.target = given
        self.is_fed = K.is_placeholder(given)

    def make_weights(self, mode):
        self.mode = mode
        if self.is_fed:
            self.weights = weights_placeholder(self.name + "_sample_weights", mode)

    def make_loss(self):
        with K.name_scope(self.name + "_loss"):
            objective = weighted_masked_objective(self.loss)
            return objective(self.target, self.tensor, self.weights, self.mask)

    def metric_function(self, metric):
        """The function of a metric, and its name; "acc" and "ce" depend on the loss."""
        accuracy = isinstance(metric, str) and metric in _ACCURACY
        if not accuracy and not (isinstance(metric, str) and metric in _CROSSENTROPY):
            function = metrics_module.get(metric)
            name = getattr(function, "name", None) or getattr(function, "__name__", None)
            return function, name or snake_case(type(function).__name__)
        loss = getattr(self.loss, "fn", self.loss)
        if self.shape[-1] == 1 or loss is losses.binary_crossentropy:
            kind = "binary"
        elif loss is losses.sparse_categorical_crossentropy:
            kind = "sparse_categorical"
        else:
            kind = "categorical"
        suffix = "_accuracy" if accuracy else "_crossentropy"
        return getattr(metrics_module, kind + suffix), "acc" if accuracy else "ce"

    def metric_result(self, function, weights):
        if isinstance(function, metrics_module.Metric):
            return function.of_output(self.target, self.tensor, weights, self.mask)
        weighted = weighted_masked_objective(function)
        return weighted(self.target, self.tensor, weights=weights, mask=self.mask)


class MetricTable:
    """Names, tensors and updates of a model's metrics, in the order in which runs return them."""

    def __init__(self, several_outputs):
        self.several_outputs = several_outputs
        self.names = ["loss"]
        self.tensors = []
        self.updates = []
        self.stateful_names = []
        self.stateful_functions = []

    def add_loss(self, output, loss):
        if self.several_outputs:
            self.names.append(output.name + "_loss")
            self.tensors.append(loss)

    def add_metrics(self, output, metrics, weighted):
        for metric in metrics:
            function, name = output.metric_function(metric)
            name = ("weighted_" if weighted and output.weights is not None else "") + name
            if any(function is known for known in self.stateful_functions):
                function = type(function).from_config(function.get_config())
            with K.name_scope(re.sub(r"[^\w.\-/]|^[^A-Za-z0-9.]", "", name) or "metric"):
                result = output.metric_result(function, output.weights if weighted else None)
            self._add(output, name, result, function)

    def add_metrics_of_layers(self, model):
        """What `Layer.add_metric` was given."""
        seen = set()
        pending = [model]
        while pending:
            layer = pending.pop(0)
            if id(layer) not in seen:
                seen.add(id(layer))
                pending += getattr(layer, "layers", ())
                for name, value in getattr(layer, "_metrics", ()):
                    self._append(name, value)

    def _add(self, output, name, result, function):
        if self.several_outputs:
            name = "%s_%s" % (output.name, name)
        name = self._append(name, result)
        if isinstance(function, Layer) and function.stateful:
            self.stateful_names.append(name)
            self.stateful_functions.append(function)
            self.updates += function.updates

    def _append(self, name, result):
        base, number = name, 0
        while name in self.names:
            number += 1
            name = "%s_%d" % (base, number)
        self.names.append(name)
        self.tensors.append(result)
        return name


def compile_model(model, loss, metrics, loss_weights, sample_weight_mode, weighted_metrics,
                  target_tensors):  # fmt: skip
    """Sets all that training needs as attributes of a model whose outputs are known."""
    names = model.output_names
    functions = loss_functions_of(loss, names)
    masks = [getattr(x, "_keras_mask", None) for x in model.outputs]
    outputs = [Output(*parts) for parts in zip(names, model.outputs, functions, masks)]
    factors = loss_weights_of(loss_weights, names)
    for output, given in zip(outputs, target_tensors_of(target_tensors, names)):
        output.make_target(given)
    modes = sample_weight_modes_of(sample_weight_mode, names, [o.is_fed for o in outputs])
    for output, mode in zip(outputs, modes):
        output.make_weights(mode)

    fed = [o for o in outputs if o.is_fed]
    model.loss_functions = functions
    model.targets = [o.target for o in outputs]
    model.sample_weights = [o.weights for o in outputs]
    model.sample_weight_modes = modes
    model._feed_outputs = [o.tensor for o in fed]
    model._feed_output_names = [o.name for o in fed]
    model._feed_output_shapes = [o.shape for o in fed]
    model._feed_loss_fns = [o.loss for o in fed]
    model._feed_targets = [o.target for o in fed]
    model._feed_sample_weights = [o.weights for o in fed]
    model._feed_sample_weight_modes = [o.mode for o in fed]

    table = MetricTable(len(outputs) > 1)
    with_loss = [(o, factor) for o, factor in zip(outputs, factors) if o.loss is not None]
    model.total_loss = _total_loss(model, with_loss, table)
    plain = collect_metrics(metrics, names)
    weighted = collect_metrics(weighted_metrics, names)
    with K.name_scope("metrics"):
        for output, own, own_weighted in zip(outputs, plain, weighted):
            if output.loss is not None:
                table.add_metrics(output, own, weighted=False)
                table.add_metrics(output, own_weighted, weighted=True)
    table.add_metrics_of_layers(model)
    model.metrics_names = table.names
    model.metrics_tensors = table.tensors
    model.metrics_updates = table.updates
    model.stateful_metric_names = table.stateful_names
    model.stateful_metric_functions = table.stateful_functions


def _total_loss(model, with_loss, table):
    total = None
    with K.name_scope("loss"):
        for output, factor in with_loss:
            loss = output.make_loss()
            table.add_loss(output, loss)
            part = loss if isinstance(factor, float) and factor == 1.0 else factor * loss
            total = part if total is None else total + part
        if total is None and not model.losses:
            raise ValueError("The model cannot be compiled because it has no loss to optimize.")
        for loss in model.losses:
            total = loss if total is None else total + loss
    return total
