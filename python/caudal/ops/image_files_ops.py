# SPDX-License-Identifier: Apache-2.0
"""Images from and to file formats. Pillow does most of them: `pip install caudal[image]`."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.ops import (
    array_ops,
    control_flow_ops,
    logging_ops,
    math_ops,
    string_ops,
)
from caudal.ops.image_ops import convert_image_dtype


def decode_png(contents, channels=0, dtype=dtypes.uint8, name=None):
    """An image from a PNG file. Op: DecodePng.

    Args:
      contents: string scalar.
      channels: 0 (as in the file), 1, 3 or 4.
      dtype: uint8 or uint16.
      name: name of the node.

    Returns:
      [height, width, channels].
    """
    return apply("DecodePng", contents, channels=channels, dtype=dtype, name=name)


def _jpeg_attrs(channels, ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction,
                dct_method):  # fmt: skip
    given = {
        "channels": channels, "ratio": ratio, "fancy_upscaling": fancy_upscaling,
        "try_recover_truncated": try_recover_truncated,
        "acceptable_fraction": acceptable_fraction, "dct_method": dct_method,
    }  # fmt: skip
    return {k: v for k, v in given.items() if v is not None}


def decode_jpeg(
    contents, channels=0, ratio=1, fancy_upscaling=True, try_recover_truncated=False,
    acceptable_fraction=1, dct_method="", name=None,
):  # fmt: skip
    """An image from a JPEG file. Op: DecodeJpeg.

    Args:
      contents: string scalar.
      channels: 0 (as in the file), 1 or 3.
      ratio: 1, 2, 4 or 8: sides are divided by it.
      fancy_upscaling: interpolates colours of a lower resolution; must be True for these.
      try_recover_truncated: takes what there is of a file that ends too early.
      acceptable_fraction: part of the lines that must be there.
      dct_method: "", "INTEGER_FAST" or "INTEGER_ACCURATE", a hint.
      name: name of the node.

    Returns:
      uint8 [height, width, channels].
    """
    attrs = _jpeg_attrs(channels, ratio, fancy_upscaling, try_recover_truncated,
                        acceptable_fraction, dct_method)  # fmt: skip
    return apply("DecodeJpeg", contents, name=name, **attrs)


def decode_and_crop_jpeg(
    contents, crop_window, channels=0, ratio=1, fancy_upscaling=True,
    try_recover_truncated=False, acceptable_fraction=1, dct_method="", name=None,
):  # fmt: skip
    """A window of a JPEG file. Op: DecodeAndCropJpeg.

    Args:
      contents: string scalar.
      crop_window: int32 [4]: y, x, height, width.
      channels, ratio, fancy_upscaling, try_recover_truncated, acceptable_fraction, dct_method: see
        `decode_jpeg`.
      name: name of the node.
    """
    attrs = _jpeg_attrs(channels, ratio, fancy_upscaling, try_recover_truncated,
                        acceptable_fraction, dct_method)  # fmt: skip
    return apply("DecodeAndCropJpeg", contents, crop_window, name=name, **attrs)


def decode_bmp(contents, channels=0, name=None):
    """An image from a BMP file. Op: DecodeBmp.

    Args:
      contents: string scalar.
      channels: 0 or the number of channels in the file.
      name: name of the node.
    """
    return apply("DecodeBmp", contents, channels=channels, name=name)


def decode_gif(contents, name=None):
    """All frames of a GIF file. Op: DecodeGif.

    Args:
      contents: string scalar.
      name: name of the node.

    Returns:
      uint8 [frames, height, width, 3].
    """
    return apply("DecodeGif", contents, name=name)


def encode_png(image, compression=-1, name=None):
    """A PNG file. Op: EncodePng.

    Args:
      image: uint8 or uint16 [height, width, 1 to 4].
      compression: 0 to 9, or -1.
      name: name of the node.
    """
    return apply("EncodePng", image, compression=compression, name=name)


def encode_jpeg(
    image, format="", quality=95, progressive=False, optimize_size=False,
    chroma_downsampling=True, density_unit="in", x_density=300, y_density=300, xmp_metadata="",
    name=None,
):  # fmt: skip
    """A JPEG file. Op: EncodeJpeg.

    Args:
      image: uint8 [height, width, 1 or 3].
      format: "" (from the number of channels), "grayscale" or "rgb".
      quality: 0 to 100.
      progressive: loads in steps.
      optimize_size: spends time for a smaller file.
      chroma_downsampling: stores colours at a lower resolution.
      density_unit, x_density, y_density: pixels by "in" or "cm".
      xmp_metadata: stored with the image.
      name: name of the node.
    """
    return apply(
        "EncodeJpeg", image, format=format, quality=quality, progressive=progressive,
        optimize_size=optimize_size, chroma_downsampling=chroma_downsampling,
        density_unit=density_unit, x_density=x_density, y_density=y_density,
        xmp_metadata=xmp_metadata, name=name,
    )  # fmt: skip


def extract_jpeg_shape(contents, output_type=dtypes.int32, name=None):
    """Height, width and channels of a JPEG file. Op: ExtractJpegShape.

    Args:
      contents: string scalar.
      output_type: int32 or int64.
      name: name of the node.
    """
    return apply("ExtractJpegShape", contents, output_type=output_type, name=name)


def is_jpeg(contents, name=None):
    """Whether a file begins as JPEG files do.

    Args:
      contents: string scalar.
      name: name of the result.
    """
    with ops.name_scope(name, "is_jpeg"):
        return math_ops.equal(string_ops.substr(contents, 0, 3), b"\xff\xd8\xff", name=name)


def decode_image(contents, channels=None, dtype=dtypes.uint8, name=None, expand_animations=True):
    """An image from a file of any kind that its first bytes tell: JPEG, PNG, GIF, BMP.

    Args:
      contents: string scalar.
      channels: None or 0 (as in the file), 1, 3 or 4.
      dtype: of the result.
      name: name of the result.
      expand_animations: GIF files give [frames, height, width, 3], else their first frame.

    Returns:
      A tensor without static shape; with rank 3 if `expand_animations` is False.

    Raises:
      ValueError: for another number of channels.
    """
    with ops.name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        contents = ops.convert_to_tensor(contents, name="contents")
        count = channels or 0
        start = string_ops.substr(contents, 0, 3)

        def checked(good, message):
            with ops.control_dependencies([logging_ops.Assert(good, [message])]):
                return array_ops.identity(contents)

        def bmp():
            known = math_ops.equal(string_ops.substr(contents, 0, 2), b"BM", name="is_bmp")
            data = checked(known, "Unable to decode bytes as JPEG, PNG, GIF, or BMP")
            if channels == 1:
                data = checked(False, "Channels must be in (None, 0, 3) when decoding BMP images")
            return convert_image_dtype(decode_bmp(data, count), dtype)

        def gif():
            data = contents
            if channels in (1, 4):
                data = checked(False, "Channels must be in (None, 0, 3) when decoding GIF images")
            frames = decode_gif(data)
            if not expand_animations:
                frames = array_ops.gather(frames, 0)
            return convert_image_dtype(frames, dtype)

        def png():
            narrow = dtypes.uint8 if dtype == dtypes.uint8 else dtypes.uint16
            return convert_image_dtype(decode_png(contents, count, dtype=narrow), dtype)

        def jpeg():
            data = contents
            if channels == 4:
                data = checked(
                    False, "Channels must be in (None, 0, 1, 3) when decoding JPEG images"
                )
            return convert_image_dtype(decode_jpeg(data, 0 if channels == 4 else count), dtype)

        def not_png():
            return control_flow_ops.cond(
                math_ops.equal(start, b"GIF", name="is_gif"), gif, bmp, name="cond_gif"
            )

        def not_jpeg():
            return control_flow_ops.cond(
                math_ops.equal(start, b"\x89PN", name="is_png"), png, not_png, name="cond_png"
            )

        result = control_flow_ops.cond(is_jpeg(contents), jpeg, not_jpeg, name="cond_jpeg")
        if not expand_animations:
            result.set_shape([None, None, None])
        return result
