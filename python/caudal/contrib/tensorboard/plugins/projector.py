# SPDX-License-Identifier: Apache-2.0
"""Which variables the projector of TensorBoard shows, and with which labels."""

import os

from caudal.framework import files
from caudal.framework.absent import module_getattr as _module_getattr

_CONFIG_NAME = "projector_config.pbtxt"


def visualize_embeddings(summary_writer, config):
    """Writes what the projector has to know into the folder of a writer.

    The values come from the checkpoints in that folder.

    Args:
      summary_writer: a `tf.summary.FileWriter`.
      config: a ProjectorConfig.

    Raises:
      ValueError: if the writer has no folder.
    """
    from google.protobuf import text_format

    logdir = summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    files.write(
        os.path.join(files.as_path(logdir), _CONFIG_NAME), text_format.MessageToString(config)
    )


__getattr__ = _module_getattr(
    "contrib.tensorboard.plugins.projector",
    {"caudal.proto": "EmbeddingInfo ProjectorConfig SpriteMetadata"},
)
