# SPDX-License-Identifier: Apache-2.0
"""Images: sizes, colours, places, boxes, likeness, random changes, projections."""

import numpy as np

import caudal as tf

image = tf.image
rng = np.random.RandomState(3)
photo = rng.uniform(0.02, 0.98, (2, 6, 7, 3)).astype(np.float32)


def show(label, *values):
    for value in values:
        value = np.asarray(value)
        flat = np.ravel(value).astype(np.float64)
        numbers = ["%.5g" % (round(float(v), 4) + 0.0) for v in flat[:: max(1, flat.size // 8)]]
        print(label, value.dtype, value.shape, *numbers)


def resizes(x):
    for align in (False, True):
        for half in (False, True):
            if align and half:
                continue
            for f in (image.resize_bilinear, image.resize_nearest_neighbor, image.resize_bicubic):
                for size in ([4, 9], [11, 3], [1, 1]):
                    yield f(x, size, align_corners=align, half_pixel_centers=half)
    yield image.resize_area(x, [4, 3])
    for method in range(4):
        yield image.resize_images(x, [5, 9], method, align_corners=True)
        yield image.resize_images(x[0], [3, 10], method, preserve_aspect_ratio=True)
        yield image.resize_image_with_pad(x, 9, 9, method)


def changes(x):
    yield from (f(x) for f in (
        image.flip_left_right, image.flip_up_down, image.transpose_image, image.rot90,
        image.per_image_standardization, image.rgb_to_grayscale,
    ))  # fmt: skip
    yield image.rot90(x, 3)
    yield image.rot90(x[0], tf.constant(2))
    yield image.adjust_brightness(x, 0.2)
    yield image.adjust_contrast(x, 1.7)
    yield image.adjust_hue(x, 0.3)
    yield image.adjust_hue(x, -0.2)
    yield image.adjust_saturation(x, 0.6)
    yield image.adjust_gamma(x, 1.5, 0.9)
    yield image.central_crop(x, 0.5)
    yield image.pad_to_bounding_box(x, 1, 2, 9, 10)
    yield image.crop_to_bounding_box(x, 1, 2, 3, 4)
    yield image.resize_image_with_crop_or_pad(x, 8, 3)
    yield image.resize_image_with_crop_or_pad(x, 3, 11)
    yield image.grayscale_to_rgb(x[..., :1])


with tf.Session() as sess:
    for dtype in ("uint8", "int32", "float32", "float64"):
        scale = 255 if dtype in ("uint8", "int32") else 1
        values = (photo * scale).astype(dtype)
        x = tf.placeholder(dtype, values.shape)
        for i, y in enumerate(resizes(x)):
            results = [y]
            if x.dtype.is_floating and i < 27:
                results += tf.gradients(y, x, y)
            show("resize %s %d %s" % (dtype, i, y.shape), *sess.run(results, {x: values}))
        if dtype in ("uint8", "float32"):
            for i, y in enumerate(changes(x)):
                show("change %s %d %s" % (dtype, i, y.shape.rank), sess.run(y, {x: values}))
        boxes = tf.constant([[0.1, 0.2, 0.7, 0.93], [0.8, 0.9, -0.1, 0.2], [0.0, 0.0, 1.0, 1.0]])
        for method in ("bilinear", "nearest"):
            crops = image.crop_and_resize(x, boxes, [1, 0, 1], [3, 4], method, 0.5)
            results = [crops]
            if x.dtype.is_floating:
                results += tf.gradients(crops, [x, boxes] if method == "bilinear" else x, crops)
            show("crops " + dtype, *sess.run(results, {x: values}))
        for wide in (tf.uint8, tf.int16, tf.int32, tf.float32):
            show("convert %s" % dtype, sess.run(
                image.convert_image_dtype(x, wide, saturate=True), {x: values}))  # fmt: skip

    x = tf.constant(photo)
    for name in ("rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb",
                 "total_variation", "image_gradients", "sobel_edges"):  # fmt: skip
        y = getattr(image, name)(x)
        show(name, *sess.run(list(y) if isinstance(y, tuple) else [y]))
    y = image.rgb_to_hsv(x)
    show("slope", sess.run(tf.gradients(y, x, tf.cos(y * 3))[0]))
    frames = [[[0.1, 0.2, 0.7, 0.9], [0.5, -0.4, 1.5, 0.5]]] * 2
    show("drawn", sess.run(image.draw_bounding_boxes(x, frames)))
    show("glimpse", sess.run(image.extract_glimpse(x, [3, 2], [[0.1, 0.2], [-0.3, 0.2]])))

    large = rng.uniform(0, 1, (2, 24, 25, 2)).astype(np.float32)
    noisy = np.clip(large + 0.1 * rng.normal(size=large.shape), 0, 1).astype(np.float32)
    show("psnr", sess.run(image.psnr(large, noisy, 1.0)))
    show("ssim", sess.run(image.ssim(tf.constant(large), tf.constant(noisy), 1.0)))
    bytes_of = [tf.constant((v * 255).astype(np.uint8)) for v in (large, noisy)]
    show("ssim", sess.run(image.ssim(*bytes_of, max_val=255)))
    show(
        "multiscale",
        sess.run(
            image.ssim_multiscale(
                tf.constant(large), tf.constant(noisy), 1.0, power_factors=(0.4, 0.6), filter_size=5
            )
        ),
    )

    corners = rng.uniform(0, 1, (30, 2))
    boxes = np.concatenate([corners, corners + 0.3], 1).astype(np.float32)
    scores = rng.permutation(30).astype(np.float32) / 30
    for iou in (0.1, 0.5):
        show("nms", sess.run(image.non_max_suppression(boxes, scores, 9, iou, 0.2)))
        show(
            "padded", *sess.run(image.non_max_suppression_padded(boxes, scores, 40, iou, 0.5, True))
        )
        for sigma in (0.0, 0.5):
            show("scores", *sess.run(image.non_max_suppression_with_scores(
                boxes, scores, 12, iou, 0.1, sigma)))  # fmt: skip
        show("combined", *sess.run(list(image.combined_non_max_suppression(
            boxes.reshape(2, 15, 1, 4), np.stack([scores, scores[::-1]], 1).reshape(2, 15, 2), 4, 6,
            iou, 0.1))))  # fmt: skip
    overlaps = rng.uniform(0, 1, (30, 30)).astype(np.float32)
    np.fill_diagonal(overlaps, 1)
    show("overlaps", sess.run(image.non_max_suppression_overlaps(overlaps, scores, 9, 0.7, 0.1)))

    for covered in (0.1, 0.8):
        window = image.sample_distorted_bounding_box(
            [70, 90, 3], [[[0.2, 0.3, 0.6, 0.8]]], seed=4, seed2=7, min_object_covered=covered
        )
        for _ in range(3):
            show("window", *sess.run(list(window)))
    tf.set_random_seed(5)
    for f in (
        lambda: image.random_flip_left_right(x, seed=1),
        lambda: image.random_flip_up_down(x[0], seed=2),
        lambda: image.random_brightness(x, 0.3, seed=3),
        lambda: image.random_contrast(x, 0.3, 1.2, seed=4),
        lambda: image.random_hue(x, 0.3, seed=5),
        lambda: image.random_saturation(x, 0.2, 1.5, seed=6),
        lambda: image.random_crop(x, [2, 3, 3, 3], seed=7),
    ):
        y = f()
        for _ in range(2):
            show("random", sess.run(y))

    from_contrib = tf.contrib.image
    angles = tf.constant([0.3, -1.2])
    for kind in ("NEAREST", "BILINEAR"):
        y = from_contrib.rotate(x, angles, kind)
        show("rotate", *sess.run([y, tf.gradients(y, x, y)[0]]))
        show("translate", sess.run(from_contrib.translate(x, [[1.5, -2.2], [0.0, 1.0]], kind)))
        show("transform", sess.run(from_contrib.transform(
            x, [0.9, 0.1, 0.5, -0.2, 1.1, 0.3, 0.01, 0.02], kind, [4, 9])))  # fmt: skip
    t = from_contrib.compose_transforms(
        from_contrib.angles_to_projective_transforms(angles, 6.0, 7.0), [1.0, 0, 2, 0, 1, 3, 0, 0]
    )
    show("composed", *sess.run([t, from_contrib.flat_transforms_to_matrices(t)]))
    flow = rng.uniform(-2, 2, (2, 6, 7, 2)).astype(np.float32)
    show("warp", sess.run(from_contrib.dense_image_warp(x, tf.constant(flow))))
    points = rng.uniform(0, 5, (2, 5, 2)).astype(np.float32)
    for order in (1, 2, 3, 4):
        show("spline", sess.run(from_contrib.interpolate_spline(
            points, np.sin(points), points[:, :3] + 0.5, order, 0.1)))  # fmt: skip
    warped = from_contrib.sparse_image_warp(
        x, points, points + 0.4, regularization_weight=0.1, num_boundary_points=2
    )
    show("sparse warp", *sess.run(list(warped)))
    for wrong in (
        lambda: image.resize_images(x, [2, 2, 2]), lambda: image.resize_images(x, [2, 2], 9),
        lambda: image.central_crop(x, 1.5), lambda: image.crop_to_bounding_box(x, 4, 4, 4, 4),
        lambda: image.pad_to_bounding_box(x, 4, 4, 4, 4), lambda: image.random_hue(x, 0.7),
        lambda: image.random_contrast(x, 2, 1), lambda: image.flip_left_right(x[0, 0]),
        lambda: image.total_variation(x[0, 0]), lambda: image.psnr(x, x[:, 1:], 1),
        lambda: image.decode_image(b"", channels=2), lambda: image.random_jpeg_quality(x, 5, 2),
        lambda: image.adjust_gamma(x, -1), lambda: image.resize_image_with_pad(x, 0, 3),
    ):  # fmt: skip
        try:
            wrong()
        except ValueError as e:
            print("ValueError", str(e)[:40])
