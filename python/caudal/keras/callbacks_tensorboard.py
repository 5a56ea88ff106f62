# SPDX-License-Identifier: Apache-2.0
"""Logs for TensorBoard."""

import os

import numpy as np

from caudal.framework import ops
from caudal.keras import backend as K
from caudal.keras.callbacks_base import Callback
from caudal.keras.utils.generic_utils import to_list
from caudal.ops import array_ops, state_ops
from caudal.ops.ref_variable import Variable
from caudal.proto import Summary
from caudal.summary import summary_ops
from caudal.summary.writer import FileWriter


def _as_image(weight):
    """A weight as images [batch, height, width, 1], or None where it has too many dimensions."""
    image = array_ops.squeeze(weight)
    shape = K.int_shape(image)
    if len(shape) == 2:
        if shape[0] > shape[1]:
            image, shape = array_ops.transpose(image), shape[::-1]
        return array_ops.reshape(image, [1, *shape, 1])
    if len(shape) == 3:
        if K.image_data_format() == "channels_last":
            image = array_ops.transpose(image, [2, 0, 1])
            shape = (shape[2], shape[0], shape[1])
        return array_ops.reshape(image, [*shape, 1])
    return array_ops.reshape(image, [1, shape[0], 1, 1]) if len(shape) == 1 else None


