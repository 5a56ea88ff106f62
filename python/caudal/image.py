# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.image`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "image",
    {
        "caudal.ops.image_ops": "central_crop convert_image_dtype crop_to_bounding_box "
        "extract_patches flip_left_right flip_up_down image_gradients pad_to_bounding_box "
        "per_image_standardization random_flip_left_right random_flip_up_down "
        "resize_image_with_crop_or_pad resize_with_crop_or_pad rot90 total_variation transpose "
        "transpose_image",
        "caudal.ops.image_adjust": "adjust_brightness adjust_contrast adjust_gamma adjust_hue "
        "adjust_jpeg_quality adjust_saturation grayscale_to_rgb hsv_to_rgb random_brightness "
        "random_contrast random_hue random_jpeg_quality random_saturation rgb_to_grayscale "
        "rgb_to_hsv rgb_to_yiq rgb_to_yuv yiq_to_rgb yuv_to_rgb",
        "caudal.ops.image_resize": "ResizeMethod resize resize_area resize_bicubic resize_bilinear "
        "resize_image_with_pad resize_images resize_nearest_neighbor",
        "caudal.ops.image_quality": "psnr sobel_edges ssim ssim_multiscale",
        "caudal.ops.image_boxes": "combined_non_max_suppression crop_and_resize "
        "draw_bounding_boxes extract_glimpse non_max_suppression non_max_suppression_overlaps "
        "non_max_suppression_padded non_max_suppression_with_scores sample_distorted_bounding_box",
        "caudal.ops.image_files_ops": "decode_and_crop_jpeg decode_bmp decode_gif decode_image "
        "decode_jpeg decode_png encode_jpeg encode_png extract_jpeg_shape is_jpeg",
        "caudal.ops.random_ops": "random_crop",
        "caudal.ops.search_ops": "extract_image_patches",
    },
)
