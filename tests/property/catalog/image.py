# SPDX-License-Identifier: Apache-2.0
"""Images: resizing, crops of boxes, colours, boxes, random windows, projections, file formats."""

import colorsys

import numpy as np
import pytest

from property.catalog import case, const, op, real, stateful

# -- Resizing: every method is a matrix for the rows and one for the columns -----------------------


def _cubic(t, a):
    t = abs(t)
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + 1
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a if t < 2 else 0.0


def weights(kind, size, out, align_corners=False, half_pixel_centers=False):
    matrix = np.zeros((out, size))
    scale = (size - 1) / (out - 1) if align_corners and out > 1 else size / out
    for i in range(out):
        at = (i + 0.5) * scale - 0.5 if half_pixel_centers else i * scale
        inside = lambda k: min(max(int(k), 0), size - 1)
        if kind == "nearest":
            at = (i + 0.5) * scale if half_pixel_centers else i * scale
            matrix[i, inside(np.floor(at + 0.5) if align_corners else np.floor(at + 1e-6))] = 1
        elif kind == "bilinear":
            low = np.floor(at)
            matrix[i, inside(low)] += 1 - (at - low)
            matrix[i, inside(low + 1)] += at - low
        elif kind == "bicubic":
            low = np.floor(at)
            t = np.round((at - low) * 1024) / 1024
            for k in range(-1, 3):
                weight = _cubic(t - k, -0.5 if half_pixel_centers else -0.75)
                if not half_pixel_centers or inside(low + k) == low + k:
                    matrix[i, inside(low + k)] += weight
            if half_pixel_centers:
                matrix[i] /= matrix[i].sum()
        else:
            begin, end = i * scale, (i + 1) * scale
            for k in range(int(np.floor(begin)), int(np.ceil(end - 1e-9))):
                matrix[i, inside(k)] += (min(end, k + 1) - max(begin, k)) / scale
    return matrix


def resized(kind):
    def reference(x, size, **attrs):
        rows = weights(kind, x.shape[1], size[0], **attrs)
        columns = weights(kind, x.shape[2], size[1], **attrs)
        return np.einsum("ya,xb,nabc->nyxc", rows, columns, x)

    return reference


def resized_back(kind, takes_size):
    def reference(dy, like, **attrs):
        height, width = like if takes_size else like.shape[1:3]
        rows = weights(kind, height, dy.shape[1], **attrs)
        columns = weights(kind, width, dy.shape[2], **attrs)
        return np.einsum("ya,xb,nyxc->nabc", rows, columns, dy)

    return reference


_ALIGNED, _HALF = {"align_corners": True}, {"half_pixel_centers": True}
_sizes = [((2, 3, 4, 2), [5, 6]), ((1, 5, 4, 3), [2, 3]), ((1, 1, 2, 1), [3, 1]),
          ((0, 3, 4, 2), [2, 2])]  # fmt: skip
_TOL = {"float32": 2e-3, "float64": 2e-3}
_single = lambda low=-2, high=2: real(low, high, dtype="float32")


def _bad_sizes(*more):
    return [case(real()[3, 4, 2], const([2, 2]), *more), case(real()[1, 3, 4, 2], const([2])),
            case(real()[1, 3, 4, 2], const([[2, 2]]))]  # fmt: skip


for _name, _kind, _modes in (
    ("ResizeNearestNeighbor", "nearest", ({}, _ALIGNED, _HALF)),
    ("ResizeBilinear", "bilinear", ({}, _ALIGNED, _HALF)),
    ("ResizeBicubic", "bicubic", ({}, _ALIGNED, _HALF)),
    ("ResizeArea", "area", ({}, _ALIGNED)),
):
    op(_name, resized(_kind), tol=_TOL, grad_tol=0.15, bad=_bad_sizes(),
       dtypes="float32 int32 int64 uint8",  # the result is float32
       cases=[case(real()[s], const(n), **a) for s, n in _sizes for a in _modes
              if not (_kind == "area" and a)])  # fmt: skip
