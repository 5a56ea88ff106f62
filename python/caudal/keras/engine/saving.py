# SPDX-License-Identifier: Apache-2.0
"""Models in files: all of a model, its weights, or its layers as JSON."""

import contextlib
import io
import json
import os
import warnings

from caudal.keras.engine.saving_config import (
    adapt_config,
    adapt_training_config,
    as_json,
    model_from_config,
    model_from_json,
    model_from_yaml,
    model_to_json,
    model_to_yaml,
)
from caudal.keras.engine.saving_convert import preprocess_weights_for_loading
from caudal.keras.engine.saving_optimizer import optimizer_state, set_optimizer_state
from caudal.keras.engine.saving_tensorflow import is_checkpoint, load_checkpoint, save_checkpoint
from caudal.keras.engine.saving_weights import (
    load_attributes_from_hdf5_group,
    load_weights_by_name,
    load_weights_by_order,
    load_weights_from_hdf5_group,
    load_weights_from_hdf5_group_by_name,
    save_attributes_to_hdf5_group,
    save_weights_to_hdf5_group,
    write_versions,
    write_weights,
)
from caudal.keras.optimizers import TFOptimizer
from caudal.keras.utils.io_utils import (
    H5Dict,
    as_text,
    ask_to_proceed_with_overwrite,
    replaced_file,
)

__all__ = [
    "load_attributes_from_hdf5_group",
    "load_model",
    "load_weights",
    "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "model_to_json",
    "model_to_yaml",
    "pickle_model",
    "preprocess_weights_for_loading",
    "save_attributes_to_hdf5_group",
    "save_model",
    "save_weights",
    "save_weights_to_hdf5_group",
    "unpickle_model",
]

_STREAMS = (io.IOBase,)


@contextlib.contextmanager
def _to_write(target):
    """An H5Dict to write to; a file at a path appears when all is written."""
    if isinstance(target, (str, os.PathLike)):
        with replaced_file(target) as partial:
            store = H5Dict(partial, mode="w")
            try:
                yield store
            finally:
                store.close()
    else:
        store = H5Dict(target, mode="w" if isinstance(target, (dict, *_STREAMS)) else "a")
        try:
            yield store
        finally:
            store.close()


@contextlib.contextmanager
def _to_read(source):
    """An H5Dict to read from.

    Raises:
      OSError: if the file cannot be opened; ValueError: if its contents are damaged.
    """
    try:
        store = H5Dict(source, mode="r")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise OSError("cannot read %s as an HDF5 file: %s" % (_name(source), error)) from None
    try:
        yield store
    except (OSError, RuntimeError, KeyError, UnicodeDecodeError) as error:
        # What the library says of contents that it cannot follow.
        if isinstance(error, NotImplementedError) or not type(error).__module__ == "builtins":
            raise
        raise ValueError("%s is damaged: %s" % (_name(source), error)) from error
    finally:
        store.close()


def _name(source):
    return repr(source) if isinstance(source, (str, os.PathLike)) else "the HDF5 data"


def _may_write(target, overwrite):
    if overwrite or not isinstance(target, (str, os.PathLike)) or not os.path.isfile(target):
        return True
    return ask_to_proceed_with_overwrite(target)


# Whole models ------------------------------------------------------------------------------------


def _serialize_model(model, store, include_optimizer=True):
    """Writes a model to an H5Dict."""
    for part in ("model_weights", "optimizer_weights", "training_config"):
        store.remove(part)
    write_versions(store)
    config = {"class_name": type(model).__name__, "config": model.get_config()}
    store["model_config"] = as_json(config).encode("utf-8")
    write_weights(store["model_weights"], model.layers)
    optimizer = getattr(model, "optimizer", None)
    if not include_optimizer or not optimizer:
        return
    if isinstance(optimizer, TFOptimizer):
        warnings.warn(
            "TensorFlow optimizers do not make it possible to access optimizer attributes or "
            "optimizer state after instantiation. As a result, we cannot save the optimizer as "
            "part of the model save file. You will have to compile your model again after loading "
            "it. Prefer using a Keras optimizer instead (see keras.io/optimizers).",
            stacklevel=4,
        )
        return
    training = {
        "optimizer_config": {
            "class_name": type(optimizer).__name__,
            "config": optimizer.get_config(),
        },
        "loss": model.loss,
        "metrics": model.metrics,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
    }
    if getattr(model, "weighted_metrics", None):
        training["weighted_metrics"] = model.weighted_metrics
    store["training_config"] = as_json(training).encode("utf-8")
    names, values = optimizer_state(optimizer)
    if names:
        group = store["optimizer_weights"]
        group["weight_names"] = names
        for name, value in zip(names, values):
            group[name] = value


def _json_of(store, name):
    try:
        return json.loads(as_text(store[name]))
    except (ValueError, RecursionError) as error:
        raise ValueError("the %s in the file cannot be read: %s" % (name, error)) from None


