# SPDX-License-Identifier: Apache-2.0
"""A SavedModel in one call."""

from caudal.framework import ops
from caudal.saved_model import builder, signature_constants, signature_def_utils, tag_constants

__all__ = ["simple_save"]


def simple_save(session, export_dir, inputs, outputs, legacy_init_op=None):
    """Writes a SavedModel for predictions, of the default graph.

    Args:
      session: session with the values of the variables.
      export_dir: folder, which must not exist or be empty.
      inputs, outputs: dicts of names and Tensors.
      legacy_init_op: operation that the loader runs.
    """
    signature = signature_def_utils.predict_signature_def(inputs, outputs)
    made = builder.SavedModelBuilder(export_dir)
    made.add_meta_graph_and_variables(
        session,
        [tag_constants.SERVING],
        {signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        assets_collection=ops.get_collection(ops.GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    made.save()