op("ResizeNearestNeighborGrad", resized_back("nearest", True), bad=_bad_sizes(),
   cases=[case(real()[1, 3, 4, 2], const([5, 6]), **a)
          for a in ({}, _ALIGNED, _HALF)])  # fmt: skip
for _name, _kind in (("ResizeBilinearGrad", "bilinear"), ("ResizeBicubicGrad", "bicubic")):
    op(_name, resized_back(_kind, False), tol=_TOL, grad_tol=0.15, dtypes="float32",
       cases=[case(_single()[2, 3, 4, 2], real(differentiable=False)[2, 5, 6, 2], **a)
              for a in ({}, _ALIGNED, _HALF)],
       bad=[case(_single()[3, 4, 2], real()[1, 5, 6, 2])])  # fmt: skip

# -- Crops -----------------------------------------------------------------------------------------


def _crop_matrix(low, high, size, crop, method):
    """Weights [crop, size] of the pixels, and which rows lie inside."""
    matrix, inside = np.zeros((crop, size)), np.zeros(crop, bool)
    for i in range(crop):
        if crop > 1:
            at = low * (size - 1) + i * (high - low) * (size - 1) / (crop - 1)
        else:
            at = 0.5 * (low + high) * (size - 1)
        inside[i] = 0 <= at <= size - 1
        if not inside[i]:
            continue
        if method == "nearest":
            matrix[i, int(np.floor(at + 0.5))] = 1
        else:
            matrix[i, int(np.floor(at))] += 1 - (at - np.floor(at))
            matrix[i, int(np.ceil(at))] += at - np.floor(at)
    return matrix, inside


def crop_and_resize(image, boxes, which, size, method="bilinear", extrapolation_value=0):
    out = []
    for (y1, x1, y2, x2), k in zip(boxes, which):
        rows, row_in = _crop_matrix(y1, y2, image.shape[1], size[0], method)
        columns, column_in = _crop_matrix(x1, x2, image.shape[2], size[1], method)
        crop = np.einsum("ya,xb,abc->yxc", rows, columns, image[k])
        inside = row_in[:, None, None] & column_in[None, :, None]
        out.append(np.where(inside, crop, extrapolation_value))
    return np.array(out).reshape(len(boxes), size[0], size[1], image.shape[3])


def crop_grad_image(dy, boxes, which, size, method="bilinear", **_):
    out = np.zeros(size)
    for k, (y1, x1, y2, x2) in enumerate(boxes):
        rows, _ = _crop_matrix(y1, y2, size[1], dy.shape[1], method)
        columns, _ = _crop_matrix(x1, x2, size[2], dy.shape[2], method)
        out[which[k]] += np.einsum("ya,xb,yxc->abc", rows, columns, dy[k])
    return out


_boxes = const([[0.1, 0.13, 0.78, 0.9], [0.62, 0.93, 0.21, 0.33], [-0.31, 0.17, 0.6, 1.4]],
               "float32")  # fmt: skip
_which = const([1, 0, 1])
op("CropAndResize", crop_and_resize, tol=_TOL, grad_tol=0.15, dtypes="float32 int32 int64 uint8",
   cases=[case(real()[2, 4, 5, 2], _boxes, _which, const(s), **a)
          for s, a in (([3, 2], {}), ([1, 1], {"extrapolation_value": 3.0}))],
   bad=[case(real()[4, 5, 2], _boxes, _which, const([2, 2])),
        case(real()[2, 4, 5, 2], _boxes, const([0]), const([2, 2])),
        case(real()[2, 4, 5, 2], _single()[3, 3], _which, const([2, 2]))])  # fmt: skip
op("CropAndResizeGradImage", crop_grad_image, tol=_TOL, grad_tol=0.15,
   cases=[case(_single()[3, 3, 2, 2], _boxes, _which, const([2, 4, 5, 2]), T=t)
          for t in ("float32",)],
   dtypes="float32", bad=[case(_single()[3, 3, 2], _boxes, _which, const([2, 4, 5, 2]),
                               T="float32")])  # fmt: skip


