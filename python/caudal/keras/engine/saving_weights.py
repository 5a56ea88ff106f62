# SPDX-License-Identifier: Apache-2.0
"""Weights of layers in groups of HDF5 files.

A group names its layers in `layer_names`; the group of a layer names its datasets in
`weight_names`. Long lists are cut into `layer_names0`, `layer_names1` ...
"""

import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.engine.saving_convert import preprocess_weights_for_loading
from caudal.keras.utils.io_utils import H5Dict, as_names, as_text


def unique_names(variables):
    """The names of variables, as bytes, with numbers where they repeat."""
    names, seen = [], set()
    for i, variable in enumerate(variables):
        name = base = getattr(variable, "name", None) or "param_%d" % i
        count = 0
        while name in seen:
            count += 1
            name = "%s_%d" % (base, count)
        seen.add(name)
        names.append(name.encode("utf-8"))
    return names


def write_versions(store):
    """Writes which version of Keras the layout is of."""
    from caudal.keras import __version__

    for name, value in (("keras_version", __version__), ("backend", K.backend())):
        store.remove(name)
        store[name] = value.encode("utf-8")


def write_weights(store, layers):
    """Writes the weights of layers to an H5Dict."""
    values = iter(K.batch_get_value([w for layer in layers for w in layer.weights]))
    store["layer_names"] = [layer.name.encode("utf-8") for layer in layers]
    write_versions(store)
    for layer in layers:
        group = store[layer.name]
        names = unique_names(layer.weights)
        group["weight_names"] = names
        for name in names:
            group[name] = np.asarray(next(values))


def _version(store):
    """(version of Keras, backend or None) of the file."""
    version = as_text(store["keras_version"]) if "keras_version" in store else "1"
    return version, as_text(store["backend"]) if "backend" in store else None


def _names_in(store, attribute):
    if attribute not in store:
        raise ValueError("the file is damaged: a group lacks the attribute %s" % attribute)
    return as_names(store[attribute])


def _saved_layers(store):
    """(name, names of its weights, group) of the layers of a file."""
    out = []
    for name in _names_in(store, "layer_names"):
        group = store[name] if name in store else None
        if not isinstance(group, H5Dict):
            raise ValueError('the file is damaged: there is no group of layer "%s"' % name)
        out.append((name, _names_in(group, "weight_names"), group))
    return out


def _values(layer_name, weight_names, group):
    out = []
    for name in weight_names:
        value = group[name] if name in group else None
        if not isinstance(value, np.ndarray):
            raise ValueError(
                'the file is damaged: there is no dataset "%s" of layer "%s"' % (name, layer_name)
            )
        out.append(value)
    return out


def load_weights_by_order(store, layers, reshape=False):
    """Sets the weights of layers: the first with weights gets those of the first in the file.

    Raises:
      ValueError: if numbers or shapes differ; nothing is changed then.
    """
    version, backend = _version(store)
    layers = [layer for layer in layers if layer.weights]
    saved = [entry for entry in _saved_layers(store) if entry[1]]
    if len(saved) != len(layers):
        raise ValueError(
            "You are trying to load a weight file containing %d layers into a model with %d layers."
            % (len(saved), len(layers))
        )
    pairs = []
    for k, (layer, (name, weight_names, group)) in enumerate(zip(layers, saved)):
        values = _values(name, weight_names, group)
        values = preprocess_weights_for_loading(layer, values, version, backend, reshape)
        if len(values) != len(layer.weights):
            raise ValueError(
                'Layer #%d (named "%s" in the current model) was found to correspond to layer %s '
                "in the save file. However the new layer %s expects %d weights, but the saved "
                "weights have %d elements."
                % (k, layer.name, name, layer.name, len(layer.weights), len(values))
            )
        for variable, value in zip(layer.weights, values):
            _check_shape(k, layer, variable, value)
            pairs.append((variable, value))
    K.batch_set_value(pairs)


def _mismatch(k, layer, variable, value):
    return 'Layer #%d (named "%s"), weight %s has shape %s, but the saved weight has shape %s.' % (
        k, layer.name, variable.name, K.int_shape(variable), value.shape)  # fmt: skip


def _check_shape(k, layer, variable, value):
    if tuple(K.int_shape(variable)) != value.shape:
        raise ValueError(_mismatch(k, layer, variable, value))


def load_weights_by_name(store, layers, skip_mismatch=False, reshape=False):
    """Sets the weights of those layers whose names are in the file.

    Args:
      skip_mismatch: leave out weights whose number or shape differs, with a warning.

    Raises:
      ValueError: if numbers or shapes differ; nothing is changed then.
    """
    version, backend = _version(store)
    by_name = {}
    for layer in layers:
        by_name.setdefault(layer.name, []).append(layer)
    pairs = []
    for k, (name, weight_names, group) in enumerate(_saved_layers(store)):
        for layer in by_name.get(name, ()):
            values = _values(name, weight_names, group)
            values = preprocess_weights_for_loading(layer, values, version, backend, reshape)
            pairs += _matching(k, layer, values, skip_mismatch)
    K.batch_set_value(pairs)


def _matching(k, layer, values, skip_mismatch):
    """(variable, value) of what fits."""
    expected, found = len(layer.weights), len(values)
    if expected != found:
        if not skip_mismatch:
            raise ValueError(
                'Layer #%d (named "%s") expects %d weight(s), but the saved weights have %d '
                "element(s)." % (k, layer.name, expected, found)
            )
        warnings.warn(
            "Skipping loading of weights for layer %s due to mismatch in number of weights "
            "(%d vs %d)." % (layer.name, expected, found),
            stacklevel=5,
        )
        return []
    pairs = []
    for variable, value in zip(layer.weights, values):
        if tuple(K.int_shape(variable)) == value.shape:
            pairs.append((variable, value))
        elif not skip_mismatch:
            raise ValueError(_mismatch(k, layer, variable, value))
        else:
            warnings.warn(
                "Skipping loading of weights for layer %s due to mismatch in shape (%s vs %s)."
                % (layer.name, K.int_shape(variable), value.shape),
                stacklevel=5,
            )
    return pairs


# Keras' functions for groups of h5py -------------------------------------------------------------


def save_attributes_to_hdf5_group(group, name, data):
    """Writes a list of bytes as an attribute, in pieces where it is long."""
    H5Dict(group)[name] = list(data)


def load_attributes_from_hdf5_group(group, name):
    """The list of strings in an attribute, or in its pieces; [] where there is none."""
    store = H5Dict(group, mode="r")
    return as_names(store[name]) if name in store else []


def save_weights_to_hdf5_group(f, layers):
    """Writes the weights of layers to an h5py group."""
    write_weights(H5Dict(f), layers)


def load_weights_from_hdf5_group(f, layers, reshape=False):
    """As `load_weights_by_order`, from an h5py group."""
    load_weights_by_order(H5Dict(f, mode="r"), layers, reshape)


def load_weights_from_hdf5_group_by_name(f, layers, skip_mismatch=False, reshape=False):
    """As `load_weights_by_name`, from an h5py group."""
    load_weights_by_name(H5Dict(f, mode="r"), layers, skip_mismatch, reshape)
