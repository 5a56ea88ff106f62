# SPDX-License-Identifier: Apache-2.0
"""Tools around models: data, files, pictures, names of custom objects."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "keras.utils",
    {
        "caudal.keras.utils.conv_utils": "@",
        "caudal.keras.utils.data_utils": "@ GeneratorEnqueuer OrderedEnqueuer Sequence get_file",
        "caudal.keras.utils.generic_utils": "@ CustomObjectScope Progbar custom_object_scope "
        "deserialize_keras_object get_custom_objects serialize_keras_object",
        "caudal.keras.utils.io_utils": "@ HDF5Matrix h5dict",
        "caudal.keras.utils.layer_utils": "@ convert_all_kernels_in_model get_source_inputs "
        "print_summary",
        "caudal.keras.utils.multi_gpu_utils": "@ multi_gpu_model",
        "caudal.keras.utils.np_utils": "@ normalize to_categorical",
        "caudal.keras.utils.test_utils": "@",
        "caudal.keras.utils.vis_utils": "@ model_to_dot plot_model",
    },
)

__all__ = list(__getattr__.names)