def _crop_boxes_driver(tf, session, dtype):
    """The gradient towards boxes is the slope of the crops."""
    rng = np.random.default_rng(4)
    image = rng.uniform(-1, 1, (2, 4, 5, 2)).astype(np.float32)
    boxes = np.asarray(_boxes.value, np.float32)[:2]
    which = np.array([1, 0])
    dy = rng.uniform(-1, 1, (2, 3, 1, 2)).astype(np.float32)
    got_op = tf.raw_ops.CropAndResizeGradBoxes(grads=dy, image=image, boxes=boxes, box_ind=which)
    with session() as sess:
        got = sess.run(got_op)
    for i in np.ndindex(*boxes.shape):
        step = np.zeros(boxes.shape)
        step[i] = 1e-5
        up, down = (crop_and_resize(image, boxes + s, which, (3, 1)) for s in (step, -step))
        np.testing.assert_allclose(got[i], np.sum((up - down) * dy) / 2e-5, atol=1e-2)


stateful("CropAndResizeGradBoxes", _crop_boxes_driver)


def _glimpse(x, size, offsets, normalized=True, centered=True, **_):
    out = []
    for image, at in zip(x, offsets):
        at = at * image.shape[:2] if normalized else at
        at = at / 2 + np.array(image.shape[:2]) / 2 if centered else at
        y, x0 = (int(v) for v in at - np.array(size) / 2)
        wide = np.pad(image, [(9, 9), (9, 9), (0, 0)])
        out.append(wide[y + 9 : y + 9 + size[0], x0 + 9 : x0 + 9 + size[1]])
    return np.array(out)


_zero_noise = {"uniform_noise": False, "noise": "zero"}
op("ExtractGlimpse", _glimpse, dtypes="float32", grad=False,  # TensorFlow has no gradient
   cases=[case(real()[2, 6, 7, 2], const([3, 2]), const([[0.1, -0.4], [0.9, 0.9]], "float32"),
               **_zero_noise),
          case(real()[1, 6, 7, 1], const([4, 4]), const([[2.0, 3.0]], "float32"), normalized=False,
               centered=False)],
   bad=[case(real()[6, 7, 2], const([3, 2]), const([[0.0, 0.0]], "float32"))])  # fmt: skip

# -- Colours ---------------------------------------------------------------------------------------


def _pixels(function):
    def reference(x, *args):
        return np.apply_along_axis(lambda p: function(p, *args), -1, x) if x.size else x

    return reference


def _hue(rgb, delta):
    h, s, v = colorsys.rgb_to_hsv(*rgb)
    return colorsys.hsv_to_rgb((h + delta) % 1.0, s, v)


def _saturation(rgb, scale):
    h, s, v = colorsys.rgb_to_hsv(*rgb)
    return colorsys.hsv_to_rgb(h, min(1, max(0, s * scale)), v)


def _contrast(x, factor, low=-np.inf, high=np.inf):
    mean = x.mean(axis=(-3, -2), keepdims=True)
    return np.clip((x - mean) * factor + mean, low, high)


_bright = real(0.05, 0.95)
_factor = _single(0.5, 2)[()]
op("RGBToHSV", _pixels(lambda p: colorsys.rgb_to_hsv(*p)), distinct=True, second=False, tol=1e-4,
   grad_tol=1e-3,
   cases=[case(_bright[2, 3, 3]), case(_bright[3]), case(_bright[0, 3])],
   bad=[case(_bright[2, 4]), case(_bright[()])])  # fmt: skip
op("HSVToRGB", _pixels(lambda p: colorsys.hsv_to_rgb(*p)), grad=False, tol=1e-4,  # none there
   cases=[case(_bright[2, 3, 3]), case(_bright[3])], bad=[case(_bright[2, 4])])  # fmt: skip
op("AdjustHue", _pixels(_hue), dtypes="float32", tol=1e-4,
   cases=[case(_bright[2, 3, 3], _single(-0.9, 0.9)[()])],
   bad=[case(_bright[2, 3, 4], _factor), case(_bright[2, 3], _factor)])  # fmt: skip
op("AdjustSaturation", _pixels(_saturation), dtypes="float32", tol=1e-4,
   cases=[case(_bright[2, 3, 3], _factor)],
   bad=[case(_bright[2, 3, 4], _factor), case(_bright[2, 3], _factor)])  # fmt: skip
