# SPDX-License-Identifier: Apache-2.0
"""Boxes in images: crops, drawing, choosing among them, random windows."""

from caudal.framework import ops
from caudal.framework.op_factory import apply


def crop_and_resize(
    image, boxes, box_ind=None, crop_size=None, method="bilinear", extrapolation_value=0,
    name=None, box_indices=None,
):  # fmt: skip
    """Crops of boxes, all at one size. Op: CropAndResize.

    Args:
      image: [batch, height, width, channels].
      boxes: float32 [n, 4]: y1, x1, y2, x2; 0 and 1 are the borders of the image.
      box_ind: int32 [n], which image each box is of.
      crop_size: int32 [2].
      method: "bilinear" or "nearest".
      extrapolation_value: of pixels outside of the image.
      name: name of the node.
      box_indices: another name of `box_ind`.

    Returns:
      float32 [n, crop_height, crop_width, channels].
    """
    if box_indices is not None:
        if box_ind is not None:
            raise ValueError("Cannot specify both 'box_indices' and 'box_ind'.")
        box_ind = box_indices
    return apply("CropAndResize", image, boxes, box_ind, crop_size, method=method,
                 extrapolation_value=extrapolation_value, name=name)  # fmt: skip


def draw_bounding_boxes(images, boxes, name=None, colors=None):
    """Images with frames drawn into them. Ops: DrawBoundingBoxes, DrawBoundingBoxesV2.

    Args:
      images: [batch, height, width, 1, 3 or 4], float32 or float16.
      boxes: float32 [batch, n, 4]: y1, x1, y2, x2 between 0 and 1.
      name: name of the node.
      colors: float32 [m, channels], taken in turn.
    """
    if colors is None:
        return apply("DrawBoundingBoxes", images, boxes, name=name)
    return apply("DrawBoundingBoxesV2", images, boxes, colors, name=name)


def extract_glimpse(
    input,  # noqa: A002 - TensorFlow's name
    size, offsets, centered=True, normalized=True, uniform_noise=True, name=None,
):  # fmt: skip
    """Windows of images around given places. Op: ExtractGlimpse.

    Args:
      input: float32 [batch, height, width, channels].
      size: int32 [2] of the windows.
      offsets: float32 [batch, 2]: y, x.
      centered: places count from the middle, else from the upper left corner.
      normalized: places are parts of the image, else pixels.
      uniform_noise: what lies outside of the image is even noise, else normal.
      name: name of the node.
    """
    return apply("ExtractGlimpse", input, size, offsets, centered=centered, normalized=normalized,
                 uniform_noise=uniform_noise, name=name)  # fmt: skip


def sample_distorted_bounding_box(
    image_size, bounding_boxes, seed=None, seed2=None, min_object_covered=0.1,
    aspect_ratio_range=None, area_range=None, max_attempts=None,
    use_image_if_no_bounding_boxes=None, name=None,
):  # fmt: skip
    """A random window that shows enough of an object. Op: SampleDistortedBoundingBoxV2.

    Args:
      image_size: int [3]: height, width, channels.
      bounding_boxes: float32 [batch, n, 4] of the objects, between 0 and 1.
      seed, seed2: ints of the random stream; both 0: another one in every session.
      min_object_covered: scalar, part of any object that the window must show.
      aspect_ratio_range: two floats, width by height; [0.75, 1.33] by default.
      area_range: two floats, part of the image's area; [0.05, 1] by default.
      max_attempts: int, after which the whole image is taken; 100 by default.
      use_image_if_no_bounding_boxes: without boxes the image is the object.
      name: name of the node.

    Returns:
      (begin, size, bboxes): the first two for `slice`, the last for `draw_bounding_boxes`.
    """
    attrs = {
        "seed": seed or 0, "seed2": seed2 or 0, "aspect_ratio_range": aspect_ratio_range,
        "area_range": area_range, "max_attempts": max_attempts,
        "use_image_if_no_bounding_boxes": use_image_if_no_bounding_boxes,
    }  # fmt: skip
    attrs = {k: v for k, v in attrs.items() if v is not None}
    with ops.name_scope(name, "sample_distorted_bounding_box"):
        return apply(
            "SampleDistortedBoundingBoxV2", image_size, bounding_boxes, min_object_covered, **attrs
        )


# -- Choosing boxes --------------------------------------------------------------------------------