def _deserialize_model(store, custom_objects=None, compile=True):  # noqa: A002 - Keras' name
    """The model that `_serialize_model` wrote."""
    if "model_config" not in store:
        raise ValueError("No model found in config.")
    if "model_weights" not in store:
        raise ValueError("No weights found in the file: there is no group model_weights.")
    config = adapt_config(_json_of(store, "model_config"))
    model = model_from_config(config, custom_objects=custom_objects)
    load_weights_by_order(store["model_weights"], model.layers)
    if not compile:
        return model
    if "training_config" not in store:
        warnings.warn(
            "No training configuration found in save file: the model was *not* compiled. Compile "
            "it manually.",
            stacklevel=3,
        )
        return model
    model.compile(**adapt_training_config(_json_of(store, "training_config"), custom_objects))
    if "optimizer_weights" in store:
        model._make_train_function()
        set_optimizer_state(model.optimizer, store["optimizer_weights"])
    return model


def save_model(model, filepath, overwrite=True, include_optimizer=True, save_format=None):
    """Saves layers, weights and the optimizer of a model in one HDF5 file.

    A file at a path is written beside it and then renamed: a save that fails leaves the old one.

    Args:
      model: Model.
      filepath: path, h5py.File, h5py.Group, binary stream (io.BytesIO) or dict.
      overwrite: False asks before a file is replaced.
      include_optimizer: whether loss, metrics and the state of the optimizer are saved along.
      save_format: None or "h5".

    Raises:
      ImportError: without h5py; NotImplementedError: for a model without a config.
    """
    if save_format not in (None, "h5", "hdf5"):
        raise NotImplementedError(
            "models are saved as HDF5, not as %r; for a SavedModel see "
            "caudal.saved_model.simple_save with K.get_session()" % save_format
        )
    if _may_write(filepath, overwrite):
        with _to_write(filepath) as store:
            _serialize_model(model, store, include_optimizer)


def load_model(filepath, custom_objects=None, compile=True):  # noqa: A002 - Keras' name
    """The model in an HDF5 file that `save_model`, Keras 2 or tf.keras 1 wrote.

    Args:
      filepath: path, h5py.File, h5py.Group, binary stream or dict.
      custom_objects: dict from name to class or function.
      compile: whether the model is compiled, where the file says how.

    Raises:
      ImportError: without h5py; OSError: for what is no HDF5 file; ValueError: for contents that do
        not fit together.
    """
    with _to_read(filepath) as store:
        return _deserialize_model(store, custom_objects, compile)


def pickle_model(model):
    """A model as a dict of plain values and arrays."""
    state = {}
    _serialize_model(model, H5Dict(state, mode="w"))
    return state


def unpickle_model(state):
    """The model that `pickle_model` described."""
    return _deserialize_model(H5Dict(state, mode="r"))


# Weights -----------------------------------------------------------------------------------------


def _weights_format(filepath, save_format):
    """ "h5" or "tf"."""
    is_path = isinstance(filepath, (str, os.PathLike))
    suffix = os.path.splitext(os.fspath(filepath))[1] if is_path else ".h5"
    if save_format in ("tf", "tensorflow"):
        if suffix in (".h5", ".keras", ".hdf5"):
            raise ValueError(
                'save_weights got save_format="tf", but the path (%s) looks like an HDF5 file. '
                "Omit its suffix when saving in TensorFlow format." % filepath
            )
        return "tf"
    if save_format not in (None, "h5", "hdf5", "keras"):
        raise ValueError('Unknown format "%s": expected "h5" or "tf"' % save_format)
    return "tf" if save_format is None and suffix == ".ckpt" else "h5"


def save_weights(model, filepath, overwrite=True, save_format=None):
    """Saves the weights of a model.

    Args:
      model: Model.
      filepath: path, h5py.Group, binary stream or dict. A file at a path is written beside it and
        then renamed.
      overwrite: False asks before a file is replaced.
      save_format: "h5", "tf" for a checkpoint of `tf.train.Saver` with the names of the variables,
        or None: "tf" for paths that end in ".ckpt", else "h5".

    Raises:
      ImportError: without h5py, for HDF5; ValueError: for another format.
    """
    if _weights_format(filepath, save_format) == "tf":
        if _may_write(os.fspath(filepath) + ".index", overwrite):
            save_checkpoint(model, os.fspath(filepath))
    elif _may_write(filepath, overwrite):
        with _to_write(filepath) as store:
            write_weights(store, model.layers)


def load_weights(model, filepath, by_name=False, skip_mismatch=False, reshape=False):
    """Sets the weights of a model to those of a file; on an error none of them has changed.

    Args:
      model: Model.
      filepath: path of an HDF5 file (`save_weights`, `save_model`) or prefix of a checkpoint,
        h5py.Group, binary stream or dict.
      by_name: whether layers are matched by name, instead of by their order.
      skip_mismatch: with `by_name`, leave out weights of other shape or number, with a warning.
      reshape: give weights of equal size the shape of those of the layer.

    Raises:
      ImportError: without h5py; OSError: for what is no HDF5 file; ValueError: for contents that do
        not fit the model.
    """
    if skip_mismatch and not by_name:
        raise ValueError("When calling load_weights with skip_mismatch=True, set by_name=True.")
    if isinstance(filepath, (str, os.PathLike)) and is_checkpoint(os.fspath(filepath)):
        return load_checkpoint(model, os.fspath(filepath), by_name=by_name)
    with _to_read(filepath) as store:
        if "layer_names" not in store and "model_weights" in store:
            store = store["model_weights"]
        if by_name:
            load_weights_by_name(store, model.layers, skip_mismatch, reshape)
        else:
            load_weights_by_order(store, model.layers, reshape)