op("AdjustContrastv2", _contrast, dtypes="float32", tol=1e-4,
   cases=[case(real()[2, 3, 4, 2], _factor), case(real()[3, 4, 1], _factor)],
   bad=[case(real()[3, 4], _factor), case(real()[3, 4, 1], _single()[1])])  # fmt: skip
op("AdjustContrast", _contrast, tol=1e-4,
   cases=[case(real()[2, 3, 4, 2], _factor, const(-1.0, "float32"), const(1.0, "float32"))],
   bad=[case(real()[3, 4], _factor, _factor, _factor)])  # fmt: skip

# -- Boxes -----------------------------------------------------------------------------------------

_COLOURS = [(1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1)]


def _draw(images, boxes, colours=_COLOURS):
    out = images.copy()
    h, w, depth = images.shape[1:]
    for image, frames in zip(out, boxes):
        for k, box in enumerate(frames):
            y1, x1, y2, x2 = (int(v) for v in box * [h - 1, w - 1, h - 1, w - 1])
            colour = np.array(colours[k % len(colours)][:depth], float)
            for y in range(max(y1, 0), min(y2, h - 1) + 1):
                for x in range(max(x1, 0), min(x2, w - 1) + 1):
                    if y in (y1, y2) or x in (x1, x2):
                        image[y, x] = colour
    return out


_frames = const([[[0.1, 0.2, 0.7, 0.9], [-0.5, 0.4, 1.5, 0.5]]], "float32")
op("DrawBoundingBoxes", _draw, dtypes="float32", grad=False,  # TensorFlow has none
   cases=[case(real()[1, 6, 7, 3], _frames)],
   bad=[case(real()[1, 6, 7, 2], _frames), case(real()[6, 7, 3], _frames)])  # fmt: skip
op("DrawBoundingBoxesV2", _draw, dtypes="float32",
   cases=[case(real()[1, 6, 7, 3], _frames, const([[0.5, 0.2, 0.1], [0, 1, 0]], "float32"))],
   bad=[case(real()[1, 6, 7, 3], _frames, const([0.5], "float32"))])  # fmt: skip

_CORNERS = [[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1],
            [1, 101, 0, 100]]  # fmt: skip
_SCORES = [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]
_some, _points = const(_CORNERS, "float32"), const(_SCORES, "float32")
_number = lambda v: const(v, "float32")
op("NonMaxSuppression", lambda *_, **__: np.int32([3, 0, 5]), dtypes="float32", grad=False,  # none
   cases=[case(_some, _points, const(3))],
   bad=[case(_some, _points, const([3])), case(_points, _points, const(3))])  # fmt: skip
op("NonMaxSuppressionV2", lambda *_: np.int32([3, 0]), dtypes="float32", grad=False,  # none
   cases=[case(_some, _points, const(2), _number(0.5))],
   bad=[case(_some, _number([0.5]), const(2), _number(0.5))])  # fmt: skip
_limits = (_number(0.5), _number(0.4))
op("NonMaxSuppressionV3", lambda *_: np.int32([3, 0]), dtypes="float32",
   cases=[case(_some, _points, const(5), *_limits)],
   bad=[case(_some, _points, const(5), _number(0.5), _number([0.4]))])  # fmt: skip
op("NonMaxSuppressionV4", lambda *_, **__: (np.int32([3, 0, 0, 0]), np.int32(2)), dtypes="float32",
   cases=[case(_some, _points, const(4), *_limits, pad_to_max_output_size=True)],
   bad=[case(_some, _points, const([4]), *_limits)])  # fmt: skip
op("NonMaxSuppressionV5",
   lambda *_, **__: (np.int32([3, 0, 5]), np.float32([0.95, 0.9, 0.3]), np.int32(3)),
   dtypes="float32",
   cases=[case(_some, _points, const(5), _number(0.5), _number(0.0), _number(0.0))],
   bad=[case(_some, _points, const([4]), *_limits, _number(0.0))])  # fmt: skip