def non_max_suppression(
    boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=float("-inf"), name=None
):
    """Boxes by falling score, without those that overlap a better one. Op: NonMaxSuppressionV3.

    Args:
      boxes: float [n, 4]: y1, x1, y2, x2.
      scores: float [n].
      max_output_size: int scalar.
      iou_threshold: overlap (intersection over union) from which on boxes are left out.
      score_threshold: boxes with a lower score are left out.
      name: name of the result.

    Returns:
      int32 [m], the places of the boxes.
    """
    with ops.name_scope(name, "non_max_suppression"):
        iou = ops.convert_to_tensor(iou_threshold, name="iou_threshold")
        score = ops.convert_to_tensor(score_threshold, name="score_threshold")
        return apply("NonMaxSuppressionV3", boxes, scores, max_output_size, iou, score)


def non_max_suppression_with_scores(
    boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=float("-inf"),
    soft_nms_sigma=0.0, name=None,
):  # fmt: skip
    """As `non_max_suppression`, and the scores. Op: NonMaxSuppressionV5.

    Args:
      boxes, scores, max_output_size, iou_threshold, score_threshold: see there.
      soft_nms_sigma: above 0, scores of boxes that overlap less than that sink.
      name: name of the result.

    Returns:
      (int32 [m], float [m])
    """
    with ops.name_scope(name, "non_max_suppression_with_scores"):
        iou = ops.convert_to_tensor(iou_threshold, name="iou_threshold")
        score = ops.convert_to_tensor(score_threshold, name="score_threshold")
        sigma = ops.convert_to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        chosen, chosen_scores, _ = apply(
            "NonMaxSuppressionV5", boxes, scores, max_output_size, iou, score, sigma,
            pad_to_max_output_size=False,
        )  # fmt: skip
        return chosen, chosen_scores


def non_max_suppression_padded(
    boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=float("-inf"),
    pad_to_max_output_size=False, name=None,
):  # fmt: skip
    """As `non_max_suppression`, filled up to a fixed size. Op: NonMaxSuppressionV4.

    Args:
      boxes, scores, max_output_size, iou_threshold, score_threshold: see there.
      pad_to_max_output_size: the result has `max_output_size` entries, the last ones 0.
      name: name of the result.

    Returns:
      (int32 [m], the number of entries that count)
    """
    with ops.name_scope(name, "non_max_suppression_padded"):
        iou = ops.convert_to_tensor(iou_threshold, name="iou_threshold")
        score = ops.convert_to_tensor(score_threshold, name="score_threshold")
        return apply("NonMaxSuppressionV4", boxes, scores, max_output_size, iou, score,
                     pad_to_max_output_size=pad_to_max_output_size)  # fmt: skip


def non_max_suppression_overlaps(
    overlaps, scores, max_output_size, overlap_threshold=0.5, score_threshold=float("-inf"),
    name=None,
):  # fmt: skip
    """As `non_max_suppression`, from given overlaps. Op: NonMaxSuppressionWithOverlaps.

    Args:
      overlaps: float32 [n, n].
      scores: float32 [n].
      max_output_size: int scalar.
      overlap_threshold: overlap from which on boxes are left out.
      score_threshold: boxes with a lower score are left out.
      name: name of the result.

    Returns:
      int32 [m].
    """
    with ops.name_scope(name, "non_max_suppression_overlaps"):
        threshold = ops.convert_to_tensor(overlap_threshold, name="overlap_threshold")
        return apply("NonMaxSuppressionWithOverlaps", overlaps, scores, max_output_size, threshold,
                     score_threshold)  # fmt: skip


def combined_non_max_suppression(
    boxes, scores, max_output_size_per_class, max_total_size, iou_threshold=0.5,
    score_threshold=float("-inf"), pad_per_class=False, clip_boxes=True, name=None,
):  # fmt: skip
    """`non_max_suppression` for each class of each image. Op: CombinedNonMaxSuppression.

    Args:
      boxes: float32 [batch, n, 1 or classes, 4].
      scores: float32 [batch, n, classes].
      max_output_size_per_class, max_total_size: int scalars.
      iou_threshold, score_threshold: see `non_max_suppression`.
      pad_per_class: the result is no longer than all classes together can be.
      clip_boxes: boxes are cut to [0, 1].
      name: name of the result.

    Returns:
      (boxes, scores, classes, number of detections)
    """
    with ops.name_scope(name, "combined_non_max_suppression"):
        iou = ops.convert_to_tensor(iou_threshold, dtype="float32", name="iou_threshold")
        score = ops.convert_to_tensor(score_threshold, dtype="float32", name="score_threshold")
        return apply("CombinedNonMaxSuppression", boxes, scores, max_output_size_per_class,
                     max_total_size, iou, score, pad_per_class=pad_per_class,
                     clip_boxes=clip_boxes)  # fmt: skip
