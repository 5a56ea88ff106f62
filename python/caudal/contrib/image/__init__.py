# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.image`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.image",
    {
        "caudal.contrib.image.transforms": "angles_to_projective_transforms compose_transforms "
        "flat_transforms_to_matrices matrices_to_flat_transforms rotate transform translate "
        "translations_to_projective_transforms",
        "caudal.contrib.image.warps": "dense_image_warp interpolate_spline sparse_image_warp",
    },
)