class TensorBoard(Callback):
    """Writes event files: metrics, the graph, histograms, weights as images, embeddings.

    Args:
      log_dir: folder of the files.
      histogram_freq: number of epochs between histograms of weights and outputs over the validation
        data; 0: none.
      batch_size: of the inputs for histograms and embeddings.
      write_graph: whether the graph is written.
      write_grads: whether histograms of the gradients are written along.
      write_images: whether weights are written as images along with the histograms.
      embeddings_freq: number of epochs between saves of embeddings; 0: none.
      embeddings_layer_names: names of the layers whose output is saved; default: all Embedding.
      embeddings_metadata: path of the file with labels, or dict from a layer's name to it.
      embeddings_data: array, or list of arrays for several inputs, that goes into the layers.
      update_freq: "batch", "epoch" or a number of samples between writes of metrics.

    Raises:
      ValueError: at the end of an epoch, if histograms or embeddings lack their data.
    """

    def __init__(self, log_dir="./logs", histogram_freq=0, batch_size=32, write_graph=True,
                 write_grads=False, write_images=False, embeddings_freq=0,
                 embeddings_layer_names=None, embeddings_metadata=None, embeddings_data=None,
                 update_freq="epoch"):  # fmt: skip
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.batch_size = batch_size
        self.write_graph = write_graph
        self.write_grads = write_grads
        self.write_images = write_images
        self.embeddings_freq = embeddings_freq
        self.embeddings_layer_names = embeddings_layer_names
        self.embeddings_metadata = embeddings_metadata or {}
        self.embeddings_data = embeddings_data
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.merged = None
        self.writer = None
        self.samples_seen = 0
        self.samples_seen_at_last_write = 0

    def set_model(self, model):
        self.model = model
        self.sess = K.get_session()
        if self.histogram_freq and self.merged is None:
            others = ops.get_collection(ops.GraphKeys.SUMMARIES)
            self.merged = summary_ops.merge(self._own_summaries() + others)
        self.writer = FileWriter(self.log_dir, self.sess.graph if self.write_graph else None)
        if self.embeddings_freq and self.embeddings_data is not None:
            self._make_embeddings()

    def _own_summaries(self):
        """Those of all layers; the same for every training, so that their tags stay."""
        model = self.model
        made = model.__dict__.setdefault("_board_summaries", {})
        key = (self.sess.graph, model.total_loss, self.write_grads, self.write_images)
        if key not in made:
            made.clear()
            made[key] = [s for layer in model.layers for s in self._summaries(layer)]
        return made[key]

    def _summaries(self, layer):
        """Tensors with the serialized summaries of a layer."""
        out = []
        trained = set(map(id, layer.trainable_weights))
        for weight in layer.weights:
            name = weight.name.replace(":", "_")
            out.append(summary_ops.histogram(name, weight, collections=[]))
            if self.write_grads and id(weight) in trained:
                grads = self.model.optimizer.get_gradients(self.model.total_loss, [weight])
                out.append(summary_ops.histogram(name + "_grad", grads[0], collections=[]))
            if self.write_images:
                image = _as_image(weight)
                if image is not None:
                    out.append(summary_ops.image(name, image, collections=[]))
        if hasattr(layer, "output"):
            outputs = to_list(layer.output)
            for i, output in enumerate(outputs):
                suffix = "_out_%d" % i if len(outputs) > 1 else "_out"
                out.append(summary_ops.histogram(layer.name + suffix, output, collections=[]))
        return out

    def _make_embeddings(self):
        """A variable for each layer that takes up its outputs for all of `embeddings_data`."""
        from caudal.contrib.tensorboard.plugins import projector
        from caudal.keras.engine.training_utils import standardize_input_data
        from caudal.train.saver import Saver

        self.embeddings_data = standardize_input_data(self.embeddings_data, self.model.input_names)
        names = self.embeddings_layer_names or [
            layer.name for layer in self.model.layers if type(layer).__name__ == "Embedding"
        ]
        count = self.embeddings_data[0].shape[0]
        self.batch_id = array_ops.placeholder("int32", [])
        self.step = array_ops.placeholder("int32", [])
        self.assign_embeddings = []
        config = projector.ProjectorConfig()
        variables = []
        for layer in self.model.layers:
            if layer.name not in names:
                continue
            size = int(np.prod(K.int_shape(layer.output)[1:]))
            rows = array_ops.reshape(layer.output, (self.step, size))
            variable = Variable(
                array_ops.zeros((count, size)), name=layer.name + "_embedding", trainable=False
            )
            variables.append(variable)
            part = variable[self.batch_id : self.batch_id + self.step]
            self.assign_embeddings.append(state_ops.assign(part, rows))
            embedding = config.embeddings.add()
            embedding.tensor_name = variable.name
            metadata = self.embeddings_metadata
            if not isinstance(metadata, str):
                metadata = metadata.get(layer.name)
            if metadata:
                embedding.metadata_path = metadata
        self.sess.run([v.initializer for v in variables])
        self.saver = Saver(variables)
        projector.visualize_embeddings(self.writer, config)

    def on_epoch_end(self, epoch, logs=None):
        if not self.validation_data and self.histogram_freq:
            raise ValueError(
                "If printing histograms, validation_data must be provided, and cannot be a "
                "generator."
            )
        if self.embeddings_data is None and self.embeddings_freq:
            raise ValueError("To visualize embeddings, embeddings_data must be provided.")
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._save_embeddings(epoch)
        self._write_logs(logs or {}, epoch if self.update_freq == "epoch" else self.samples_seen)

    def _phase(self):
        return {K.learning_phase(): False} if self.model.uses_learning_phase else {}

    def _write_histograms(self, epoch):
        model = self.model
        tensors = model.inputs + model.targets + model.sample_weights
        arrays = self.validation_data[: len(tensors)]
        for start in range(0, arrays[0].shape[0], self.batch_size):
            feed = {t: x[start : start + self.batch_size] for t, x in zip(tensors, arrays)}
            feed.update(self._phase())
            self.writer.add_summary(self.sess.run(self.merged, feed_dict=feed), epoch)

    def _save_embeddings(self, epoch):
        data = self.embeddings_data
        count = data[0].shape[0]
        for start in range(0, count, self.batch_size):
            stop = min(start + self.batch_size, count)
            feed = {t: x[start:stop] for t, x in zip(self.model.inputs, data)}
            feed.update({self.batch_id: start, self.step: stop - start})
            feed.update(self._phase())
            self.sess.run(self.assign_embeddings, feed_dict=feed)
        path = os.path.join(self.log_dir, "keras_embedding.ckpt")
        self.saver.save(self.sess, path, epoch)

    def _write_logs(self, logs, index):
        summary = Summary()
        for name, value in logs.items():
            if name not in ("batch", "size"):
                summary.value.add(tag=name, simple_value=float(np.mean(value)))
        self.writer.add_summary(summary, index)
        self.writer.flush()

    def on_train_end(self, _=None):
        self.writer.close()

    def on_batch_end(self, batch, logs=None):
        if self.update_freq == "epoch":
            return
        logs = logs or {}
        self.samples_seen += logs.get("size", 0)
        if self.samples_seen - self.samples_seen_at_last_write >= self.update_freq:
            self._write_logs(logs, self.samples_seen)
            self.samples_seen_at_last_write = self.samples_seen