op("NonMaxSuppressionWithOverlaps", lambda *_: np.int32([1, 2]), dtypes="float32", grad=False,
   cases=[case(_number([[1, 0.9, 0.1], [0.9, 1, 0.2], [0.1, 0.2, 1]]), _number([0.3, 0.9, 0.5]),
               const(3), _number(0.5), _number(0.1))],
   bad=[case(_number([[1, 0.9]]), _number([0.3]), const(3), *_limits)])  # fmt: skip


def _combined(boxes, scores, *_, **__):
    picked = [3, 0]
    return (np.clip(boxes[:, picked, 0], 0, 1), scores[:, picked, 0], np.zeros((1, 2)),
            np.int32([2]))  # fmt: skip


op("CombinedNonMaxSuppression", _combined, dtypes="float32",
   cases=[case(_number(np.reshape(_CORNERS, (1, 6, 1, 4))), _number(np.reshape(_SCORES, (1, 6, 1))),
               const(5), const(2), *_limits)],
   bad=[case(_some, _points, const(5), const(2), *_limits)])  # fmt: skip

# -- Random windows --------------------------------------------------------------------------------


def _window_driver(version):
    def driver(tf, session, dtype):
        size = np.array([80, 100, 3]).astype(dtype)
        boxes = np.array([[[0.2, 0.3, 0.6, 0.8]]], np.float32)
        given = dict(image_size=size, bounding_boxes=boxes, seed=3, seed2=8,
                     aspect_ratio_range=[0.5, 2.0], area_range=[0.2, 0.9])  # fmt: skip
        if version == "V2":
            given["min_object_covered"] = 0.3
        nodes = getattr(tf.raw_ops, "SampleDistortedBoundingBox" + version)(**given)
        with session() as sess:
            drawn = [sess.run(nodes) for _ in range(20)]
        for begin, extent, place in drawn:
            top, left, bottom, right = place.ravel() * [80, 100, 80, 100]
            np.testing.assert_allclose(begin, [top, left, 0], atol=1e-3)
            np.testing.assert_allclose(extent[:2], [bottom - top, right - left], atol=1e-3)
            assert 0 <= top < bottom <= 80.01 and 0 <= left < right <= 100.01
            assert 0.19 < (bottom - top) * (right - left) / 8000 < 0.91
        assert len({tuple(b) for b, _, _ in drawn}) > 3

    return driver


stateful("SampleDistortedBoundingBox", _window_driver(""), "int32 int64")
stateful("SampleDistortedBoundingBoxV2", _window_driver("V2"), "int32 int64")


def _random_crop_driver(tf, session, dtype):
    image = np.arange(6 * 5 * 2).reshape(6, 5, 2).astype(dtype)
    size = np.array([2, 3])
    crop = tf.raw_ops.RandomCrop(image=image, size=size, seed=1, seed2=2)
    with session() as sess:
        for _ in range(5):
            got = sess.run(crop)
            y, x = divmod(int(got[0, 0, 0]) // 2, 5)
            np.testing.assert_array_equal(got, image[y : y + 2, x : x + 3])
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(tf.raw_ops.RandomCrop(image=image, size=size * 4))


stateful("RandomCrop", _random_crop_driver, "float32 float64 int32 int64 uint8")

# -- Projections -----------------------------------------------------------------------------------


def _project(images, transforms, size=None, interpolation="NEAREST", **_):
    height, width = images.shape[1:3] if size is None else size
    out = np.zeros((len(images), height, width, images.shape[3]))
    for b, y, x in np.ndindex(len(images), height, width):
        t = transforms[b % len(transforms)]
        k = t[6] * x + t[7] * y + 1
        u, v = (t[0] * x + t[1] * y + t[2]) / k, (t[3] * x + t[4] * y + t[5]) / k
        if interpolation == "NEAREST":
            corners = [(np.floor(v + 0.5), np.floor(u + 0.5), 1)]
        else:
            y0, x0 = np.floor(v), np.floor(u)
            down, right = v - y0, u - x0
            corners = [(y0 + i, x0 + j, abs(1 - i - down) * abs(1 - j - right))
                       for i in (0, 1) for j in (0, 1)]  # fmt: skip
        for row, column, weight in corners:
            if 0 <= row < images.shape[1] and 0 <= column < images.shape[2]:
                out[b, y, x] += weight * images[b, int(row), int(column)]
    return out


# Half a turn and a step: the gradient projects back, which is the derivative where pixels are hit.
_turns = const([[-1, 0, 4, 0, -1, 3, 0, 0], [1, 0, 1, 0, 1, -1, 0, 0]], "float32")
_PROJECTED = "float32 float64"
op("ImageProjectiveTransform", _project, dtypes=_PROJECTED, tol=_TOL, grad_tol=0.15,
   cases=[case(real()[2, 4, 5, 2], _turns, interpolation=i) for i in ("NEAREST", "BILINEAR")],
   bad=[case(real()[4, 5, 2], _turns, interpolation="NEAREST"),
        case(real()[1, 4, 5, 2], _turns, interpolation="CUBIC")])  # fmt: skip
op("ImageProjectiveTransformV2", _project, dtypes=_PROJECTED, tol=_TOL, grad_tol=0.15,
   cases=[case(real()[2, 4, 5, 2], _turns, const([3, 6]), interpolation=i)
          for i in ("NEAREST", "BILINEAR")],
   bad=[case(real()[4, 5, 2], _turns, const([3, 6]), interpolation="NEAREST")])  # fmt: skip

# -- File formats ----------------------------------------------------------------------------------


def _files_driver(tf, session, dtype):
    pytest.importorskip("PIL")
    rng = np.random.default_rng(2)
    smooth = np.add.outer(np.arange(17), np.arange(23))[:, :, None] * np.array([3, 5, 2])
    smooth = (smooth % 200).astype(np.uint8)
    with session() as sess:
        for channels in (1, 2, 3, 4):
            for dtype in (np.uint8, np.uint16):
                image = rng.integers(0, np.iinfo(dtype).max, (4, 5, channels)).astype(dtype)
                file = tf.raw_ops.EncodePng(image=tf.constant(image))
                np.testing.assert_array_equal(
                    sess.run(tf.raw_ops.DecodePng(contents=file, dtype=dtype)), image
                )
        for file in (
            tf.raw_ops.EncodeJpeg(image=smooth, quality=100, chroma_downsampling=False),
            tf.raw_ops.EncodeJpegVariableQuality(images=smooth, quality=100),
        ):
            whole, part, shape = sess.run(
                [
                    tf.raw_ops.DecodeJpeg(contents=file),
                    tf.raw_ops.DecodeAndCropJpeg(contents=file, crop_window=[2, 3, 4, 5]),
                    tf.raw_ops.ExtractJpegShape(contents=file),
                ]
            )
            assert np.abs(whole.astype(int) - smooth).mean() < 8
            np.testing.assert_array_equal(part, whole[2:6, 3:8])
            np.testing.assert_array_equal(shape, smooth.shape)
        gif = tf.raw_ops.DecodeGif(contents=tf.raw_ops.EncodePng(image=smooth))
        np.testing.assert_array_equal(sess.run(gif), smooth[None])
        header = b"BM" + bytes(8) + np.int32([26, 40, 2, -1]).tobytes() + b"\1\0\x18\0" + bytes(2)
        bmp = header[:26] + header[26:32].ljust(6, b"\0") + bytes(range(8))
        got = sess.run(tf.raw_ops.DecodeBmp(contents=bmp.ljust(64, b"\7")))
        assert got.shape == (1, 2, 3)
        for wrong in (b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(30)):
            for name in ("DecodePng", "DecodeJpeg", "DecodeGif", "DecodeBmp"):
                with pytest.raises(tf.errors.InvalidArgumentError):
                    sess.run(getattr(tf.raw_ops, name)(contents=wrong))


for _name in ("DecodePng", "DecodeJpeg", "DecodeAndCropJpeg", "DecodeGif", "DecodeBmp", "EncodePng",
              "EncodeJpeg", "EncodeJpegVariableQuality", "ExtractJpegShape"):  # fmt: skip
    stateful(_name, _files_driver, "uint8")
